"""filebeat.yml: keys that Filebeat documents, patterns that find real files and nothing that is replaced by rename."""

from __future__ import absolute_import, print_function, unicode_literals

import collections
import glob
import os
import re

import pytest
import yaml

from controller import errors, filebeat
from tests.controller.test_gc import built
from tests.lab import process

Machine = collections.namedtuple("Machine", "name root")

# From Filebeat's reference (elastic.co/docs/reference/beats/filebeat): the pages "filestream input", "file identity",
# "multiline messages", "dissect", "add_fields". Filebeat itself ignores what it does not know.
INPUT = {
    "type",
    "id",
    "paths",
    "parsers",
    "processors",
    "file_identity.path",
    "prospector.scanner.fingerprint.enabled",
    "prospector.scanner.symlinks",
    "close.on_state_change.inactive",
    "close.on_state_change.removed",
    "close.on_state_change.renamed",
    "clean_removed",
}
PARSERS = {
    "ndjson": {"target", "overwrite_keys", "expand_keys", "add_error_key", "message_key",
               "document_id", "ignore_decoding_error"},
    "multiline": {"type", "pattern", "negate", "match", "flush_pattern", "max_lines", "timeout",
                  "count_lines", "skip_newline"},
}  # fmt: skip
PROCESSORS = {
    "dissect": {"tokenizer", "field", "target_prefix", "ignore_failure", "overwrite_keys",
                "trim_values", "trim_chars"},
    "add_fields": {"target", "fields"},
}  # fmt: skip
OUTPUTS = {
    "output.elasticsearch": {"hosts", "api_key", "ssl.certificate_authorities"},
    "output.logstash": {"hosts"},
}


def inputs(machine):
    """:returns: the inputs of a machine's configuration by the end of their id."""
    document = yaml.safe_load(filebeat.configuration(machine))
    assert list(document) == ["filebeat.inputs"]
    return dict((one["id"].rpartition("-")[2], one) for one in document["filebeat.inputs"])


@pytest.fixture
def made():
    return inputs(Machine("builder-1", "/data/tristan"))


def test_every_key_is_documented(made):
    for one in made.values():
        assert set(one) <= INPUT and one["type"] == "filestream"
        for known, entries in ((PARSERS, one["parsers"]), (PROCESSORS, one.get("processors", []))):
            for entry in entries:
                ((name, options),) = entry.items()
                assert set(options) <= known[name]


def test_the_outputs_to_choose_from_are_documented_too():
    text = filebeat.configuration(Machine("builder-1", "/data/tristan"))
    commented = "\n".join(line[1:] for line in text.splitlines() if re.match("#output|#  ", line))
    document = yaml.safe_load(commented)
    assert set(document) == set(OUTPUTS)
    assert all(set(document[name]) == OUTPUTS[name] for name in OUTPUTS)


def test_a_file_is_known_by_its_path(made):
    """And not by its inode, which comes back, nor by a fingerprint, which small files do not have."""
    for one in made.values():
        assert one["file_identity.path"] is None
        assert one["prospector.scanner.fingerprint.enabled"] is False
        assert one["clean_removed"] is one["close.on_state_change.removed"] is True
        assert not {"ignore_older", "ignore_inactive", "clean_inactive"} & set(one)


def test_the_patterns_find_the_real_files_of_every_attempt_and_no_others(workshop):
    controller = workshop.controller()
    builds = [built(controller) for _ in range(2)]
    found = inputs(controller.settings.machines["builder-1"])
    run = os.path.join(workshop.root("builder-1"), "1", "run", "1")
    for kind, name in (("events", "events.jsonl"), ("log", "log")):
        (pattern,) = found[kind]["paths"]
        paths = sorted(glob.glob(pattern))
        assert paths == [os.path.join(run, "builds", build, "1", name) for build in sorted(builds)]
        assert not any(os.path.islink(path) for path in paths)
        assert os.path.islink(os.path.join(run, name))  # which the pattern leaves alone


def test_fields_come_from_the_path(made):
    dissect, name, event = [list(one.values())[0] for one in made["log"]["processors"]]
    path = "/data/tristan/1/run/2/builds/20261121T065512123-9c1e4f2a/3/log"
    assert dissected(dissect["tokenizer"], path) == {
        "executor_id": "2",
        "build_id": "20261121T065512123-9c1e4f2a",
        "attempt|integer": "3",
    }
    assert (dissect["field"], dissect["target_prefix"]) == ("log.file.path", "tristan")
    assert (name["target"], name["fields"]) == ("tristan", {"machine": "builder-1"})
    assert event["target"] == "event" and event["fields"]["dataset"] == "tristan.log"


def dissected(tokenizer, text):
    """What Filebeat's dissect takes out of a text: what stands between two delimiters, up to the next one."""
    keys = re.findall("%{([^}]*)}", tokenizer)
    pattern = "(.*?)".join(re.escape(part) for part in re.split("%{[^}]*}", tokenizer))
    return dict(zip(keys, re.match(pattern + r"\Z", text).groups()))


def test_a_stack_trace_stays_together(made):
    ((name, options),) = made["log"]["parsers"][0].items()
    pattern = re.compile(options["pattern"].replace("[[:space:]]", r"\s"))
    assert (name, options["negate"], options["match"]) == ("multiline", False, "after")
    trace = ["Exception in thread main", "\tat com.example.Shop.sell(Shop.java:5)", "Caused by: java.lang.Error",
             "\t... 3 more", "==> success", "  indented output"]  # fmt: skip
    joined = [bool(pattern.search(line)) for line in trace]
    assert joined == [False, True, True, True, False, False]


def test_a_root_of_odd_letters_is_taken_literally():
    directory = process.directory("odd[a-z]*? #{x}")
    try:
        below = os.path.join(directory, "1", "run", "1", "builds", "b", "1")
        os.makedirs(below)
        open(os.path.join(below, "log"), "w").close()
        found = inputs(Machine("builder-1", directory))["log"]
        # Python's glob takes no backslash; Go's does, as the pattern of a single letter is to both.
        pattern = re.sub(r"\\(.)", r"[\1]", found["paths"][0])
        assert glob.glob(pattern) == [os.path.join(below, "log")]
        tokenizer = found["processors"][0]["dissect"]["tokenizer"]
        assert dissected(tokenizer, os.path.join(below, "log"))["build_id"] == "b"
    finally:
        process.remove(directory)


@pytest.mark.parametrize("root", ["/data/%{x}", "/data/${HOME}"])
def test_a_root_that_filebeat_would_expand_is_refused(root):
    with pytest.raises(errors.UsageError):
        filebeat.configuration(Machine("builder-1", root))
