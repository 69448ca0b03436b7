"""What a past build was asked to do, as its machine kept it.

In: a Contact, a whole build id. Out: {"request", "status", "provenance"}; the request and the status have passed
the grammar, the provenance is an object or None.
"""

from __future__ import absolute_import, print_function, unicode_literals

import six

from business_hyper_fusion import grammar
from controller import answer, errors


def ask(contact, build_id):
    """:raises errors.BuildNotFound: the machine holds no such build, or only what became of it."""
    where = contact.machine.name
    said = _answer(contact, build_id)
    if said.get("request") is None:
        raise errors.BuildNotFound(
            "%s keeps no request of build %s any more" % (where, build_id),
            remedy="build the commit anew: `tristan build PROJECT --commit SHA`",
        )
    return {
        "request": believed(said["request"], build_id, where),
        "status": answer.believed_status(said.get("status"), "request on %s" % where),
        "provenance": _object(said.get("provenance")),
    }


def provenance(contact, build_id):
    """:returns: dict. :raises errors.BuildNotFound: the machine holds none of that build."""
    found = _object(_answer(contact, build_id).get("provenance"))
    if found is None:
        raise errors.BuildNotFound(
            "%s holds no provenance of build %s" % (contact.machine.name, build_id),
            remedy="a build has one when it ended in success and made artifacts or an image",
        )
    return found


def _answer(contact, build_id):
    said = contact.ask("request", {"build_id": build_id})
    if said is None or said["answer"] == "absent":
        raise errors.BuildNotFound("%s holds no build %s" % (contact.machine.name, build_id))
    return said


def _object(found):
    return found if isinstance(found, dict) else None


def believed(request, build_id, where):
    """:param request: anything. :returns: it, when it is a request of this version, of that build."""
    try:
        grammar.check_request(request)
    except grammar.RequestRefused as refused:
        raise errors.ProtocolError(
            "the request of %s on %s is not one of this version: %s"
            % (build_id, where, six.text_type(refused)),
            remedy="build the commit anew: `tristan build PROJECT --commit SHA`",
        )
    if request["build_id"] != build_id:
        raise errors.ProtocolError("%s sent the request of another build" % where)
    return request
