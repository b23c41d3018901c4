import { shellWord } from './shell-word.ts';

/**
 * Shell text that defines `fetch PATH`: reads a token, writes what the agent service answers. The token
 * stands in no command line: it goes through curl's, wget's or python's standard input or file, and on
 * plain http through a socket of bash or nc, for minimal images have nothing else.
 */
export function fetchFunction(serviceUrl: string): string {
  const url = new URL(serviceUrl);
  const isPlain = url.protocol === 'http:';
  const port = url.port || (isPlain ? '80' : '443');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return `service=${shellWord(url.href)}
service_host=${shellWord(isPlain ? host : '')}
service_port=${port}
service_path=${shellWord(url.pathname)}
${FETCH}`;
}

const FETCH = `fetch() {
  IFS= read -r token
  if has curl; then
    printf 'header = "Authorization: Bearer %s"\\n' "$token" |
      curl -fsS --connect-timeout 10 --max-time 300 -K - -- "$service$1"
  elif has wget && wget --version 2>/dev/null | grep -q GNU; then
    (umask 077 && printf 'header = Authorization: Bearer %s\\n' "$token" >"$work/wgetrc")
    wget --config="$work/wgetrc" -q -T 60 -t 1 -O - -- "$service$1"
  elif has python3; then
    printf '%s\\n' "$token" | python3 -c 'import sys, urllib.request as http
request = http.Request(sys.argv[1], headers={"Authorization": "Bearer " + sys.stdin.readline().strip()})
sys.stdout.buffer.write(http.urlopen(request, timeout=60).read())' "$service$1"
  elif [ -z "$service_host" ]; then
    fail "the image needs curl, wget or python3 to reach $service"
  elif has bash; then
    request "$1" | bash -c 'exec 3<>"/dev/tcp/$0/$1" && cat >&3 && cat <&3' "$service_host" "$service_port" | body
  elif has nc; then
    # nc passes the end of its input on, and servers take that for a client that is gone.
    mkfifo "$work/request"
    nc "$service_host" "$service_port" <"$work/request" | body &
    exec 4>"$work/request"
    request "$1" >&4
    wait $!
    exec 4>&-
    rm -f "$work/request"
  else
    fail "the image needs curl, wget, python3, bash or nc to reach $service"
  fi
}

request() {
  printf 'GET %s%s HTTP/1.0\\r\\nHost: %s:%s\\r\\nAuthorization: Bearer %s\\r\\n\\r\\n' \\
    "$service_path" "$1" "$service_host" "$service_port" "$token"
}

body() {
  IFS= read -r line || fail "no answer from $service"
  case $line in
    'HTTP/1.'?' 200 '*) ;;
    *) fail "$service answered $line" ;;
  esac
  while IFS= read -r line && [ "$line" != "$return" ]; do :; done
  cat
}
return=$(printf '\\r')
`;

/** Shell text that every script of ours begins with. */
export const SCRIPT_HEAD = `set -eu
has() { command -v "$1" >/dev/null 2>&1; }
say() { printf 'gitbuilder: %s\\n' "$*"; }
fail() {
  printf 'gitbuilder: %s\\n' "$*" >&2
  exit 1
}
`;
