# shellcheck shell=sh
# Maven and Gradle as this build wants them: dependency configuration, caches, proxy, certificate authority.
# Sourced by build_project.sh; a compile_to_execute.sh of one's own can do the same, and `run_maven deploy` then.
# In: TRISTAN_SOURCE, TRISTAN_CACHE, TRISTAN_DOWNLOADS, TRISTAN_DEPENDENCY_LIB (settings.xml, gradle.properties, init.gradle),
#     what private.sh takes; http_proxy, https_proxy, no_proxy, TRISTAN_CA_FILE where there are any.
# Out: run_maven ARGUMENT..., run_gradle ARGUMENT...; JAVA_TOOL_OPTIONS, MAVEN_USER_HOME, GRADLE_USER_HOME, WGETRC.

# shellcheck source=/dev/null
. "$TRISTAN_BUILD/private.sh"

java_fail() {
	echo "java: $*" >&2
	exit 1
}

# --- Tools -----------------------------------------------------------------------------------------------------

# The nearest wrapper, here or above, else the image's own Maven.
run_maven() {
	if [ -f "$TRISTAN_DEPENDENCY_LIB/settings.xml" ] && java_says_something "$TRISTAN_DEPENDENCY_LIB/settings.xml"; then
		private_file xml "$TRISTAN_DEPENDENCY_LIB/settings.xml" settings.xml
		# shellcheck disable=SC2154
		set -- --settings "$private_path" "$@"
	fi
	java_fetch_wrapped
	java_run mvnw mvn --batch-mode "-Dmaven.repo.local=$TRISTAN_DOWNLOADS/maven" "$@"
}

# The nearest wrapper, here or above, else the image's own Gradle.
run_gradle() {
	mkdir -p "$GRADLE_USER_HOME"
	# Gradle looks for it nowhere else; what an earlier build, perhaps another project's, has left there does not count.
	for java_name in gradle.properties init.gradle init.gradle.kts init.d; do
		rm -rf "${GRADLE_USER_HOME:?}/$java_name"
	done
	# shellcheck disable=SC2046
	private_file properties "$TRISTAN_DEPENDENCY_LIB/gradle.properties" gradle.properties $(java_gradle_secrets)
	[ ! -f "$private_path" ] || ln -s "$private_path" "$GRADLE_USER_HOME/gradle.properties"
	[ ! -f "$TRISTAN_DEPENDENCY_LIB/init.gradle" ] || set -- --init-script "$TRISTAN_DEPENDENCY_LIB/init.gradle" "$@"
	java_run gradlew gradle --no-daemon --console=plain "$@"
}

# Secrets as Gradle's properties: ORG_GRADLE_PROJECT_key is key.
java_gradle_secrets() {
	private_names ORG_GRADLE_PROJECT_ | sed 's/^ORG_GRADLE_PROJECT_\(.*\)/&=\1/'
	private_names GRADLE_ | sed 's/.*/&=&/'
}

# Maven's wrapper has a login for its distribution from its environment alone. The run that fetches has it, no other one.
java_fetch_wrapped() {
	[ -z "$(private_names MVNW_REPOURL)" ] || java_fail "MVNW_REPOURL is an address and no secret; set it below environment"
	java_login=$(private_names MVNW_)
	if [ -n "$java_login" ] && java_find mvnw; then
		(
			for java_name in $java_login; do
				export "$java_name=$(cat "$TRISTAN_SECRETS/$java_name")"
			done
			java_run_wrapper "$java_found" --version >/dev/null
		) || java_fail "the wrapper could not fetch its Maven"
	fi
}

# WRAPPER PROGRAM ARGUMENT...
java_run() {
	java_wrapper=$1 java_program=$2
	shift 2
	if java_find "$java_wrapper"; then
		java_run_wrapper "$java_found" "$@"
		return
	fi
	command -v "$java_program" >/dev/null 2>&1 ||
		java_fail "neither ./$java_wrapper in the repository nor $java_program in the build image; commit the wrapper, or choose another image in the build profile"
	"$java_program" "$@"
}

