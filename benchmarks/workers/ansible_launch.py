"""Ansible as its users have it: a playbook each time. `ansible_launch.py mode connection`.

mode: `ansible` with pipelining, `mitogen` with its strategy. connection: `warm`, ssh is kept by ControlPersist from one
playbook to the next; `cold`, each playbook connects anew, and does not wait for the job's end. No facts are gathered.
unarchive takes the scripts as one archive: `copy` of a directory takes a round of its own for each file.
"""

import json
import os
import sys

import archive
import job
import worker

PLAYBOOK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ansible_launch.yml")
BIN = os.path.dirname(sys.executable)
MODE, CONNECTION = sys.argv[1:]


def once(order):
    inventory = os.path.join(order["request"], MODE + ".json")
    with open(inventory, "w", encoding="ascii") as target:
        json.dump({"all": {"hosts": {"builder-1": variables(order)}}}, target)
    command = [os.path.join(BIN, "ansible-playbook"), "-i", inventory, PLAYBOOK]
    worker.call(command, environment=environment(order))


def variables(order):
    command, wanted = job.start(order, ""), '"answer": "started"'
    if CONNECTION == "warm":
        command, wanted = "%s && %s" % (command, job.wait(order)), '"state": "success"'
    return {
        "ansible_host": order["host"],
        "ansible_port": order["port"],
        "ansible_user": order["username"],
        "ansible_ssh_private_key_file": order["key"],
        "ansible_python_interpreter": order["python"],
        "archive": archive.file(order),
        "target": order["target"],
        "request": archive.request(order),
        "command": command,
        "wanted": [wanted, order["build_id"]],
    }


def environment(order):
    known = os.path.join(os.environ["HOME"], ".ssh", "known_hosts")
    kept = "-o ControlMaster=auto -o ControlPersist=60s"
    sockets = "warm" if CONNECTION == "warm" else "cold-%d" % order["round"]
    found = {
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_GATHERING": "explicit",
        "ANSIBLE_SSH_ARGS": "-F none %s -o UserKnownHostsFile=%s" % (kept, known),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": os.path.join(order["root"], sockets),
        "ANSIBLE_LOCAL_TEMP": os.path.join(order["root"], "temporary"),
    }
    if MODE == "mitogen":
        import ansible_mitogen

        path = os.path.join(os.path.dirname(ansible_mitogen.__file__), "plugins", "strategy")
        found.update(ANSIBLE_STRATEGY_PLUGINS=path, ANSIBLE_STRATEGY="mitogen_linear")
    return found


if __name__ == "__main__":
    worker.serve(once)
