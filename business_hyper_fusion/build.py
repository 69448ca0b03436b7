"""Phase ``build``: do_build_project.sh -> build_project.sh -> clean_build_project.sh.

What the first hands over is compile_to_execute.sh, which by default runs the pack's build_project.sh.
"""

from __future__ import absolute_import, print_function

import os

from business_hyper_fusion import checkout, compat, container, step


def run(work):
    """Build; what the container used is in ``work.container_use`` afterwards, however it ended.

    :raises outcome.Ended: failed ``script_failed`` or ``oom``; error; cancelled; timeout.
    """
    for directory in (work.project.home, work.project.dependency_lib):
        # An earlier build may have put a link in its place, or a pipe.
        checkout.make_way(work.project.cache, compat.to_bytes(os.path.basename(directory)))
    compat.make_directories(container.downloads(work))
    step.run(work, container.BUILD)
