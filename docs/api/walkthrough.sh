#!/usr/bin/env bash
# The native API from the first token to the last error, with curl, on the demo's data.
#
#   ./manage.py up                      # in another terminal, until it says Ready
#   docs/api/walkthrough.sh             # or: walkthrough.sh http://localhost:8000 var
#
# It shows each request as you would type it and what came back. What it deletes it restores, what it makes it removes.
# docs/api/walkthrough.txt is what it prints; the parts that differ from day to day stand there as <…>.
set -euo pipefail

HOST=${1:-http://localhost:8000}
DATA=${2:-var}
API=$HOST/api/ver1.0
START=${START:-$(date -u -d "7 days ago" "+%F %T")}
END=${END:-$(date -u "+%F %T")}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# ---------------------------------------------------------------- what it is told with

title() { printf '\n## %s\n' "$*"; }
say() { printf '%s\n' "$*"; }

# pick NAME…: what the demo keeps of a program or a person; field a.0.b: one value of the JSON on stdin.
pick() { python3 -c 'import json, sys
entries = json.load(open(sys.argv[1]))
print(next(entry[sys.argv[4]] for entry in entries if entry[sys.argv[2]] == sys.argv[3]))' "$@"; }
field() { python3 -c 'import json, sys
value = json.load(sys.stdin)
for part in sys.argv[1].split("."):
    value = value[int(part) if part.isdigit() else part]
print(value)' "$1"; }

# name VARIABLE value: from here on the variable stands in the printed requests for its value; the latest ones first.
NAMED=()
name() { printf -v "$1" %s "$2" && NAMED=("$1" "${NAMED[@]}"); }

# Prints a request and its answer: status, the headers named in $SHOW, and of the JSON the first row of a list; of that
# the fields named in $ONLY.
ask() {
  local told="" word variable
  for word in "$@"; do
    for variable in "${NAMED[@]}"; do word=${word//"${!variable}"/\$$variable}; done
    case $word in
      *\"*) word="'$word'" ;;
      *[!A-Za-z0-9_./:=@,%\$-]*) word="\"$word\"" ;;
    esac
    told+=" $word"
  done
  printf '\n$ curl%s\n' "$told"
  curl -sS -D "$work/headers" -o "$work/body" -w '%{http_code}\n' "$@"
  tr -d '\r' < "$work/headers" | sed 's/^[^:]*:/\L&/' | grep -E "^(${SHOW:-none}):" | sort || true
  shown "$work/body"
}
shown() { ONLY=${ONLY:-} python3 - "$1" <<'PYTHON'
import json, os, sys
raw, only = open(sys.argv[1], "rb").read(), os.environ["ONLY"].split()
try:
    value = json.loads(raw)
except ValueError:
    print(f"({len(raw)} bytes)" if raw else "(nothing)")
    raise SystemExit
def short(value):
    if isinstance(value, list):
        return [row(item) for item in value[:1]] + ([f"and {len(value) - 1} more"] if len(value) > 1 else [])
    return {name: short(item) for name, item in value.items()} if isinstance(value, dict) else value
def row(item):
    if isinstance(item, dict) and only:
        item = {name: value for name, value in item.items() if name in only}
    return short(item)
print(json.dumps(short(value), indent=1, ensure_ascii=False))
PYTHON
}

program() { pick "$DATA/demo_programs.json" name "$1" "$2"; }
person() { pick "$DATA/demo_sign_ins.json" login "$1" "$2"; }
name HOST "$HOST"

title "A token"
say "A program of North's own asks with its id and secret (client_credentials)."
name ID "$(program "Call archive" client_id)"
name SECRET "$(program "Call archive" client_secret)"
ask "$HOST/oauth/token" -d grant_type=client_credentials -d "client_id=$ID" -d "client_secret=$SECRET"
name TOKEN "$(field access_token < "$work/body")"
AUTH="Authorization: Bearer $TOKEN"

say
say "A program that asks people for their password gets a refresh token too (password)."
name DESK_ID "$(program "Old desk" client_id)"
name DESK_SECRET "$(program "Old desk" client_secret)"
name PASSWORD "$(person nora@north password)"
ask "$HOST/oauth/token" -d grant_type=password -d "client_id=$DESK_ID" -d "client_secret=$DESK_SECRET" \
  -d username=nora@north -d "password=$PASSWORD"

say
say "A program on people's machines keeps no secret: the person allows it in a browser, and PKCE ties the code to it."
say "  VERIFIER=\$(openssl rand -base64 48 | tr '+/' '-_' | tr -d '=\\n')"
say "  CHALLENGE=\$(printf %s \"\$VERIFIER\" | openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d '=')"
say "  a browser: \$HOST/oauth/authorize?response_type=code&client_id=…&redirect_uri=…&code_challenge=\$CHALLENGE&code_challenge_method=S256"
say "  curl \$HOST/oauth/token -d grant_type=authorization_code -d client_id=… -d code=… -d redirect_uri=… -d code_verifier=\$VERIFIER"

title "Who one is"
ask "$API/user/" -H "$AUTH"

title "Recordings"
say "All of a period, streamed, newest first; @me is one's own client. Of a list the first row is shown."
name START "$START"
name END "$END"
WINDOW=(--get --data-urlencode "start_datetime=$START" --data-urlencode "end_datetime=$END")
ask "$API/client/@me/record/" "${WINDOW[@]}" -H "$AUTH"
ROW="record_uuid init_time_gmt result"
say
say "A page at a time: the Link leads on, at the same cost however deep."
SHOW=link ONLY=$ROW ask "$API/client/@me/record/" "${WINDOW[@]}" -d per_page=2 -H "$AUTH"
name NEXT "$(tr -d '\r' < "$work/headers" | sed -n 's/^[Ll]ink: <\([^>]*\)>.*/\1/p')"
ONLY=$ROW ask "$NEXT" -H "$AUTH"
say
say "How many, and how large; by the same filters."
ask "$API/client/@me/record/stats/" "${WINDOW[@]}" -d result=answered -d flow=in -H "$AUTH"

title "Files"
say "By a token, by a person's login and password, and in parts."
ONLY=$ROW ask "$API/client/@me/record/" "${WINDOW[@]}" -d per_page=1 -H "$AUTH"
name EXTENSION "$(field 0.extension_id < "$work/body")"
name RECORD "$(field 0.record_uuid < "$work/body")"
SHOW="content-type|content-disposition|accept-ranges" ask "$API/client/@me/record/$RECORD" -H "$AUTH"
ask "$API/client/@me/record/$RECORD" -u "nora@north:$PASSWORD"
SHOW="content-range" ask "$API/extension/$EXTENSION/record/$RECORD/download/" -r 0-99 -H "$AUTH"
say
say "A link that opens without a token, until somebody ends it."
ask "$API/client/@me/record/$RECORD/storage_url/" -H "$AUTH"
name LINK "$(field record_url < "$work/body")"
ask "$LINK"

title "Voice messages"
ONLY="record_uuid init_time_gmt from_username" ask "$API/client/@me/voicemail/" "${WINDOW[@]}" -H "$AUTH"

title "CDRs: each extension's part in a call"
ONLY="call_uuid init_time_gmt result" ask "$API/client/@me/cdr/" "${WINDOW[@]}" -d per_page=3 -H "$AUTH"

title "Whole calls"
ONLY="call_uuid init_time_gmt result" ask "$API/client/@me/calls/" "${WINDOW[@]}" -d per_page=3 -H "$AUTH"
name CALL_UUID "$(field calls.0.call_uuid < "$work/body")"
say
say "One of them, with its CDRs."
ONLY="call_uuid extension_name result" ask "$API/client/@me/call_history/$CALL_UUID" -H "$AUTH"

title "Archives"
say "The recordings of a period in one zip: when it is ready a link comes by mail, which needs no token."
ask "$API/client/@me/record/archive/" --data-urlencode "start_datetime=$START" --data-urlencode "end_datetime=$END" \
  -d email=nora@north.example,gus@north.example -H "$AUTH"
name ARCHIVE "$(field archive_uuid < "$work/body")"
ONLY="archive_uuid status records_count files_size" ask "$API/client/@me/record/archive/" -d per_page=1 --get -H "$AUTH"
say
say "The next one when an hour has passed, or this one was downloaded; or when it is cancelled."
SHOW=retry-after ask "$API/client/@me/record/archive/" --data-urlencode "start_datetime=$START" \
  --data-urlencode "end_datetime=$END" -d email=nora@north.example -H "$AUTH"
ask "$API/client/@me/record/archive/$ARCHIVE" -X DELETE -H "$AUTH"

title "Deleting, and taking it back"
ask "$API/client/@me/record/$RECORD" -X DELETE -H "$AUTH"
say
say "It is gone from lists, files and links at once, and waits in the trash."
ask "$LINK"
ask "$API/client/@me/trash/" -H "$AUTH"
TRASHED=$(field 0.id < "$work/body")
ask "$API/client/@me/trash/$TRASHED/restore/" -X POST -H "$AUTH"
ask "$API/client/@me/record/$RECORD" -H "$AUTH"
say
say "The link stays dead; a new one is made."
ask "$LINK"
ask "$API/client/@me/record/$RECORD/storage_url/" -H "$AUTH"

title "What the client consists of"
say "Groups, extensions, outside numbers and people are made, changed and removed the same way."
JSON="Content-Type: application/json"
ask "$API/client/@me/extension_group/" -H "$JSON" -d '{"name":"Returns"}' -H "$AUTH"
GROUP=$(field id < "$work/body")
ask "$API/client/@me/extension_group/$GROUP" -X PUT -d name=Complaints -H "$AUTH"
ask "$API/client/@me/extension_group/$GROUP" -X DELETE -H "$AUTH"
ask "$API/client/@me/extension_group/" --get -d name=Sales -H "$AUTH"
GROUP=$(field 0.id < "$work/body")
ask "$API/client/@me/extension/" -H "$JSON" -d '{"name":"199","extension_group_id":'"$GROUP"'}' -H "$AUTH"
name MADE "$(field id < "$work/body")"
ask "$API/client/@me/extension/$MADE" -X PUT -d "label=2nd floor" -H "$AUTH"
ask "$API/client/@me/extension/$MADE" -X DELETE -H "$AUTH"
say
say "What is used stays, and says so."
ask "$API/client/@me/extension_group/$GROUP" -X DELETE -H "$AUTH"
say
say "What the client may use, and uses."
ask "$API/client/@me/limit/" -H "$AUTH"

title "Current calls"
say "A PBX tells of them (docs/intake.md), with a token that may send in and nothing else."
name PBX_ID "$(program PBX client_id)"
name PBX_SECRET "$(program PBX client_secret)"
ask "$HOST/oauth/token" -d grant_type=client_credentials -d scope=intake:write -d "client_id=$PBX_ID" \
  -d "client_secret=$PBX_SECRET"
name PBX_TOKEN "$(field access_token < "$work/body")"
name NOW "${NOW:-$(date -u +%FT%TZ)}"
name CALL "walkthrough-$(date +%s%N)"
rings='{"source":"walkthrough","source_id":"'$CALL'-1","call":"'$CALL'","event":"ringing","at":"'$NOW'","extension":"101","caller":{"number":"+15551006468"},"direction":"in"}'
ask "$HOST/intake/v1/events" -H "Authorization: Bearer $PBX_TOKEN" -H "$JSON" -d "$rings"
ask "$API/client/@me/current_calls/" -H "$AUTH"
ends='{"source":"walkthrough","source_id":"'$CALL'-2","call":"'$CALL'","event":"ended","at":"'$NOW'"}'
ask "$HOST/intake/v1/events" -H "Authorization: Bearer $PBX_TOKEN" -H "$JSON" -d "$ends"
ask "$API/client/@me/current_calls/" -H "$AUTH"

title "Event subscriptions"
say "Be told when calls come in, go out, are answered or end; never at an address of a private network."
ask "$API/extension/$EXTENSION/event/" -d url=https://hooks.example/calls -d method=POST -d event_type=hangup -H "$AUTH"
EVENT=$(field id < "$work/body")
ask "$API/extension/$EXTENSION/event/" -H "$AUTH"
ask "$API/extension/$EXTENSION/event/$EVENT" -X PUT -d url=https://127.0.0.1/calls -H "$AUTH"
ask "$API/extension/$EXTENSION/event/$EVENT" -X DELETE -H "$AUTH"

title "How often"
say "A client has 1,000 requests an hour unless it is set otherwise, and each answer tells what is left. The demo's clients have"
say "no limit, so their answers do not: ./manage.py client_settings --client north hourly_limit=1000 sets one."
say "  x-ratelimit-limit: 1000"
say "  x-ratelimit-remaining: 997"
say "  x-ratelimit-reset: 1312"

title "What goes wrong"
say "No token; a wrong parameter, named; somebody else's client, which is as if it were not there; a deed beyond the scope."
ask "$API/user/"
ask "$API/client/@me/record/" -d start_datetime=yesterday --get -H "$AUTH"
ask "$API/client/999999999/record/" "${WINDOW[@]}" -H "$AUTH"
ask "$HOST/oauth/token" -d grant_type=client_credentials -d scope=cdr:read -d "client_id=$ID" -d "client_secret=$SECRET"
name NARROW "$(field access_token < "$work/body")"
ask "$API/client/@me/record/" "${WINDOW[@]}" -H "Authorization: Bearer $NARROW"
