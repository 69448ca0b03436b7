# shellcheck shell=sh
# Secrets for tools that look for them in a configuration file: the file as they read it, in memory.
# Sourced by the packs; private.awk does the replacing. No secret comes into an argument list or an environment.
# In: TRISTAN_BUILD, TRISTAN_SECRETS, TRISTAN_PRIVATE: a directory that ends with the container, or with the attempt.
# Out: private_file, private_names, private_replace.

# FORMAT FILE NAME [SETTING...]: the file, its references to secrets replaced, as NAME in TRISTAN_PRIVATE, and its path in
# private_path; where there is nothing to replace or to add, FILE itself. SETTING: SECRET=KEY, to be added.
private_path=

private_file() {
	private_format=$1 private_source=$2 private_target=$TRISTAN_PRIVATE/$3
	shift 3
	private_path=$private_source
	[ -f "$private_source" ] || [ $# -gt 0 ] || return 0
	[ -f "$private_source" ] || private_source=/dev/null
	(
		umask 077
		mkdir -p "$TRISTAN_PRIVATE"
		LC_ALL=C awk -v format="$private_format" -v more="$*" -f "$TRISTAN_BUILD/private.awk" "$private_source" >"$private_target"
	) || exit
	if [ $# -gt 0 ] || [ "$(cat "$private_source")" != "$(cat "$private_target")" ]; then
		private_path=$private_target
	else
		rm -f "$private_target"
	fi
}

# PREFIX: prints the names of the secrets that begin with it, one a line.
private_names() {
	for private_secret in "${TRISTAN_SECRETS:-}/$1"*; do
		[ ! -f "$private_secret" ] || printf '%s\n' "${private_secret##*/}"
	done
}

# FORMAT FILE: in the place of a project's own file that names secrets a link to what its tool is to read, until this shell
# ends: the file itself has no other place, and would bring the secrets to the disk.
private_replace() {
	private_kept=$2.tristan-original
	if [ -L "$2" ] && [ -f "$private_kept" ]; then
		mv "$private_kept" "$2" # of a build that was killed
	fi
	[ -f "$2" ] || return 0
	private_count=$((${private_count:-0} + 1))
	private_file "$1" "$2" "replaced.$private_count"
	[ "$private_path" != "$2" ] || return 0
	if [ -z "${private_replaced:-}" ]; then
		trap private_restore EXIT
		trap 'exit 129' HUP
		trap 'exit 130' INT
		trap 'exit 143' TERM
	fi
	private_replaced="$2
${private_replaced:-}"
	mv "$2" "$private_kept"
	ln -s "$private_path" "$2"
}

# Put the files themselves back.
private_restore() {
	printf '%s' "${private_replaced:-}" | while IFS= read -r private_link; do
		[ ! -L "$private_link" ] || mv "$private_link.tristan-original" "$private_link"
	done
	private_replaced=
}
