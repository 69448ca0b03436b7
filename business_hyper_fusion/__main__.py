"""What a controller asks of a machine besides launching: ``python business_hyper_fusion VERB``, JSON in and out.

builds   the newest builds' statuses and who is busy      one document in, one line out
cancel   end a build                                      one document in, one line out
watch    follow builds                                    a line in for each, frames out until stdin ends
guard    not for controllers: the guardian of a build (see daemon.py)
"""

from __future__ import absolute_import, print_function

import os
import sys

sys.dont_write_bytecode = True

RELEASE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


def main(arguments):
    """:returns: exit status."""
    from business_hyper_fusion.layout import Business

    business = Business.of_release(RELEASE)
    verb = arguments[0] if arguments else ""
    if verb == "builds":
        from business_hyper_fusion import builds

        return builds.main(business)
    if verb == "cancel":
        from business_hyper_fusion import cancel

        return cancel.main(business)
    if verb == "watch":
        from business_hyper_fusion import watch

        return watch.main(business)
    if verb == "guard":
        from business_hyper_fusion import daemon

        executor_id, build_id, number, worker = arguments[1:]
        daemon.guard(business.executor(executor_id).attempt(build_id, int(number)), int(worker))
        return 0
    sys.stderr.write("unknown verb %r; known: builds, cancel, watch\n" % verb)
    return 2


if __name__ == "__main__":
    sys.path[0] = RELEASE
    sys.exit(main(sys.argv[1:]))
