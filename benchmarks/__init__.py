"""Tristan beside what an operator writes by hand, and beside its peers: ``./dev bench``."""
