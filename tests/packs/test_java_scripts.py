"""What the Java pack calls, and with what: wrappers before the image's tools, module paths, settings, proxies."""

from __future__ import absolute_import, print_function, unicode_literals

import os
from xml.etree import ElementTree

import pytest

from tests.faults import rows
from tests.packs.bench import SHELLS, TELL, Bench, shipped

pytestmark = pytest.mark.once

POM = "<project>{0}</project>"
ALWAYS = "<--batch-mode><-Dmaven.repo.local=PLACE/downloads/maven>"
PACKAGE = "<clean><package><-DskipTests>"
GRADLE = "<--no-daemon><--console=plain>"


@pytest.fixture(params=SHELLS)
def bench(request):
    """The Java pack's scripts, with a Maven and a Gradle that tell how they were called."""
    made = Bench("java", request.param)
    made.write({"bin/mvn": TELL, "bin/gradle": TELL})
    yield made
    made.remove()


def modules(*names):
    return POM.format(
        "<modules>{0}</modules>".format("".join("<module>%s</module>" % name for name in names))
    )


def called(output):
    """:returns: list of str, what the tools said: where they ran, and their arguments"""
    lines = output.splitlines()
    return [
        line.partition(" in ")[2] + lines[number + 1]
        for number, line in enumerate(lines)
        if line.endswith(":") and " in " in line
    ]


def test_maven_by_default(bench):
    bench.source({"pom.xml": POM, "build.gradle": ""})
    status, output = bench.run()
    assert status == 0, output
    assert output.splitlines()[1:] == ["mvn in source:", ALWAYS + PACKAGE]


@pytest.mark.parametrize(
    "wrapper, file, arguments",
    [("mvnw", "pom.xml", ALWAYS + PACKAGE), ("gradlew", "build.gradle.kts", GRADLE + "<assemble>")],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["unix", "dos"])
def test_a_wrapper_stands_above_the_image_also_without_run_bit(
    bench, wrapper, file, arguments, line_end
):
    bench.source({file: POM, wrapper: TELL.replace("\n", line_end)})
    status, output = bench.run()
    assert status == 0, output
    assert output.splitlines()[1:] == [wrapper + " in source:", arguments]


def test_a_wrapper_that_wants_bash_gets_it(bench):
    os.symlink("/bin/bash", bench.path("bin", "bash"))
    bench.source(
        {"build.gradle": "", "gradlew": "#!/usr/bin/env bash\nall=(1 2 3)\necho ${#all[@]}\n"}
    )
    assert bench.run()[1].splitlines()[-1] == "3"


def test_gradle_by_the_image(bench):
    bench.source({"build.gradle": ""})
    assert called(bench.run()[1]) == ["source:" + GRADLE + "<assemble>"]


OF_A_PROFILE = POM.format("<profiles><profile>%s</profile></profiles>" % modules("app"))
NESTED = {"pom.xml": modules("web"), "web/pom.xml": modules("app")}
REACTORS = {
    "direct": ({"pom.xml": modules("app", "lib")}, "app", "source", "app"),
    "below": ({"pom.xml": modules("lib", "web/app")}, "web/app", "source", "web/app"),
    "nested": (NESTED, "web/app", "source", "web/app"),
    "spelt": ({"pom.xml": modules("\r\n ./app/ \r\n")}, "app", "source", "app"),
    "by its file": ({"pom.xml": modules("app/pom.xml")}, "app", "source", "app"),
    "subproject": (
        {"pom.xml": modules("app").replace("module>", "subproject>")},
        "app",
        "source",
        "app",
    ),
    "of a profile": ({"pom.xml": OF_A_PROFILE}, "app", "source", "app"),
    "top below": ({"back/pom.xml": modules("app")}, "back/app", "back", "app"),
    "no part": ({"pom.xml": modules("app2", "ap")}, "app", "app", ""),
    "commented out": ({"pom.xml": POM.format("<!-- %s\n -->" % modules("app"))}, "app", "app", ""),
    "no top": ({}, "tools/app", "app", ""),
}


@pytest.mark.parametrize("case", sorted(REACTORS))
def test_a_module_is_built_from_the_top_of_its_reactor(bench, case):
    files, module_path, where, project = REACTORS[case]
    bench.source(dict(files, **{module_path + "/pom.xml": POM.format("")}))
    wanted = "<-pl><%s><-am>" % project if project else ""
    assert called(bench.run(module_path)[1]) == [where + ":" + ALWAYS + wanted + PACKAGE]


