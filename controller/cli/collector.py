"""The garbage collector of a process that mostly lives for a moment: it looks less often, and not at the end.

Importing what a command needs makes a hundred thousand objects that stay to the end. Looking through them some seventy
times on the way and thrice at the exit finds nothing, and takes 30 ms.
"""

from __future__ import absolute_import, print_function, unicode_literals

import atexit
import gc

OBJECTS = 20000
"""New ones before the young are looked through; Python's own choice is 700, or 2000."""

gc.set_threshold(OBJECTS)
if hasattr(gc, "freeze"):  # Python 3.7
    atexit.register(gc.freeze)
