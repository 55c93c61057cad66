"""One row of `Master.csv` as the facts of a leg.

The columns are those of cdr_csv with uniqueid and userfield: accountcode src dst dcontext clid channel dstchannel
lastapp lastdata start answer end duration billsec disposition amaflags uniqueid userfield, and with `newcdrcolumns`
also peeraccount linkedid sequence. `userfield` is the path of the recording under `monitor/`; `;linkedid=` and the
uniqueid of the call's first row may follow. Each line is a row: a broken one spoils no other.

The CDR does not tell who hung up, so `hangup_disposition` stays empty; only BUSY is the called side's refusal for sure.
"""

from __future__ import annotations

import csv
import os
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from cdrs.facts import LegFacts, source_key
from cdrs.reading import BadFact, read_facts
from portal.intake.sources.asterisk.clock import birth, moment
from portal.intake.sources.asterisk.readable import caller_id, readable
from portal.intake.sources.asterisk.routes import route
from portal.intake.sources.entries import BadEntry, Facts

COLUMNS = "accountcode src dst dcontext clid channel dstchannel lastapp lastdata start answer end duration billsec"
COLUMNS += " disposition amaflags uniqueid userfield peeraccount linkedid sequence"
NAMES = tuple(COLUMNS.split())
LEAST = NAMES.index("userfield") + 1
RESULTS = {
    "ANSWERED": "answered",
    "NO ANSWER": "not answered",
    "BUSY": "busy",
    "FAILED": "failed",
    "CONGESTION": "failed",
}
# Applications that answer in nobody's name.
MACHINES = {"VoiceMail", "VoiceMailMain", "MiniVM", "ExternalIVR", "Record"}
KEPT = ("accountcode", "channel", "dstchannel", "lastapp", "lastdata", "amaflags", "peeraccount", "sequence")
_USERFIELD = re.compile(rb"(?P<path>.*?)(?:;linkedid=(?P<linked>[^;]*))?", re.DOTALL)


@dataclass(slots=True)
class Row:
    """A leg and the call it belongs to. `leg["source_id"]` is the uniqueid until the call's other legs are known.

    `drift` is the seconds from the birth of the channel, as the uniqueid has it, to the start of the row.
    """

    call: str
    leg: Facts
    recording: str | None
    drift: float | None


def read_row(body: bytes, zone: tzinfo) -> Row:
    """The row of one line. BadEntry with the reason: the number of columns, a time, a number, a fact too long."""
    columns, userfield = _columns(body)
    path, linked = _userfield(userfield)
    uniqueid = columns["uniqueid"].strip()
    if not uniqueid:
        raise BadEntry("uniqueid: is empty, so the row could not be told from another")
    call = linked or columns.get("linkedid", "").strip() or uniqueid
    leg = _leg(columns, uniqueid, zone)
    _check(call, leg)
    born = birth(uniqueid)
    drift = None if born is None else (datetime.fromisoformat(leg["init_time"]) - born).total_seconds()
    return Row(call, leg, path, drift)


def _check(call: str, leg: Facts) -> None:
    """A fact that no leg may have is found here, so that it spoils this row alone and not the whole call."""
    try:
        read_facts(LegFacts, leg)
    except BadFact as error:
        raise BadEntry(str(error)) from None
    try:
        source_key(call)
    except BadFact as error:
        raise BadEntry(str(error.under("linkedid"))) from None


def _columns(body: bytes) -> tuple[dict[str, str], bytes]:
    """Columns by name, made readable, and the userfield's own bytes: a file name has no encoding."""
    try:
        # Latin-1 maps bytes to characters one to one, so that each column can be decoded for itself.
        row = next(csv.reader([body.decode("latin-1")], strict=True), [])
    except csv.Error as error:
        raise BadEntry(f"not a row of CSV: {error}") from None
    if not LEAST <= len(row) <= len(NAMES):
        raise BadEntry(f"{len(row)} columns, where {LEAST} to {len(NAMES)} are needed")
    values = (text if text.isascii() else readable(text.encode("latin-1")) for text in row)
    return dict(zip(NAMES, values, strict=False)), row[LEAST - 1].encode("latin-1")


def _userfield(raw: bytes) -> tuple[str | None, str]:
    """The path of the recording as the file system spells it, and the linkedid."""
    match = _USERFIELD.fullmatch(raw)
    assert match, "the pattern takes anything"
    return os.fsdecode(match["path"].strip()) or None, readable(match["linked"] or b"").strip()


def _leg(columns: dict[str, str], uniqueid: str, zone: tzinfo) -> Facts:
    way = route(*(columns[name] for name in ("dcontext", "src", "dst", "channel", "dstchannel")))
    caller = caller_id(columns["clid"])
    disposition = columns["disposition"].strip().upper()
    facts = {
        "source_id": uniqueid,
        "extension": way.extension,
        "flow": way.flow,
        **_times(columns, birth(uniqueid), zone),
        "result": _result(disposition, columns["lastapp"]),
        "hangup_disposition": "callee_refuse" if disposition == "BUSY" else "",
        "from_username": columns["src"],
        "from_screen_name": caller.name,
        "to_username": columns["dst"],
        "source_number": columns["src"],
        "dest_number": columns["dst"],
        "did_number": way.did,
        "application": "callcenter" if columns["lastapp"] == "Queue" else None,
        "context": columns["dcontext"],
        "clid": columns["clid"],
        "src_name": caller.name,
        "disposition": columns["disposition"],
        "metadata": {name: columns[name] for name in KEPT if columns.get(name)},
    }
    return known(facts)


def known(facts: dict[str, Any]) -> Facts:
    """What is unknown is absent."""
    return {name: value for name, value in facts.items() if value not in (None, "", {})}


def _result(disposition: str, application: str) -> str | None:
    if disposition == "ANSWERED" and application in MACHINES:
        return "voicemail"
    return RESULTS.get(disposition)


def _times(columns: dict[str, str], born: datetime | None, zone: tzinfo) -> Facts:
    """Start, answer and end as RFC 3339, durations in whole seconds. An end before the start is not believed."""
    duration, billsec = _seconds(columns, "duration"), _seconds(columns, "billsec")
    start = _moment(columns, "start", zone, born)
    if start is None:
        raise BadEntry("start: is empty")
    likely_end = start + timedelta(seconds=duration)
    end = _moment(columns, "end", zone, likely_end)
    answer = _moment(columns, "answer", zone, likely_end - timedelta(seconds=billsec))
    if end is not None and end < start:
        end = likely_end
    return {
        "init_time": start.isoformat(),
        "start_time": answer and answer.isoformat(),
        "hangup_time": end and end.isoformat(),
        "duration": duration,
        "billsec": billsec,
    }


def _moment(columns: dict[str, str], name: str, zone: tzinfo, near: datetime | None) -> datetime | None:
    if not columns[name].strip():
        return None
    try:
        return moment(columns[name].strip(), zone, near)
    except BadEntry as error:
        raise BadEntry(f"{name}: {error}") from None


def _seconds(columns: dict[str, str], name: str) -> int:
    text = columns[name].strip() or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadEntry(f"{name}: {text!r} is not a number of seconds")
    return int(text)