@pytest.mark.parametrize("wrapper", ["mvnw", "app/mvnw"])
def test_a_module_that_stands_alone_has_its_own_wrapper_or_the_repository_s(bench, wrapper):
    bench.source({"app/pom.xml": POM, wrapper: TELL})
    assert bench.run("app")[1].splitlines()[1:] == ["mvnw in app:", ALWAYS + PACKAGE]


@pytest.mark.parametrize("wrapper", ["gradlew", "back/gradlew", "back/app/gradlew"])
@pytest.mark.parametrize(
    "file", ["settings.gradle", "back/settings.gradle.kts", "back/app/build.gradle"]
)
def test_gradle_runs_in_a_module_s_directory_by_the_nearest_wrapper(bench, file, wrapper):
    bench.source({file: "", "back/app/src/App.java": "", wrapper: TELL})
    assert bench.run("back/app")[1].splitlines()[1:] == ["gradlew in app:", GRADLE + "<assemble>"]


def test_settings_that_say_something_are_maven_s(bench):
    bench.source({"pom.xml": POM})
    comments = "<settings xmlns='x'>\n<!-- <mirrors/>\n-->\n</settings>\n"
    bench.write({"dependency_lib/settings.xml": comments})
    assert called(bench.run()[1]) == ["source:" + ALWAYS + PACKAGE]
    bench.write(
        {"dependency_lib/settings.xml": comments.replace("-->", "--> <offline>true</offline>")}
    )
    wanted = "<--settings><PLACE/dependency_lib/settings.xml>"
    assert called(bench.run()[1]) == ["source:" + ALWAYS + wanted + PACKAGE]


def test_the_shipped_configuration_changes_nothing(bench):
    text = shipped("java", "settings.xml")
    assert ElementTree.fromstring(text.encode("utf-8")).tag.endswith("settings")
    assert all(line.startswith("#") for line in shipped("java", "gradle.properties").splitlines())
    bench.source({"pom.xml": POM})
    bench.write({"dependency_lib/settings.xml": text})
    assert called(bench.run()[1]) == ["source:" + ALWAYS + PACKAGE]


def test_gradle_gets_the_operator_s_configuration_and_no_other(bench):
    bench.source({"build.gradle": ""})
    bench.write({"dependency_lib/gradle.properties": "a=b\n", "dependency_lib/init.gradle": ""})
    wanted = "<--init-script><PLACE/dependency_lib/init.gradle><assemble>"
    assert called(bench.run()[1]) == ["source:" + GRADLE + wanted]
    assert bench.read("downloads/gradle/gradle.properties") == "a=b\n"
    script = '. "$TRISTAN_BUILD/environment.sh"; rm "$TRISTAN_DEPENDENCY_LIB"/*; run_gradle tasks'
    assert called(bench.run(script=script)[1]) == ["source:" + GRADLE + "<tasks>"]
    with pytest.raises(IOError):
        bench.read("downloads/gradle/gradle.properties")


@rows.hostile(4)
def test_what_another_build_left_in_gradle_s_home_is_not_its_configuration(bench):
    bench.source({"build.gradle": ""})
    names = ["gradle.properties", "init.gradle", "init.gradle.kts", "init.d/evil.gradle"]
    bench.write(dict(("downloads/gradle/" + name, "evil") for name in names))
    status, output = bench.run()
    assert (status, called(output)) == (0, ["source:" + GRADLE + "<assemble>"]), output
    for name in names:
        with pytest.raises(IOError):
            bench.read("downloads/gradle/" + name)


def test_a_script_of_one_s_own_has_maven_with_all_that(bench):
    bench.source({"pom.xml": POM, "mvnw": TELL})
    status, output = bench.run(
        script='. "$TRISTAN_BUILD/environment.sh"; run_maven deploy -P "a b"'
    )
    assert (status, called(output)) == (0, ["source:" + ALWAYS + "<deploy><-P><a b>"])


NOT_IN_THE_ENVIRONMENT = "! env | grep hidden\n"


def test_secrets_reach_maven_in_its_settings(bench):
    bench.source({"pom.xml": POM})
    bench.write(
        {
            "bin/mvn": TELL
            + NOT_IN_THE_ENVIRONMENT
            + 'while [ "$1" != --settings ]; do shift; done; cat "$2"\n',
            "secrets/MAVEN_PASSWORD": "hidden<&",
            "dependency_lib/settings.xml": "<settings><a>${env.MAVEN_PASSWORD}</a></settings>\n",
        }
    )
    status, output = bench.run()
    assert status == 0, output
    assert called(output) == [
        "source:" + ALWAYS + "<--settings><PLACE/private/settings.xml>" + PACKAGE
    ]
    assert output.endswith("<settings><a>hidden&#60;&#38;</a></settings>\n")


