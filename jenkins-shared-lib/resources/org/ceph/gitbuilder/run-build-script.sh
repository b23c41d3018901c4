#!/bin/sh
# Builds a cell by a program of the project: unpacks the prepared source into source/, and runs the program there.
# It leaves its packages in ../out, which is also $GITBUILDER_OUT.
set -eu
rm -rf source out
mkdir source out
tar -xzf dist/source.tar.gz -C source
GITBUILDER_OUT=$PWD/out
GITBUILDER_DIST=$PWD/dist
export GITBUILDER_OUT GITBUILDER_DIST
cd source
# One that stands beside the rules, in a repository of its own, was packed with the source.
if [ -x ../dist/build-script ]; then exec ../dist/build-script; fi
exec "./$GITBUILDER_SCRIPT"
