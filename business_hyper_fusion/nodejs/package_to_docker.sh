#!/bin/sh
# The image's context: the project as it was built, in node_modules what it needs when it runs, and startup.sh.
# In: TRISTAN_BUILD, TRISTAN_CONTEXT, and what package_manager.sh takes.
set -eu

# shellcheck source=/dev/null
. "$TRISTAN_BUILD/package_manager.sh"

use_project
keep_production
copy_project "$TRISTAN_CONTEXT"
startup=$TRISTAN_SOURCE/$TRISTAN_MODULE_PATH/startup.sh
[ -f "$startup" ] || startup=$TRISTAN_BUILD/startup.sh
cp "$startup" "$TRISTAN_CONTEXT/startup.sh"
# The image's user is neither the one who built nor root.
chmod -R a+rX "$TRISTAN_CONTEXT"
chmod 755 "$TRISTAN_CONTEXT/startup.sh"
