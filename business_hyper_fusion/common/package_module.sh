#!/bin/sh
# The context of a repository's own Dockerfile: all of the module's files, as `docker build .` there would see them.
# In: TRISTAN_SOURCE, TRISTAN_MODULE_PATH, TRISTAN_CONTEXT.
set -eu

cd "$TRISTAN_SOURCE/$TRISTAN_MODULE_PATH"
# Links stay links; what they lead to outside of the module is no part of an image.
cp -R -P -p . "$TRISTAN_CONTEXT/"
