"""What tristan.yml says about telling people: `notify` of the projects, and `smtp`.

In:  the plain values, already checked by shape; parts with faults are passed over.
Out: faults with their key paths.
"""

from __future__ import absolute_import, print_function, unicode_literals

from controller.settings import defaults
from controller.settings.references import check_login, entries, without_faults

KINDS = ("command", "webhook", "mail")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def check(data, faults):
    """Note every disagreement.

    :param data: dict, as document.parse gives it.
    :param faults: Faults, with those of the shape.
    """
    for name, project in entries(data, "projects"):
        said = project.get("notify")
        for number, entry in enumerate(said if isinstance(said, list) else ()):
            if isinstance(entry, dict):
                _check_entry(("projects", name, "notify", number), entry, data, faults)
    if isinstance(data.get("smtp"), dict):
        _check_smtp(without_faults(data["smtp"], ("smtp",), faults), faults)


def _check_entry(key_path, entry, data, faults):
    kinds = [kind for kind in KINDS if kind in entry]
    if len(kinds) != 1:
        found = ", not %s" % " and ".join(kinds) if kinds else ""
        faults.add(key_path, "must have one of %s%s" % (", ".join(KINDS), found))
    elif "secret" in entry and kinds != ["webhook"]:
        faults.add(key_path + ("secret",), "signs a webhook; a %s has none" % kinds[0])
    if "mail" in kinds and "smtp" not in data:
        faults.add(key_path + ("mail",), "needs smtp: which server sends it")


def _check_smtp(smtp, faults):
    check_login(("smtp",), smtp, faults)
    in_clear = smtp.get("security", defaults.SMTP_SECURITY) == "none"
    if in_clear and "password" in smtp and smtp.get("host", "").lower() not in _LOOPBACK:
        faults.add(("smtp", "security"), "none would send the password unencrypted")
