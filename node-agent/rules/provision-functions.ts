/**
 * Shell text: what bootstrap scripts do to a container, on images of every family. All of it is POSIX sh
 * and works under dash and busybox; all values come as arguments.
 */
export const PROVISION_FUNCTIONS = `
is_root() { [ "$(id -u)" = 0 ]; }

need_root() { is_root || fail "$1 can only be done by root: leave the template's user out"; }

# Installs what is missing of the packages, with the image's own package manager.
install_packages() {
  missing=no
  for package; do has_package "$package" || missing=yes; done
  [ "$missing" = yes ] || return 0
  need_root 'installing packages'
  say "installing $*"
  if has apt-get; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q update && apt-get -q -y --no-install-recommends install -- "$@"
  elif has dnf; then dnf -q -y install -- "$@"
  elif has microdnf; then microdnf -y install "$@"
  elif has yum; then yum -q -y install -- "$@"
  elif has zypper; then zypper -q -n install -- "$@"
  elif has apk; then apk add --no-cache -- "$@"
  else fail "the image has no apt-get, dnf, yum, zypper or apk to install $* with"
  fi || fail "$* could not be installed, see above"
}

has_package() {
  case $(dpkg-query -W -f '\${Status}' -- "$1" 2>/dev/null) in *' installed') return 0 ;; esac
  has rpm && rpm -q --quiet -- "$1" >/dev/null 2>&1
}

# Reads uid, gid and home of a user from /etc/passwd.
find_user() {
  while IFS=: read -r login _ uid gid _ home _; do
    [ "$login" != "$1" ] || return 0
  done </etc/passwd
  return 1
}

# The agent runs as whoever the container runs as.
as_is() {
  user=''
  uid=$(id -u)
  gid=$(id -g)
  home=\${HOME:-/}
}

# make_user NAME UID HOME: the last two may be empty.
make_user() {
  user=$1
  case $user in '' | -* | *[!A-Za-z0-9_.-]*) fail "$user cannot be the name of a user" ;; esac
  if ! find_user "$user"; then
    need_root "making the user $user"
    add_user "$user" "$2" "\${3:-/home/$user}" || fail "the user $user could not be made, see above"
    find_user "$user" || fail "the user $user was made, and is not in /etc/passwd"
  fi
  is_root || [ "$(id -u)" = "$uid" ] || fail "only root can become $user: leave the template's user out"
  mkdir -p "$home"
  ! is_root || chown "$uid:$gid" "$home"
}

add_user() {
  if has useradd; then
    useradd --create-home --home-dir "$3" --shell /bin/sh \${2:+--uid "$2"} "$1"
    return
  fi
  number=\${2:-1000}
  while grep -q "^[^:]*:[^:]*:$number:" /etc/passwd; do
    [ -z "$2" ] || return 1
    number=$((number + 1))
  done
  printf '%s:x:%s:%s::%s:/bin/sh\\n' "$1" "$number" "$number" "$3" >>/etc/passwd
  printf '%s:x:%s:\\n' "$1" "$number" >>/etc/group
}

allow_sudo() {
  need_root 'allowing sudo'
  has sudo || fail 'the image has no sudo: name it among the packages'
  mkdir -p /etc/sudoers.d
  printf '%s ALL=(ALL) NOPASSWD: ALL\\n' "$user" >/etc/sudoers.d/gitbuilder
  chmod 440 /etc/sudoers.d/gitbuilder
}

use_locale() {
  name=\${1%%.*}
  charset=\${1#"$name"}
  charset=\${charset#.}
  case $1 in
    C | C.* | POSIX) ;;
    *)
      known=$(locale -a 2>/dev/null | tr -d '.-' | tr 'A-Z' 'a-z')
      wanted=$(printf '%s' "$1" | tr -d '.-' | tr 'A-Z' 'a-z')
      if ! printf '%s\\n' "$known" | grep -qxF -- "$wanted"; then
        is_root && has localedef && localedef -i "$name" -f "\${charset:-UTF-8}" -- "$1" >/dev/null 2>&1 ||
          say "the image cannot make the locale $1: name locales (deb) or glibc-langpack-… (rpm) among the packages"
      fi
      ;;
  esac
  LANG=$1
  LC_ALL=$1
  export LANG LC_ALL
}

authorize_key() {
  (umask 077 && mkdir -p "$home/.ssh" && touch "$home/.ssh/authorized_keys")
  grep -qxF -- "$1" "$home/.ssh/authorized_keys" || printf '%s\\n' "$1" >>"$home/.ssh/authorized_keys"
  ! is_root || chown -R "$uid:$gid" "$home/.ssh"
}

# What lies in the home of the agent's user is the user's, with the folders that tar made for it.
own_file() {
  ! is_root || case $1 in
    "$home"/*)
      owned=$1
      until [ "$owned" = "$home" ]; do
        chown "$uid:$gid" -- "$owned"
        owned=\${owned%/*}
      done
      ;;
  esac
}

# The folder itself only: caches hold many files.
own_folder() {
  mkdir -p -- "$1" || fail "the folder $1 cannot be made"
  ! is_root || chown "$uid:$gid" -- "$1"
}

# Becomes a program, as the user that was chosen.
run_as() {
  if [ -n "$user" ]; then
    HOME=$home USER=$user LOGNAME=$user
    export HOME USER LOGNAME
  fi
  if [ -z "$user" ] || [ "$(id -u)" = "$uid" ]; then exec "$@"; fi
  if setpriv --reuid="$uid" --regid="$gid" --init-groups true 2>/dev/null; then
    exec setpriv --reuid="$uid" --regid="$gid" --init-groups -- "$@"
  fi
  if has runuser; then exec runuser -u "$user" -- "$@"; fi
  has su || fail "the image has no setpriv, runuser or su to become $user"
  exec su -s /bin/sh -c 'exec "$@"' -- "$user" sh "$@"
}
`;
