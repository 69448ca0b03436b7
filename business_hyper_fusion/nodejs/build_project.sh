#!/bin/sh
# Build a Node.js project: `npm ci`, then `npm run build`.
# In: TRISTAN_SOURCE, TRISTAN_MODULE_PATH, TRISTAN_CACHE (downloads), TRISTAN_DEPENDENCY_LIB (.npmrc).
set -eu

cd "$TRISTAN_SOURCE/$TRISTAN_MODULE_PATH"

npm_config_cache=${npm_config_cache:-$TRISTAN_CACHE/dependency_lib/npm}
npm_config_update_notifier=false
npm_config_fund=false
npm_config_audit=false
export npm_config_cache npm_config_update_notifier npm_config_fund npm_config_audit
if [ -f "$TRISTAN_DEPENDENCY_LIB/.npmrc" ]; then
	export npm_config_globalconfig="$TRISTAN_DEPENDENCY_LIB/.npmrc"
fi

if [ ! -f package.json ]; then
	echo "nodejs: no package.json in ${TRISTAN_MODULE_PATH:-the repository}; set module_path, or give the build profile a compile_to_execute.sh" >&2
	exit 1
fi
if [ ! -f package-lock.json ] && [ ! -f npm-shrinkwrap.json ]; then
	echo "nodejs: no package-lock.json; commit one, so that every build gets the same dependencies" >&2
	exit 1
fi
npm ci
npm run build
