#!/bin/sh
# What the shell bodies of the steps begin with: how they end with a sentence, and how they ask a service.
# For dash, busybox ash and bash; of curl nothing that the one of CentOS 7 (7.29) lacks.
# shellcheck disable=SC2034 # what is set here is read in the scripts that follow
set -eu
umask 077
LC_ALL=C
export LC_ALL
tab=$(printf '\t')
newline='
'

say() { printf '%s\n' "$*"; }

# fail SENTENCE [ADVICE]
fail() {
  printf '%s: %s\n' "$GITBUILDER_STEP" "$1" >&2
  [ -z "${2:-}" ] || printf '%s\n' "$2" >&2
  exit 1
}

work=$(mktemp -d "${TMPDIR:-/tmp}/gitbuilder.XXXXXX")
running=''
ahead=''
# What was begun ends with this script, whatever ends it.
tidy() {
  # shellcheck disable=SC2086 # lists of process ids
  [ -z "$running$ahead" ] || kill $running $ahead 2>/dev/null || :
  rm -rf "$work"
}
trap tidy EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

command -v curl >/dev/null || fail 'curl is not installed on this agent'

# Text that stands between double quotes in a configuration of curl.
quoted() {
  case $1 in
    *[\\\"]*) printf '%s' "$1" | sed 's/[\\"]/\\&/g' ;;
    *) printf '%s' "$1" ;;
  esac
}

# What is the same in every request. The key goes to curl by standard input: everybody can read argv.
settings() {
  printf '%s\n' silent show-error globoff 'connect-timeout = 20' 'speed-limit = 1' 'speed-time = 300'
  printf 'user-agent = "gitbuilder-steps"\nheader = "Accept: application/json, text/plain"\n'
  [ -z "${GITBUILDER_KEY:-}" ] ||
    printf 'user = "%s:%s"\n' "$(quoted "${GITBUILDER_USER:-}")" "$(quoted "$GITBUILDER_KEY")"
}

# One segment of a path.
encoded() {
  case $1 in
    *[!A-Za-z0-9._~-]*) ;;
    *)
      printf '%s' "$1"
      return
      ;;
  esac
  printf '%s' "$1" | od -An -v -tx1 | awk '
    BEGIN { for (i = 45; i < 127; i++) if (sprintf("%c", i) ~ /[-A-Za-z0-9._~]/) plain[sprintf("%02x", i)] = sprintf("%c", i) }
    { for (i = 1; i <= NF; i++) printf "%s", ($i in plain) ? plain[$i] : "%" toupper($i) }'
}

# Whether a status may be another one soon; 000 is no answer at all.
passes() {
  case $1 in
    000 | '' | 408 | 425 | 429 | 500 | 502 | 503 | 504) return 0 ;;
  esac
  return 1
}

# pause ATTEMPT REASON: longer and longer, and half a minute at most.
pause() {
  pause_seconds=1
  pause_left=$1
  while [ "$pause_left" -gt 1 ] && [ "$pause_seconds" -lt 16 ]; do
    pause_seconds=$((pause_seconds * 2))
    pause_left=$((pause_left - 1))
  done
  say "$2: again in $pause_seconds s"
  sleep "$pause_seconds"
}

# ask URL [LINE...]: a request, by more lines of curl's configuration; its status is in $status, its
# body in $work/answer. What may pass is tried again.
ask() {
  ask_url=$1
  shift
  ask_attempt=0
  while :; do
    : >"$work/answer"
    status=$({
      settings
      printf 'url = "%s"\noutput = "%s"\nwrite-out = "%%{http_code}"\n' "$ask_url" "$(quoted "$work/answer")"
      [ $# = 0 ] || printf '%s\n' "$@"
    } | curl -q -K - 2>"$work/said") || :
    ask_attempt=$((ask_attempt + 1))
    if ! passes "$status" || [ "$ask_attempt" -gt "${GITBUILDER_RETRIES:-5}" ]; then return 0; fi
    pause "$ask_attempt" "$(why "$status" "$work/said")"
  done
}

# why STATUS FILE: in words, what kept a request from its end.
why() {
  if [ "$1" = 000 ] || [ -z "$1" ]; then
    sed -n '1s/^curl: ([0-9]*) //p' "$2"
  else
    say "answered $1"
  fi
}

# The service's own words in a file: the message of an error and what to do, or what a page says.
words() {
  awk '
    function field(name,    at) {
      at = match($0, "\"" name "\":\"([^\"\\\\]|\\\\.)*\"")
      if (at == 0) return ""
      text = substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 5)
      gsub(/\\"/, "\"", text)
      gsub(/\\n/, " ", text)
      gsub(/\\\\/, "\\", text)
      return text
    }
    { all = all " " $0 }
    END {
      $0 = all
      message = field("message")
      if (message == "") { gsub(/<[^>]*>/, " "); gsub(/[ \t]+/, " "); message = substr($0, 1, 300) }
      advice = field("advice")
      print message (advice == "" ? "" : "\n" advice)
    }' "$1"
}

# refused WHO: ends with what the last answer says.
refused() {
  if [ "$status" = 000 ] || [ -z "$status" ]; then
    fail "$1 does not answer: $(why "$status" "$work/said")"
  fi
  fail "$1 answered $status: $(words "$work/answer")"
}

# An address with one slash at its end. It stands as it is in a configuration of curl, where each line is an option.
folder() {
  case $1 in
    *[[:space:][:cntrl:]\"\\]*) fail "not an address: $1" 'No address holds a blank, a quotation mark or a backslash.' ;;
    http://?* | https://?*) ;;
    *) fail "not an address: $1" 'It begins with http:// or https://.' ;;
  esac
  case $1 in
    */) printf '%s' "$1" ;;
    *) printf '%s/' "$1" ;;
  esac
}
