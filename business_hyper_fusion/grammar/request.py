"""The shape of the request document: what the executor trusts is what passes here.

In:  the document as parsed from JSON.
Out: None, or `RequestRefused` with every fault and its key path.
"""

from __future__ import absolute_import, print_function

from business_hyper_fusion.grammar import engine, git, network, paths, values
from business_hyper_fusion.grammar.refused import Refused, RequestRefused, one_of
from business_hyper_fusion.grammar.shape import (
    empty_or,
    flag,
    join,
    list_of,
    mapping,
    none_or,
    record,
    rule,
)
from business_hyper_fusion.protocol import PROTOCOL

REQUEST_BYTES = 4 * 1024 * 1024
"""Most bytes of JSON a reader takes for a request with its secrets."""

MOST_VARIABLES = 256
MOST_PATTERNS = 64
MOST_FAULTS = 50
SCRIPTS = ("compile_to_execute.sh", "package_to_docker.sh", "Dockerfile")
KINDS = ("branch", "tag", "commit", "tree")
SCOPES = ("project", "language")


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
        ("tree", _check_tree),
        ("image", _check_image),
        ("publish", _check_publish),
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
    elif ref["kind"] == "tree":
        values.check_tree_name(ref["name"])
    elif ref["name"] != ref["commit"]:
        raise Refused("a ref of kind commit must have the commit as its name", ref["name"])


def _check_repository(document):
    repository = document["repository"]
    _, host, path = git.parse_repository(repository["address"])
    if (host, path) != (repository["host"], repository["path"]):
        raise Refused("host and path must be those of the address", repository["address"])


def _check_tree(document):
    """A tree is what a ref of that kind names, and of no other."""
    tree = document["tree"]
    name = document["ref"]["name"] if document["ref"]["kind"] == "tree" else None
    if (tree and tree["name"]) != name:
        raise Refused("a tree must be there exactly when the ref is of kind tree, by its name")


def _check_image(document):
    image = document["image"]
    if document["isolation"] == "docker" and not (image["name"] and image["recipe"]):
        raise Refused("isolation docker demands an image and its recipe")


def _check_publish(document):
    """The image is the registry's that the login is for."""
    publish = document["publish"]
    if publish and not publish["image"].startswith(publish["address"] + "/"):
        raise Refused("the image must be one of the registry's", publish["image"])


def _check_limits(document):
    if document["limits"]["soft_seconds"] >= document["limits"]["hard_seconds"]:
        raise Refused("the soft limit must be less than the hard limit")


def _scripts(scripts, key_path, faults):
    """The rendered scripts: only known names, compile_to_execute.sh always."""
    if (
        not isinstance(scripts, dict)
        or not set(scripts) <= set(SCRIPTS)
        or SCRIPTS[0] not in scripts
    ):
        faults.append((key_path, "must hold %s and at most %s and %s besides" % SCRIPTS))
        return
    for name in sorted(scripts):
        rule(values.check_script_form)(scripts[name], join(key_path, str(name)), faults)


def _check_protocol(value):
    if isinstance(value, bool) or value != PROTOCOL:
        raise Refused("this release speaks protocol %d only" % PROTOCOL, value)


def _check_kind(value):
    one_of(KINDS, value, "a kind of ref")


def _check_scope(value):
    one_of(SCOPES, value, "the scope of a cache")


_REQUEST = record(
    protocol=rule(_check_protocol),
    build_id=rule(values.check_build_id),
    attempt=rule(values.check_attempt),
    business_id=rule(values.check_executor_id),
    executor_id=rule(values.check_executor_id),
    machine=rule(values.check_machine_name),
    release=rule(values.check_release),
    requested_at=rule(values.check_time),
    requested_by=rule(values.check_line),
    project=record(
        name=rule(values.check_project_name),
        language=rule(values.check_language),
        module_path=rule(paths.check_module_path),
    ),
    repository=record(
        address=rule(git.check_repository),
        host=rule(values.check_line),
        path=rule(values.check_line),
        git_server=empty_or(values.check_machine_name),
    ),
    ref=record(
        kind=rule(_check_kind),
        name=rule(values.check_line),
        commit=empty_or(git.check_commit),
    ),
    checkout=record(submodules=flag, lfs=flag, git_directory=flag),
    tree=none_or(
        record(
            name=rule(values.check_tree_name),
            sha256=rule(values.check_release),
            base=empty_or(git.check_commit),
            difference=empty_or(values.check_release),
        )
    ),
    isolation=rule(engine.check_isolation),
    engine=record(
        kind=rule(engine.check_engine_kind),
        command=rule(engine.check_engine_words),
        selinux=empty_or(engine.check_selinux),
        run_options=list_of(rule(engine.check_run_option), engine.RUN_OPTIONS),
    ),
    image=record(
        name=empty_or(engine.check_image),
        recipe=empty_or(values.check_script),
        id=empty_or(engine.check_image_id),
    ),
    scripts=_scripts,
    publish=none_or(
        record(
            registry=rule(values.check_machine_name),
            address=rule(network.check_registry),
            username=empty_or(network.check_account),
            image=rule(engine.check_image),
            project_tag=rule(values.check_line),
            base_image=empty_or(engine.check_image),
        )
    ),
    cache=record(scope=rule(_check_scope)),
    proxy=record(address=empty_or(network.check_proxy), no_proxy=empty_or(network.check_no_proxy)),
    ca=empty_or(network.check_certificates),
    environment=mapping(
        values.check_environment_name, values.check_environment_value, MOST_VARIABLES
    ),
    artifacts=list_of(rule(paths.check_glob), MOST_PATTERNS),
    limits=record(
        soft_seconds=rule(values.check_seconds),
        hard_seconds=rule(values.check_seconds),
        memory=empty_or(engine.check_memory),
        cpus=empty_or(engine.check_cpus),
        pids=rule(values.check_pids),
        log_bytes=rule(values.check_log_bytes),
        keep_failed_seconds=rule(values.check_kept_seconds),
        stall_seconds=rule(values.check_stall_seconds),
    ),
    disk=record(
        builds=rule(values.check_kept_builds),
        history_bytes=rule(values.check_disk_bytes),
        cache_bytes=rule(values.check_disk_bytes),
        keep_free_bytes=rule(values.check_disk_bytes),
    ),
    network=rule(engine.check_network),
)
