# shellcheck shell=sh
# Composer as this build wants it: dependency configuration, cache, secrets.
# Sourced by build_project.sh; a compile_to_execute.sh of one's own can do the same, and `run_composer install` then.
# In: TRISTAN_SOURCE, TRISTAN_CACHE, TRISTAN_DOWNLOADS, TRISTAN_DEPENDENCY_LIB (config.json, auth.json), TRISTAN_SECRETS.
#     Composer itself reads http_proxy, https_proxy, no_proxy, and SSL_CERT_FILE for a certificate authority.
# Out: run_composer ARGUMENT..., php_with_files COMMAND...; COMPOSER_HOME, COMPOSER_CACHE_DIR.

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
	export COMPOSER_HOME="$TRISTAN_CACHE/composer"
	rm -rf "$COMPOSER_HOME"
	mkdir -p "$COMPOSER_HOME"
	for php_file in config.json auth.json; do
		if [ -f "$TRISTAN_DEPENDENCY_LIB/$php_file" ]; then
			ln -s "$TRISTAN_DEPENDENCY_LIB/$php_file" "$COMPOSER_HOME/$php_file"
		fi
	done
}

# Secrets that are named as Composer's variables are, such as COMPOSER_AUTH.
for php_secret in "${TRISTAN_SECRETS:-}"/COMPOSER_*; do
	if [ -f "$php_secret" ]; then
		export "${php_secret##*/}=$(cat "$php_secret")"
	fi
done

[ -n "${COMPOSER_HOME:-}" ] || php_make_home
export COMPOSER_CACHE_DIR="${COMPOSER_CACHE_DIR:-$TRISTAN_DOWNLOADS/composer}"
# A build container's root is nobody's: there is no use in a warning.
export COMPOSER_ALLOW_SUPERUSER=1
# Packages of path repositories are copied: a link could lead out of what is packaged.
export COMPOSER_MIRROR_PATH_REPOS=1
