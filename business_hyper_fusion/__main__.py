"""What a controller asks of a machine besides launching: ``python business_hyper_fusion VERB``, JSON in and out.

builds   the newest builds' statuses and who is busy      one document in, one line out
cancel   end a build                                      one document in, one line out
watch    follow builds                                    a line in for each, frames out until stdin ends
request  what a build was asked, and how it ended         one document in, one line out
artifact the bytes of built files                         a line in for each, the files out until stdin ends
tree     take a tree from an operator's disk               a line in, then a tar stream; lines out
gc       remove what is not needed any more               one document in, one line out
refresh  fetch and make ahead of builds, then gc          one document in, one line out
lend     secrets for a shell                              a line in, a line out, then until stdin ends
shell    a person in what a build ran in                  by arguments: a terminal, or pipes
guard    not for controllers: the guardian of a build (see guardian.py)
settle   not for controllers: what is done when worker and guardian are dead (see daemon.py)
"""

from __future__ import absolute_import, print_function

import os
import sys

sys.dont_write_bytecode = True

VERBS = {
    "artifact": "artifact_stream",
    "builds": "builds",
    "cancel": "cancel",
    "gc": "gc",
    "lend": "lend",
    "refresh": "refresh",
    "request": "past",
    "tree": "receive_tree",
    "watch": "watch",
}
"""Verb -> module with main(business), which returns the exit status."""

RELEASE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


def main(arguments):
    """:returns: exit status."""
    verb = arguments[0] if arguments else ""
    if verb == "guard":
        from business_hyper_fusion import guardian

        guardian.main(RELEASE, arguments[1:])
        return 0
    from business_hyper_fusion import compiled

    compiled.use(RELEASE)
    from business_hyper_fusion.layout import Business

    business = Business.of_release(RELEASE)
    if verb in VERBS or verb == "shell":
        from business_hyper_fusion import forgotten

        forgotten.remove(business)
    if verb in VERBS:
        import importlib

        return importlib.import_module("business_hyper_fusion." + VERBS[verb]).main(business)
    if verb == "shell":
        from business_hyper_fusion import shell

        return shell.main(business, arguments[1:])
    if verb == "settle":
        from business_hyper_fusion import settle

        settle.settle_soon(business.executor(arguments[1]))
        return 0
    sys.stderr.write("unknown verb %r; known: %s\n" % (verb, ", ".join(sorted(VERBS))))
    return 2


if __name__ == "__main__":
    sys.path[0] = RELEASE
    sys.exit(main(sys.argv[1:]))
