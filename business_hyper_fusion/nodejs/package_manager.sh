# shellcheck shell=sh
# A Node.js project's package manager: which one the lock file is of, how it is configured, what it installs.
# Sourced by build_project.sh and package_to_docker.sh; a compile_to_execute.sh of one's own can do the same.
# In: TRISTAN_SOURCE, TRISTAN_MODULE_PATH, TRISTAN_DOWNLOADS, TRISTAN_DEPENDENCY_LIB (.npmrc, .yarnrc, .yarnrc.yml), HOME,
#     and what private.sh takes.
# Out: use_project, which has to come first; install_dependencies, run_build, keep_production, copy_project.

# shellcheck source=/dev/null
. "$TRISTAN_BUILD/private.sh"

fail() {
	echo "nodejs: $*" >&2
	exit 1
}

has() {
	command -v "$1" >/dev/null 2>&1
}

# DIRECTORY EXPRESSION: prints what JavaScript makes of the directory's package.json, which it calls `project`.
package_json() {
	node -p "const project = require(process.argv[1] + '/package.json'); $2" "$1"
}

use_project() {
	find_project
	choose_manager
	configure
}

# --- Which -----------------------------------------------------------------------------------------------------

# Sets module, the module's directory, and top, the nearest one from there upwards that has a lock file: workspaces
# have one for all of them.
find_project() {
	where=${TRISTAN_MODULE_PATH:-the repository}
	module=$TRISTAN_SOURCE${TRISTAN_MODULE_PATH:+/$TRISTAN_MODULE_PATH}
	[ -f "$module/package.json" ] ||
		fail "no package.json in $where; set module_path, or give the build profile a compile_to_execute.sh"
	has node || fail "no node in the build image; choose another image in the build profile"
	top=$module
	while [ -z "$(managers_of "$top")" ]; do
		[ "$top" != "$TRISTAN_SOURCE" ] ||
			fail "no package-lock.json, npm-shrinkwrap.json, yarn.lock or pnpm-lock.yaml in $where, or above; commit one, so that every build gets the same dependencies"
		top=${top%/*}
	done
}

# DIRECTORY: prints whose lock files are there.
managers_of() {
	[ -f "$1/package.json" ] || return 0
	if [ -f "$1/package-lock.json" ] || [ -f "$1/npm-shrinkwrap.json" ]; then echo npm; fi
	if [ -f "$1/yarn.lock" ]; then echo yarn; fi
	if [ -f "$1/pnpm-lock.yaml" ]; then echo pnpm; fi
}

# Sets manager: npm, yarn or pnpm; and named, what package.json says of it.
choose_manager() {
	named=$(package_json "$top" 'project.packageManager || ""')
	# shellcheck disable=SC2046
	set -- $(managers_of "$top")
	manager=${named%%@*}
	if [ -z "$named" ]; then
		[ $# = 1 ] ||
			fail "there are lock files of $*; keep one, or name its package manager in package.json (packageManager)"
		manager=$1
	fi
	case " $* " in
	*" $manager "*) ;;
	*) fail "package.json names $named, and the lock file is of $*; this pack knows npm, yarn and pnpm" ;;
	esac
}

# --- Configuration -----------------------------------------------------------------------------------------------

# Downloads go to TRISTAN_DOWNLOADS; the operator's files count after the project's own.
configure() {
	npmrc_format=npmrc
	[ "$manager" != yarn ] || npmrc_format=yarn_npmrc
	replace_own_files
	# shellcheck disable=SC2046
	private_file "$npmrc_format" "$TRISTAN_DEPENDENCY_LIB/.npmrc" npmrc $(npm_secrets)
	# shellcheck disable=SC2154
	npmrc=$private_path
	if [ -f "$npmrc" ]; then
		export npm_config_globalconfig="$npmrc"
	fi
	case $manager in
	npm) configure_npm ;;
	yarn) configure_yarn ;;
	pnpm) configure_pnpm ;;
	esac
	have_manager
	echo "nodejs: $manager $version"
	# Later ones would put a project's own cache there, also one that is committed.
	if [ "$manager" = yarn ] && is_yarn_1; then
		export YARN_CACHE_FOLDER="${YARN_CACHE_FOLDER:-$TRISTAN_DOWNLOADS/yarn}"
	fi
}

# Files of the project's own, and of HOME, in which secrets are named, such as NPM_TOKEN in .npmrc.
replace_own_files() {
	private_replace "$npmrc_format" "$HOME/.npmrc"
	directory=$module
	while :; do
		private_replace "$npmrc_format" "$directory/.npmrc"
		private_replace yaml "$directory/.yarnrc.yml"
		[ "$directory" != "$TRISTAN_SOURCE" ] || break
		directory=${directory%/*}
	done
}

# Secrets that are named as npm's variables are: NPM_CONFIG__AUTH is _auth, which npm takes up to its version 8.
npm_secrets() {
	for prefix in NPM_CONFIG_ npm_config_; do
		private_names "$prefix" | while IFS= read -r name; do
			key=$(printf '%s' "${name#"$prefix"}" | tr '[:upper:]' '[:lower:]' | sed 's/\(.\)_/\1-/g')
			echo "$name=$key"
		done
	done
}

# Secrets that are named as yarn's variables are: YARN_NPM_AUTH_TOKEN is npmAuthToken.
yarn_secrets() {
	private_names YARN_ | LC_ALL=C awk '{
		count = split(tolower(substr($0, 6)), words, "_")
		key = words[1]
		for (i = 2; i <= count; i++)
			key = key toupper(substr(words[i], 1, 1)) substr(words[i], 2)
		print $0 "=" key
	}'
}

configure_npm() {
	export npm_config_cache="${npm_config_cache:-$TRISTAN_DOWNLOADS/npm}"
	export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false
}

configure_yarn() {
	take_as_users_npmrc
	export YARN_GLOBAL_FOLDER="${YARN_GLOBAL_FOLDER:-$TRISTAN_DOWNLOADS/yarn_berry}"
	export YARN_ENABLE_TELEMETRY=false
	# Before version 4 its cache would be in the source tree, which is made anew; a project can have it committed there.
	[ -d "$top/.yarn/cache" ] || export YARN_ENABLE_GLOBAL_CACHE=true
	# It looks for this file in HOME and in the project, and nowhere else.
	# shellcheck disable=SC2046
	private_file yaml "$TRISTAN_DEPENDENCY_LIB/.yarnrc.yml" yarnrc.yml $(yarn_secrets)
	if [ -f "$private_path" ]; then
		ln -sfn "$private_path" "$HOME/.yarnrc.yml"
	elif [ -L "$HOME/.yarnrc.yml" ]; then
		rm -f "$HOME/.yarnrc.yml"
	fi
}

configure_pnpm() {
	take_as_users_npmrc
	# Files are copied: a build that changed a linked one would change the store.
	for prefix in npm_config pnpm_config; do # from version 11 on the latter
		export "${prefix}_store_dir=$TRISTAN_DOWNLOADS/pnpm" "${prefix}_cache_dir=$TRISTAN_DOWNLOADS/pnpm_metadata"
		export "${prefix}_package_import_method=copy" "${prefix}_update_notifier=false"
	done
}

# Yarn 1, and pnpm from version 11 on, know no global .npmrc; what a script has put into HOME goes before it.
take_as_users_npmrc() {
	if [ -f "$npmrc" ] && [ ! -f "$HOME/.npmrc" ]; then
		export npm_config_userconfig="$npmrc"
	fi
}

# The image's own one where it fits; else corepack, where the image has that, fetches the one that package.json names.
have_manager() {
	wanted=${named#*@}
	wanted=${wanted%%+*}
	[ "$manager" != npm ] || wanted= # any npm reads what another one wrote
	version=$(cd "$top" && "$manager" --version 2>/dev/null) || version=
	if [ -n "$version" ] && [ "${wanted:-$version}" = "$version" ]; then return; fi
	if [ "$manager" != npm ] && has corepack; then
		export COREPACK_HOME="${COREPACK_HOME:-$TRISTAN_DOWNLOADS/corepack}"
		export COREPACK_ENABLE_DOWNLOAD_PROMPT=0 COREPACK_DEFAULT_TO_LATEST=0 COREPACK_ENABLE_AUTO_PIN=0
		mkdir -p "$HOME/corepack"
		corepack enable --install-directory "$HOME/corepack" "$manager"
		PATH=$HOME/corepack:$PATH
	elif ! has "$manager"; then
		fail "no $manager in the build image, and no corepack that could fetch it; choose another image in the build profile"
	fi
	version=$(cd "$top" && "$manager" --version)
}

# --- Installing ------------------------------------------------------------------------------------------------------

# Exactly what the lock file says, also what only the build needs.
install_dependencies() (
	cd "$top" || exit
	case $manager in
	npm) npm ci --include=dev ;;
	yarn) if is_yarn_1; then yarn_1 --production=false; else yarn install --immutable; fi ;;
	pnpm) pnpm install --frozen-lockfile --prod=false ;;
	esac
)

run_build() (
	cd "$module" || exit
	if [ -n "$(package_json "$module" '(project.scripts || {}).build || ""')" ]; then
		"$manager" run build
	else
		echo "nodejs: package.json has no script \"build\"; nothing more to do"
	fi
)

# Leaves in node_modules what the project needs when it runs; downloads nothing, runs no script.
keep_production() (
	cd "$top" || exit
	case $manager in
	npm) npm prune --omit=dev --ignore-scripts ;;
	yarn) if is_yarn_1; then yarn_1 --production --offline --ignore-scripts; else focus_yarn; fi ;;
	pnpm) pnpm install --frozen-lockfile --prod --offline --ignore-scripts ;;
	esac
)

# Its cache is not safe for two at once, so they take turns.
yarn_1() {
	mkdir -p "$YARN_CACHE_FOLDER"
	if [ -f "$TRISTAN_DEPENDENCY_LIB/.yarnrc" ]; then
		set -- --use-yarnrc "$TRISTAN_DEPENDENCY_LIB/.yarnrc" "$@"
	fi
	yarn install --frozen-lockfile --non-interactive --mutex "file:$YARN_CACHE_FOLDER/mutex" "$@"
}

is_yarn_1() {
	case $version in
	0.* | 1.*) ;;
	*) return 1 ;;
	esac
	! grep -q '^__metadata:' "$top/yarn.lock" ||
		fail "yarn.lock is of yarn 2 or later, and the build image has yarn 1; commit .yarn/releases, or name the version in package.json (packageManager) and choose an image with corepack"
}

focus_yarn() {
	[ "$(yarn config get nodeLinker)" = node-modules ] ||
		fail "an image needs node_modules: set nodeLinker in .yarnrc.yml to node-modules, or give the project a Dockerfile"
	YARN_ENABLE_SCRIPTS=false yarn workspaces focus --all --production
}

# DIRECTORY: the project with its node_modules; .module_path says where in it the module is.
copy_project() {
	private_restore
	cp -R -P -p "$top/." "$1/"
	# What .dockerignore is for has been left out or is needed here, such as node_modules.
	rm -rf "$1/.git" "$1/.dockerignore" "$1/.module_path"
	[ "$module" = "$top" ] || printf '%s\n' "${module#"$top"/}" >"$1/.module_path"
}
