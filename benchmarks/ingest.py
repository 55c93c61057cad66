"""The way in, into tables that hold the load data already: walls up, as the serving role, idempotent.

Limit: the same rows of legs, ready in COPY's form, copied by the owner into an empty table with the same indexes and no
wall. Ordinary: Django's `bulk_create` into the same tables, of facts read by `json`. All in rows of legs a second.
"""

from __future__ import annotations

import io
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import psycopg
from django.conf import settings
from django.db import transaction
from django.db.models import F

from benchmarks.table import Options, Row, Target
from cdrs.facts import CallFacts, read_call
from cdrs.ingest import ingest_prepared, prepare
from cdrs.ingest.extensions import Place
from cdrs.ingest.fresh import write_legs
from cdrs.ingest.packing import pack_legs
from cdrs.ingest.rows import LEG_COLUMNS, leg_row, prepared_legs
from cdrs.ingest.staging import COPY_FORM, copy_text
from cdrs.models import Call, DayCount, Leg
from portal.access.isolation import scope
from portal.clients.lookups import named
from portal.clients.models import Extension
from portal.intake.importer import Importer
from portal.intake.models import ImportRun, RawFact
from portal.intake.sources.manifest import Manifest

# As many as starting an import counts for little beside; the ordinary ways, as slow with few as with many, get a part.
CALLS, ORDINARY, BATCH, RUNS = 64_000, 4_000, 2000, 3
SOURCE = "benchmark"
NOTE = "limit: COPY of the legs into an empty table, same indexes; ordinary: bulk_create into the same tables"
Work = Callable[[int, list[bytes]], object]


def run(options: Options) -> list[Row]:
    """Rows of legs a second: legs alone, calls with their legs, the whole job from NDJSON, and all of it again."""
    client = named(options.largest)
    assert client is not None, "the load data is there"
    start = datetime.now(UTC) - timedelta(days=30 * options.months)
    with cleared(client.pk):
        limit, legs, calls, whole = in_turns(
            lambda: limit_of(client.pk, lines_of(CALLS, "limit", start)),
            lambda: legs_alone(client.pk, lines_of(CALLS, "legs", start)),
            lambda: timed(client.pk, calls_alone, lines_of(CALLS, "calls", start)),
            lambda: imported(client.pk, options.scratch, lines_of(CALLS, "whole", start)),
        )
        bulk_legs = in_one(client.pk, bulk_legs_alone, lines_of(ORDINARY, "bulk-legs", start))
        ordinary = timed(client.pk, ordinary_job, lines_of(ORDINARY, "ordinary", start))
        again = lines_of(CALLS, "again", start)
        imported(client.pk, options.scratch, again)
        (known,) = in_turns(lambda: imported(client.pk, options.scratch, again))
    return [
        Row("ingest, legs and their counters", "rows/s", legs, limit, bulk_legs, Target(0.35, 5), NOTE),
        Row("ingest, facts to calls, legs, counters", "rows/s", calls, limit, None, note="limit as above"),
        Row(
            "ingest, whole job from NDJSON", "rows/s", whole, limit, ordinary, Target(0.2, 5), "`import_calls manifest`"
        ),
        Row("ingest, the same again", "rows/s", known, limit, None, note="nothing changes"),
    ]


# ---------------------------------------------------------------- the ways


def imported(client_id: int, folder: Path, lines: list[bytes]) -> float:
    """What `import_calls manifest` does, from the file on: raw inbox, calls, legs, counters, how far it is."""
    path = folder / "manifest.ndjson"
    path.write_bytes(b"\n".join([*lines, b""]))
    legs = sum(len(orjson.loads(line)["legs"]) for line in lines)
    began = time.perf_counter()
    Importer(client_id, Manifest(path), path, io.StringIO()).run()
    return legs / (time.perf_counter() - began)


def calls_alone(client_id: int, batch: list[bytes]) -> None:
    calls = [prepare(read_call(orjson.loads(line))) for line in batch]
    with scope(client_id):
        ingest_prepared(client_id, calls)


def legs_alone(client_id: int, lines: list[bytes]) -> float:
    """Legs of facts that are read and calls that are stored: rows made, staged, inserted, counted."""
    told = [read_call(orjson.loads(line)) for line in lines]
    call_ids = stored_calls(client_id, told)
    began = time.perf_counter()
    for place in range(0, len(told), BATCH):
        batch = told[place : place + BATCH]
        packed = pack_legs([prepared_legs(call) for call in batch])
        with scope(client_id):
            write_legs(client_id, packed, [call_ids[call.source_id] for call in batch])
    return sum(len(call.legs) for call in told) / (time.perf_counter() - began)


