# Which files are sent, and what is known of them. Tables have one file a line, fields between tabs.

# read_names >PATHS: what the arguments name, each file once.
read_names() {
  old_ifs=$IFS
  IFS=$newline
  # Unquoted on purpose: names are split at line breaks, patterns become names.
  # shellcheck disable=SC2086
  for path in ${GITBUILDER_FILES:-}; do one_name "$path"; done
  IFS=$old_ifs
  [ -z "${GITBUILDER_FILES_FROM:-}" ] || {
    [ -r "$GITBUILDER_FILES_FROM" ] || fail "cannot read the list $GITBUILDER_FILES_FROM"
    while IFS= read -r path || [ -n "$path" ]; do
      [ -z "$path" ] || one_name "$path"
    done <"$GITBUILDER_FILES_FROM"
  }
}

one_name() {
  case $1 in
    *"$tab"* | *"$newline"*) fail "a name holds a tab or a line break: $1" ;;
    /*) named=$1 ;;
    *) named=./$1 ;;
  esac
  [ -e "$named" ] || fail "there is no such file: $1" 'Names and patterns begin at the current folder of the build.'
  [ -f "$named" ] || fail "it is not a file: $1" "Name files, or a pattern such as $1/*.deb."
  [ -r "$named" ] || fail "it cannot be read: $1"
  printf '%s\n' "$named"
}

# at_once COMMAND <LINES: calls it with some hundred lines at a time.
at_once() {
  at_once_command=$1
  set --
  while IFS= read -r line; do
    set -- "$@" "$line"
    [ $# -lt 400 ] || {
      "$at_once_command" "$@"
      set --
    }
  done
  [ $# = 0 ] || "$at_once_command" "$@"
}

sizes() { stat -L -c %s -- "$@"; }

# One sha256 a line. openssl is several times faster where the processor helps. $gently: nice, beside something that
# must not wait.
gently=''
if command -v openssl >/dev/null && openssl dgst -sha256 -r /dev/null >/dev/null 2>&1; then
  digests() { $gently openssl dgst -sha256 -r "$@" | cut -c 1-64; }
else
  # A backslash before a digest says that the name behind it is escaped.
  digests() { $gently sha256sum -- "$@" | sed 's/^\\//' | cut -c 1-64; }
fi

# list_files >TABLE: size, name in a URL, path; the largest first.
list_files() {
  # Not through a pipe: what fails in there must end the script.
  read_names >"$work/named"
  awk '!seen[$0]++' "$work/named" >"$work/paths"
  [ -s "$work/paths" ] || fail 'no file is named' "Say files: ['dist/*.deb'], or filesFrom: 'list'."
  at_once sizes <"$work/paths" >"$work/sizes"
  awk -v sizes="$work/sizes" '
    BEGIN {
      for (i = 1; i < 256; i++) { c = sprintf("%c", i); code[c] = (c ~ /[-A-Za-z0-9._~]/) ? c : sprintf("%%%02X", i) }
    }
    {
      getline size < sizes
      name = $0
      sub(/.*\//, "", name)
      encoded = ""
      for (i = 1; i <= length(name); i++) encoded = encoded code[substr(name, i, 1)]
      print size "\t" encoded "\t" $0
    }' "$work/paths" | sort -s -t "$tab" -k 1,1nr >"$work/listed"
  one_of_each_name
}

# Two files of one name are one when they have the same bytes, else nobody could tell which is meant.
one_of_each_name() {
  awk -F '\t' '{ if ($2 in first) print first[$2] "\t" $3; else first[$2] = $3 }' "$work/listed" >"$work/twice"
  while IFS=$tab read -r first second; do
    cmp -s "$first" "$second" || fail "two files have one name and different bytes: $first and $second" 'Name one of them.'
  done <"$work/twice"
  awk -F '\t' '!seen[$2]++' "$work/listed"
}

# digest_batch NUMBER: the table of a batch with each file's sha256 before the rest.
digest_batch() {
  IFS=$tab read -r size _ <"$work/batch.$1"
  # A large file is sent meanwhile.
  if [ "$size" -ge "$large_bytes" ] && command -v nice >/dev/null; then gently='nice -n 5'; fi
  cut -f 3 "$work/batch.$1" >"$work/read.$1"
  at_once digests <"$work/read.$1" >"$work/digests.$1"
  awk -v digests="$work/digests.$1" '
    { if ((getline digest < digests) < 1 || length(digest) != 64) exit 1; print digest "\t" $0 }
  ' "$work/batch.$1" >"$work/digested.$1"
}

# From here on it pays to send a file while its sha256 is taken.
large_bytes=${GITBUILDER_LARGE_BYTES:-67108864}

# make_batches TABLE: large files alone, small ones together; prints number and kind of each.
make_batches() {
  awk -F '\t' -v work="$work" -v large="$large_bytes" '
    function begin(kind) { if (number) close(out); number++; out = work "/batch." number; print number, kind; files = bytes = 0 }
    $1 >= large { begin("large"); print > out; kind = "large"; next }
    kind != "small" || files == 1000 || (files > 0 && bytes + $1 > 134217728) { begin("small"); kind = "small" }
    { print > out; files++; bytes += $1 }' "$1"
}
