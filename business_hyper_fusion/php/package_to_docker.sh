#!/bin/sh
# The image's context: in app/ the module's files as they were built, beside it startup.sh and apache.conf. For an
# operator's Dockerfile all of them side by side.
# In: TRISTAN_MODULE_PATH, TRISTAN_BUILD, TRISTAN_CONTEXT, TRISTAN_DOCKERFILE (operator or pack), and what composer.sh takes.
set -eu

# shellcheck source=/dev/null
. "$TRISTAN_BUILD/composer.sh"

cd "$TRISTAN_SOURCE/$TRISTAN_MODULE_PATH"

place=$TRISTAN_CONTEXT
if [ "$TRISTAN_DOCKERFILE" = pack ]; then
	place=$TRISTAN_CONTEXT/app
	mkdir "$place"
fi
copy() {
	cp -R -P -p "$@" "$place/"
}
php_with_files copy
for file in startup.sh apache.conf; do
	if [ -f "$file" ]; then
		cp "$file" "$TRISTAN_CONTEXT/$file"
	else
		cp "$TRISTAN_BUILD/$file" "$TRISTAN_CONTEXT/$file"
	fi
done
# The image's user is neither the one who built nor root.
chmod -R a+rX "$TRISTAN_CONTEXT"
chmod 755 "$TRISTAN_CONTEXT/startup.sh"