def bulk_legs_alone(client_id: int, lines: list[bytes]) -> int:
    """The ordinary way to the same rows of legs."""
    told = [read_call(orjson.loads(line)) for line in lines]
    call_ids = stored_calls(client_id, told)
    numbers = dict(Extension.objects.filter(client_id=client_id).values_list("number", "id"))
    began = time.perf_counter()
    rows = []
    for call in told:
        for leg in call.legs:
            values = {name: getattr(leg, name) for name in LEG_COLUMNS[6:]}
            values |= {"labels": None if leg.labels is None else list(leg.labels)}
            extension_id = numbers[leg.extension or ""]
            rows.append(
                Leg(
                    client_id=client_id,
                    call_id=call_ids[call.source_id],
                    source=call.source,
                    extension_id=extension_id,
                    **values,
                )
            )
    Leg.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
    return round(len(rows) / (time.perf_counter() - began))


def ordinary_job(client_id: int, batch: list[bytes]) -> None:
    """Raw facts, calls, legs and counters as one would write it with the ORM's bulk calls; nothing is checked."""
    with scope(client_id):
        numbers = dict(Extension.objects.filter(client_id=client_id).values_list("number", "id"))
        facts = [json.loads(line) for line in batch]
        RawFact.objects.bulk_create(
            [raw_of(client_id, fact, line) for fact, line in zip(facts, batch, strict=True)], ignore_conflicts=True
        )
        calls = Call.objects.bulk_create([call_of(client_id, fact) for fact in facts])
        legs = [
            Leg(client_id=client_id, call=call, source=call.source, **leg_of(leg, numbers))
            for fact, call in zip(facts, calls, strict=True)
            for leg in fact["legs"]
        ]
        Leg.objects.bulk_create(legs)
        count_ordinarily(client_id, legs)


def raw_of(client_id: int, fact: dict[str, Any], line: bytes) -> RawFact:
    return RawFact(
        client_id=client_id,
        kind="call",
        source=fact["source"],
        source_id=fact["source_id"],
        status="accepted",
        body=line,
        content_hash=hash(line).to_bytes(16, "big", signed=True),
    )


def call_of(client_id: int, fact: dict[str, Any]) -> Call:
    return Call(
        client_id=client_id,
        source=fact["source"],
        source_id=fact["source_id"],
        direction=fact["direction"],
        started_at=datetime.fromisoformat(fact["started_at"]),
        answered_at=datetime.fromisoformat(fact["answered_at"]),
        ended_at=datetime.fromisoformat(fact["ended_at"]),
        caller_number=fact["caller"]["number"],
        caller_name=fact["caller"]["name"],
        called_number=fact["called"]["number"],
        did=fact["did"],
        result=fact["legs"][0]["result"],
        facts_hash=b"",
    )


def leg_of(leg: dict[str, Any], numbers: dict[str, int]) -> dict[str, Any]:
    times = {name: datetime.fromisoformat(leg[name]) for name in ("init_time", "start_time", "hangup_time")}
    return {name: value for name, value in leg.items() if name != "extension"} | times | {
        "extension_id": numbers[leg["extension"]]
    }  # fmt: skip


def count_ordinarily(client_id: int, legs: Sequence[Leg]) -> None:
    told = Counter((leg.init_time.date(), leg.extension_id) for leg in legs)
    for (day, extension_id), count in told.items():
        key = {"client_id": client_id, "day": day, "extension_id": extension_id, "group_id": None}
        DayCount.objects.get_or_create(**key)
        DayCount.objects.filter(**key).update(legs=F("legs") + count)


def limit_of(client_id: int, told: list[bytes]) -> float:
    """COPY as the owner into an empty table of its own, with all indexes of the table of legs."""
    rows = []
    for number, line in enumerate(told):
        call = read_call(orjson.loads(line))
        for place, leg in enumerate(prepared_legs(call)):
            rows.append(leg_row(client_id, number * 2 + place, number, Place(1, 1), leg.text))
    text = copy_text(rows)
    with owner() as db:
        db.execute("drop table if exists benchmark_leg")
        db.execute("create table benchmark_leg (like cdrs_leg including indexes including generated)")
        db.commit()
        began = time.perf_counter()
        with (
            db.cursor() as at,
            at.copy(f"copy benchmark_leg ({', '.join(LEG_COLUMNS)}) from stdin {COPY_FORM}") as copy,
        ):
            copy.write(text)
        db.commit()
        seconds = time.perf_counter() - began
        db.execute("drop table benchmark_leg")
    return len(rows) / seconds


# ---------------------------------------------------------------- the work