# NAME: the file of that name, here or in a directory above, up to the repository's top, into java_found.
java_find() {
	java_directory=$PWD
	while [ -n "$java_directory" ]; do
		java_found=$java_directory/$1
		[ ! -f "$java_found" ] || return 0
		[ "$java_directory" != "$TRISTAN_SOURCE" ] || return 1
		java_directory=${java_directory%/*}
	done
	return 1
}

# Wrappers run also without their run bit, and when somebody's git made their line ends CRLF.
java_run_wrapper() {
	java_wrapper=$1
	shift
	IFS= read -r java_first <"$java_wrapper" || true
	case $java_first in
	*"$(printf '\r')")
		tr -d '\r' <"$java_wrapper" >"$java_wrapper.unix"
		cat "$java_wrapper.unix" >"$java_wrapper"
		rm -f "$java_wrapper.unix"
		;;
	esac
	case $java_first in
	*bash*) bash "$java_wrapper" "$@" ;;
	*) sh "$java_wrapper" "$@" ;;
	esac
}

# An XML file on one line, without its comments.
java_xml() {
	tr '\r\n' '  ' <"$1" | sed 's/-->/\
/g' | sed 's/<!--.*$//' | tr '\n' ' '
}

# Settings of comments only would still stand above the ones of the image's user.
java_says_something() {
	[ -n "$(java_xml "$1" | sed -n '/<settings[^>]*>[[:space:]]*<[A-Za-z]/p')" ]
}

# --- Proxy and certificate authority -----------------------------------------------------------------------------

# PROTOCOL ADDRESS: Java does not look at http_proxy.
java_proxy() {
	[ -n "$2" ] || return 0
	java_address=${2#*://}
	java_address=${java_address%%/*}
	java_address=${java_address##*@}
	case $java_address in
	*:*) ;;
	*) java_address=$java_address:80 ;;
	esac
	printf ' -D%s.proxyHost=%s -D%s.proxyPort=%s' "$1" "${java_address%:*}" "$1" "${java_address##*:}"
}

# NAMES, with commas: a name stands for itself and all below it; Java wants that said, and knows no ports and no networks.
java_direct_hosts() (
	set -f
	IFS=', '
	direct="localhost|127.*|[::1]"
	for name in $1; do
		case $name in
		*/*) continue ;;
		\*) direct="$direct|*" && continue ;;
		*:*:*) ;;
		*:*) name=${name%:*} ;;
		esac
		name=${name#\*}
		name=${name#.}
		direct="$direct|$name|*.$name"
	done
	printf ' -Dhttp.nonProxyHosts=%s' "$direct"
)

java_proxies() {
	[ -n "${http_proxy:-}${HTTP_PROXY:-}${https_proxy:-}${HTTPS_PROXY:-}" ] || return 0
	java_proxy http "${http_proxy:-${HTTP_PROXY:-}}"
	java_proxy https "${https_proxy:-${HTTPS_PROXY:-}}"
	java_direct_hosts "${no_proxy:-${NO_PROXY:-}}"
	# Maven 3.9 and 4 look at these properties only when told to.
	printf ' -Daether.connector.http.useSystemProperties=true -Daether.transport.apache.useSystemProperties=true'
}

java_home() {
	"${JAVA_HOME:+$JAVA_HOME/bin/}java" -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.home = //p'
}

# A trust store of what the JDK trusts and TRISTAN_CA_FILE, made anew when one of the two changed.
java_trust() {
	[ -n "${TRISTAN_CA_FILE:-}" ] || return 0
	java_directory=$TRISTAN_CACHE/java_trust
	java_jdk=$(java_home)
	[ -n "$java_jdk" ] || java_fail "the build image has no java; choose another image in the build profile"
	java_version=$(cat "$TRISTAN_CA_FILE" "$java_jdk/lib/security/cacerts" 2>/dev/null | cksum)
	java_store=$java_directory/${java_version%% *}
	[ -f "$java_store" ] || java_make_store "$java_jdk" >&2
	printf ' -Djavax.net.ssl.trustStore="%s" -Djavax.net.ssl.trustStorePassword=changeit' "$java_store"
}

# JDK: makes java_store in java_directory. The password is the one that JDKs have for what is no secret.
java_make_store() {
	rm -rf "$java_directory"
	mkdir -p "$java_directory"
	if [ -f "$1/lib/security/cacerts" ]; then
		cat "$1/lib/security/cacerts" >"$java_store.new"
	fi
	# keytool takes one certificate at a time.
	java_count=0 java_inside=
	while IFS= read -r java_line || [ -n "$java_line" ]; do
		case $java_line in
		*"BEGIN CERTIFICATE"*) java_count=$((java_count + 1)) java_inside=yes ;;
		esac
		[ -z "$java_inside" ] || printf '%s\n' "$java_line" >>"$java_directory/$java_count.pem"
		case $java_line in
		*"END CERTIFICATE"*) java_inside= ;;
		esac
	done <"$TRISTAN_CA_FILE"
	while [ "$java_count" -gt 0 ]; do
		"$1/bin/keytool" -importcert -noprompt -alias "tristan-$java_count" -file "$java_directory/$java_count.pem" \
			-keystore "$java_store.new" -storepass changeit || java_fail "keytool can't take a certificate of the ca_file"
		java_count=$((java_count - 1))
	done
	mv "$java_store.new" "$java_store"
}

# --- Environment -----------------------------------------------------------------------------------------------

MAVEN_USER_HOME=${MAVEN_USER_HOME:-$TRISTAN_DOWNLOADS/maven_wrapper}
GRADLE_USER_HOME=${GRADLE_USER_HOME:-$TRISTAN_DOWNLOADS/gradle}
export MAVEN_USER_HOME GRADLE_USER_HOME

# By this variable all JVMs of a build learn of it: Maven, Gradle and its workers, the wrappers' downloads.
java_options="$(java_proxies)$(java_trust)"
if [ -n "$java_options" ]; then
	export JAVA_TOOL_OPTIONS="${JAVA_TOOL_OPTIONS:-}$java_options"
fi

# Maven's wrapper takes wget where there is one, and that has no variable for a certificate authority.
if [ -n "${TRISTAN_CA_FILE:-}" ] && [ -z "${WGETRC:-}" ]; then
	export WGETRC="$TRISTAN_CACHE/java_trust/wgetrc"
	echo "ca_certificate = $TRISTAN_CA_FILE" >"$WGETRC"
fi
