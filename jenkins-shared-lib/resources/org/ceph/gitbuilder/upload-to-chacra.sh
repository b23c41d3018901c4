# Brings files to a storage node: what it knows by its sha256 is attached, the rest is sent.
# An old curl has one set of headers for all that it sends, so that each digest stands in its URL.

parallel=${GITBUILDER_PARALLEL:-16}
if [ "$parallel" -lt 1 ] || [ "$parallel" -gt 32 ]; then fail "parallel is a number from 1 to 32, not $parallel"; fi
force=''
[ "${GITBUILDER_FORCE:-false}" = false ] || force=1
keep=''
[ "${GITBUILDER_KEEP:-false}" = false ] || keep=1

# Whom to ask: a storage node itself, or shaman for one.
if [ -n "${GITBUILDER_CHACRA:-}" ]; then
  chacra=$(folder "$GITBUILDER_CHACRA")
elif [ -n "${GITBUILDER_SHAMAN:-}" ]; then
  shaman=$(folder "$GITBUILDER_SHAMAN")
  ask "${shaman}api/nodes/next/?sha1=$(encoded "$GITBUILDER_SHA1")&project=$(encoded "$GITBUILDER_PROJECT")&ref=$(encoded "$GITBUILDER_REF")"
  [ "$status" = 200 ] || refused shaman
  chacra=$(folder "$(cat "$work/answer")")
else
  fail "say where to: the argument 'chacra' or 'shaman'"
fi
commit=$(encoded "$GITBUILDER_PROJECT")/$(encoded "$GITBUILDER_REF")/$(encoded "$GITBUILDER_SHA1")
version=$(encoded "$GITBUILDER_DISTRO")/$(encoded "$GITBUILDER_DISTRO_VERSION")
flavor=flavors/$(encoded "$GITBUILDER_FLAVOR")
place=${chacra}binaries/$commit/$version/$(encoded "$GITBUILDER_ARCH")/$flavor/

began=$(date +%s)
mkdir "$work/answers"
: >"$work/empty"
: >"$work/results"
: >"$work/failures"
: >"$work/again"
: >"$work/trouble"
hopeless=''
list_files >"$work/table"
total=$(wc -l <"$work/table")
say "$((total)) files for $place"

# result OUTCOME <TABLE: digest, size, name, path
result() { awk -F '\t' -v outcome="$1" '{ print outcome "\t" $2 "\t" $4 }' >>"$work/results"; }

# failed SIZE PATH SENTENCE
failed() {
  printf 'failed\t%s\t%s\n' "$1" "$2" >>"$work/results"
  printf '%s: %s\n' "$2" "$3" >>"$work/failures"
}

# last_trouble: what curl said last, or that the node was busy.
last_trouble() {
  tail -n 1 "$work/trouble" | sed 's/^curl: ([0-9]*) //' | grep . || say 'the node is busy'
}

# ask_known TABLE: which digests of a table the node has, into $work/known.
ask_known() {
  cut -f 1 "$1" | sort -u >"$work/asked"
  ask "${chacra}api/v1/blobs/known" 'header = "Content-Type: text/plain"' "data-binary = \"@$(quoted "$work/asked")\""
  [ "$status" != 404 ] || fail "$chacra is no storage node of gitbuilder" "Look at the argument 'chacra'."
  [ "$status" = 200 ] || refused 'the storage node'
  cp "$work/answer" "$work/known"
}

