"""Rows and messages of an Asterisk, read as facts."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdrs.facts import read_call
from portal.intake.sources.asterisk.calls import call_of, tell
from portal.intake.sources.asterisk.clock import birth, moment
from portal.intake.sources.asterisk.readable import caller_id, readable
from portal.intake.sources.asterisk.routes import route
from portal.intake.sources.asterisk.rows import read_row
from portal.intake.sources.asterisk.source import AsteriskSpool
from portal.intake.sources.asterisk.voicemail import read_message
from portal.intake.sources.entries import BadEntry, BadSource, Entry, Kind, News, Sound
from records.facts import read_voicemessage

DATA = Path(__file__).parents[2] / "data"
LONDON = ZoneInfo("Europe/London")


def line(**columns: str) -> bytes:
    """A row of an answered call in, with some of its columns otherwise."""
    row = {
        "accountcode": "acme",
        "src": "+15551000011",
        "dst": "101",
        "dcontext": "from-pstn",
        "clid": '"Ana Torres" <+15551000011>',
        "channel": "PJSIP/trunk-00000000",
        "dstchannel": "PJSIP/101-00000001",
        "lastapp": "Dial",
        "lastdata": "PJSIP/101,30,tT",
        "start": "2026-10-05 08:02:11",
        "answer": "2026-10-05 08:02:17",
        "end": "2026-10-05 08:02:25",
        "duration": "14",
        "billsec": "8",
        "disposition": "ANSWERED",
        "amaflags": "DOCUMENTATION",
        "uniqueid": "1791187331.0",
        "userfield": "",
    } | columns
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="").writerow(row.values())
    return text.getvalue().encode("utf-8", "surrogateescape")


def entry(number: int, **columns: str) -> Entry:
    return Entry(number, b"", 0, facts=read_row(line(**columns), UTC))


# ---------------------------------------------------------------- caller ids and encodings


@pytest.mark.parametrize(
    ("text", "number", "name"),
    [
        ('"Ana Torres" <+15551000011>', "+15551000011", "Ana Torres"),
        ('"" <101>', "101", None),
        ("<101>", "101", None),
        ("101", "101", None),
        ("+1 (555) 100-0011", "+1 (555) 100-0011", None),
        ("Ana Torres <101>", "101", "Ana Torres"),
        ('"Sam "Box" Ray" <102>', "102", 'Sam "Box" Ray'),
        ('"O\'Neil, Pat" <102>', "102", "O'Neil, Pat"),
        ('"Ana"', None, "Ana"),
        ('"Ana', None, '"Ana'),
        ('"<Ana>" <102>', "102", "<Ana>"),
        ("Anonymous", None, "Anonymous"),
        ("", None, None),
        (" ", None, None),
    ],
)
def test_a_caller_id_is_a_number_and_a_name(text, number, name):
    assert caller_id(text) == (number, name)


@given(st.text(max_size=60))
def test_no_caller_id_is_too_odd(text):
    number, name = caller_id(text)
    assert number is None or number.strip() == number != ""
    assert name is None or name.strip() == name != ""
    assert (number or "") in text and (name or "") in text


@given(name=st.text(alphabet=st.characters(exclude_characters='<>"'), max_size=30).map(str.strip))
def test_a_quoted_name_comes_back(name):
    assert caller_id(f'"{name}" <102>') == ("102", name or None)


@pytest.mark.parametrize(
    ("raw", "text"),
    [("Zoë".encode(), "Zoë"), (b"Zo\xeb", "Zoë"), (b"\x80 5", "€ 5"), (b"\x81\xeb", "\x81ë"), (b"", "")],
)
def test_broken_utf8_is_made_readable(raw, text):
    assert readable(raw) == text


def test_one_broken_column_spoils_no_other():
    row = read_row(line(clid='"Zo\udceb Brandt" <+15551000018>', lastdata="山田 太郎"), UTC)
    assert row.leg["from_screen_name"] == "Zoë Brandt"
    assert row.leg["metadata"]["lastdata"] == "山田 太郎"


# ---------------------------------------------------------------- times


def test_a_wall_clock_time_is_read_in_its_zone():
    assert moment("2026-07-01 12:00:00", LONDON) == datetime(2026, 7, 1, 11, tzinfo=UTC)
    assert moment("2026-12-01 12:00:00", LONDON) == datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert moment("2026-12-01 12:00:00+02:00", LONDON) == datetime(2026, 12, 1, 10, tzinfo=UTC)


def test_the_hour_that_comes_twice_is_told_by_the_uniqueid():
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert moment("2026-10-25 01:30:00", LONDON) == first
    for at in (first, second):
        row = read_row(
            line(
                uniqueid=f"{int(at.timestamp())}.7",
                start="2026-10-25 01:30:00",
                answer="2026-10-25 01:30:06",
                end="2026-10-25 01:30:14",
            ),
            LONDON,
        )
        assert datetime.fromisoformat(row.leg["init_time"]) == at
        assert (datetime.fromisoformat(row.leg["hangup_time"]) - at).total_seconds() == 14
        assert (datetime.fromisoformat(row.leg["start_time"]) - at).total_seconds() == 6


def test_a_call_over_the_end_of_summer_time_is_as_long_as_it_was():
    """It begins at 01:59:50 for the first time and ends 20 seconds later, at 01:00:10 for the second time."""
    start = datetime(2026, 10, 25, 0, 59, 50, tzinfo=UTC)
    row = read_row(
        line(
            uniqueid=f"{int(start.timestamp())}.7",
            start="2026-10-25 01:59:50",
            answer="2026-10-25 01:59:55",
            end="2026-10-25 01:00:10",
            duration="20",
            billsec="15",
        ),
        LONDON,
    )
    assert row.leg["init_time"] == "2026-10-25T00:59:50+00:00"
    assert row.leg["start_time"] == "2026-10-25T00:59:55+00:00"
    assert row.leg["hangup_time"] == "2026-10-25T01:00:10+00:00"


def test_the_hour_that_never_was_is_read_all_the_same():
    assert moment("2026-03-29 01:30:00", LONDON) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert moment("2026-03-29 01:30:00", LONDON, datetime(2026, 3, 29, 0, 30, tzinfo=UTC)).hour == 0


@pytest.mark.parametrize("text", ["yesterday at noon", "2026-10-05", "2026-13-05 08:02:11", "", "0001-01-01 00:00:00 "])
def test_what_is_no_time_is_said_to_be_none(text):
    with pytest.raises(BadEntry, match="is not a time"):
        moment(text, ZoneInfo("Asia/Tokyo"))


def test_a_uniqueid_tells_the_second_of_its_channel():
    assert birth("1790602680.0") == birth("pbx-a-1790602680.17") == datetime(2026, 9, 28, 13, 38, tzinfo=UTC)
    assert birth("abc") is birth("") is None


def test_an_end_before_the_start_is_not_believed():
    row = read_row(line(end="2026-10-05 08:00:00"), UTC)
    assert row.leg["hangup_time"] == "2026-10-05T08:02:25+00:00"


# ---------------------------------------------------------------- direction and extension


@pytest.mark.parametrize(
    ("context", "src", "dst", "channel", "dstchannel", "expected"),
    [
        ("from-pstn", "+15551000011", "101", "PJSIP/trunk-00000000", "PJSIP/101-00000001", ("in", "in", "101", None)),
        ("from-pstn", "+15551000011", "101", "PJSIP/trunk-00000000", "", ("in", "in", "101", None)),
        (
            *("from-trunk", "+15551000011", "+15551000100", "PJSIP/trunk-00000000", "Local/102@ring-00000001;1"),
            ("in", "in", "102", "+15551000100"),
        ),
        ("from-trunk", "+15551000011", "s", "PJSIP/trunk-00000000", "", ("in", "in", None, None)),
        ("from-internal", "102", "+15551000011", "PJSIP/102-1", "PJSIP/trunk-2", ("out", "out", "102", None)),
        ("from-internal", "103", "101", "PJSIP/103-1", "PJSIP/101-2", ("internal", "out", "103", None)),
        ("from-internal", "103", "101", "PJSIP/103-1", "", ("internal", "out", "103", None)),
        ("from-internal", "103", "*97", "PJSIP/103-1", "", ("internal", "out", "103", None)),
        ("from-internal", "103", "911", "PJSIP/103-1", "PJSIP/trunk-2", ("out", "out", "103", None)),
        ("from-internal", "+15551000100", "+15551000011", "SIP/104-1", "SIP/t-2", ("out", "out", "104", None)),
        ("from-internal", "105", "+15551000011", "PJSIP/desk-phone-1", "", ("out", "out", "105", None)),
        ("other", "103", "101", "PJSIP/103-1", "PJSIP/101-2", ("internal", "out", "103", None)),
        ("other", "103", "+15551000011", "", "", ("out", "out", "103", None)),
        ("other", "+15551000011", "101", "", "", ("in", "in", "101", None)),
        ("other", "", "", "", "", ("in", "in", None, None)),
    ],
)
def test_context_numbers_and_channels_say_where_a_call_went(context, src, dst, channel, dstchannel, expected):
    assert route(context, src, dst, channel, dstchannel) == expected


# ---------------------------------------------------------------- rows


def test_a_row_is_a_leg_with_all_it_says():
    row = read_row(line(userfield="2026/10/05/a.mp3", lastapp="Queue", lastdata="sales,tT,,,60"), UTC)
    assert (row.call, row.recording) == ("1791187331.0", "2026/10/05/a.mp3")
    assert row.leg["extension"] == "101" and row.leg["flow"] == "in" and row.leg["result"] == "answered"
    assert row.leg["duration"] == 14 and row.leg["billsec"] == 8 and row.leg["application"] == "callcenter"
    assert row.leg["init_time"] == "2026-10-05T08:02:11+00:00"
    assert row.leg["clid"] == '"Ana Torres" <+15551000011>' and row.leg["disposition"] == "ANSWERED"
    assert row.leg["metadata"]["dstchannel"] == "PJSIP/101-00000001"


@pytest.mark.parametrize(
    ("disposition", "application", "result"),
    [
        ("ANSWERED", "Dial", "answered"),
        ("ANSWERED", "VoiceMail", "voicemail"),
        ("NO ANSWER", "Dial", "not answered"),
        ("BUSY", "Dial", "busy"),
        ("FAILED", "Dial", "failed"),
        ("CONGESTION", "Dial", "failed"),
        ("", "Dial", None),
    ],
)
def test_a_disposition_is_a_result(disposition, application, result):
    assert read_row(line(disposition=disposition, lastapp=application), UTC).leg.get("result") == result


def test_the_linkedid_stands_in_the_userfield_or_in_a_column_of_its_own():
    with_field = read_row(line(userfield="a;b.mp3;linkedid=1791187000.0"), UTC)
    assert (with_field.call, with_field.recording) == ("1791187000.0", "a;b.mp3")
    assert read_row(line(userfield=";linkedid=7.1"), UTC).recording is None
    columns = line() + b',"peer","1791187000.0","42"'
    assert read_row(columns, UTC).call == "1791187000.0"


def test_a_file_name_need_not_be_utf8():
    raw = line(userfield="2026/Zo\udceb.mp3")
    assert read_row(raw, UTC).recording == "2026/Zo\udceb.mp3"


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"start": "yesterday at noon"}, "start: 'yesterday at noon' is not a time"),
        ({"start": ""}, "start: is empty"),
        ({"duration": "-4"}, "duration: '-4' is not a number of seconds"),
        ({"billsec": "9" * 30}, "billsec: "),
        ({"uniqueid": " "}, "uniqueid: is empty"),
        ({"userfield": ";linkedid=" + "7" * 300}, "linkedid: at most 200 characters"),
        ({"clid": "x" * 30_000}, "at most 20000 characters"),
    ],
)
def test_a_wrong_column_is_named(columns, reason):
    with pytest.raises(BadEntry, match=reason.replace("(", r"\(")):
        read_row(line(**columns), UTC)


@pytest.mark.parametrize("body", [b'"a","b"', b'"unended', b'"a"b",1', b"", b"\x00" * 40, b'"\r",2'])
def test_a_torn_row_is_refused_with_a_reason(body):
    with pytest.raises(BadEntry, match=r"columns|CSV"):
        read_row(body, UTC)


@given(st.binary(max_size=200))
def test_no_bytes_bring_the_reader_down(body):
    with pytest.raises(BadEntry):
        read_row(body.replace(b"\n", b""), UTC)


@given(st.lists(st.text(max_size=25), min_size=18, max_size=21))
def test_no_columns_bring_the_reader_down(columns):
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="").writerow(columns)
    body = text.getvalue().encode("utf-8", "replace")
    try:
        row = read_row(body, LONDON)
    except BadEntry as error:
        assert str(error)
    else:
        assert row.call and row.leg["init_time"]


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.text(max_size=25)
            for name in (
                "src",
                "dst",
                "dcontext",
                "clid",
                "channel",
                "dstchannel",
                "lastapp",
                "lastdata",
                "disposition",
            )
        },
    )
)
def test_whatever_the_texts_say_a_call_can_be_told_of_them(columns):
    text = {name: value.encode("utf-8", "replace").decode() for name, value in columns.items()}
    row = read_row(line(**text).replace(b"\n", b" ").replace(b"\r", b" "), UTC)
    call = read_call(call_of(1, row.call, [row.leg]))
    assert call.legs[0].source_id == "1791187331.0"


# ---------------------------------------------------------------- calls of several rows

HEAD = {"uniqueid": "1791209400.10", "start": "2026-10-05 14:10:00", "answer": "2026-10-05 14:10:06"}
HEAD |= {"end": "2026-10-05 14:10:11"}
SECOND = {"uniqueid": "1791209411.11", "userfield": ";linkedid=1791209400.10", "start": "2026-10-05 14:10:11"}
SECOND |= {"answer": "2026-10-05 14:10:15", "end": "2026-10-05 14:10:21", "dst": "104"}
SECOND |= {"dstchannel": "PJSIP/104-00000002"}


def test_rows_of_one_linkedid_are_legs_of_one_call_in_whatever_order_they_come():
    told = [
        tell(1, [entry(1, **HEAD), entry(2, **SECOND)], {}),
        tell(1, [entry(1, **SECOND), entry(2, **HEAD)], {}),
        tell(1, [entry(9, **SECOND)], {"1791209400.10": [entry(1, **HEAD).facts.leg]}),
        tell(1, [entry(9, **HEAD)], {"1791209400.10": [entry(1, **SECOND).facts.leg]}),
    ]
    assert [len(tellings) for tellings in told] == [1, 1, 1, 1]
    first = told[0][0].facts
    assert all(tellings[0].facts == first for tellings in told)
    call = read_call(first)
    assert [leg.source_id for leg in call.legs] == ["1791209400.10", "1791209411.11"]
    assert call.started_at.minute == 10 and call.ended_at.second == 21 and call.called.number == "101"
    assert [told[0][0].news, told[2][0].news] == [[News.NEW, News.NEW], [News.NEW]]


def test_a_call_takes_as_many_rows_as_it_may_have_legs_and_refuses_the_others(monkeypatch):
    monkeypatch.setattr("portal.intake.sources.asterisk.calls.MOST_LEGS", 2)
    third = SECOND | {"uniqueid": "1791209412.12", "dst": "105"}
    rows = [entry(1, **HEAD), entry(2, **SECOND), entry(3, **third)]
    rows[2].sounds.append(Sound(Kind.RECORDING, {}, "a.mp3"))
    (telling,) = tell(1, rows, {})
    assert telling.entries == rows[:2] and len(telling.facts["legs"]) == len(telling.news) == 2
    assert "legs already" in rows[2].error and rows[2].sounds == []
    legs = telling.facts["legs"]
    again = [entry(1, **HEAD), entry(3, **third)]
    (telling,) = tell(1, again, {"1791209400.10": legs})
    assert telling.news == [News.KNOWN] and "legs already" in again[1].error
    assert tell(1, [entry(3, **third)], {"1791209400.10": legs}) == []


def test_rows_with_one_uniqueid_are_several_legs_and_known_again():
    ringing = [{"dstchannel": f"PJSIP/{number}-0000000a", "disposition": "NO ANSWER"} for number in (101, 102, 103)]
    [telling] = tell(1, [entry(i, **columns) for i, columns in enumerate(ringing)], {})
    keys = [leg["source_id"] for leg in telling.facts["legs"]]
    assert keys == ["1791187331.0", "1791187331.0/2", "1791187331.0/3"]
    [again] = tell(1, [entry(8, **ringing[2])], {"1791187331.0": telling.facts["legs"]})
    assert again.facts == telling.facts and again.news == [News.KNOWN]


def test_a_row_read_again_in_another_zone_is_the_same_row_changed():
    [first] = tell(1, [entry(1)], {})
    other = Entry(1, b"", 0, facts=read_row(line(), ZoneInfo("Asia/Kathmandu")))
    [second] = tell(1, [other], {"1791187331.0": first.facts["legs"]})
    assert len(second.facts["legs"]) == 1 and second.news == [News.CHANGED]
    assert second.facts["started_at"] == "2026-10-05T02:17:11+00:00"


def test_the_call_of_a_row_has_the_same_uuid_every_time_but_not_for_another_client():
    ids = [tell(client, [entry(1)], {})[0].facts["call_uuid"] for client in (1, 1, 2)]
    assert ids[0] == ids[1] != ids[2]


def test_who_took_part_is_told_with_times():
    [telling] = tell(1, [entry(1)], {})
    call = read_call(telling.facts)
    assert [(who.type, who.phone_number, who.event, who.occurred_at.second) for who in call.participants] == [
        ("External", "+15551000011", "Joined", 11),
        ("External", "+15551000011", "Left", 25),
        ("User", "101", "Joined", 17),
        ("User", "101", "Left", 25),
    ]


# ---------------------------------------------------------------- voice messages

MESSAGE = """;
; Message Information file
;
[message]
origmailbox=101
context=default
exten=101
callerid="Zo\udceb" <+15551000040>
origdate=Mon Oct 05 06:04:10 PM UTC 2026
origtime=1791223450
msg_id=1791223450-00000000
duration=2
"""


def message(text: str = MESSAGE, path: str = "voicemail/default/101/INBOX/msg0000.txt") -> dict:
    return read_message(path, text.encode("utf-8", "surrogateescape"), "asterisk")


def test_a_message_is_read_with_its_mailbox_caller_and_time():
    facts = read_voicemessage(message())
    assert (facts.extension, facts.folder, facts.is_new, facts.duration) == ("101", "INBOX", True, 2)
    assert facts.at == datetime(2026, 10, 5, 18, 4, 10, tzinfo=UTC)
    assert (facts.caller.name, facts.caller.number) == ("Zoë", "+15551000040")


def test_a_message_that_was_heard_is_the_same_one_elsewhere():
    moved = message(path="voicemail/default/101/Old/msg0007.txt")
    assert moved["source_id"] == message()["source_id"]
    assert (moved["folder"], moved["is_new"]) == ("Old", False)


@pytest.mark.parametrize("gone", [["origtime"], ["origtime", "msg_id"], ["origtime", "origdate"]])
def test_the_time_of_a_message_is_found_where_origtime_is_missing(gone):
    text = "".join(row for row in MESSAGE.splitlines(True) if row.partition("=")[0] not in gone)
    assert message(text)["at"] == "2026-10-05T18:04:10+00:00"


@pytest.mark.parametrize("text", ["", "[message]\n", "[message]\norigmailbox=101\n", "x" * 70_000, "[other]\na=b\n"])
def test_a_message_that_says_too_little_is_refused(text):
    with pytest.raises(BadEntry):
        message(text)


@given(st.binary(max_size=300))
def test_no_message_brings_the_reader_down(raw):
    with pytest.raises(BadEntry):
        read_message("voicemail/default/101/INBOX/msg0000.txt", raw, "asterisk")


# ---------------------------------------------------------------- the spool as a whole


def test_the_committed_spool_is_read_as_its_catalogue_says():
    catalogue = json.loads((DATA / "spool.json").read_text())
    source = AsteriskSpool(DATA / "spool", UTC)
    entries = list(source.read(0, 0))
    rows = [entry for entry in entries if entry.path is None]
    faults = {row["line"]: row["fault"] for row in catalogue["rows"]}
    assert [entry.line for entry in rows] == list(faults)
    assert {faults[entry.line] for entry in rows if entry.error} == {"too_few_columns", "bad_time"}
    assert [entry.sounds[0].file if entry.sounds else "" for entry in rows if not entry.error] == [
        row["media"] for row in catalogue["rows"] if row["fault"] not in ("too_few_columns", "bad_time")
    ]
    messages = [entry for entry in entries if entry.path]
    assert [entry.path for entry in messages] == [f"voicemail/{m['path']}.txt" for m in catalogue["voicemails"]]
    assert not any(entry.error for entry in messages)
    assert {sound.kind for entry in messages for sound in entry.sounds} == {Kind.VOICEMESSAGE}


def test_a_reading_goes_on_at_any_line():
    source = AsteriskSpool(DATA / "spool", UTC)
    entries = list(source.read(0, 0))
    for first in entries[:21]:
        rest = list(source.read(first.end, first.line))
        assert [(e.line, e.raw) for e in rest] == [(e.line, e.raw) for e in entries if e.line > first.line or e.path]


def test_a_row_still_being_written_is_read_again_later(tmp_path):
    master = tmp_path / "cdr-csv" / "Master.csv"
    master.parent.mkdir()
    master.write_bytes(line() + b"\n" + line(uniqueid="1791187339.1")[:40])
    whole, torn = AsteriskSpool(tmp_path, UTC).read(0, 0)
    assert whole.error is None and torn.error
    assert torn.end == whole.end == len(line()) + 1
    master.write_bytes(line() + b"\n" + line(uniqueid="1791187339.1") + b"\n")
    [later] = AsteriskSpool(tmp_path, UTC).read(torn.end, 1)
    assert later.error is None and later.line == 2


def test_the_best_sound_of_a_message_is_taken(tmp_path):
    inbox = tmp_path / "voicemail" / "default" / "101" / "INBOX"
    inbox.mkdir(parents=True)
    (inbox / "msg0000.txt").write_bytes(MESSAGE.encode("utf-8", "surrogateescape"))
    for suffix in ("gsm", "WAV", "wav"):
        (inbox / f"msg0000.{suffix}").write_bytes(b"")
    [found] = AsteriskSpool(tmp_path, UTC).read(0, 0)
    assert found.sounds[0].file == "voicemail/default/101/INBOX/msg0000.wav"


def test_a_directory_that_is_no_spool_is_refused(tmp_path):
    with pytest.raises(BadSource, match=r"Master\.csv"):
        AsteriskSpool(tmp_path, UTC)
    with pytest.raises(BadSource, match="not a directory"):
        AsteriskSpool(DATA / "spool.json", UTC)


def test_the_fingerprint_changes_with_what_was_read_and_with_the_zone(tmp_path):
    master = tmp_path / "cdr-csv" / "Master.csv"
    master.parent.mkdir()
    master.write_bytes(line() + b"\n")
    position = master.stat().st_size
    before = AsteriskSpool(tmp_path, UTC).fingerprint(position)
    with master.open("ab") as file:
        file.write(line(uniqueid="1791187339.1") + b"\n")
    assert AsteriskSpool(tmp_path, UTC).fingerprint(position) == before
    assert AsteriskSpool(tmp_path, LONDON).fingerprint(position) != before
    master.write_bytes(line(dst="102") + b"\n")
    assert AsteriskSpool(tmp_path, UTC).fingerprint(position) != before


# ---------------------------------------------------------------- rows that nobody foresaw


@pytest.mark.parametrize("start", ["9999-12-31 23:59:59", "0001-01-01 00:00:00", "9999-12-31 23:59:59+00:00"])
def test_a_start_beyond_all_likelihood_spoils_its_row_alone(start):
    with pytest.raises(BadEntry, match=r"start: .*1970-01-01"):
        read_row(line(start=start, duration="999999999"), UTC)
    with pytest.raises(BadEntry, match="end: "):
        read_row(line(end=start), LONDON)


def spool_of(folder: Path, *rows: bytes) -> AsteriskSpool:
    (folder / "cdr-csv").mkdir()
    (folder / "cdr-csv" / "Master.csv").write_bytes(b"".join(row + b"\n" for row in rows))
    return AsteriskSpool(folder, UTC)


def test_a_row_that_brings_the_reader_down_costs_no_other(tmp_path, monkeypatch, caplog):
    def reading(body, zone):
        if b"unforeseen" in body:
            raise ZeroDivisionError("a mistake of ours")
        return read_row(body, zone)

    monkeypatch.setattr("portal.intake.sources.asterisk.source.read_row", reading)
    rows = [line(), line(accountcode="unforeseen", userfield="a.mp3"), line(uniqueid="1791187332.0")]
    found = list(spool_of(tmp_path, *rows).read(0, 0))
    assert [entry.error for entry in found] == [None, "cannot be read: ZeroDivisionError", None]
    assert found[1].raw == rows[1] and found[1].facts is None and found[1].sounds == []
    assert "line 2" in caplog.text and "a mistake of ours" in caplog.text


def test_a_message_that_brings_the_reader_down_costs_no_other(tmp_path, monkeypatch, caplog):
    def reading(path, raw, source):
        if "msg0000" in path:
            raise ZeroDivisionError
        return read_message(path, raw, source)

    monkeypatch.setattr("portal.intake.sources.asterisk.source.read_message", reading)
    inbox = tmp_path / "voicemail" / "default" / "101" / "INBOX"
    inbox.mkdir(parents=True)
    for number in range(2):
        (inbox / f"msg000{number}.txt").write_bytes(MESSAGE.encode("utf-8", "surrogateescape"))
    found = list(spool_of(tmp_path).read(0, 0))
    assert [entry.error for entry in found] == ["cannot be read: ZeroDivisionError", None]
    assert "msg0000.txt" in caplog.text


def test_a_call_that_cannot_be_told_costs_no_other(monkeypatch, caplog):
    def telling(client_id, call, legs):
        if call == "bad":
            raise ZeroDivisionError
        return call_of(client_id, call, legs)

    monkeypatch.setattr("portal.intake.sources.asterisk.calls.call_of", telling)
    rows = [entry(1, uniqueid="good"), entry(2, uniqueid="bad"), entry(3, uniqueid="better")]
    assert [telling.facts["source_id"] for telling in tell(1, rows, {})] == ["good", "better"]
    assert [row.error for row in rows] == [None, "cannot be read: ZeroDivisionError", None]
    assert "line 2" in caplog.text


def test_trouble_of_the_disk_is_no_rows_fault(tmp_path, monkeypatch):
    def reading(body, zone):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("portal.intake.sources.asterisk.source.read_row", reading)
    with pytest.raises(OSError, match="Input/output"):
        list(spool_of(tmp_path, line()).read(0, 0))
