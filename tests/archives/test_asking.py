"""Asking for an archive: what is refused and why, what is promised, and to how many at once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from archives.asking import NoSuchExtension, NothingFound, TooFrequent, TooLarge, Wanted, Wrong, ask
from archives.ending import cancel
from archives.limits import largest_end
from archives.models import Archive, State
from archives.parting import cut
from archives.selection import chosen
from portal.access.isolation import scope
from portal.audit.models import Entry
from portal.clients.models import Client
from records.deletion import trash
from records.models import Deletion, Record
from tests.factories import NOON, Cast, make_call, make_cast, make_record
from tests.portal.dialects.ringme.conftest import count_days

pytestmark = pytest.mark.django_db(transaction=True)
START, END = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
NORA = "nora@north.example"
HOUR = timedelta(hours=1)


@pytest.fixture
def people() -> Cast:
    return make_cast()


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Archives that a worker was woken for."""
    jobs: list[int] = []
    monkeypatch.setattr("archives.waking.wake", lambda client_id, archive_id: jobs.append(archive_id))
    return jobs


@pytest.fixture
def heard(people: Cast, woken: list[int]) -> list[Record]:
    """Six recordings of North at 101 and 102 in turn, a day after another, of 100, 200 … bytes; and one of South."""
    records = []
    for number in range(6):
        extension = (people.ext101, people.ext102)[number % 2]
        _, leg = make_call(people.north, extension, NOON - timedelta(days=number))
        records.append(make_record(people.north, leg, b"x" * 100 * (number + 1)))
    _, leg = make_call(people.south, people.south101)
    make_record(people.south, leg, b"southern")
    count_days(people.north.pk)
    return records


def wanted(**more: Any) -> Wanted:
    return Wanted(**({"start": START, "end": END, "addresses": [NORA]} | more))


def asked(people: Cast, **more: Any) -> list[Archive]:
    with scope(people.north.pk):
        return ask(people.principal(people.nora), wanted(**more))


def limited(client: Client, **settings: Any) -> None:
    with scope(client.pk):
        Client.objects.filter(pk=client.pk).update(settings=client.settings | settings)


def at_all(people: Cast, **values: Any) -> None:
    with scope(people.north.pk):
        Archive.objects.update(**values)


def refused(people: Cast, **more: Any) -> str:
    with pytest.raises(Wrong) as caught:
        asked(people, **more)
    return f"{caught.value.field}: {caught.value}"


# ---------------------------------------------------------------- what is promised


def test_what_is_promised_is_written_noted_and_a_worker_is_woken(
    people: Cast, heard: list[Record], woken: list[int]
) -> None:
    (archive,) = asked(people, addresses=[NORA, "gus@north.example"])
    assert woken == [archive.pk]
    with scope(people.north.pk):
        archive.refresh_from_db()
        entry = Entry.objects.get(action="archive")
    assert (archive.state, archive.files, archive.bytes) == ("asked", 6, 2100)
    assert (archive.part, archive.parts, archive.after_time, archive.upto_time) == (1, 1, None, None)
    assert archive.addresses == [NORA, "gus@north.example"] and archive.asked_by == "nora@north"
    assert (archive.starts_at, archive.ends_at) == (START, END - timedelta(microseconds=1))
    assert entry.target == str(archive.uuid) and entry.actor_id == people.nora.pk
    assert entry.told == {"files": 6, "bytes": 2100, "addresses": 2}, "how many, and nobody's address"


def test_of_one_extension(people: Cast, heard: list[Record]) -> None:
    (archive,) = asked(people, extension_id=people.ext102.pk)
    assert (archive.files, archive.bytes, archive.extension_id) == (3, 1200, people.ext102.pk)


def test_of_anothers_extension_there_is_none(people: Cast, heard: list[Record]) -> None:
    for extension_id in (people.south101.pk, 999_999):
        with pytest.raises(NoSuchExtension):
            asked(people, extension_id=extension_id)


def test_what_is_in_the_trash_does_not_count(people: Cast, heard: list[Record]) -> None:
    who = people.principal(people.nora)
    with scope(people.north.pk):
        assert trash(Record.objects.visible_to(who).filter(pk=heard[5].pk), who, Deletion.Via.PORTAL)
    (archive,) = asked(people)
    assert (archive.files, archive.bytes) == (5, 1500)


def test_both_ends_belong_to_a_period_to_the_second(people: Cast, heard: list[Record]) -> None:
    def found(start: datetime, end: datetime) -> int:
        (archive,) = asked(people, start=start, end=end)
        at_all(people, downloaded_at=timezone.now())
        return archive.files

    second = timedelta(seconds=1)
    assert found(NOON, NOON + second) == 1
    assert found(NOON - timedelta(days=1), NOON) == 1, "an end that is not its own does not"
    with pytest.raises(NothingFound):
        found(NOON + second, NOON + 2 * second)


