"""What waits above a worker for as long as it lives (daemon.py starts it); it imports nearly nothing before it has
something to do.
"""

from __future__ import absolute_import, print_function

import errno
import os


def main(release, arguments):
    """:param arguments: executor's id, build's id, attempt's number, worker's pid, descriptor of the pipe that the heir
    waits at, path of what is there until all of the end is written.
    """
    executor_id, build_id, number, worker, alive, reserve = arguments
    wait_status = wait(int(worker))
    if wait_status != 0 or os.path.exists(reserve):
        end_orphans()
        lose(release, (executor_id, build_id, int(number)), wait_status)
    try:
        os.write(int(alive), b"over\n")
    except OSError:
        pass  # It was killed, or has just been reaped with the rest.


def wait(worker):
    """:returns: the wait status of a child of this process."""
    while True:
        try:
            return os.waitpid(worker, 0)[1]
        except OSError as error:
            if error.errno != errno.EINTR:
                raise


def end_orphans():
    """What the worker started is this process's own by now: none of it goes on while all else is looked for."""
    from business_hyper_fusion import identity

    for pid in [int(name) for name in os.listdir("/proc") if name.isdigit()]:
        fields = identity.stat_fields(pid)
        if fields is not None and int(fields[1]) == os.getpid():
            try:
                os.kill(pid, 9)
            except OSError:
                pass  # It has just ended.


def lose(release, names, wait_status):
    """Should the worker have ended without a terminal state, write that for it, and what else of it is missing."""
    from business_hyper_fusion import lock, lost
    from business_hyper_fusion.layout import Business

    executor_id, build_id, number = names
    executor = Business.of_release(release).executor(executor_id)
    attempt = executor.attempt(build_id, number)
    if wait_status == 0:
        # The worker has let go of the lock: who has it now, and nobody else meanwhile, writes what is missing.
        if lock.acquire(executor.lock) is not None:
            lost.lose(attempt)
        return
    how = "ended with exit status %d" % os.WEXITSTATUS(wait_status)
    if os.WIFSIGNALED(wait_status):
        how = "was killed by signal %d" % os.WTERMSIG(wait_status)
    lost.lose(attempt, how, below=os.getpid())
