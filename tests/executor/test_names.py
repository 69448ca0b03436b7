"""Names are safe path components and legal image references, and never shared by two texts."""

from __future__ import absolute_import, print_function, unicode_literals

import re

import pytest

from business_hyper_fusion import compat, grammar, names

NASTY = [
    "A",
    "a/source",
    "a__b",
    "a/b",
    "a-b/",
    "main.lock",
    "main.",
    "..",
    ".",
    "-x",
    "$(id)",
    "a;b",
    "`id`",
    "'\"",
    "with space",
    "f\u00fcr",
    "\u5206\u652f",
    "x" * 65,
    "x" * 66,
    "source",
    "build",
    "cache",
    "branches",
    "tags",
    "commits",
    "host:5000",
    "[::1]:22",
]


@pytest.mark.parametrize("text", ["main", "a", "feature-1", "v1.2.3", "a_b", "0", "x" * 64])
def test_a_plain_text_is_its_own_component(text):
    assert names.component(text) == text


@pytest.mark.parametrize("text", NASTY)
def test_any_other_text_becomes_slug_and_hash(text):
    name = names.component(text)
    assert isinstance(name, str)
    assert re.match(r"[a-z0-9][a-z0-9-]{0,39}__[0-9a-f]{12}\Z", name)


def test_different_texts_have_different_names():
    texts = NASTY + ["a", "a-b", "main", "f\u00fcR", "fur"]
    assert len(set(names.component(text) for text in texts)) == len(texts)


def test_a_made_name_is_not_mistaken_for_a_plain_one():
    made = names.component("A")
    assert names.component(made) != made


def test_native_and_unicode_text_have_one_name():
    assert names.component("f\u00fcr") == names.component(compat.to_native("f\u00fcr"))


def test_the_project_directory_has_a_part_per_part():
    assert names.project_directory("git.example.com", "group/shop") == "git.example.com/group/shop"


def test_a_project_called_like_our_own_directories_does_not_nest_in_them():
    parts = names.project_directory("host", "group/branches/source").split("/")
    assert parts[0:2] == ["host", "group"]
    assert parts[2].startswith("branches__") and parts[3].startswith("source__")


def test_host_and_port_are_one_part():
    assert re.match(r"git-example-com-8443__[0-9a-f]{12}/a\Z", _project("git.example.com:8443"))


def _project(host):
    return names.project_directory(host, "a")


@pytest.mark.parametrize(
    "kind, name, directory",
    [
        ("branch", "main", "branches/main"),
        ("tag", "v1", "tags/v1"),
        ("commit", "0123456789abcdef0123456789abcdef01234567", None),
    ],
)
def test_ref_directories(kind, name, directory):
    assert names.ref_directory(kind, name) == (directory or "commits/" + name)


def test_a_branch_inside_a_branch_is_a_sibling():
    inner = names.ref_directory("branch", "a/source")
    assert inner.count("/") == 1 and inner.startswith("branches/a-source__")


def test_a_mirror_is_one_component_and_each_address_has_its_own():
    one = names.mirror("git@git.example.com:group/shop.git")
    other = names.mirror("https://git.example.com/group/shop.git")
    assert re.match(r"git-example-com-group-shop__[0-9a-f]{12}\.git\Z", one)
    assert one != other


@pytest.mark.parametrize(
    "image, name",
    [
        ("python:3.12-slim", "build_python:3.12-slim-u1000"),
        ("maven:3-alpine", "build_maven:3-alpine-u1000"),
        ("node", "build_node:latest-u1000"),
        ("my_image:Tag", "build_my_image:Tag-u1000"),
    ],
)
def test_plain_images_stay_readable(image, name):
    assert names.build_image(image, 1000) == name


HASHED_IMAGES = [
    "host:5000/image",
    "host:5000/image:1",
    "library/python:3",
    "library-python:3" + "x" * 120,
    "a__b:1",
    "a/b:1",
    "Host.example/a/b:1",
    "python@sha256:" + "a" * 64,
    "python:3@sha256:" + "a" * 64,
    "python@sha256:" + "b" * 64,
    "x" * 65,
]


def test_build_images_are_legal_references_and_distinct():
    images = HASHED_IMAGES + ["python", "a-b:1", "host-5000-image"]
    made = [names.build_image(image, 65534) for image in images]
    assert len(set(made)) == len(images)
    for name in made:
        grammar.check_image(name)
        assert len(name.rpartition(":")[2]) <= 128


def test_build_images_differ_by_user():
    assert names.build_image("a:1", 0) != names.build_image("a:1", 1)


def test_container_names_are_legal():
    name = names.container("20261121T065512123-9c1e4f2a", 2, "build")
    assert name == "tristan-20261121t065512123-9c1e4f2a-2-build"
    assert re.match(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+\Z", name)


@pytest.mark.parametrize("wanted", ["", "2026", "20261121T065512123-9c", "9c1e4f2a", "9c1e", "9"])
def test_builds_are_named_by_what_a_listing_shows(wanted):
    assert names.means(wanted, "20261121T065512123-9c1e4f2a")
    assert not names.means("x" + wanted, "20261121T065512123-9c1e4f2a")


def test_an_app_image_is_named_after_project_and_ref():
    assert names.app_repository("shop", "main") == "shop-main"
    assert names.app_repository("my-shop", "main") == "my-shop-main"


@pytest.mark.parametrize("ref", NASTY + ["feature/Login", "a-b", "A" * 250])
def test_an_app_image_has_a_legal_name_whatever_the_ref(ref):
    grammar.check_image("127.0.0.1:5000/team/" + names.app_repository("shop", ref))


def test_app_images_of_different_refs_have_different_names():
    pairs = [("a-b", "c"), ("a", "b-c"), ("a", "b/c"), ("a", "B-c"), ("a.b", "c"), ("a_", "b")]
    assert len(set(names.app_repository(*pair) for pair in pairs)) == len(pairs)


def test_the_tag_of_an_app_image_says_build_minute_and_attempt():
    build_id = "20261121T065512123-9c1e4f2a"
    assert names.app_tag(build_id, 0, 1) == build_id + "_197001010000"
    assert names.app_tag(build_id, 60, 2) == build_id + "_197001010001_2"


def test_a_branch_s_moving_tag_is_legal_and_no_attempt_s_own():
    assert names.moving_tag("main") == "main"
    assert names.moving_tag("v1.2_x-y") == "v1.2_x-y"
    odd = ["feature/Login", "feature/login", "feature-login__1", "gr\xfcn", "A", "x" * 200]
    odd.append("20261121T065512123-9c1e4f2a_202611210655")
    found = [names.moving_tag(name) for name in odd]
    assert len(set(found)) == len(odd) and not set(found) & set(odd)
    assert all(re.match(r"[a-z0-9][a-z0-9._-]{0,127}\Z", name) for name in found)
