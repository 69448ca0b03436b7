"""The machines as an operator looks at them: which answer, which of their executors are free, how busy they are.

In: settings Machines and what they told. Out: dicts.
"""

from __future__ import absolute_import, print_function, unicode_literals


def row(machine, said, error):
    """name, host, labels, reachable, executors, load, processors, error, remedy of one machine.

    :param machine: settings Machine. :param said: see answer.believed_builds; None where there is an `error` of ours,
        came instead.
    """
    made = {
        "name": machine.name,
        "host": machine.host,
        "labels": list(machine.labels or ()),
        "reachable": error is None,
        "executors": None,
        "load": None,
        "processors": None,
        "error": "" if error is None else error.message,
        "remedy": "" if error is None else error.remedy,
    }
    if error is None:
        made.update(load=said["load"], processors=said["processors"])
        made["executors"] = all_executors(machine, said)
    return made


def all_executors(machine, said):
    """{executor id: {"busy", "build_id"}} of every executor that the settings name."""
    told = said.get("executors", {})
    ids = ["%d" % number for number in range(1, machine.executors + 1)]
    return dict((one, use_of(told.get(one, {}))) for one in ids)


def use_of(executor):
    """:param executor: dict, what a machine says of one; {} of one that never ran."""
    return {"busy": executor.get("busy", False), "build_id": executor.get("build_id")}
