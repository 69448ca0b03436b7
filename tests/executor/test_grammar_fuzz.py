"""Whatever comes in: the grammar says nothing or Refused; names are always safe."""

from __future__ import absolute_import, print_function, unicode_literals

import json
import re
import subprocess

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from business_hyper_fusion import compat, grammar, names
from tests.executor.test_request import RIGHT
from tests.faults import rows, table

SLOW = [HealthCheck.too_slow]
"""Older versions of Hypothesis fail when the first examples take a second, as where a busy machine has them wait."""

EXAMPLES = settings(
    max_examples=table.Injections.count(100, 2500), deadline=None, suppress_health_check=SLOW
)
CHECKS = sorted(
    name for name in grammar.__all__ if name.startswith("check_") and name != "check_request"
)
_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
_refs = st.text(alphabet="ab/.-@{}~^:?*[\\ \x7f\x01\u00fclock'`$();", max_size=12)


@rows.hostile(13)
@EXAMPLES
@given(value=_anything)
def test_every_check_says_nothing_or_refused(value):
    for name in CHECKS:
        try:
            getattr(grammar, name)(value)
        except grammar.Refused as refused:
            assert all(32 <= ord(letter) < 127 for letter in str(refused)), name


@rows.hostile(1)
@rows.hostile(2)
@settings(max_examples=table.Injections.count(150, 2000), deadline=None, suppress_health_check=SLOW)
@given(name=_refs)
def test_refs_are_judged_as_git_judges_them(name):
    try:
        grammar.check_branch(name)
        ours = True
    except grammar.Refused:
        ours = False
    words = ["git", "check-ref-format", "refs/heads/" + name]
    theirs = subprocess.call([word.encode("utf-8") for word in words]) == 0
    assert ours == (theirs and not name.startswith("-") and name != "@")


@rows.hostile(3)
@EXAMPLES
@given(
    address=st.text(alphabet="ab:/@.-[]?#% \u00fc\\", max_size=20),
    scheme=st.sampled_from(
        ["", "ssh://", "https://", "git@", "http://h:", "git://h/", "ext::", "file://"]
    ),
)
def test_addresses_that_pass_have_a_safe_host_and_path(address, scheme):
    try:
        _, host, path = grammar.parse_repository(scheme + address)
    except grammar.Refused:
        return
    assert re.match(r"(?:\[[0-9a-f:.]+\]|[a-z0-9_][a-z0-9_.-]*)(?::[0-9]+)?\Z", host)
    assert path and not path.startswith("/")
    assert not set(path.split("/")) & set(["", ".", ".."])


@EXAMPLES
@given(texts=st.sets(st.text(min_size=1).filter(lambda text: "\ud7ff" >= max(text)), max_size=8))
def test_components_are_safe_and_distinct(texts):
    made = set(names.component(text) for text in texts)
    assert len(made) == len(texts)
    for name in made:
        assert re.match(r"[a-z0-9][a-z0-9._-]{0,63}\Z", name)


@rows.hostile(9)
@EXAMPLES
@given(
    keys=st.lists(st.sampled_from(sorted(RIGHT)), min_size=1, max_size=3),
    inner=st.sampled_from(["name", "kind", "address", "soft_seconds", "command", ""]),
    value=_anything,
)
def test_any_request_passes_or_is_refused(keys, inner, value):
    document = json.loads(json.dumps(RIGHT))
    for key in keys:
        if inner and isinstance(document[key], dict):
            document[key][inner] = value
        else:
            document[key] = value
    try:
        grammar.check_request(document)
    except grammar.RequestRefused as refused:
        assert refused.faults and compat.to_native(str(refused))
