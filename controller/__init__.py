"""Tristan's controller: plans a build, pushes what a machine lacks, launches and watches it over SSH."""

__version__ = "0.1.0"