# lanes KIND TABLE [QUERY]: attaches or puts the files of a table, over several connections that stay
# open; the table comes back in $work/settled with the status of each before it, and what was answered
# to row N, where it was refused, in $work/answers/N. One file for each lane takes all its answers: one
# for each would cost as much as sending a small file. A status has a mark before it that nobody who
# answers can know, and the half answer of a curl that died ends with its lane.
lanes() {
  rm -f "$work"/lane.* "$work"/said.* "$work/answers"/*
  : >"$work/said.0"
  mark=${work##*/}
  awk -F '\t' -v kind="$1" -v lanes="$parallel" -v work="$work" -v place="$place" -v query="${3:-}" '
    function quoted(text) { gsub(/[\\"]/, "\\\\&", text); return "\"" text "\"" }
    BEGIN { where = quoted(work); sub(/"$/, "", where) }
    {
      lane = 1
      for (i = 2; i <= lanes; i++) if (load[i] < load[lane]) lane = i
      load[lane] += 65536 + (kind == "put" ? $2 : 0)
      out = work "/lane." lane
      print "url = \"" place $3 "?sha256=" $1 query "\"" > out
      print "upload-file = " (kind == "put" ? quoted($4) : where "/empty\"") > out
    }' "$2"
  running=''
  for lane in "$work"/lane.*; do
    [ -e "$lane" ] || continue
    {
      settings
      # Nothing asks first whether a small body is wanted: the node has just taken the key.
      printf 'header = "Expect:"\nwrite-out = "\\n%s %%{http_code} %%{url_effective}\\n"\n' "$mark"
      [ "$1" = put ] || printf 'header = "X-Attach: 1"\n'
      cat "$lane"
    } | curl -q -K - >"$work/said.${lane##*.}" 2>>"$work/trouble" &
    running="$running $!"
  done
  for lane in $running; do wait "$lane" || :; done
  running=''
  awk -F '\t' -v table="$2" -v answers="$work/answers/" -v mark="$mark " '
    FNR == 1 { body = "" }
    index($0, mark) == 1 {
      $0 = substr($0, length(mark) + 1)
      name = substr($0, 5); sub(/[?].*/, "", name); sub(/.*\//, "", name)
      status[name] = substr($0, 1, 3)
      if (status[name] !~ /^20/) answer[name] = body
      body = ""
      next
    }
    length(body) < 65536 { body = body $0 "\n" }
    END {
      while ((getline line < table) > 0) {
        split(line, of, "\t")
        row++
        print (of[3] in status ? status[of[3]] : "000") "\t" line
        if (of[3] in answer) { print answer[of[3]] > (answers row); close(answers row) }
      }
    }' "$work"/said.* >"$work/settled"
}

# with_status PATTERN <SETTLED: the rows whose status is one of these, without it.
with_status() { awk -F '\t' -v wanted="^($1)\$" '$1 ~ wanted { print substr($0, 5) }' "$work/settled"; }

# take_rest STATUS...: of what is not done, some statuses apart, what may pass is tried again; the rest has failed.
take_rest() {
  with_status '000|408|425|429|500|502|503|504' >>"$work/again"
  row=0
  while IFS=$tab read -r status digest size name path; do
    row=$((row + 1))
    case " 200 201 $* " in *" $status "*) continue ;; esac
    if passes "$status"; then continue; fi
    if [ "$status" = 409 ] && [ -n "$keep" ]; then
      printf 'kept\t%s\t%s\n' "$size" "$path" >>"$work/results"
      say "$path: it exists with other bytes, which stay"
      continue
    fi
    if [ "$status" = 409 ]; then
      failed "$size" "$path" 'it exists with other bytes; say force: true to replace them'
      continue
    fi
    failed "$size" "$path" "answered $status: $(words "$work/answers/$row")"
    case $status in 401 | 403 | 507) hopeless=1 ;; esac
  done <"$work/settled"
}

# send_digested TABLE: $there is what is said of what the node has under its name.
there='already there'
send_digested() {
  ask_known "$1"
  awk -F '\t' -v known="$work/known" -v work="$work" '
    BEGIN { while ((getline digest < known) > 0) has[digest] = 1 }
    { print > (work "/" ($1 in has ? "held" : "lacked")) }' "$1"
  if [ -s "$work/held" ]; then
    lanes attach "$work/held"
    with_status 200 | result "$there"
    with_status 201 | result attached
    with_status 404 >>"$work/lacked"
    if [ -n "$force" ]; then
      take_rest 404 409
      with_status 409 >"$work/taken"
      lanes attach "$work/taken" '&force=1'
      with_status '200|201' | result attached
      with_status 404 >>"$work/lacked"
    fi
    take_rest 404
  fi
  if [ -s "$work/lacked" ]; then
    lanes put "$work/lacked" "${force:+&force=1}"
    with_status '200|201' | result uploaded
    take_rest
  fi
  rm -f "$work/held" "$work/lacked"
}

# send_large NUMBER: begins to send at once, beside its sha256 being taken: that may last as long.
send_large() {
  IFS=$tab read -r size name path <"$work/batch.$1"
  ask "$place$name" head
  # What has the name already is sent only if its bytes differ.
  if [ "$status" != 404 ]; then
    wait_ahead
    send_digested "$work/digested.$1"
    return
  fi
  : >"$work/sent"
  {
    settings
    printf 'url = "%s"\nupload-file = "%s"\n' "$place$name${force:+?force=1}" "$(quoted "$path")"
    printf 'output = "%s"\nwrite-out = "%%{http_code}"\n' "$(quoted "$work/answers/1")"
  } | curl -q -K - >"$work/sent" 2>"$work/trouble" &
  running=$!
  wait_ahead
  how_sent
  if [ -z "$sent" ]; then
    ask_known "$work/digested.$1"
    if [ -s "$work/known" ]; then
      kill "$running" 2>/dev/null || :
    fi
    wait "$running" 2>/dev/null || :
    how_sent
  fi
  running=''
  case $sent in
    200 | 201) confirm "$work/digested.$1" ;;
    '')
      # It was not sent to its end, as the node has its bytes; under this name only if it got them from us.
      there=uploaded
      send_digested "$work/digested.$1"
      there='already there'
      ;;
    *)
      printf '%s\t%s\n' "$sent" "$(cat "$work/digested.$1")" >"$work/settled"
      take_rest
      ;;
  esac
}

