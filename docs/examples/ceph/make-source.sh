#!/bin/sh
# Ceph's source, as its own make-dist packs it. Runs in the checkout, with an empty dist/ to fill.
set -eu

git submodule update --quiet --init --recursive
version=$(git describe --abbrev=8 --match 'v*' | sed 's/^v//')
./make-dist "$version"
printf '%s\n' "$version" >dist/version
printf '%s\n' "$GITBUILDER_SHA1" >dist/sha1
printf '%s\n' "$GITBUILDER_REF" >dist/branch
# A cell unpacks the contents of the tarball, without the folder around them.
mkdir tree
tar -xjf "ceph-$version.tar.bz2" -C tree --strip-components=1
tar -czf dist/source.tar.gz -C tree .
rm -r tree "ceph-$version.tar.bz2"
