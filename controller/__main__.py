"""``python -m controller`` is the command line ``tristan``."""

from __future__ import absolute_import, print_function, unicode_literals

import sys

from controller.cli import main

if __name__ == "__main__":
    sys.exit(main())
