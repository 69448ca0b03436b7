"""What Tristan is compared with, each in a virtual environment of its own below .bench/.

In: benchmarks/peers/<name>.txt, pinned requirements. Out: paths of environments.
"""

import filecmp
import os
import shutil
import subprocess
import sys

from benchmarks.row import HERE

BENCH = os.path.join(os.path.dirname(HERE), ".bench")
"""All that a run makes and keeps: environments, results."""


class Unavailable(Exception):
    """A peer can't be had here; the message says why."""


def venv(name):
    """Path of the environment; made when it is not there, or when its requirements changed.

    :raises Unavailable: it can't be installed.
    """
    wanted = os.path.join(HERE, "peers", name + ".txt")
    path = os.path.join(BENCH, name)
    made_of = os.path.join(path, "requirements.txt")
    if not (os.path.exists(made_of) and filecmp.cmp(wanted, made_of, shallow=False)):
        shutil.rmtree(path, ignore_errors=True)
        pip = [os.path.join(path, "bin", "python"), "-m", "pip", "--quiet", "install", "-r", wanted]
        for command in ([sys.executable, "-m", "venv", path], pip):
            made = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            if made.returncode:
                raise Unavailable(last_line(made.stderr) or "%s failed" % command[0])
        shutil.copyfile(wanted, made_of)
    return path


def last_line(output):
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""
