"""The shape of the request document: what the executor trusts is what passes here.

In:  the document as parsed from JSON.
Out: None, or `RequestRefused` with every fault and its key path.

A shape is a function (value, key path, faults) that appends (key path, message) pairs. Every key
is demanded and no other is allowed, so a document means the same to every reader.
"""

from __future__ import absolute_import, print_function

from business_hyper_fusion.compat import text_type
from business_hyper_fusion.grammar import engine, git, paths, values
from business_hyper_fusion.grammar.refused import Refused, RequestRefused, shown
from business_hyper_fusion.protocol import PROTOCOL

REQUEST_BYTES = 4 * 1024 * 1024
"""Most bytes of JSON a reader takes for a request with its secrets."""

MOST_VARIABLES = 256
MOST_PATTERNS = 64
MOST_FAULTS = 50
SCRIPTS = ("compile_to_execute.sh", "package_to_docker.sh")


def check_request(document):
    """Check a whole request document by shape and by the rules of the grammar.

    :param document: what JSON gave.
    :raise RequestRefused: with all faults (the first 50).
    """
    faults = []
    _REQUEST(document, "", faults)
    if not faults:
        _check_together(document, faults)
    if faults:
        raise RequestRefused(faults[:MOST_FAULTS])


def _check_together(document, faults):
    """The rules between values; each value alone is known to be right."""
    for key_path, check in (
        ("ref.name", _check_ref),
        ("repository", _check_repository),
        ("image", _check_image),
        ("limits.soft_seconds", _check_limits),
    ):
        try:
            check(document)
        except Refused as refused:
            faults.append((key_path, str(refused)))


def _check_ref(document):
    ref = document["ref"]
    if ref["kind"] == "branch":
        git.check_branch(ref["name"])
    elif ref["kind"] == "tag":
        git.check_tag(ref["name"])
    elif ref["name"] != ref["commit"]:
        raise Refused("a ref of kind commit must have the commit as its name", ref["name"])


def _check_repository(document):
    repository = document["repository"]
    _, host, path = git.parse_repository(repository["address"])
    if (host, path) != (repository["host"], repository["path"]):
        raise Refused("host and path must be those of the address", repository["address"])


def _check_image(document):
    image = document["image"]
    if document["isolation"] == "docker" and not (image["name"] and image["recipe"]):
        raise Refused("isolation docker demands an image and its recipe")


def _check_limits(document):
    if document["limits"]["soft_seconds"] >= document["limits"]["hard_seconds"]:
        raise Refused("the soft limit must be less than the hard limit")


def _record(**shapes):
    """A JSON object with exactly these keys."""

    def check(value, key_path, faults):
        if not isinstance(value, dict):
            faults.append((key_path or "request", "must be an object"))
            return
        for key in sorted(key for key in value if key not in shapes):
            faults.append((_join(key_path, "?"), "unknown key %s" % shown(key)))
        for key in sorted(shapes):
            if key in value:
                shapes[key](value[key], _join(key_path, key), faults)
            else:
                faults.append((_join(key_path, key), "is missing"))

    return check


def _mapping(check_key, check_value, most):
    """A JSON object of at most `most` entries whose keys are free within a rule."""

    def check(value, key_path, faults):
        if not isinstance(value, dict) or len(value) > most:
            faults.append((key_path, "must be an object of at most %d entries" % most))
            return
        for key in sorted(value):
            _value(check_key)(key, key_path, faults)
            _value(check_value)(value[key], _join(key_path, shown(key).strip('"')), faults)

    return check


def _list(check_item, most):
    """A JSON list of at most `most` values."""

    def check(value, key_path, faults):
        if not isinstance(value, list) or len(value) > most:
            faults.append((key_path, "must be a list of at most %d values" % most))
            return
        for number, item in enumerate(value):
            _value(check_item)(item, "%s[%d]" % (key_path, number), faults)

    return check


def _value(check_value):
    """One value by one rule of the grammar."""

    def check(value, key_path, faults):
        try:
            check_value(value)
        except Refused as refused:
            faults.append((key_path, str(refused)))

    return check


def _empty_or(check_value):
    """ "" or a value by the rule."""

    def check(value, key_path, faults):
        if not (isinstance(value, (str, text_type)) and not value):
            _value(check_value)(value, key_path, faults)

    return check


def _scripts(value, key_path, faults):
    """The rendered scripts: only known names, compile_to_execute.sh always."""
    if not isinstance(value, dict) or not set(value) <= set(SCRIPTS) or SCRIPTS[0] not in value:
        faults.append((key_path, "must hold %s and at most %s besides" % SCRIPTS))
        return
    for name in sorted(value):
        _value(values.check_script)(value[name], _join(key_path, str(name)), faults)


def _join(key_path, key):
    return "%s.%s" % (key_path, key) if key_path else key


def _check_protocol(value):
    if isinstance(value, bool) or value != PROTOCOL:
        raise Refused("this release speaks protocol %d only" % PROTOCOL, value)


def _check_kind(value):
    values.one_of(("branch", "tag", "commit"), value, "a kind of ref")


_REQUEST = _record(
    protocol=_value(_check_protocol),
    build_id=_value(values.check_build_id),
    attempt=_value(values.check_attempt),
    business_id=_value(values.check_executor_id),
    executor_id=_value(values.check_executor_id),
    machine=_value(values.check_machine_name),
    release=_value(values.check_release),
    requested_at=_value(values.check_time),
    requested_by=_value(values.check_line),
    project=_record(
        name=_value(values.check_project_name),
        language=_value(values.check_language),
        module_path=_value(paths.check_module_path),
    ),
    repository=_record(
        address=_value(git.check_repository),
        host=_value(values.check_line),
        path=_value(values.check_line),
        git_server=_empty_or(values.check_machine_name),
    ),
    ref=_record(
        kind=_value(_check_kind),
        name=_value(values.check_line),
        commit=_empty_or(git.check_commit),
    ),
    isolation=_value(engine.check_isolation),
    engine=_record(
        kind=_value(engine.check_engine_kind),
        command=_value(engine.check_engine_words),
    ),
    image=_record(
        name=_empty_or(engine.check_image),
        recipe=_empty_or(values.check_script),
    ),
    scripts=_scripts,
    environment=_mapping(
        values.check_environment_name, values.check_environment_value, MOST_VARIABLES
    ),
    artifacts=_list(paths.check_glob, MOST_PATTERNS),
    limits=_record(
        soft_seconds=_value(values.check_seconds),
        hard_seconds=_value(values.check_seconds),
        memory=_empty_or(engine.check_memory),
        cpus=_empty_or(engine.check_cpus),
        pids=_value(values.check_pids),
        log_bytes=_value(values.check_log_bytes),
    ),
    network=_value(engine.check_network),
)
