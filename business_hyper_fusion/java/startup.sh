#!/bin/sh
# Start the application; JAVA_OPTS are the JVM's, arguments the application's. A startup.sh of the project's own takes this one's place.
set -eu

cd "$(dirname "$0")"
# shellcheck disable=SC2086  # a list of options
exec java ${JAVA_OPTS:-} -jar app.jar "$@"
