#!/bin/sh
# Builds a project with debian/ packaging, and leaves its packages in out/. The version of a build of a commit is
# that of debian/changelog, with commits and sha1 behind it, and the release that it is for: 1.2+3g0a1b2c3-1noble.
set -eu

rm -rf build out
mkdir -p build/source out
tar -xzf dist/source.tar.gz -C build/source
cd build/source
[ -f debian/changelog ] || {
  printf 'gitbuilder: %s has no debian/changelog; say how it is built: buildScript or build\n' "$GITBUILDER_PROJECT" >&2
  exit 1
}

package=$(dpkg-parsechangelog -S Source)
upstream=$(dpkg-parsechangelog -S Version | sed 's/^[0-9]*://; s/-[^-]*$//')
epoch=$(dpkg-parsechangelog -S Version | sed -n 's/^\([0-9]*:\).*/\1/p')
if [ "$GITBUILDER_RELEASE" != true ]; then
  # 19.0.0-123-gabc of git describe: commits and sha1 are its last two parts.
  upstream=$upstream+$(sed 's/.*-\([0-9]*\)-g\([0-9a-f]*\)$/\1g\2/' ../../dist/version)
fi
version=$epoch$upstream-1$GITBUILDER_DISTRO_VERSION
printf '%s\n' "$version" >../../dist/package-version
{
  printf '%s (%s) %s; urgency=medium\n\n' "$package" "$version" "$GITBUILDER_DISTRO_VERSION"
  printf '  * Built by gitbuilder from %s, %s.\n\n' "$GITBUILDER_REF" "$GITBUILDER_SHA1"
  printf ' -- gitbuilder <gitbuilder@localhost>  %s\n\n' "$(cat ../../dist/date)"
  cat debian/changelog
} >../changelog
mv ../changelog debian/changelog
# With source format 3.0 (quilt) and a version with a revision, dpkg wants the source as it came.
cp ../../dist/source.tar.gz "../${package}_$upstream.orig.tar.gz"

# Its own changes of the environment are the agent's: DEB_BUILD_OPTIONS, DPKG_BUILDPACKAGE_OPTIONS.
# shellcheck disable=SC2086 # options, split at blanks
dpkg-buildpackage -us -uc -b "-j$(nproc)" ${DPKG_BUILDPACKAGE_OPTIONS:-}
cd ../..
for file in build/*.deb build/*.ddeb build/*.changes build/*.buildinfo; do
  if [ -f "$file" ]; then mv "$file" out/; fi
done
