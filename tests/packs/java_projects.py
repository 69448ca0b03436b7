"""Java projects of a few lines that a real Maven builds from Debian's repository.

In: nothing. Out: a project's files, as dict of path -> text.
"""

from __future__ import absolute_import, print_function, unicode_literals

import io
import os
import tarfile

from tests.lab import images, process

# Debian's plugins are of these versions; its clean plugin names a plexus-utils that its repository has not
PLUGINS = """<pluginManagement><plugins>
<plugin><artifactId>maven-clean-plugin</artifactId><version>3.2.0</version><dependencies><dependency>
<groupId>org.codehaus.plexus</groupId><artifactId>plexus-utils</artifactId><version>2.x</version>
</dependency></dependencies></plugin>
<plugin><artifactId>maven-resources-plugin</artifactId><version>3.3.0</version></plugin>
<plugin><artifactId>maven-compiler-plugin</artifactId><version>3.10.1</version></plugin>
<plugin><artifactId>maven-surefire-plugin</artifactId><version>2.22.3</version></plugin>
<plugin><artifactId>maven-jar-plugin</artifactId><version>3.3.0</version><configuration><archive><manifest>
<mainClass>shop.Main</mainClass></manifest></archive></configuration></plugin>
</plugins></pluginManagement>"""

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>shop</groupId><artifactId>{name}</artifactId><version>1.0</version><packaging>{packaging}</packaging>
<properties><maven.compiler.source>8</maven.compiler.source><maven.compiler.target>8</maven.compiler.target>
<project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
<build>{plugins}</build>{more}</project>
"""

MAIN = """package shop;

import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

public class Main {
    public static void main(String[] arguments) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);
        server.createContext("/", exchange -> {
            String text = System.getenv("SW_AGENT_NAME") + " " + System.getProperty("greeting")
                + " " + String.join(" ", arguments);
            exchange.sendResponseHeaders(200, text.length());
            exchange.getResponseBody().write(text.getBytes());
            exchange.close();
        });
        server.start();
    }
}
"""

MODULE = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<parent><groupId>shop</groupId><artifactId>top</artifactId><version>1.0</version></parent>
<artifactId>{name}</artifactId>{more}</project>
"""
NEEDS_LIB = """<dependencies><dependency><groupId>shop</groupId><artifactId>lib</artifactId>
<version>1.0</version></dependency></dependencies>"""


def single():
    """:returns: dict, a project that answers over HTTP"""
    pom = POM.format(name="shop", packaging="jar", plugins=PLUGINS, more="")
    return {"pom.xml": pom, "src/main/java/shop/Main.java": MAIN}


def reactor():
    """:returns: dict, a project of lib, app, which needs it, and broken, which does not compile"""
    modules = "<modules><module>broken</module><module>app</module><module>lib</module></modules>"
    return {
        "pom.xml": POM.format(name="top", packaging="pom", plugins=PLUGINS, more=modules),
        "lib/pom.xml": MODULE.format(name="lib", more=""),
        "lib/src/main/java/lib/Lib.java": "package lib;\npublic class Lib {}\n",
        "app/pom.xml": MODULE.format(name="app", more=NEEDS_LIB),
        "app/src/main/java/app/App.java": "package app;\nclass App { Object lib = new lib.Lib(); }\n",
        "broken/pom.xml": MODULE.format(name="broken", more=""),
        "broken/src/main/java/Broken.java": "this is no Java\n",
    }


def settings(address):
    """:returns: str, a settings.xml with one mirror for all repositories"""
    mirror = "<mirror><id>lab</id><mirrorOf>*</mirrorOf><url>{0}/</url></mirror>"
    return "<settings><mirrors>{0}</mirrors></settings>\n".format(mirror.format(address))


def unpack_repository(engine, directory):
    """Put Debian's Maven repository, which is in the Java image, into a directory; links become files."""
    archive = os.path.join(directory, "repository.tar")
    words = ["run", "--rm", "--network", "none", "--volume", directory + ":/out"]
    pack = (
        "tar --create --dereference --file /out/repository.tar --directory /usr/share/maven-repo ."
    )
    engine.run(words + [images.JAVA.name, "sh", "-c", pack])
    with io.open(archive, "rb") as source, tarfile.open(fileobj=source) as content:
        content.extractall(directory)
    process.output(["rm", archive])