def test_secrets_reach_gradle_as_properties_of_its_home(bench):
    bench.source({"build.gradle": ""})
    bench.write(
        {
            "bin/gradle": TELL
            + NOT_IN_THE_ENVIRONMENT
            + 'cat "$GRADLE_USER_HOME/gradle.properties"\n',
            "secrets/ORG_GRADLE_PROJECT_key": "hidden\\1",
            "secrets/GRADLE_TOKEN": "hidden2",
            "secrets/OTHER": "hidden3",
            "dependency_lib/gradle.properties": "key=first\n",
        }
    )
    status, output = bench.run()
    assert status == 0, output
    assert output.endswith("key=first\nkey=hidden\\\\1\nGRADLE_TOKEN=hidden2\n")
    assert os.path.islink(bench.path("downloads", "gradle", "gradle.properties"))


def test_only_the_run_that_fetches_the_wrapper_s_maven_has_its_login(bench):
    bench.source({"pom.xml": POM, "mvnw": TELL + "env | grep MVNW_PASSWORD || true\n"})
    bench.write({"secrets/MVNW_PASSWORD": "hidden", "bin/mvn": TELL})
    status, output = bench.run()
    assert status == 0, output
    assert "hidden" not in output
    bench.source({"mvnw": '#!/bin/sh\n[ "$MVNW_PASSWORD $1" = "hidden --version" ]\n'})
    status, output = bench.run()
    assert (status, output.splitlines()[-1]) == (1, "java: Maven: clean package -DskipTests (in .)")
    bench.source({"mvnw": "#!/bin/sh\nexit 1\n"})
    assert bench.run()[1].endswith("java: the wrapper could not fetch its Maven\n")
    bench.write({"secrets/MVNW_REPOURL": "https://repo.example.com"})
    assert "java: MVNW_REPOURL is an address and no secret" in bench.run()[1]


def options(bench, **environment):
    """:returns: list of str, JAVA_TOOL_OPTIONS"""
    script = '. "$TRISTAN_BUILD/environment.sh"; echo "${JAVA_TOOL_OPTIONS-unset}"'
    return bench.run(script=script, **environment)[1].split()


def test_java_is_told_of_proxies(bench):
    assert options(bench) == ["unset"]
    given = options(
        bench,
        http_proxy="http://proxy.example:3128",
        HTTPS_PROXY="https://user:word@other.example/",
        no_proxy="localhost, .corp.example,*.lab,10.0.0.0/8,git.example:443",
        JAVA_TOOL_OPTIONS="-Dmine=1",
    )
    assert given == [
        "-Dmine=1",
        "-Dhttp.proxyHost=proxy.example",
        "-Dhttp.proxyPort=3128",
        "-Dhttps.proxyHost=other.example",
        "-Dhttps.proxyPort=80",
        "-Dhttp.nonProxyHosts=localhost|127.*|[::1]|localhost|*.localhost|corp.example|*.corp.example|lab|*.lab|git.example|*.git.example",
        "-Daether.connector.http.useSystemProperties=true",
        "-Daether.transport.apache.useSystemProperties=true",
    ]
    assert "-Dhttp.nonProxyHosts=localhost|127.*|[::1]|*" in options(
        bench, http_proxy="http://proxy:1", no_proxy="*"
    )


MISSING = {
    "pom": ({}, "", "no pom.xml and no build.gradle in the repository; set module_path"),
    "module": ({"pom.xml": POM}, "docs", "no pom.xml and no build.gradle in docs; set module_path"),
    "maven": ({"pom.xml": POM}, "", "neither ./mvnw in the repository nor mvn in the build image"),
    "gradle": (
        {"build.gradle": ""},
        "",
        "neither ./gradlew in the repository nor gradle in the build image",
    ),
}


@pytest.mark.parametrize("missing", sorted(MISSING))
def test_what_is_missing_is_named(bench, missing):
    files, module_path, words = MISSING[missing]
    bench.source(dict(files, **{"docs/README.md": ""}))
    status, output = bench.run(module_path, PATH=bench.only("sed", "tr", "mkdir", "rm"))
    assert status == 1, output
    assert "java: " + words in output
