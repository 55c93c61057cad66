"""What is foretold for each night is what goes in it: files, bytes and rows; and what holds keep back."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from archives.retention import nights, runs, terms
from archives.retention.preview import NIGHTS, Preview, preview
from archives.retention.terms import OF_GROUPS, Terms
from cdrs.models import Call
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.clients.models import Extension
from portal.holds.placing import on_call, on_extension, on_record, place
from records.deletion import trash
from records.models import Deletion, Record
from tests.archives.retention.office import DAY_0, SOUND, Office, make_office

pytestmark = pytest.mark.django_db(transaction=True)
_serial = itertools.count(1)


def foretold(office: Office, day: int = 5, proposed: Terms | None = None) -> Preview:
    """At noon of a day."""
    with scope(office.client.pk):
        found = proposed or terms.of_client(office.client)
        return preview(office.client, found, DAY_0 + timedelta(days=day))


def went(office: Office, night: Any) -> dict[str, tuple[int, int]]:
    """What goes in the run of a night, by its certificate."""
    day = night.day
    with scope(office.client.pk):
        run = runs.begun(office.client, day=day, utc_day=nights.utc_day(office.client.zone, day))
    assert run is not None
    run = office.passed(run)
    assert run.state == "done"
    gone = office.certificate(run)["gone"]
    return {kind: (gone[kind]["count"], gone[kind]["bytes"]) for kind in OF_GROUPS if kind in gone}


def told(night: Any, what: str = "goes") -> dict[str, tuple[int, int]]:
    return {kind: tuple(some) for kind, some in getattr(night, what).items() if some.things}


def test_each_night_tells_what_goes_in_it(office: Office) -> None:
    office.keep(records=3, voicemessages=2, cdrs=4)
    for day in (0, 1, 1):
        name = f"c{next(_serial)}"
        office.call(name, day, "101", "102")
        office.record(f"r.{name}", leg=f"{name}.101")
        office.message(f"v.{name}", day)
    found = foretold(office, day=3)
    assert len(found.nights) == NIGHTS
    first = found.nights[0]
    assert str(first.day) == "2026-10-02" and first.begins.isoformat() == "2026-10-02T02:00:00+00:00"
    size = len(SOUND)
    assert [told(night) for night in found.nights[:4]] == [
        {"records": (1, size), "voicemessages": (3, 3 * size)},
        {"records": (2, 2 * size), "cdrs": (2, 0)},
        {"cdrs": (4, 0)},
        {},
    ]
    assert found.all("goes")["records"] == (3, 3 * size)
    assert found.first is first


def test_nothing_is_foretold_of_what_is_kept_for_ever(office: Office) -> None:
    office.call("old", -1000)
    assert not any(told(night) for night in foretold(office).nights)
    assert foretold(office).first is None


def test_other_terms_may_be_asked_for_before_they_are_saved(office: Office) -> None:
    office.call("old", 0)
    office.call("of support", 0, "102")
    proposed = Terms(dict.fromkeys(terms.KINDS) | {"cdrs": 1}, {office.support.pk: {"cdrs": 7}})
    found = foretold(office, proposed=proposed)
    assert told(found.nights[0]) == {"cdrs": (1, 0)}
    assert [str(night.day) for night in found.nights if told(night)] == ["2026-10-04", "2026-10-06"]


def test_a_hold_keeps_back_what_would_go(office: Office) -> None:
    office.keep(records=1, cdrs=1, voicemessages=1)
    for name in ("held", "free"):
        office.call(name, 0)
        office.record(f"r.{name}", leg=f"{name}.101")
    with scope(office.client.pk):
        call = Call.objects.get(source_id="held")
        place(on_call(call.pk, call.call_uuid), whole_client(office.client.pk), "case 7")
    first = foretold(office).nights[0]
    assert told(first, "held") == {"records": (1, len(SOUND)), "cdrs": (1, 0)}
    assert told(first) == went(office, first) == {"records": (1, len(SOUND)), "cdrs": (1, 0)}
    assert office.calls == {"held"}
    second = foretold(office, day=6).nights[0]
    assert told(second) == {} and told(second, "held") == told(first, "held")


@dataclass(frozen=True)
class Thing:
    """A call of legs on a day, at most with a recording of its first leg; or a message."""

    day: int
    hour: int
    extensions: tuple[str | None, ...]
    recorded: str  # "no", "sound", "silent", "trashed"
    held: str  # "no", "call", "record"


THINGS = st.builds(
    Thing,
    day=st.integers(0, 5),
    hour=st.sampled_from([0, 12, 23]),
    extensions=st.lists(st.sampled_from(["101", "102", None]), min_size=1, max_size=3, unique=True).map(tuple),
    recorded=st.sampled_from(["no", "sound", "sound", "silent", "trashed"]),
    held=st.sampled_from(["no", "no", "no", "call", "record"]),
)
DAYS = st.sampled_from([None, 1, 2, 4])
OWN = st.fixed_dictionaries({}, optional=dict.fromkeys(OF_GROUPS, DAYS))


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # an example takes too long to be made smaller
)
@given(
    things=st.lists(THINGS, min_size=3, max_size=9),
    client=st.fixed_dictionaries(dict.fromkeys(OF_GROUPS, DAYS)),
    sales=OWN,
    zone=st.sampled_from(["UTC", "Pacific/Auckland", "America/Los_Angeles"]),
    of_102_held=st.booleans(),
)
def test_what_is_foretold_goes_and_nothing_else(
    office: Office, things: list[Thing], client: Any, sales: Any, zone: str, of_102_held: bool
) -> None:
    office = make_office(f"Example {next(_serial)}", slug=f"example-{next(_serial)}", timezone=zone)
    office.keep(**client)
    if sales:
        office.keep(office.sales, **sales)
    for number, thing in enumerate(things):
        put(office, f"t{number}", thing)
    if of_102_held:
        with scope(office.client.pk):
            extension = Extension.objects.get(number="102")
            hold = on_extension(extension, DAY_0, DAY_0 + timedelta(days=2))
            place(hold, whole_client(office.client.pk), "case 8")
    found = foretold(office)
    with scope(office.client.pk):
        if not terms.of_client(office.client).are_any:
            return
    kept: dict[str, int] = {}
    for night in found.nights[:6]:
        assert went(office, night) == told(night), night.day
        for kind, (things_held, _) in told(night, "held").items():
            kept[kind] = kept.get(kind, 0) + things_held
        with scope(office.client.pk):
            left = runs.Run.objects.get(day=night.day).left
        assert left.get("held", {}) == kept
    office.no_file_without_row_and_no_row_without_file()


def put(office: Office, name: str, thing: Thing) -> None:
    begins = DAY_0.replace(hour=thing.hour, minute=50) + timedelta(days=thing.day)
    legs = [
        {
            "source_id": f"{name}.{place}",
            "extension": extension,
            "init_time": (begins + timedelta(minutes=20 * place)).isoformat(),
        }
        for place, extension in enumerate(thing.extensions)
    ]
    told = {"source": "pbx", "source_id": name, "direction": "in", "started_at": begins.isoformat(), "legs": legs}
    assert office.told("call", told) == {"created"}
    office.message(f"v.{name}", thing.day, thing.extensions[0] or "102", SOUND if thing.hour else b"")
    if thing.recorded == "no":
        return
    last = len(legs) - 1
    office.record(f"r.{name}", leg=f"{name}.{last}", content=b"" if thing.recorded == "silent" else SOUND)
    with scope(office.client.pk):
        record = Record.objects.get(source_id=f"r.{name}")
        holds = {
            "call": lambda: on_call(record.call_id, record.call.call_uuid),
            "record": lambda: on_record(record.uuid, record.call_id, record.extension_id),
        }
        if thing.held in holds:
            place(holds[thing.held](), whole_client(office.client.pk), "case 9")
        elif thing.recorded == "trashed":
            trash(Record.objects.filter(pk=record.pk), whole_client(office.client.pk), Deletion.Via.API)


def test_the_hour_that_is_skipped_moves_no_day() -> None:
    """The UTC days by which a year of nights decides never go back."""
    for zone in ("Europe/Berlin", "Europe/Athens", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"):
        coming = itertools.islice(nights.nights_from(ZoneInfo(zone), DAY_0, last=None), 400)
        days = [nights.utc_day(ZoneInfo(zone), day) for day in coming]
        assert days == sorted(days), zone
