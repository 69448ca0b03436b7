"""Tells a webhook: the document as JSON in a POST, signed when there is a secret for it.

In: a target's URL and secret. Out: nothing, or errors.NotifyFailed.

The signature is HMAC-SHA256 over "<seconds since the epoch>.<body>", so that what was recorded can't be played again
later; X-Tristan-Delivery stays the same when the same is sent again, so that a receiver can drop what it has.
"""

from __future__ import absolute_import, print_function, unicode_literals

import hashlib
import hmac
import json
import time

from controller import compat, errors, notify, web


def send(target, told, delivery, settings):
    """See notify.send; an answer 2xx is success, a redirect is not followed."""
    body = json.dumps(told, sort_keys=True).encode("ascii")
    headers = {
        "Content-Type": "application/json",
        "X-Tristan-Event": told["event"],
        "X-Tristan-Delivery": delivery,
    }
    secret = target.secret.resolve().reveal().encode("utf-8") if target.secret else None

    def sign(request):
        if secret is not None:
            moment = "%d" % time.time()
            request.headers[str("X-Tristan-Signature")] = compat.ensure_str(
                "t=%s,v1=%s" % (moment, signature(secret, moment, body))
            )
        return request

    client = web.Client(notify.shown(target), errors.NotifyFailed)
    answer = client.send("POST", target.target, headers, body, sign)
    if not 200 <= answer.status < 300:
        raise client.failure("it answered %d" % answer.status)


def signature(secret, moment, body):
    """:param secret: bytes. :param moment: text, decimal seconds. :param body: bytes. :returns: text, hex."""
    return hmac.new(secret, moment.encode("ascii") + b"." + body, hashlib.sha256).hexdigest()