# ---------------------------------------------------------------- what is refused, in which order


def test_a_period_is_two_calendar_months_at_most(people: Cast, heard: list[Record]) -> None:
    november = datetime(2026, 11, 1, tzinfo=UTC)
    asked(people, end=november)
    said = refused(people, end=november + timedelta(seconds=1))
    assert said == "end: must not be after 2026-10-31 23:59:59 for this beginning"
    assert refused(people, end=START) == "end: is before the beginning"


def test_months_are_those_of_the_time_zone_it_was_asked_in(people: Cast, heard: list[Record]) -> None:
    zone = ZoneInfo("America/New_York")
    asked(people, start=datetime(2026, 9, 1, tzinfo=zone), end=datetime(2026, 11, 1, tzinfo=zone))


@pytest.mark.parametrize(
    ("days", "start", "end"),
    [
        (1, datetime(2026, 9, 3, 8, tzinfo=UTC), datetime(2026, 9, 4, 8, tzinfo=UTC)),
        (62, datetime(2026, 9, 3, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)),
        (62, datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)),
        (40, datetime(2026, 9, 30, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)),
        (366, datetime(2026, 9, 3, tzinfo=UTC), datetime(2027, 9, 4, tzinfo=UTC)),
        (36_500, datetime(9998, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_the_clients_own_days_narrow_the_two_months_or_take_their_place(
    days: int, start: datetime, end: datetime
) -> None:
    assert largest_end(start, days) == end


def test_days_are_a_clients_own(people: Cast, heard: list[Record]) -> None:
    limited(people.north, archive_max_days=7)
    assert "2026-09-07 23:59:59" in refused(people)


def test_addresses_may_be_kept_to_a_clients_domains(people: Cast, heard: list[Record]) -> None:
    limited(people.north, mail_domains=["north.example", "north.test"])
    said = refused(people, addresses=["x@else.example", NORA, "y@evilnorth.example"])
    assert said == (
        "addresses: x@else.example, y@evilnorth.example: only addresses at north.example, north.test are possible"
    )
    asked(people, addresses=["NORA@North.Example"])


def test_where_there_is_nothing_none_is_made(people: Cast, heard: list[Record]) -> None:
    limited(people.north, archive_max_bytes=1)
    asked(people, split=True)
    with pytest.raises(NothingFound):
        asked(people, start=START, end=START + timedelta(days=2))


def test_over_the_limit_both_figures_are_told(people: Cast, heard: list[Record]) -> None:
    limited(people.north, archive_max_bytes=2099)
    with pytest.raises(TooLarge) as caught:
        asked(people)
    assert (caught.value.found, caught.value.limit) == ((6, 2100), 2099)
    limited(people.north, archive_max_bytes=2100)
    asked(people)


def test_what_is_wrong_is_told_before_what_is_not_there_too_large_or_too_soon(
    people: Cast, heard: list[Record]
) -> None:
    asked(people)
    limited(people.north, archive_max_bytes=1, mail_domains=["north.example"])
    empty = {"start": START, "end": START + timedelta(days=1)}
    assert refused(people, addresses=["x@else.example"], extension_id=people.south101.pk, **empty)
    with pytest.raises(NothingFound):
        asked(people, **empty)
    with pytest.raises(TooLarge):
        asked(people)
    with pytest.raises(TooFrequent):
        asked(people, split=True)


# ---------------------------------------------------------------- parts


def test_a_large_one_is_made_in_parts_that_hold_everything_once(people: Cast, heard: list[Record]) -> None:
    limited(people.north, archive_max_bytes=700)
    parts = asked(people, split=True)
    # In the order of time: 600, 500, 400, 300, 200, 100
    assert [(part.part, part.parts, part.files, part.bytes) for part in parts] == [
        (1, 4, 1, 600),
        (2, 4, 1, 500),
        (3, 4, 2, 700),
        (4, 4, 2, 300),
    ]
    assert len({part.request for part in parts}) == 1 and len({part.uuid for part in parts}) == 4
    with scope(people.north.pk):
        rows = [sorted(chosen(part)[0].values_list("id", flat=True)) for part in parts]
        assert Entry.objects.filter(action="archive").count() == 4
    assert sorted(row for some in rows for row in some) == sorted(record.pk for record in heard)
    assert [len(some) for some in rows] == [1, 1, 2, 2]


def test_what_comes_in_late_is_in_one_part_too(people: Cast, heard: list[Record]) -> None:
    limited(people.north, archive_max_bytes=700)
    parts = asked(people, split=True)
    late = [NOON - timedelta(days=days) for days in (27, 4.5, 4, 2.5, -2)]
    more = [make_record(people.north, make_call(people.north, people.ext101, at)[1], b"late") for at in late]
    with scope(people.north.pk):
        rows = [row for part in parts for row in chosen(part)[0].values_list("id", flat=True)]
    assert sorted(rows) == sorted(record.pk for record in [*heard, *more])


def test_split_of_what_is_small_is_one_part(people: Cast, heard: list[Record]) -> None:
    (archive,) = asked(people, split=True)
    assert (archive.parts, archive.upto_time) == (1, None)


def test_there_are_not_more_than_so_many_parts(
    people: Cast, heard: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(people.north, archive_max_bytes=700)
    monkeypatch.setattr("archives.asking.MOST_PARTS", 4)
    asked(people, split=True)
    at_all(people, downloaded_at=timezone.now())
    monkeypatch.setattr("archives.asking.MOST_PARTS", 3)
    with pytest.raises(TooLarge) as caught:
        asked(people, split=True)
    assert caught.value.limit == 2100


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.integers(1, 60))
def test_parts_hold_every_recording_once_and_none_is_over_the_limit(sizes: list[int], limit: int) -> None:
    rows = [(NOON + timedelta(seconds=number // 3), number, size) for number, size in enumerate(sizes)]
    parts = list(cut(rows, limit))
    inside = [
        [row for row in rows if (part.after is None or row[:2] > part.after) and row[:2] <= part.upto] for part in parts
    ]
    assert [row for some in inside for row in some] == rows
    for part, some in zip(parts, inside, strict=True):
        assert (part.files, part.bytes) == (len(some), sum(size for _, _, size in some))
        assert part.bytes <= limit or part.files == 1
    for former, later in zip(parts, inside[1:], strict=False):
        assert former.bytes + later[0][2] > limit, "each is as full as can be"


# ---------------------------------------------------------------- one an hour


def wait_of(people: Cast, **more: Any) -> timedelta:
    with pytest.raises(TooFrequent) as caught:
        asked(people, **more)
    return caught.value.wait


def test_within_an_hour_another_one_waits_until_the_former_is_downloaded(people: Cast, heard: list[Record]) -> None:
    (archive,) = asked(people)
    assert timedelta(minutes=59) < wait_of(people) <= HOUR
    at_all(people, asked_at=archive.asked_at - timedelta(minutes=45))
    assert timedelta(minutes=14) < wait_of(people) <= timedelta(minutes=15)
    at_all(people, downloaded_at=timezone.now())
    asked(people)
    assert wait_of(people) > timedelta(minutes=59), "it is the last one that counts"


def test_after_an_hour_another_one_may_be_asked_for(people: Cast, heard: list[Record]) -> None:
    (archive,) = asked(people)
    at_all(people, asked_at=archive.asked_at - HOUR)
    asked(people)


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED, State.ERASED])
def test_one_that_came_to_nothing_keeps_nobody_waiting(people: Cast, heard: list[Record], state: State) -> None:
    asked(people)
    at_all(people, state=state)
    asked(people)


def test_one_that_is_cancelled_makes_room_at_once(people: Cast, heard: list[Record]) -> None:
    (archive,) = asked(people)
    with scope(people.north.pk):
        assert cancel(archive, people.principal(people.nora))
    asked(people)


def test_parts_are_one_request_and_downloaded_when_all_are(people: Cast, heard: list[Record]) -> None:
    limited(people.north, archive_max_bytes=700)
    parts = asked(people, split=True)
    for part in parts[:3]:
        wait_of(people, split=True)
        with scope(people.north.pk):
            Archive.objects.filter(pk=part.pk).update(downloaded_at=timezone.now())
    wait_of(people, split=True)
    with scope(people.north.pk):
        assert cancel(parts[3], people.principal(people.nora)), "nobody waits for that one any more"
    asked(people, split=True)


def test_other_clients_ask_as_they_like(people: Cast, heard: list[Record]) -> None:
    asked(people)
    count_days(people.south.pk)
    with scope(people.south.pk):
        ask(people.principal(people.sam), wanted())


@pytest.mark.clause("ringme", "several requests at once: exactly one is accepted")
def test_of_many_at_once_exactly_one_is_accepted(people: Cast, heard: list[Record]) -> None:
    outcomes: list[str] = []
    ready = threading.Barrier(8)

    def one() -> None:
        try:
            ready.wait()
            outcomes.append(str(len(asked(people))))
        except TooFrequent:
            outcomes.append("too frequent")
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["1", *["too frequent"] * 7]
    with scope(people.north.pk):
        assert Archive.objects.count() == 1
