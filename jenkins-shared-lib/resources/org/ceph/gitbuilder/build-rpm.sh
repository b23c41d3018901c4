#!/bin/sh
# Builds a project with a .spec file, and leaves its packages in out/. The spec's version stays; the release of a
# build of a commit is the number of commits and the sha1: 1.2-3.g0a1b2c3.el9.
set -eu

rm -rf build out
mkdir -p build/source build/top/SOURCES build/top/SPECS out
tar -xzf dist/source.tar.gz -C build/source
spec=$(find build/source -maxdepth 2 -name '*.spec' | LC_ALL=C sort | head -n 1)
[ -n "$spec" ] || {
  printf 'gitbuilder: %s has no .spec file; say how it is built: buildScript or build\n' "$GITBUILDER_PROJECT" >&2
  exit 1
}

top=$PWD/build/top
# Agents of another distribution, and containers, may not know which one they build for.
dist=$(rpmbuild --eval '%{?dist}')
case $GITBUILDER_DISTRO in
  fedora) dist=${dist:-.fc$GITBUILDER_DISTRO_VERSION} ;;
  centos | rhel | rocky | alma | almalinux) dist=${dist:-.el$GITBUILDER_DISTRO_VERSION} ;;
esac
macro() { rpmspec --define "_topdir $top" --define "dist $dist" -q --srpm --qf "$1" "$2" | head -n 1; }

copy=$top/SPECS/$(basename "$spec")
if [ "$GITBUILDER_RELEASE" = true ]; then
  cp "$spec" "$copy"
else
  release=$(sed 's/.*-\([0-9]*\)-g\([0-9a-f]*\)$/\1.g\2/' dist/version)
  sed "s/^\([Rr]elease:[[:space:]]*\).*/\1$release%{?dist}/" "$spec" >"$copy"
fi
name=$(macro '%{NAME}' "$copy")
version=$(macro '%{VERSION}' "$copy")
macro '%{VERSION}-%{RELEASE}' "$copy" >dist/package-version

# The tarball that the spec names first, with the folder inside that %setup expects.
source0=$(rpmspec --define "_topdir $top" --define "dist $dist" -P "$copy" |
  sed -n 's/^[Ss]ource0*:[[:space:]]*//p' | head -n 1)
source0=${source0##*/}
case $source0 in
  '') tarball=$top/SOURCES/$name-$version.tar.gz ;;
  *) tarball=$top/SOURCES/$source0 ;;
esac
mv build/source "build/$name-$version"
case $tarball in
  *.bz2) tar -cjf "$tarball" -C build "$name-$version" ;;
  *.xz) tar -cJf "$tarball" -C build "$name-$version" ;;
  *) tar -czf "$tarball" -C build "$name-$version" ;;
esac

# shellcheck disable=SC2086 # options, split at blanks
rpmbuild --define "_topdir $top" --define "dist $dist" ${RPMBUILD_OPTIONS:-} -ba "$copy"
find "$top/RPMS" "$top/SRPMS" -name '*.rpm' -exec mv {} out/ \;
