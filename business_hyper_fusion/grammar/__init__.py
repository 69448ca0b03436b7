"""Every rule an input must obey; the controller checks before it sends, the executor on arrival.

In:  text, numbers and the request document, from people, files or the network.
Out: None when the rule holds; `Refused` (one value) or `RequestRefused` (a document) when not.

Values that are legal but nasty (``$(id)``, ``a;b``, quotes, spaces) pass: they are data, and
nothing downstream may evaluate them. What is refused here is refused because a program would
take it for an option, another host, another file, or a name that it is not.
"""

from __future__ import absolute_import, print_function

from business_hyper_fusion.grammar.engine import (
    ENGINES,
    ISOLATIONS,
    NETWORKS,
    check_cpus,
    check_engine_kind,
    check_engine_words,
    check_image,
    check_image_id,
    check_isolation,
    check_memory,
    check_network,
    check_run_option,
    check_selinux,
)
from business_hyper_fusion.grammar.git import (
    check_branch,
    check_commit,
    check_repository,
    check_tag,
    parse_repository,
)
from business_hyper_fusion.grammar.network import (
    check_account,
    check_certificates,
    check_no_proxy,
    check_proxy,
    check_registry,
)
from business_hyper_fusion.grammar.paths import (
    check_artifact_name,
    check_glob,
    check_module_path,
    check_root,
)
from business_hyper_fusion.grammar.refused import Refused, RequestRefused, passes, shown
from business_hyper_fusion.grammar.request import REQUEST_BYTES, check_request
from business_hyper_fusion.grammar.values import (
    check_attempt,
    check_build_id,
    check_disk_bytes,
    check_environment_name,
    check_environment_value,
    check_executor_id,
    check_host,
    check_kept_builds,
    check_kept_seconds,
    check_language,
    check_line,
    check_log_bytes,
    check_machine_name,
    check_pids,
    check_port,
    check_project_name,
    check_release,
    check_script,
    check_seconds,
    check_stall_seconds,
    check_time,
    check_tree_name,
    check_username,
)

__all__ = [
    "ENGINES",
    "ISOLATIONS",
    "NETWORKS",
    "REQUEST_BYTES",
    "Refused",
    "RequestRefused",
    "check_account",
    "check_artifact_name",
    "check_attempt",
    "check_branch",
    "check_build_id",
    "check_certificates",
    "check_commit",
    "check_cpus",
    "check_engine_kind",
    "check_engine_words",
    "check_environment_name",
    "check_environment_value",
    "check_executor_id",
    "check_glob",
    "check_host",
    "check_image",
    "check_image_id",
    "check_isolation",
    "check_kept_seconds",
    "check_language",
    "check_line",
    "check_disk_bytes",
    "check_kept_builds",
    "check_stall_seconds",
    "check_log_bytes",
    "check_machine_name",
    "check_memory",
    "check_module_path",
    "check_network",
    "check_no_proxy",
    "check_pids",
    "check_port",
    "check_project_name",
    "check_proxy",
    "check_registry",
    "check_release",
    "check_repository",
    "check_request",
    "check_root",
    "check_run_option",
    "check_script",
    "check_seconds",
    "check_selinux",
    "check_tag",
    "check_time",
    "check_tree_name",
    "check_username",
    "parse_repository",
    "passes",
    "shown",
]
