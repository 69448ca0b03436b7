"""The main job again, with Podman: as root, by runc, with lower limits, all of it said by tristan.yml alone."""

from __future__ import absolute_import, print_function, unicode_literals

import pytest

from tests.end_to_end import test_main_job as main_job
from tests.end_to_end.operator import Operator
from tests.lab import images
from tests.lab.podman import Podman

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def operator(engine, executor_python):
    """An Operator whose machine has Podman and nothing else to build with."""
    podman = Podman("overlay")
    python_image = podman.copy(engine, images.make(engine, images.PYTHON).name)
    found = Operator(
        podman,
        python=executor_python,
        python_image=python_image,
        nodejs_image=python_image,  # no page is built here
        username="root",
    )
    try:
        found.enroll()
        yield found
    finally:
        found.stop()
        podman.stop()


# in the order of that file: the first finds a machine without anything, the last leaves one so
test_wheel = main_job.test_builds_a_wheel_then_fetches_and_sends_no_script
test_phases = main_job.test_status_shows_what_each_phase_used
test_detach = main_job.test_detach_follow_and_read_again
test_refs = main_job.test_tag_and_commit
test_parameters = main_job.test_parameters_reach_the_script
test_outcomes = main_job.test_exit_codes_by_outcome
test_cancel = main_job.test_cancel_leaves_nothing
test_killed_process = main_job.test_a_build_whose_process_is_killed_is_lost
test_doctor_and_uninstall = main_job.test_doctor_and_uninstall
