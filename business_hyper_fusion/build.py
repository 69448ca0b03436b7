"""Phase ``build``: do_build_project.sh -> build_project.sh -> clean_build_project.sh.

What the first hands over is compile_to_execute.sh, which by default runs the pack's build_project.sh.
"""

from __future__ import absolute_import, print_function

from business_hyper_fusion import compat, container, step


def run(work):
    """Build; what the container used is in ``work.container_use`` afterwards, however it ended.

    :raises outcome.Ended: failed ``script_failed`` or ``oom``; error; cancelled; timeout.
    """
    for directory in (work.project.home, work.project.dependency_lib, container.downloads(work)):
        compat.make_directories(directory)
    step.run(work, container.BUILD)
