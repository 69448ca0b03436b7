"""templates/build_image.Dockerfile.j2 on a real engine: what `build_<image>` is like inside."""

from __future__ import absolute_import, print_function, unicode_literals

import subprocess
import uuid

import pytest

from controller import render

HOSTILE_BASE = """FROM %s
RUN printf 'app:x:1234:' >> /etc/group
RUN printf 'tristan:x:4321:4321::/:/bin/sh' >> /etc/passwd
USER 4321
ENTRYPOINT ["/bin/false"]
HEALTHCHECK CMD exit 1
"""


@pytest.fixture
def build(engine):
    """Builds a Dockerfile with build arguments; the images go after the test."""
    made = []

    def run(recipe, **arguments):
        name = "tristan-test-%s" % uuid.uuid4().hex
        words = engine.command + ["build", "--network", "none", "--tag", name]
        for key, value in arguments.items():
            words += ["--build-arg", "%s=%s" % (key, value)]
        builder = subprocess.Popen(words + ["-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        output = builder.communicate(recipe.encode("utf-8"))[0]
        assert builder.returncode == 0, output
        made.append(name)
        return name

    yield run
    for name in reversed(made):
        engine.run(["image", "rm", "--force", name])


def build_image(build, base, uid, gid):
    recipe = render.render("build_image.Dockerfile.j2", image=base)
    return build(recipe, TRISTAN_UID=uid, TRISTAN_GID=gid)


def inside(engine, image, script, user=None):
    words = ["run", "--rm", "--network", "none"] + (["--user", user] if user else [])
    return engine.run(words + [image, "/bin/sh", "-c", script])


def test_an_unknown_user_gets_a_name_and_a_home(engine, python_image, build):
    image = build_image(build, python_image, 5001, 6001)
    assert inside(engine, image, "id", "5001:6001").startswith(
        "uid=5001(tristan) gid=6001(tristan)"
    )
    home = "python3 -c 'import os; print(os.path.expanduser(\"~tristan\"))'"
    assert inside(engine, image, home, "5001:6001").strip() == "/tristan/cache/project/home"


def test_a_known_user_stays_as_it_is(engine, python_image, build):
    image = build_image(build, python_image, 0, 0)
    assert "tristan" not in inside(engine, image, "cat /etc/passwd /etc/group")


def test_a_hostile_base_neither_starts_its_own_command_nor_breaks_the_user_files(
    engine, python_image, build
):
    base = build(HOSTILE_BASE % python_image)
    image = build_image(build, base, 5001, 6001)
    said = inside(engine, image, "id; tail -n 2 /etc/passwd /etc/group", "5001:6001")
    assert said.startswith("uid=5001(tristan5001) gid=6001(tristan)")
    assert "\napp:x:1234:\ntristan:x:6001:\n" in said
    assert "\ntristan:x:4321:4321::/:/bin/sh\ntristan5001:x:5001:6001:" in said


def test_the_mount_points_are_there(engine, python_image, build):
    image = build_image(build, python_image, 5001, 6001)
    places = "/tristan/source /tristan/build /tristan/cache/project /tristan/cache/dependency_lib"
    said = inside(engine, image, "ls -d %s; pwd" % places).split()
    assert sorted(said) == sorted(places.split() + ["/tristan/source"])
