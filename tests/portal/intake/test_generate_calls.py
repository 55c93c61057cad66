"""generate_calls: synthetic load that is as true to itself as what a PBX sends."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay, TruncDate

from cdrs.models import Call, DayCount, Leg
from portal.access.isolation import scope
from portal.clients.lookups import directory, named
from portal.clients.models import Client, Extension, ExtensionGroup
from portal.intake.synthetic import generating, loading
from portal.intake.synthetic.copying import copy_numbers
from portal.intake.synthetic.plan import Order, batches, months_before, parts, shares
from portal.media import decoder
from portal.media.facts import findings
from portal.media.models import PendingUpload
from records.ingest.kinds import RECORDING
from records.ingest.parties import PARTIES
from records.ingest.settling import settling
from records.models import DayTotal, MediaFile, Record, VoiceMessage

UNTIL = datetime(2026, 10, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def generate(rows: int = 900, clients: int = 3, months: int = 2, *more: str) -> dict[str, Any]:
    """What the command prints, without the time it took."""
    numbers = ["--rows", str(rows), "--clients", str(clients), "--months", str(months)]
    out = io.StringIO()
    call_command("generate_calls", *numbers, "--until", f"{UNTIL:%Y-%m-%dT%H:%M:%SZ}", *more, stdout=out)
    printed = json.loads(out.getvalue())
    assert printed.pop("seconds") >= 0
    return printed


def client(number: int) -> Client:
    found = named(f"load-{number}")
    assert found is not None
    return found


def test_it_makes_as_many_legs_as_asked_and_one_client_has_three_in_ten() -> None:
    printed = generate(rows=1001, clients=3)
    legs, calls = [], 0
    for number in (1, 2, 3):
        with scope(client(number).pk):
            legs.append(Leg.objects.count())
            calls += Call.objects.count()
            assert not Record.objects.exists()
    assert legs == [300, 350, 351]
    assert calls == printed["calls"]
    assert printed | {"calls": 0} == {
        "clients": 3, "calls": 0, "cdrs": 1001, "recordings": 0, "voicemessages": 0, "skipped": 0
    }  # fmt: skip


def test_counters_agree_with_the_rows() -> None:
    generate(900, 2, 2, "--records")
    with scope(client(1).pk):
        counted = {"legs": Sum("legs"), "answered": Sum("answered"), "billsec": Sum("billsec")}
        whole = {"legs": Count("id"), "answered": Count("id", filter=Q(result="answered")), "billsec": Sum("billsec")}
        key = ("day", "extension_id", "group_id")
        legs = Leg.objects.annotate(day=TruncDate("init_time", tzinfo=UTC)).order_by(*key)
        assert list(DayCount.objects.order_by(*key).values(*key).annotate(**counted)) == list(
            legs.values(*key).annotate(**whole)
        )
        for kind, model in (("record", Record), ("voicemessage", VoiceMessage)):
            rows = model.objects.annotate(day=TruncDate("init_time", tzinfo=UTC)).order_by(*key)
            totals = DayTotal.objects.filter(kind=kind).order_by(*key).values_list(*key, "files", "bytes")
            assert list(totals) == list(rows.values_list(*key).annotate(Count("id"), Sum("size")))
            assert totals.exists()
        heard = Call.objects.annotate(heard=Count("records"))
        assert heard.exclude(heard=F("recordings")).count() == 0


def test_every_answered_leg_has_a_listed_recording_when_asked_for() -> None:
    printed = generate(400, 1, 1, "--records")
    with scope(client(1).pk):
        assert set(Record.objects.values_list("leg_id", flat=True)) == set(
            Leg.objects.filter(result="answered").values_list("id", flat=True)
        )
        assert Record.objects.filter(state="available", leg__init_time=F("init_time")).count() == printed["recordings"]
        assert VoiceMessage.objects.count() == Leg.objects.filter(result="voicemail").count()
        assert not MediaFile.objects.exists()


def test_recordings_stand_as_the_way_in_would_have_them() -> None:
    generate(400, 1, 1, "--records")
    columns = ("id", "began_at", "ended_at", *PARTIES)
    with scope(client(1).pk):
        made = list(Record.objects.order_by("id").values(*columns))
        with settling(client(1).pk, RECORDING, [row["id"] for row in made]):
            Record.objects.update(ended_at=None, **dict.fromkeys(PARTIES))
        assert list(Record.objects.order_by("id").values(*columns)) == made
    assert {row["route"] for row in made} == {"queue", "direct", "out"}


def test_the_audio_it_makes_is_real() -> None:
    printed = generate(600, 2, 1, "--media", "8")
    assert (printed["recordings"], printed["voicemessages"]) == (16, 4)
    with scope(client(1).pk):
        files = list(MediaFile.objects.select_related("record__leg", "voicemessage"))
        assert len({file.key for file in files}) == 10
        for file in files:
            with default_storage.open(file.key) as stored:
                assert hashlib.sha256(stored.read()).digest() == bytes(file.sha256)
            owner = file.record or file.voicemessage
            said = file.record.leg.billsec if file.record else file.voicemessage.duration
            found = decoder.inspect(default_storage.path(file.key))
            assert findings(found, said) == owner.findings == []
            assert (owner.size, bytes(owner.sketch)) == (file.size, found.sketch)
            assert owner.seconds == pytest.approx(found.facts.duration_seconds)
    assert not PendingUpload.objects.exists()


def test_the_same_again_adds_nothing_and_another_seed_adds_as_much() -> None:
    first = generate(500, 2, 1)
    assert generate(500, 2, 1) == dict.fromkeys(first, 0) | {"clients": 2, "skipped": 500}
    assert generate(500, 2, 1, "--seed", "2")["cdrs"] == 500
    with scope(client(1).pk):
        assert Leg.objects.count() == 300
        assert DayCount.objects.aggregate(Sum("legs"))["legs__sum"] == 300


def test_what_was_cut_short_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []

    def breaks_off(*batch: Any) -> loading.Loaded:
        if len(told) == 3:
            raise OperationalError("server closed the connection")
        told.append(batch)
        return loading.load(*batch)

    with monkeypatch.context() as patch, pytest.raises(CommandError, match="are stored; then: server closed") as error:
        patch.setattr(generating, "load", breaks_off)
        generate(3000, 2, 2)
    assert "--seed 1 --until 2026-10-01T00:00:00Z goes on" in str(error.value)
    assert error.value.returncode == 1
    done = sum(batch[0].legs for batch in told)
    printed = generate(3000, 2, 2)
    assert (printed["cdrs"], printed["skipped"]) == (3000 - done, done)


def test_calls_come_in_business_hours_of_the_clients_own_zone() -> None:
    generate(2000, 1, 3)
    with scope(client(1).pk):
        zone = client(1).zone
        local = Leg.objects.annotate(
            hour=ExtractHour("init_time", tzinfo=zone), day=ExtractIsoWeekDay("init_time", tzinfo=zone)
        )
        assert local.filter(hour__range=(7, 18), day__lte=5).count() > 0.75 * 2000
        assert local.filter(day=7).count() < 0.06 * 2000
        spans = Leg.objects.filter(init_time__gte=datetime(2026, 7, 1, tzinfo=UTC) - timedelta(hours=3))
        assert spans.filter(hangup_time__lt=UNTIL).count() == 2000


def test_calls_and_legs_fit_together() -> None:
    generate(1000, 1, 1)
    with scope(client(1).pk):
        calls = {call.pk: call for call in Call.objects.prefetch_related("legs")}
        assert Counter(len(call.legs.all()) for call in calls.values()) == {1: 600, 2: 200}
        for call in calls.values():
            legs = list(call.legs.all())
            assert call.started_at == min(leg.init_time for leg in legs)
            assert call.ended_at == max(leg.hangup_time for leg in legs)
            assert (call.answered_at is not None) == (call.result == "answered")
            assert call.result == ("answered" if len(legs) == 2 else legs[0].result)
        for leg in Leg.objects.select_related("extension"):
            assert leg.duration == (leg.hangup_time - leg.init_time).total_seconds()
            assert leg.billsec == ((leg.hangup_time - leg.start_time).total_seconds() if leg.start_time else 0)
            assert leg.group_id == leg.extension.group_id
            assert {leg.from_username, leg.to_username} & {leg.extension.number}
        outside = Call.objects.exclude(direction="internal").values_list("caller_number", "called_number")
        assert all(any(number.startswith("+1555") for number in pair) for pair in outside)


def test_clients_have_groups_and_extensions_and_keep_them() -> None:
    generate(60, 3, 1)
    found = {}
    for each in directory():
        with scope(each.pk):
            found[each.slug] = (ExtensionGroup.objects.count(), Extension.objects.count())
            assert not Extension.objects.filter(discovered=True).exists()
    assert found["load-1"] == (6, 60)
    assert all(3 <= groups <= 6 and 20 <= extensions <= 60 for groups, extensions in found.values())
    generate(60, 3, 1, "--seed", "5")
    assert len(directory()) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rows", "0", "--clients", "1"], "--rows: a whole number from 1"),
        (["--rows", "10", "--clients", "many"], "--clients: a whole number from 1"),
        (["--rows", "10", "--clients", "1", "--media", "-1"], "--media"),
        (["--rows", "10", "--clients", "1", "--until", "2026-10-01"], "--until: a time with an offset"),
        (["--clients", "1"], "--rows"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said) as error:
        call_command("generate_calls", *words)
    assert error.value.returncode == 2
    assert "\n" not in str(error.value)
    assert directory() == []


def test_a_plan_adds_up() -> None:
    order = Order(clients=7, months=5, rows=12_345, until=UNTIL, media=31)
    plan = batches(order)
    assert sum(batch.legs for batch in plan) == 12_345
    for number, share in enumerate(shares(12_345, 7), 1):
        mine = [batch for batch in plan if batch.tenant == number]
        assert (sum(batch.legs for batch in mine), sum(batch.clips for batch in mine)) == (share, 31)
        assert all(one.end == after.start for one, after in pairwise(mine))
    assert shares(10, 1) == [10]
    assert parts(7, 3) == [2, 2, 3]
    assert months_before(datetime(2027, 3, 31, tzinfo=UTC), 13) == datetime(2026, 2, 28, tzinfo=UTC)


def test_numbers_are_copied_as_they_are() -> None:
    numbers = np.array([0, -1, 2**63 - 1, -(2**63)])
    with connection.cursor() as db:
        db.execute("create temp table copied (a bigint, b bigint)")
        copy_numbers(db, "copied", {"b": numbers[::-1], "a": numbers})
        db.execute("select a, b from copied")
        assert db.fetchall() == list(zip(numbers.tolist(), numbers[::-1].tolist(), strict=True))
        db.execute("drop table copied")
