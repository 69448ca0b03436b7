#!/bin/sh
# Build a Node.js project: install what its lock file says, then run the script `build` of package.json, where there is one.
# In: TRISTAN_BUILD, and what package_manager.sh takes.
set -eu

# shellcheck source=/dev/null
. "$TRISTAN_BUILD/package_manager.sh"

use_project
install_dependencies
run_build
