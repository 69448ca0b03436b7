# shellcheck shell=sh
# Composer as this build wants it: dependency configuration, cache, secrets.
# Sourced by build_project.sh; a compile_to_execute.sh of one's own can do the same, and `run_composer install` then.
# In: TRISTAN_SOURCE, TRISTAN_CACHE, TRISTAN_DOWNLOADS, TRISTAN_DEPENDENCY_LIB (config.json, auth.json), what private.sh takes.
#     Composer itself reads http_proxy, https_proxy, no_proxy, and SSL_CERT_FILE for a certificate authority.
# Out: run_composer ARGUMENT..., php_with_files COMMAND...; COMPOSER_HOME, COMPOSER_CACHE_DIR.

# shellcheck source=/dev/null
. "$TRISTAN_BUILD/private.sh"

php_fail() {
	echo "php: $*" >&2
	exit 1
}

# A composer.phar here or at the repository's top, else the image's own Composer.
run_composer() {
	for php_directory in . "$TRISTAN_SOURCE"; do
		if [ -f "$php_directory/composer.phar" ]; then
			command -v php >/dev/null 2>&1 || php_fail "the build image has no php; choose another image in the build profile"
			php "$php_directory/composer.phar" --no-interaction --no-ansi "$@"
			return
		fi
	done
	command -v composer >/dev/null 2>&1 ||
		php_fail "neither composer.phar in the repository nor composer in the build image; choose another image in the build profile, such as composer:2"
	composer --no-interaction --no-ansi "$@"
}

# COMMAND ARGUMENT...: run it with the names of all that is here and belongs to the application. Not every tar can leave out.
php_with_files() {
	for php_name in * .[!.]* ..?*; do
		case $php_name in
		.git | app.tar.gz) continue ;;
		esac
		if [ -e "$php_name" ] || [ -L "$php_name" ]; then
			set -- "$@" "./$php_name"
		fi
	done
	"$@"
}

# Composer wants to write into its home, so the operator's files are links there; what an earlier build left does not count.
php_make_home() {
	php_own_home=yes
	export COMPOSER_HOME="$TRISTAN_CACHE/composer"
	rm -rf "$COMPOSER_HOME"
	mkdir -p "$COMPOSER_HOME"
	for php_file in config.json auth.json; do
		private_file json "$TRISTAN_DEPENDENCY_LIB/$php_file" "$php_file"
		if [ -f "$private_path" ]; then
			ln -s "$private_path" "$COMPOSER_HOME/$php_file"
		fi
	done
}

# The secret COMPOSER_AUTH as auth.json; it counts before what that one says.
php_take_auth() {
	private_path=$TRISTAN_SECRETS/COMPOSER_AUTH
	if [ -f "$COMPOSER_HOME/auth.json" ] && [ -n "$php_own_home" ]; then
		php_merge "$COMPOSER_HOME/auth.json" "$private_path"
	elif [ -f "$COMPOSER_HOME/auth.json" ] && [ ! -L "$COMPOSER_HOME/auth.json" ]; then
		php_fail "there are $COMPOSER_HOME/auth.json and a secret COMPOSER_AUTH; put all logins into one of them"
	fi
	mkdir -p "$COMPOSER_HOME"
	ln -sfn "$private_path" "$COMPOSER_HOME/auth.json"
}

# FILE FILE: both as one, the second before the first, in private_path.
php_merge() {
	private_path=$TRISTAN_PRIVATE/merged.json
	(
		umask 077
		mkdir -p "$TRISTAN_PRIVATE"
		# shellcheck disable=SC2016
		php -r '
			$both = array_map(function ($name) { return json_decode(file_get_contents($name), true); }, array_slice($argv, 1));
			in_array(null, $both, true) && exit(1);
			echo json_encode(array_replace_recursive(...$both), JSON_FORCE_OBJECT);
		' -- "$1" "$2" >"$private_path"
	) || php_fail "auth.json or the secret COMPOSER_AUTH is no JSON"
}

php_own_home=
[ -n "${COMPOSER_HOME:-}" ] || php_make_home
[ ! -f "${TRISTAN_SECRETS:-}/COMPOSER_AUTH" ] || php_take_auth
export COMPOSER_CACHE_DIR="${COMPOSER_CACHE_DIR:-$TRISTAN_DOWNLOADS/composer}"
# A build container's root is nobody's: there is no use in a warning.
export COMPOSER_ALLOW_SUPERUSER=1
# Packages of path repositories are copied: a link could lead out of what is packaged.
export COMPOSER_MIRROR_PATH_REPOS=1
