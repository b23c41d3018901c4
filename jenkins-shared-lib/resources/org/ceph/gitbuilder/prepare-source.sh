#!/bin/sh
# Packs the checked out commit once, for all cells: dist/source.tar.gz, dist/version, dist/sha1, dist/branch,
# dist/date. Runs in the checkout. A program of the project may do it instead, and leaves the same files. Version: of a release its tag, else the last tag v*, commits since, and sha1.
set -eu

version_of_release() {
  case $GITBUILDER_REF in
    v[0-9]*) printf '%s\n' "${GITBUILDER_REF#v}" ;;
    [0-9]*) printf '%s\n' "$GITBUILDER_REF" ;;
    *)
      printf 'gitbuilder: a release is built from a tag such as v1.2.3, and this is %s\n' "$GITBUILDER_REF" >&2
      exit 1
      ;;
  esac
}

version_of_commit() {
  described=$(git describe --long --match 'v[0-9]*' 2>/dev/null || true)
  if [ -n "$described" ]; then
    printf '%s\n' "${described#v}"
  else
    printf '0-%s-g%s\n' "$(git rev-list --count HEAD)" "$(git rev-parse --short=12 HEAD)"
  fi
}

rm -rf dist
mkdir dist
# Jenkins unsets what is empty.
own=${GITBUILDER_SCRIPT:-}
build=${GITBUILDER_BUILD_SCRIPT:-}
# Programs that stand beside the rules, in a repository of their own, come before those of the source.
if [ -n "$build" ] && [ -f "../job/$build" ]; then
  cp "../job/$build" dist/build-script
  chmod +x dist/build-script
fi
if [ -n "$own" ]; then
  if [ -f "../job/$own" ]; then exec "../job/$own"; fi
  exec "./$own"
fi
if [ "$GITBUILDER_RELEASE" = true ]; then version=$(version_of_release); else version=$(version_of_commit); fi
printf '%s\n' "$version" >dist/version
printf '%s\n' "$GITBUILDER_SHA1" >dist/sha1
printf '%s\n' "$GITBUILDER_REF" >dist/branch
git log -1 --format=%cD >dist/date
git archive --format=tar HEAD >dist/source.tar
# What a repository holds of others comes with it.
if [ -f .gitmodules ]; then
  GITBUILDER_DIST=$PWD/dist
  export GITBUILDER_DIST
  # shellcheck disable=SC2016 # git's own shell expands it, in each submodule
  git submodule --quiet foreach --recursive \
    'git archive --format=tar --prefix="$displaypath/" HEAD >"$GITBUILDER_DIST/submodule.tar" &&
     tar --concatenate --file "$GITBUILDER_DIST/source.tar" "$GITBUILDER_DIST/submodule.tar"'
  rm -f dist/submodule.tar
fi
gzip -n dist/source.tar
printf 'gitbuilder: source %s, %s bytes\n' "$version" "$(wc -c <dist/source.tar.gz)"
