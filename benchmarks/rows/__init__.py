"""One module a row of the table, with ROWS: what is done, by whom, and what is wanted of Tristan."""

import importlib
import pkgutil


def every():
    """{name: Row}, in the order of the table."""
    modules = [
        importlib.import_module("%s.%s" % (__name__, one.name))
        for one in pkgutil.iter_modules(__path__)
    ]
    found = sorted((row for module in modules for row in module.ROWS), key=lambda row: row.order)
    return {row.name: row for row in found}
