"""Rows of one linkedid become the legs of one call, also when they come days apart.

The rows of a batch are joined with the legs that the store knows of the same calls, and the call is told anew with
all of them: what it says depends on its legs alone, not on the order or the batches they came in. Its head is the row
of the linkedid, else the earliest.

A PBX writes several rows with one uniqueid when it rings several phones from one channel. The first of them has the
uniqueid as its source_id, the next ones `uniqueid/2`, `uniqueid/3`: a row is known again by what it says, save its
times, which another `--timezone` would move by whole quarters of an hour. Its recording is `<source_id>-recording`, for
a call and a recording may not have the same source_id.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from cdrs.facts import MOST_LEGS, LegFacts
from cdrs.reading import read_facts
from portal.intake.sources.asterisk.routes import route
from portal.intake.sources.asterisk.rows import known
from portal.intake.sources.entries import BadEntry, Entry, Facts, News, Telling, refuse

SOURCE = "asterisk"
CALLS = uuid.UUID("b0d5a1c2-7e0f-5d0e-9a53-3a1c52c0b7de")
QUARTER = 900
TOO_MANY = BadEntry(f"its call has {MOST_LEGS:,} legs already, which is the most there can be")


def tell(client_id: int, entries: Sequence[Entry], stored: Mapping[str, list[Facts]]) -> list[Telling]:
    """One telling a call, in the order of its first entry. `stored`: legs by the source_id of their call.

    Rows of a call that cannot be told are refused, and cost the other calls nothing.
    """
    rows: dict[str, list[Entry]] = {}
    for entry in entries:
        rows.setdefault(entry.facts.call, []).append(entry)
    tellings = []
    for call, told in rows.items():
        try:
            tellings.append(_tell(client_id, call, told, stored.get(call, [])))
        except Exception as error:
            for entry in told:
                refuse(entry, error)
    return [telling for telling in tellings if telling.entries]


def _tell(client_id: int, call: str, entries: list[Entry], stored: list[Facts]) -> Telling:
    legs = {leg["source_id"]: leg for leg in stored}
    before = set(legs)
    news, told = [], []
    for entry in entries:
        leg = entry.facts.leg
        leg["source_id"] = key = _key(leg, legs)
        former = legs.get(key)
        if former is None and len(legs) >= MOST_LEGS:
            refuse(entry, TOO_MANY)
            continue
        told.append(entry)
        legs[key] = leg
        news.append(_news(leg, former, key in before))
        for sound in entry.sounds:
            sound.facts |= {"source_id": f"{key}-recording", "leg": key, "call": call}
    return Telling(call_of(client_id, call, list(legs.values())) if told else {}, told, news)


def _key(leg: Facts, legs: Mapping[str, Facts]) -> str:
    """The source_id of a row: that of the leg it repeats, or the next free one of its uniqueid."""
    uniqueid, told = leg["source_id"], _identity(leg)
    for key in _keys(uniqueid):
        if key not in legs or _identity(legs[key]) == told:
            return key
    raise AssertionError("the keys of a uniqueid never end")


def _keys(uniqueid: str) -> Iterator[str]:
    yield uniqueid
    number = 2
    while True:
        yield f"{uniqueid}/{number}"
        number += 1


def _identity(leg: Facts) -> tuple[Any, ...]:
    metadata = leg.get("metadata", {})
    channels = (metadata.get("channel"), metadata.get("dstchannel"), metadata.get("sequence"))
    second = datetime.fromisoformat(leg["init_time"]).timestamp() % QUARTER
    return (*channels, leg.get("dest_number"), leg.get("duration"), leg.get("disposition"), second)


def _news(leg: Facts, former: Facts | None, was_stored: bool) -> News:
    if former is None:
        return News.NEW
    same = read_facts(LegFacts, leg) == read_facts(LegFacts, former)
    return News.KNOWN if same or not was_stored else News.CHANGED


def call_of(client_id: int, call: str, legs: list[Facts]) -> Facts:
    """The facts of a call, told by its legs alone."""
    legs = sorted(legs, key=lambda leg: (leg["source_id"] != call, leg["init_time"], leg["source_id"]))
    head = legs[0]
    answered = [leg for leg in legs if leg.get("result") == "answered" and "start_time" in leg]
    ends = [leg["hangup_time"] for leg in legs if "hangup_time" in leg]
    start = min(leg["init_time"] for leg in legs)
    return known(
        {
            "source": SOURCE,
            "source_id": call,
            "call_uuid": uuid.uuid5(CALLS, f"{client_id}/{call}").hex,
            "direction": _direction(head),
            "started_at": start,
            "answered_at": min((leg["start_time"] for leg in answered), default=None),
            "ended_at": max(ends, default=None),
            "caller": known({"number": head.get("source_number"), "name": head.get("from_screen_name")}),
            "called": known({"number": head.get("dest_number")}),
            "did": head.get("did_number"),
            "queue": _queue(legs),
            "legs": legs,
            "participants": list(_participants(head, answered, start, max(ends, default=None))),
        }
    )


def _direction(leg: Facts) -> str:
    metadata = leg.get("metadata", {})
    numbers = (leg.get("source_number", ""), leg.get("dest_number", ""))
    return route(
        leg.get("context", ""), *numbers, metadata.get("channel", ""), metadata.get("dstchannel", "")
    ).direction


def _queue(legs: list[Facts]) -> Facts:
    """The queue that `Queue(support,tT,,,60)` names."""
    for leg in legs:
        if leg.get("application") == "callcenter":
            name = leg.get("metadata", {}).get("lastdata", "").partition(",")[0]
            return known({"id": name, "name": name})
    return {}


def _participants(head: Facts, answered: list[Facts], start: str, end: str | None) -> Iterator[Facts]:
    """The caller from the start to the end of the call, and who answered each leg while that lasted."""
    inside = _direction(head) != "in"
    name = head.get("from_screen_name")
    yield from _stay(head.get("source_number"), name, inside, start, end)
    for leg in answered:
        if _direction(leg) == "out":
            yield from _stay(leg.get("dest_number"), None, False, leg["start_time"], leg.get("hangup_time"))
        else:
            number = leg.get("extension") if leg.get("flow") == "in" else leg.get("dest_number")
            yield from _stay(number or leg.get("dest_number"), None, True, leg["start_time"], leg.get("hangup_time"))


def _stay(number: str | None, name: str | None, inside: bool, start: str, end: str | None) -> Iterator[Facts]:
    who = {"type": "User" if inside else "External", "phone_number": number, "user_name": name}
    yield known(who | {"event": "Joined", "occurred_at": start})
    if end is not None:
        yield known(who | {"event": "Left", "occurred_at": end})
