"""Ansible with as many forks as machines and pipelining: a playbook each time. Arguments: branches a machine, wanted.

`wanted` is how many branches a machine the figures are for: they are scaled.
"""

import json
import os
import sys
import time

import many_by_hand
import worker

HERE = os.path.dirname(os.path.abspath(__file__))
BRANCHES, WANTED = int(sys.argv[1]), int(sys.argv[2])


def once(order):
    cpu, begun = worker.cpu_seconds(), time.monotonic()
    play(order)
    figures = {"seconds": time.monotonic() - begun, "cpu": worker.cpu_seconds() - cpu}
    many_by_hand.check(order)
    figures = {name: value * WANTED / BRANCHES for name, value in figures.items()}
    return dict(figures, builds_a_minute=60 * WANTED * len(order["hosts"]) / figures["seconds"])


def play(order):
    inventory = os.path.join(order["directory"], "inventory.json")
    variables = {"place": order["place"], "address": order["address"], "branches": BRANCHES}
    variables["job"] = os.path.join(HERE, "job_by_hand.sh")
    with open(inventory, "w", encoding="ascii") as target:
        json.dump({"all": {"hosts": order["hosts"], "vars": variables}}, target)
    program = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
    command = [program, "--forks", str(len(order["hosts"])), "-i", inventory]
    worker.call(command + [os.path.join(HERE, "ansible_many.yml")], environment=environment(order))


def environment(order):
    kept = "-F none -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile="
    return {
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_GATHERING": "explicit",
        "ANSIBLE_SSH_ARGS": kept + order["known_hosts"],
        "ANSIBLE_SSH_CONTROL_PATH_DIR": os.path.join(order["directory"], "control"),
        "ANSIBLE_LOCAL_TEMP": os.path.join(order["directory"], "temporary"),
    }


worker.serve(once)
