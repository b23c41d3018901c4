# Writes the source list of a repository where the package manager of this machine reads it.

shaman=$(folder "$GITBUILDER_SHAMAN")
repo=$(encoded "$GITBUILDER_PROJECT")/$(encoded "$GITBUILDER_REF")/$(encoded "$GITBUILDER_SHA1")
repo=$repo/$(encoded "$GITBUILDER_DISTRO")/$(encoded "$GITBUILDER_DISTRO_VERSION")/flavors/$(encoded "$GITBUILDER_FLAVOR")
query=''
[ -z "${GITBUILDER_ARCH:-}" ] || query="?arch=$(encoded "$GITBUILDER_ARCH")"
if [ "${GITBUILDER_SIGNED:-false}" = true ]; then
  # Only apt has a form of its own that carries the key; shaman hands the query on to the storage node.
  query="${query:-?}"
  [ "$query" = '?' ] || query="$query&"
  query="${query}signed=1"
  ! command -v apt-get >/dev/null || query="$query&format=sources"
fi
ask "${shaman}api/repos/$repo/repo$query" location
[ "$status" = 200 ] || refused "the repository $GITBUILDER_PROJECT $GITBUILDER_REF $GITBUILDER_SHA1"

case $(grep -v '^#' "$work/answer" | head -n 1) in
  deb*) kind=apt end=list ;;
  Types:* | Enabled:* | URIs:* | Suites:*) kind=apt end=sources ;;
  '['*) kind=yum end=repo ;;
  *) fail 'a repository of this kind has no source list' ;;
esac
into=${GITBUILDER_INTO:-}
if [ -z "$into" ]; then
  if [ "$kind" = apt ]; then
    into=/etc/apt/sources.list.d
  elif [ -d /etc/zypp/repos.d ]; then
    into=/etc/zypp/repos.d
  else
    into=/etc/yum.repos.d
  fi
  [ -d "$into" ] || fail "this machine has no $into" "It is a repository for $kind: call useRepo on an agent of its distro."
fi
# The project's name has no slash; what else it holds is no name for apt.
list=$into/$(printf '%s' "$GITBUILDER_PROJECT" | sed 's/[^A-Za-z0-9_-]/_/g').$end

root=''
if [ ! -w "$into" ]; then
  sudo -n true 2>/dev/null ||
    fail "cannot write into $into" 'Be root on the agent, or let its user call sudo without a password.'
  root='sudo -n'
fi
[ "$kind" = yum ] || $root rm -f "${list%.*}.list" "${list%.*}.sources"
$root tee "$list" <"$work/answer" >/dev/null
$root chmod 644 "$list"
say "$list:"
cat "$list"

if [ "$kind" = apt ] && [ -z "${GITBUILDER_INTO:-}" ]; then
  $root apt-get -q -o "Dir::Etc::sourcelist=$list" -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 update
fi
