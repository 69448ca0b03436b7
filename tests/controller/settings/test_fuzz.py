"""Whatever stands in tristan.yml: Settings or SettingsError, never anything else."""

from __future__ import absolute_import, print_function, unicode_literals

import json

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller import errors
from controller.settings import document, initial, load, shape
from controller.settings.faults import Faults
from tests.faults import rows, table

# One tmpdir serves all examples, and loading takes a few milliseconds.
SLOW = [
    getattr(HealthCheck, name)
    for name in ("too_slow", "data_too_large", "function_scoped_fixture")
    if hasattr(HealthCheck, name)
]
EXAMPLES = settings(
    max_examples=table.Injections.count(100, 1500), deadline=None, suppress_health_check=SLOW
)

_definitions = shape.schema()["definitions"]
_keys = sorted(
    set(key for definition in _definitions.values() for key in definition.get("properties", {}))
    | set(shape.schema()["properties"])
)
_words = st.sampled_from(
    _keys
    + ["a", "b", "docker", "host", "python", "gitlab", "https://h", "ssh://git@h", "git@h:x"]
    + ["ext::sh", "1h", "2g", "x/y", "-x", "/etc", "../x", "$(id)", "", "yes", "https://u:p@h/x"]
)
_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | _words
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(_words | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=12,
)
_entries = dict(
    (section, st.dictionaries(_words, st.dictionaries(st.sampled_from(_keys), _values), max_size=3))
    for section in shape.schema()["properties"]
)


def loads_or_lists_faults(tmpdir, content):
    path = tmpdir.join("tristan.yml")
    path.write_binary(content)
    try:
        load(str(path))
    except errors.SettingsError as error:
        assert error.faults
        for key_path, message in error.faults:
            assert key_path and message
            assert "\n" not in key_path + message and "\x1b" not in key_path + message


@rows.hostile(8)
@EXAMPLES
@given(content=st.binary(max_size=200))
def test_any_bytes(tmpdir, content):
    loads_or_lists_faults(tmpdir, content)


@rows.hostile(8)
@EXAMPLES
@given(text=st.text(alphabet="abc:-[]{}&*!|>'\"%@`#?, \n\t\\<~0.\u00fc\u2028\ufeff", max_size=60))
def test_any_text_of_what_yaml_is_made_of(tmpdir, text):
    loads_or_lists_faults(tmpdir, text.encode("utf-8"))


@rows.hostile(8)
@settings(EXAMPLES, max_examples=table.Injections.count(100, 400))
@given(data=st.fixed_dictionaries(_entries))
def test_any_values_under_known_keys(tmpdir, data):
    loads_or_lists_faults(tmpdir, json.dumps(data).encode("ascii"))


@rows.hostile(8)
@EXAMPLES
@given(data=_values)
def test_any_values_at_all(tmpdir, data):
    loads_or_lists_faults(tmpdir, json.dumps(data).encode("ascii"))


@rows.hostile(8)
@EXAMPLES
@given(cut=st.integers(0, 6000), put=st.binary(max_size=6), length=st.integers(0, 40))
def test_the_starting_file_with_a_piece_replaced(tmpdir, cut, put, length):
    with open(initial.TEMPLATE, "rb") as opened:
        content = opened.read()
    cut %= len(content)
    loads_or_lists_faults(tmpdir, content[:cut] + put + content[cut + length :])


_plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(min_size=1, max_size=6), inner, max_size=4)
    ),
    max_leaves=15,
)


@EXAMPLES
@given(data=st.dictionaries(st.text(min_size=1, max_size=6), _plain, min_size=1, max_size=4))
def test_what_pyyaml_writes_is_read_back_the_same(data):
    """Quoted throughout, so that text stays text for both."""
    faults = Faults()
    content = yaml.safe_dump(data, allow_unicode=True, default_style=str('"'))
    read = document.parse(_utf8(content), faults)
    assert not faults.listed()
    assert read == data


def _utf8(text):
    return text if isinstance(text, bytes) else text.encode("utf-8")
