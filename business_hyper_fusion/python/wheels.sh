# shellcheck shell=sh
# A Python project's wheels: what kind of project it is, pip's configuration, the wheels of requirements.txt.
# Sourced by build_project.sh and package_to_docker.sh; a compile_to_execute.sh of one's own can do the same.
# In: TRISTAN_SOURCE, TRISTAN_MODULE_PATH, TRISTAN_BUILD, TRISTAN_DOWNLOADS, TRISTAN_DEPENDENCY_LIB (pip.conf), and what
#     private.sh takes.
# Out: the module's directory as the current one; pip, is_package, collect_requirements, collect_needed.

# shellcheck source=/dev/null
. "$TRISTAN_BUILD/private.sh"

fail() {
	echo "python: $*" >&2
	exit 1
}

pip() {
	"$python" -m pip "$@"
}

# A pyproject.toml may hold nothing but settings of tools.
is_package() {
	[ ! -f setup.py ] || return 0
	[ -f pyproject.toml ] || return 1
	[ -f requirements.txt ] || return 0
	grep -Eq '^[[:space:]]*\[[[:space:]]*(project|build-system)[[:space:]]*\]' pyproject.toml
}

# DIRECTORY: the wheels of all that requirements.txt asks for. Those of a file that pins everything are kept, and
# found again without a question to the index, which pip would have for each of them.
collect_requirements() {
	key=$("$python" "$TRISTAN_BUILD/requirements_key.py" requirements.txt)
	kept=$TRISTAN_DOWNLOADS/wheels/$key
	if [ -n "$key" ] && [ -d "$kept" ]; then
		echo "python: the wheels of requirements.txt are here from an earlier build"
		! pip wheel --no-index --find-links "$kept" --requirement requirements.txt --wheel-dir "$1" || return 0
		echo "python: they don't fit any more"
		rm -rf "$kept"
	fi
	pip wheel --requirement requirements.txt --wheel-dir "$1"
	[ -z "$key" ] || keep_wheels "$1"
}

# DIRECTORY: its wheels to where the next build looks, all at once or, where another build was faster, not at all.
keep_wheels() {
	mkdir -p "${kept%/*}"
	new=$(mktemp -d "${kept%/*}/new.XXXXXX")
	for wheel in "$1"/*.whl; do
		[ ! -f "$wheel" ] || cp "$wheel" "$new/"
	done
	"$python" -c 'import os, sys; os.rename(*sys.argv[1:])' "$new" "$kept" 2>/dev/null || rm -rf "$new"
}

# DIRECTORY WHEEL...: the wheels, and those of all that they need, to what is in DIRECTORY already.
collect_needed() {
	directory=$1
	shift
	for wheel in "$directory"/*.whl; do
		[ ! -f "$wheel" ] || pin "${wheel##*/}"
	done >"$HOME/pins.txt"
	# Without the index first: where requirements.txt names everything, nothing of it is needed.
	set -- --find-links "$directory" --constraint "$HOME/pins.txt" --wheel-dir "$directory" "$@"
	pip wheel --quiet --no-index "$@" >/dev/null 2>&1 || pip wheel "$@"
}

# FILE: NAME-VERSION-TAGS.whl as NAME==VERSION.
pin() {
	rest=${1#*-}
	echo "${1%%-*}==${rest%%-*}"
}

# Secrets that are named as pip's variables are, such as PIP_INDEX_URL, and those that pip.conf names.
take_secrets() {
	if [ -z "$(private_names PIP_)" ] && ! grep -q '[$][{]' "${PIP_CONFIG_FILE:-/dev/null}"; then return; fi
	(
		umask 077
		mkdir -p "$TRISTAN_PRIVATE"
		"$python" "$TRISTAN_BUILD/pip_settings.py"
	) || exit
	export PIP_CONFIG_FILE="$TRISTAN_PRIVATE/pip.conf"
	[ ! -f "$TRISTAN_PRIVATE/netrc" ] || export NETRC="$TRISTAN_PRIVATE/netrc"
}

cd "$TRISTAN_SOURCE/$TRISTAN_MODULE_PATH" || exit
for python in python3 python none; do
	! command -v "$python" >/dev/null 2>&1 || break
done
[ "$python" != none ] || fail "the build image has no python3; choose another image in the build profile"

export PIP_CACHE_DIR="${PIP_CACHE_DIR:-$TRISTAN_DOWNLOADS/pip}"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
if [ -f "$TRISTAN_DEPENDENCY_LIB/pip.conf" ] && [ -z "${PIP_CONFIG_FILE:-}" ]; then
	export PIP_CONFIG_FILE="$TRISTAN_DEPENDENCY_LIB/pip.conf"
fi
take_secrets
