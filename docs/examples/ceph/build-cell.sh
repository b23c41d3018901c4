#!/bin/sh
# A cell of Ceph: its own build-with-container.py makes the builder's image and compiles in it.
set -eu

case $GITBUILDER_KIND in
  deb) execute=debs ;;
  *) execute=rpm ;;
esac
flags=
if [ "$GITBUILDER_FLAVOR" = debug ]; then flags=-DCMAKE_BUILD_TYPE=Debug; fi
printf 'CEPH_EXTRA_CMAKE_ARGS=%s\n' "$flags" >.env
# A tag of an image has no slash.
python3 src/script/build-with-container.py -d "$GITBUILDER_PLATFORM" --env-file=.env \
  --image-repo="${CEPH_BUILDER_IMAGE_REPO:-quay.io/ceph-ci/ceph-build}" \
  --tag="$(printf '%s' "$GITBUILDER_REF" | tr / -)" -e "$execute"
find . -type f \( -name '*.deb' -o -name '*.ddeb' -o -name '*.changes' -o -name '*.dsc' -o -name '*.rpm' \) \
  -exec mv {} "$GITBUILDER_OUT/" \;

# What teuthology compares with what it finds installed.
package_version() {
  case $GITBUILDER_KIND in
    deb) find "$GITBUILDER_OUT" -name 'ceph-common_*.deb' | sed -n 's/.*_\(.*\)_.*/\1/p' ;;
    *)
      find "$GITBUILDER_OUT" -name 'ceph-common-[0-9]*.rpm' ! -name '*.src.rpm' |
        sed -n 's/.*ceph-common-\(.*\)\.[^.]*\.rpm/\1/p'
      ;;
  esac
}
package_version >"$GITBUILDER_DIST/package-version"

# teuthology and cephadm fetch the program itself.
if [ -x src/cephadm/build.py ]; then python3 src/cephadm/build.py "$GITBUILDER_OUT/cephadm"; fi
