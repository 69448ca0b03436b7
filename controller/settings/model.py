"""The settings as the rest of the controller reads them: namedtuples without any behaviour.

`resolve` makes them from the plain values of tristan.yml; dicts keep the file's order.
"""

from __future__ import absolute_import, print_function, unicode_literals

from collections import namedtuple

from controller.settings import defaults, engines

Settings = namedtuple(
    "Settings",
    "path update_time machines git_servers docker_registries build_profiles projects smtp",
)
"""`path`: text; `update_time`: float, seconds since the epoch; `smtp`: Smtp or None; the others:
dict by name."""

Machine = namedtuple(
    "Machine",
    "name host port username key_file password jump_hosts executors labels root python engine lost_after "
    "disk isolation proxy no_proxy ca_file ca description",
)
"""`port`, `username`, `key_file`, `password`, `python`: None when tristan.yml does not say.

`password`: SecretReference; `executors`: int; `jump_hosts`, `labels`, `isolation`: tuple of text;
`engine`: engines.Engine; `lost_after`: seconds; `disk`: defaults.Disk; `proxy`: http://host:port or "";
`no_proxy`: text with commas, or ""; `ca_file`: absolute path or None; `ca`: its certificates as PEM text, or "".
"""

GitServer = namedtuple(
    "GitServer",
    "name kind address username password key_file host_key token ca_file default description",
)
"""`address`: text without "/" at its end; `username`: text, "" for none; `default`: bool.

`password`: SecretReference or None; `key_file`: absolute path or None; `host_key`: "" for none;
`token`: SecretReference for the server's API, the password when it has none of its own, or None;
`ca_file`: absolute path or None.
"""

DockerRegistry = namedtuple(
    "DockerRegistry",
    "name address namespace username password insecure ca_file moving_tags description",
)
"""`password`: SecretReference or None; `insecure`: bool, plain HTTP is allowed; `ca_file`: absolute
path or None; `moving_tags`: tuple of "latest", "branch"; the others: text, "" for none."""

BuildProfile = namedtuple(
    "BuildProfile",
    "name image language isolation network environment values secrets cache proxy no_proxy ca_file "
    "ca artifacts compile_to_execute package_to_docker dockerfile base_image docker_registry labels "
    "limits keep_failed requeue description",
)
"""`compile_to_execute`, `package_to_docker`, `dockerfile`: the template's text, "" for the pack's
own; the first two are bytes when they are not UTF-8.

`docker_registry`: name or None; `environment`: dict; `values`: dict of text, int or tuple of text;
`secrets`: dict of SecretReference; `cache`: "project" or "language"; `artifacts`, `labels`: tuple of
text; `limits`: defaults.Limits; `keep_failed`: seconds; `requeue`: int, 0 for never;
`language`: "" when projects say it; `proxy`, `no_proxy`, `ca_file`, `ca`: as a machine's.
"""

Project = namedtuple(
    "Project",
    "name repository git_server description language module_path build_profile artifacts labels "
    "image compile_to_execute package_to_docker dockerfile base_image docker_registry environment "
    "values secrets keep_failed requeue checkout notify",
)
"""`repository`: full address; `git_server`, `build_profile`: names (the first may be None).

What a profile says too is its own here already, so that nobody has to ask the profile as well:
`artifacts`, `image`, `base_image`, the scripts, `docker_registry`, `keep_failed` and `requeue` are the profile's when
the project has none; `environment`, `values` and `secrets` are put over the profile's key by key;
`labels`: the project's and the profile's, what a machine must have.
`checkout`: Checkout; `notify`: tuple of Notify.
"""

Checkout = namedtuple("Checkout", "submodules lfs git_directory")
"""Bools: what a source gets besides its files."""

Notify = namedtuple("Notify", "kind target secret on")
"""`kind`: "command", "webhook" or "mail"; `target`: tuple of words, URL, tuple of addresses.

`secret`: SecretReference that signs a webhook, or None; `on`: "always", "success", "failure" or
"change".
"""

Smtp = namedtuple("Smtp", "host port username password sender security")
"""`username`: "" for no login; `password`: SecretReference or None; `sender`: a mail address.

`security`: "none", "starttls" or "tls".
"""

Limits = defaults.Limits
Disk = defaults.Disk
Engine = engines.Engine