def lines_of(calls: int, run_name: str, start: datetime) -> list[bytes]:
    """NDJSON of calls over the period, each fourth with a second leg, told once only: each run has its own names."""
    unique = f"{run_name}-{time.time_ns()}"
    return [orjson.dumps(told(unique, number, start + timedelta(seconds=20 * number))) for number in range(calls)]


def told(unique: str, number: int, at: datetime) -> dict[str, Any]:
    caller, called = f"+1 555 {100 + number % 899:03d} {number % 9973:04d}", f"{101 + number % 40}"
    times = {"started_at": at, "answered_at": at + timedelta(seconds=7), "ended_at": at + timedelta(seconds=97)}
    legs = [leg_told(f"{unique}-{number}-{leg}", at, caller, called) for leg in range(1 + (number % 4 == 0))]
    return times | {
        "source": SOURCE,
        "source_id": f"{unique}-{number}",
        "direction": "in",
        "caller": {"number": caller, "name": "Ada Berg"},
        "called": {"number": called},
        "did": "+1 555 100 0000",
        "legs": legs,
    }


def leg_told(source_id: str, at: datetime, caller: str, called: str) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "extension": called,
        "flow": "in",
        "init_time": at,
        "start_time": at + timedelta(seconds=7),
        "hangup_time": at + timedelta(seconds=97),
        "duration": 97,
        "billsec": 90,
        "result": "answered",
        "hangup_cause": "NORMAL_CLEARING",
        "hangup_disposition": "caller_bye",
        "from_username": caller,
        "from_domain": "trunk.example",
        "from_screen_name": "Ada Berg",
        "to_username": called,
        "to_domain": "pbx.example",
        "source_number": caller,
        "dest_number": called,
        "did_number": "+1 555 100 0000",
    }


def stored_calls(client_id: int, calls: Sequence[CallFacts]) -> dict[str, int]:
    """The calls without their legs; id by source_id."""
    for place in range(0, len(calls), BATCH):
        with scope(client_id):
            Call.objects.bulk_create(
                Call(
                    client_id=client_id,
                    source=call.source,
                    source_id=call.source_id,
                    direction=call.direction,
                    started_at=call.started_at,
                    facts_hash=b"",
                )
                for call in calls[place : place + BATCH]
            )
    with scope(client_id):
        rows = Call.objects.filter(client_id=client_id, source=SOURCE, source_id__in=[call.source_id for call in calls])
        return dict(rows.values_list("source_id", "id"))


# ---------------------------------------------------------------- the clock, and what is left behind


def in_turns(*works: Callable[[], float]) -> list[float]:
    """The best of each, measured in turns: what else the machine does meets all of them."""
    return [max(figures) for figures in zip(*([work() for work in works] for _ in range(RUNS)), strict=True)]


def timed(client_id: int, work: Work, lines: list[bytes]) -> float:
    """Rows of legs a second, batch by batch."""
    legs = sum(len(orjson.loads(line)["legs"]) for line in lines)
    began = time.perf_counter()
    for place in range(0, len(lines), BATCH):
        work(client_id, lines[place : place + BATCH])
    return legs / (time.perf_counter() - began)


def in_one(client_id: int, work: Callable[[int, list[bytes]], float], lines: list[bytes]) -> float:
    with scope(client_id):
        return work(client_id, lines)


@contextmanager
def cleared(client_id: int) -> Iterator[None]:
    """What a run has brought goes again, counters too, so that the next one finds the same load data."""
    with scope(client_id):
        before = {row["id"]: row for row in DayCount.objects.filter(client_id=client_id).values()}
    try:
        yield
    finally:
        with scope(client_id), transaction.atomic():
            for model in (RawFact, Leg, Call):
                rows = model.objects.filter(client_id=client_id, source=SOURCE)
                rows._raw_delete(rows.db)
            ImportRun.objects.filter(client_id=client_id, path__endswith="manifest.ndjson").delete()
            DayCount.objects.filter(client_id=client_id).exclude(id__in=list(before)).delete()
            for row in DayCount.objects.filter(client_id=client_id):
                former = before[row.pk]
                row.legs, row.answered, row.billsec = former["legs"], former["answered"], former["billsec"]
                row.save(update_fields=["legs", "answered", "billsec"])


def owner() -> psycopg.Connection[Any]:
    at = settings.OWNER_DATABASE
    named_parts = {
        "dbname": at["NAME"],
        "user": at["USER"],
        "password": at["PASSWORD"],
        "host": at["HOST"],
        "port": at["PORT"],
    }
    return psycopg.connect(**{name: value for name, value in named_parts.items() if value})
