"""``RUN --mount`` of a Dockerfile, where Podman would let it have the machine's files.

Podman before 4.9.4, and 5.0.0, follow a link in the context, or in another stage, to wherever it leads on the machine
(CVE-2024-1753). In: Work with a Dockerfile in place. Out: nothing, or outcome.Ended ``unsafe_dockerfile``.
"""

from __future__ import absolute_import, print_function

import re

from business_hyper_fusion import asking, engine, outcome, package

MENDED, NOT_MENDED = (4, 9, 4), (5, 0, 0)


def check(work):
    """:raises outcome.Ended: failed ``unsafe_dockerfile``; error, where the engine does not answer."""
    if work.request["engine"]["kind"] != "podman":
        return
    with open(package.dockerfile(work), "rb") as file:
        if not has_mounts(file.read()):
            return
    told = asking.run(work, engine.client_version(work.engine), capture=True).text()
    if not is_mended(told):
        message = (
            "the Dockerfile has RUN --mount, by which Podman %s gives it the machine's files (CVE-2024-1753); "
            "update Podman to 4.9.4 or 5.0.1, or do without --mount"
        )
        raise outcome.failed("unsafe_dockerfile", message % (told or "of unknown version"))


def has_mounts(content):
    """:param content: bytes. Lines can be continued within a word, with comments between, by a mark of one's choice."""
    lines = [line for line in content.splitlines() if not line.lstrip().startswith(b"#")]
    return b"--mount" in re.sub(b"[\\s\\\\`]", b"", b"".join(lines)).lower()


def is_mended(told):
    """:param told: text, a version. :returns: False also for what is none."""
    found = re.match(r"([0-9]+)\.([0-9]+)\.([0-9]+)", told)
    version = tuple(int(number) for number in found.groups()) if found else (0,)
    return version >= MENDED and version != NOT_MENDED
