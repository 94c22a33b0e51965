#!/bin/sh
# Restart the API servers one at a time on a version that is built:
#   scripts/rolling-restart.sh --service api --version VERSION [--instance api-1]
# The first server that does not come up ends it; those after it go on serving what they served.
set -eu
home=$(cd "$(dirname "$0")/../.." && pwd)
service=api version="" only=""
while [ $# -gt 0 ]; do
  case "$1" in
    --service) service=$2; shift 2 ;;
    --version) version=$2; shift 2 ;;
    --instance) only=$2; shift 2 ;;
    *) echo "unknown option $1" >&2; exit 2 ;;
  esac
done
if [ ! -f "$home/releases/$version/VERSION" ]; then
  echo "releases/$version is not built; built are: $(ls "$home/releases" | tr '\n' ' ')" >&2
  exit 2
fi
for link in "$home/instances/$service"-*; do
  instance=$(basename "$link")
  if [ -n "$only" ] && [ "$only" != "$instance" ]; then continue; fi
  ln -sfn "../releases/$version" "$link"
  "$home/bin/restart" "$instance"
done
for link in "$home/instances/$service"-*; do
  if [ "$(cat "$link/VERSION")" != "$version" ]; then exit 0; fi
done
ln -sfn "releases/$version" "$home/current"