# The status of a large file's sending; nothing before its end, or without one.
how_sent() {
  sent=''
  IFS= read -r sent <"$work/sent" || :
}

# confirm TABLE: whether the bytes that arrived are those whose sha256 was taken.
confirm() {
  IFS=$tab read -r digest size name path <"$1"
  ask "$place$name?sha256=$digest" 'header = "X-Attach: 1"' "upload-file = \"$(quoted "$work/empty")\""
  case $status in
    200) result uploaded <"$1" ;;
    404 | 409)
      ask "$place$name" 'request = "DELETE"'
      failed "$size" "$path" 'it changed while it was sent; nothing was kept'
      ;;
    *) failed "$size" "$path" "answered $status: $(words "$work/answer")" ;;
  esac
}

wait_ahead() {
  wait "$ahead" || fail 'a file could not be read, or changed while it was'
  ahead=''
}

look_ahead() {
  [ ! -e "$work/batch.$1" ] || {
    digest_batch "$1" &
    ahead=$!
  }
}

make_batches "$work/table" >"$work/batches"
look_ahead 1
while read -r number kind; do
  if [ -n "$hopeless" ]; then
    while IFS=$tab read -r size name path; do failed "$size" "$path" 'not tried'; done <"$work/batch.$number"
    continue
  fi
  [ "$kind" = large ] || wait_ahead
  [ "$kind" = large ] || look_ahead $((number + 1))
  if [ "$kind" = large ]; then send_large "$number"; else send_digested "$work/digested.$number"; fi
  [ "$kind" = small ] || look_ahead $((number + 1))
  finished=$(wc -l <"$work/results")
  [ "$finished" = "$total" ] || say "$((finished)) of $((total)) files"
done <"$work/batches"

round=0
while [ -s "$work/again" ] && [ -z "$hopeless" ]; do
  before=$(wc -l <"$work/again")
  round=$((round + 1))
  [ "$round" -le "${GITBUILDER_RETRIES:-5}" ] || break
  pause "$round" "$((before)) files are missing, $(last_trouble)"
  mv "$work/again" "$work/digested.again"
  : >"$work/again"
  send_digested "$work/digested.again"
  [ "$(wc -l <"$work/again")" = "$before" ] || round=0
done
while IFS=$tab read -r digest size name path; do
  failed "$size" "$path" "not sent, $(last_trouble)"
done <"$work/again"

awk -F '\t' -v seconds=$(($(date +%s) - began)) '
  function amount(bytes,    unit) {
    for (unit = 1; bytes >= 999.5 && unit < 5; unit++) bytes /= 1000
    return sprintf(unit == 1 ? "%d %s" : "%.1f %s", bytes, substr("B kBMBGBTB", unit * 2 - 1, 2))
  }
  { files[$1]++; bytes[$1] += $2 }
  END {
    count = split(("kept" in files ? "kept," : "") "uploaded,attached,already there,failed", outcomes, ",")
    for (i = 1; i <= count; i++) printf "%-14s%7d files%12s\n", outcomes[i], files[outcomes[i]], amount(bytes[outcomes[i]])
    sent = bytes["uploaded"]
    printf "sent %s in %d s, %s/s\n", amount(sent), seconds, amount(sent / (seconds > 0 ? seconds : 1))
  }' "$work/results"
say "repository ${chacra}repos/$commit/$version/$flavor/"
if [ -s "$work/failures" ]; then
  cat "$work/failures" >&2
  fail "$(grep -c '^failed' "$work/results") of $((total)) files are not there"
fi
