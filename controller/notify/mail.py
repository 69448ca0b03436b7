"""Tells people by mail, through the SMTP server of the settings.

In: addresses, the document. Out: one message in plain text, or errors.NotifyFailed.
"""

from __future__ import absolute_import, print_function, unicode_literals

import smtplib
import socket
import ssl
from email.header import Header
from email.mime.text import MIMEText
from email.utils import formatdate

from controller import compat, errors

TIMEOUT = 10.0


def send(target, told, delivery, settings):
    """See notify.send."""
    smtp = settings.smtp
    if smtp is None:
        raise errors.NotifyFailed(
            "mail to %s: no server is there to send it" % ", ".join(target.target),
            "add smtp: to %s" % settings.path,
        )
    text = message(told, delivery, smtp.sender, target.target)
    name = "mail to %s by %s:%d" % (", ".join(target.target), smtp.host, smtp.port)
    try:
        refused = deliver(smtp, target.target, text)
    except smtplib.SMTPAuthenticationError:
        raise errors.NotifyFailed(
            "%s: the login is refused" % name, "check username and password of smtp"
        )
    except UnicodeError:
        raise errors.NotifyFailed("%s: its login is more than ASCII, which SMTP can't carry" % name)
    except (smtplib.SMTPException, EnvironmentError, ssl.CertificateError) as error:
        raise errors.NotifyFailed("%s: %s" % (name, reason(error)), "check smtp in the settings")
    if refused:
        raise errors.NotifyFailed("%s: refused for %s" % (name, ", ".join(sorted(refused))))


def deliver(smtp, addresses, text):
    """One conversation. :returns: dict of the addresses that were refused while others were not."""
    server = connect(smtp)
    try:
        if smtp.security == "starttls":
            start_tls(server, smtp.host)
        if smtp.username:
            password = smtp.password.resolve().reveal() if smtp.password else ""
            server.login(compat.ensure_str(smtp.username), compat.ensure_str(password))
        refused = server.sendmail(smtp.sender, list(addresses), text)
        server.quit()
        return refused
    finally:
        server.close()


def connect(smtp):
    kind = OverTls if smtp.security == "tls" else smtplib.SMTP
    return kind(compat.ensure_str(smtp.host), smtp.port, timeout=TIMEOUT)


class OverTls(smtplib.SMTP):
    """TLS from the first byte on, and checked: 2.7's SMTP_SSL does not check."""

    def _get_socket(self, host, port, timeout):
        return secured(socket.create_connection((host, port), timeout), host)


def start_tls(server, host):
    """STARTTLS, and checked: 2.7's own does not check."""
    server.ehlo_or_helo_if_needed()
    code, said = server.docmd(str("STARTTLS"))
    if code != 220:
        raise smtplib.SMTPResponseException(code, said)
    server.sock = secured(server.sock, host)
    server.file = None
    # RFC 3207: what the server said before counts no more
    server.helo_resp = server.ehlo_resp = None
    server.esmtp_features, server.does_esmtp = {}, False


def secured(plain, host):
    context = ssl.create_default_context()
    return context.wrap_socket(plain, server_hostname=compat.ensure_str(host))


def message(told, delivery, sender, addresses):
    """The whole message as text of 7 bits."""
    made = MIMEText(compat.ensure_str(body(told)), "plain", "utf-8")
    made[str("Subject")] = Header(subject(told), maxlinelen=998)
    made[str("From")] = compat.ensure_str(sender)
    made[str("To")] = compat.ensure_str(", ".join(addresses))
    made[str("Date")] = formatdate()
    made[str("Message-ID")] = compat.ensure_str("<%s@%s>" % (delivery, sender.rpartition("@")[2]))
    made[str("Auto-Submitted")] = str("auto-generated")
    return made.as_string()


def subject(told):
    parts = (told["project"], told["ref"]["name"], told["state"])
    return " ".join(("[tristan] %s %s: %s" % parts).split())


def body(told):
    """What a person wants to know, the most wanted first."""
    lines = [
        "%s %s %s: %s" % (told["project"], told["ref"]["kind"], told["ref"]["name"], told["state"])
    ]
    if told["message"]:
        lines.append(told["message"])
    lines += [""] + aligned(facts(told)) + ["", "Phases"] + aligned(phases(told))
    if told["log_end"]:
        lines += ["", "The log's last lines"] + [
            "  " + line for line in told["log_end"].split("\n")
        ]
    lines += ["", "the whole log:  " + told["logs"], "build it again: " + told["repeat"], ""]
    return "\n".join(lines)


def facts(told):
    """Rows (label, value)."""
    rows = [("build", told["build_id"]), ("commit", told["commit"]), ("cause", told["cause"])]
    rows += [
        ("before", told["previous_state"]),
        ("machine", told["machine"]),
        ("asked by", told["requested_by"]),
    ]
    rows += [("started", told["started_at"]), ("took", seconds(told["wall_seconds"]))]
    image = told["app_image"]
    if image:
        rows += [("image", image["image"]), ("digest", image["digest"])]
        rows.append(("tags", ", ".join(image.get("tags", ()))))
    return [row for row in rows if row[1]]


def phases(told):
    ran = [one for one in told["phases"] if one["state"] not in ("waiting", "skipped")]
    return [(one["name"], "%s %s" % (one["state"], seconds(one["wall_seconds"]))) for one in ran]


def aligned(rows):
    widest = max([len(label) for label, _ in rows] or [0])
    return ["  %s  %s" % (label.ljust(widest), value) for label, value in rows]


def seconds(value):
    return "" if value is None else "%.1f s" % value


def reason(error):
    """The server's words, or the system's, on one line."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = list(error.recipients.values())[0]
    elif isinstance(error, smtplib.SMTPResponseException):
        code, said = error.smtp_code, error.smtp_error
    else:
        return (getattr(error, "strerror", None) or "%s" % error).lower()[:300]
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else "%s" % said
    return " ".join(("%d %s" % (code, text)).split())[:300]
