#!/bin/sh
# Build the version that is checked out into ../releases/<version>. A folder appears whole or not at all.
set -eu
version=$(cat VERSION)
commit=$(git rev-parse HEAD)
target="../releases/$version"
if [ -f "$target/REVISION" ] && [ "$(cat "$target/REVISION")" = "$commit" ]; then
  echo "$version is built already ($commit)"
  exit 0
fi
if [ -e "$target" ]; then
  echo "releases/$version holds another commit than $commit; remove it if no server runs it" >&2
  exit 1
fi
fresh="../releases/.building-$version"
rm -rf "$fresh"
mkdir -p "$fresh"
git archive HEAD | tar -x -C "$fresh"
echo "$commit" > "$fresh/REVISION"
mv "$fresh" "$target"
echo "built $version ($commit)"
