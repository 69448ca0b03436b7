"""The machine's clock and the controller's, as a request tells it: either may be wrong, so that neither alone makes
anything old. What was used counts by the one ahead, what is over by the one behind.
"""

from __future__ import absolute_import, print_function

import os
import time

from business_hyper_fusion import compat


def ahead(request):
    """:param request: a checked request document. :returns: seconds since the epoch."""
    return max(time.time(), compat.seconds_of(request["requested_at"]))


def behind(request):
    return min(time.time(), compat.seconds_of(request["requested_at"]))


def mark_use(path, request):
    """A file's or directory's time of change tells when it was last used."""
    now = ahead(request)
    os.utime(path, (now, now))
