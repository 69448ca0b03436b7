"""Two rows again with 20 ms of round-trip time to the machine: there the number of round trips shows."""

from benchmarks import relay
from benchmarks.rows import warm_launch, whole_build

WAY = 0.010
"""Seconds for one way."""


def far(lab, sshd):
    """The port to call instead of a machine's own."""
    return lab.stopped(relay.Relay(lab, sshd.port, WAY)).port


class FarWarmLaunch(warm_launch.WarmLaunch):
    name = "warm_launch_rtt"
    title = warm_launch.WarmLaunch.title + "; 20 ms of round-trip time"
    order = 110
    peers = {"Fabric": warm_launch.PEERS["Fabric"]}

    def port(self, lab, sshd):
        return far(lab, sshd)


class FarWholeBuild(whole_build.WholeBuild):
    name = "whole_build_rtt"
    title = whole_build.WholeBuild.title + "; 20 ms of round-trip time"
    order = 120
    goals = whole_build.WholeBuild.goals[:1]

    def port(self, lab, sshd):
        return far(lab, sshd)

    def peers(self, lab):
        """None: Buildbot's worker is on the machine, so its builds know nothing of the way."""
        return []


ROWS = [FarWarmLaunch(), FarWholeBuild()]
