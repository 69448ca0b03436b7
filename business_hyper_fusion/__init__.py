"""All that runs on an executor besides startup.py: a standard-library package and the language packs."""
