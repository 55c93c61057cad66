"""Lines of plain calls go in by whole batches: what is stored, kept, counted and reported is as line by line."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management.base import CommandError
from django.db import DataError, OperationalError
from django.utils import timezone

from cdrs.ingest import packing
from cdrs.ingest.erased import bury_number
from cdrs.ingest.names import source_hash
from cdrs.models import Call, Leg, Tombstone
from portal.access.isolation import scope
from portal.clients.models import Client
from portal.clients.numbers import plain_rev
from portal.intake import accept, reading
from portal.intake.models import ImportRun, RawFact
from portal.intake.reading import Plain, batch_of
from portal.intake.sources import manifest
from portal.intake.sources.manifest import Manifest
from records.models import Record
from tests.portal.intake.importing import call, figures, run_import, stored, write_manifest
from tests.portal.intake.test_accept import replay

pytestmark = pytest.mark.django_db(transaction=True)
NUMBER = "+1 555 100 0001"
CALLS = [call(number, legs=number % 3) for number in range(300)]
CALLS[101] = call(101, legs=2, caller={"number": NUMBER})
ODD = {"legs": [call(1, legs=1)["legs"][0] | {"source_id": "odd", "info": 'tab\t "quote" \\ \n', "labels": ["a\tb"]}]}
JOINED = {"occurred_at": "2026-09-28T12:04:10Z", "type": "User", "event": "Joined", "user_name": "ann"}


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"


def line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MANY", 1_000_000)


def kept(client: Client) -> list[Any]:
    """The raw inbox in the order of arrival."""
    with scope(client.pk):
        rows = RawFact.objects.order_by("received_at", "id")
        return [bytes(row.pop("body")).hex() + repr(row) for row in rows.values("body", "kind", "source_id", "status")]


def reported(settings: Any, client: Client) -> list[dict[str, Any]]:
    """The reports of all the client's imports, each line once."""
    with scope(client.pk):
        runs = ImportRun.objects.filter(client_id=client.pk).values_list("id", flat=True)
        paths = [Path(settings.DATA_DIR) / "reports" / f"import-{run}.ndjson" for run in runs]
    return [json.loads(line) for path in paths if path.exists() for line in path.read_text().splitlines()]


def packed(folder: Path) -> Plain | None:
    return batch_of(list(Manifest(folder).read(0, 0))).plain


def test_plain_calls_are_told_apart_from_the_others(tmp_path):
    wrapped = {"call": call(301), "recordings": [{"source_id": "r1"}]}
    path = write_manifest(tmp_path, *CALLS[:200], b"{torn", wrapped, {"call": call(302)}, call(303, direction="up"))
    batch = batch_of(list(Manifest(path).read(0, 0)))
    assert batch.plain is not None and batch.plain.calls.keys == [f"c{number}" for number in [*range(200), 302]]
    assert [entry.line for entry in batch.others] == [201, 202, 204]
    assert (batch.line, batch.end) == (204, path.stat().st_size)


@pytest.mark.parametrize(
    "more",
    [
        call(7),
        {"call": call(7), "recordings": [{"source_id": "r1"}]},
        call(301, legs=1) | {"legs": CALLS[7]["legs"]},
        call(301) | {"source": "another"},
    ],
)
def test_a_batch_that_tells_of_something_twice_or_of_two_sources_is_not_packed(tmp_path, more):
    write_manifest(tmp_path, *CALLS)
    assert packed(tmp_path) is not None
    write_manifest(tmp_path, *CALLS, more)
    assert packed(tmp_path) is None


def test_an_import_is_stored_kept_and_reported_as_line_by_line(cast, tmp_path, monkeypatch, settings):
    lines: list[Any] = [*CALLS]
    lines[30] = call(30, participants=[JOINED, JOINED], metadata={"path": "c:\\new"}) | ODD
    lines[60:60] = [b"{torn", b"[]", call(900, direction="sideways"), {"call": call(901), "recordings": 5}]
    lines[90:90] = [{"call": call(902), "recordings": [{"source_id": "r1", "file": "none.mp3"}]}, {"call": call(903)}]
    path = write_manifest(tmp_path, *lines)
    assert packed(tmp_path) is not None
    first = run_import(cast.north, "manifest", path)
    again = run_import(cast.north, "manifest", path)
    line_by_line(monkeypatch)
    assert run_import(cast.south, "manifest", path) == first
    assert run_import(cast.south, "manifest", path) == again
    assert (first["calls"], first["rejected"], first["missing_media"]) == (302, 4, 1)
    assert again == figures(skipped=302, rejected=4)
    assert stored(cast.north) == stored(cast.south)
    assert sorted(kept(cast.north)) == sorted(kept(cast.south))
    assert reported(settings, cast.north) == reported(settings, cast.south) != []


@pytest.mark.parametrize(
    "known", ["changed", "deleted", "a leg of another", "erased", "a recording", "kept raw", "none"]
)
def test_what_is_known_in_a_batch_of_new_calls_is_found(cast, tmp_path, monkeypatch, settings, known):
    path = write_manifest(tmp_path, *CALLS)
    for client in (cast.north, cast.south):
        told = {
            "changed": [call(101, legs=2, region="north")],
            "a leg of another": [call(999) | {"legs": CALLS[101]["legs"]}],
            "kept raw": [CALLS[101]],
        }
        for one in told.get(known, []):
            accept.accept(client.pk, "call", [orjson.dumps(one)])
        with scope(client.pk):
            if known == "deleted":
                Tombstone.objects.create(client=client, kind="call", source="pbx", source_hash=source_hash("c101"))
            if known == "erased":
                bury_number(client.pk, plain_rev(NUMBER), timezone.now())
            if known == "a recording":
                Record.objects.create(client=client, source="pbx", source_id="c101")
            if known == "kept raw":
                Leg.objects.all().delete()
                Call.objects.all().delete()
    first = run_import(cast.north, "manifest", path)
    line_by_line(monkeypatch)
    assert run_import(cast.south, "manifest", path) == first
    assert stored(cast.north) == stored(cast.south)
    assert sorted(kept(cast.north)) == sorted(kept(cast.south))
    assert reported(settings, cast.north) == reported(settings, cast.south)


def test_of_a_call_told_in_several_batches_the_last_word_stays(cast, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "BATCH_LINES", 150)
    lines = [
        call(7 if number % 150 == 70 else 1000 + number, region=f"after {number}" if number % 150 == 70 else None)
        for number in range(600)
    ]
    path = write_manifest(tmp_path, *lines)
    assert run_import(cast.north, "manifest", path) == figures(calls=597, cdrs=597)
    with scope(cast.north.pk):
        assert Call.objects.get(source_id="c7").region == "after 520"
    # Read once more, each word of it is told again: the last one is the last again, for a replay as well.
    assert run_import(cast.north, "manifest", path) == figures(skipped=596)
    with scope(cast.north.pk):
        assert Call.objects.get(source_id="c7").region == "after 520"
        Leg.objects.all().delete()
        Call.objects.all().delete()
    assert replay(cast.north, "--all")["created"] == 597
    with scope(cast.north.pk):
        assert Call.objects.get(source_id="c7").region == "after 520"


@pytest.mark.parametrize("error", [DataError("out of range"), KeyError("a mistake of ours")])
def test_a_batch_that_cannot_be_stored_whole_is_stored_line_by_line(cast, tmp_path, monkeypatch, error):
    real = accept.ingest_packed

    def failing(client_id: int, calls: Any) -> Any:
        real(client_id, calls)
        raise error

    monkeypatch.setattr(accept, "ingest_packed", failing)
    path = write_manifest(tmp_path, *CALLS)
    assert run_import(cast.north, "manifest", path) == figures(calls=300, cdrs=300)
    monkeypatch.undo()
    assert run_import(cast.south, "manifest", path) == figures(calls=300, cdrs=300)
    assert stored(cast.north) == stored(cast.south)


def test_a_database_that_is_lost_in_a_packed_batch_stops_the_import(cast, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "BATCH_LINES", 100)
    real, calls = accept.keep_new, []

    def losing(*arguments: Any) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise OperationalError("server closed the connection\nunexpectedly")
        real(*arguments)

    monkeypatch.setattr(accept, "keep_new", losing)
    path = write_manifest(tmp_path, *CALLS)
    with pytest.raises(CommandError, match=r"\(server closed the connection\) after line 200: 200 calls"):
        run_import(cast.north, "manifest", path)
    monkeypatch.undo()
    assert run_import(cast.north, "manifest", path) == figures(calls=100, cdrs=101)


def test_a_reader_that_dies_stops_the_import_and_the_same_command_goes_on(cast, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "BATCH_LINES", 100)
    real = manifest._entry

    def dying(line: Any) -> Any:
        if line.number == 250:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(line)

    monkeypatch.setattr(manifest, "_entry", dying)
    path = write_manifest(tmp_path, *CALLS)
    with pytest.raises(
        CommandError, match=r"\(the process that reads ended with -9\) after line 200: 200 calls"
    ) as error:
        run_import(cast.north, "manifest", path)
    assert error.value.returncode == 1
    monkeypatch.undo()
    assert run_import(cast.north, "manifest", path) == figures(calls=100, cdrs=101)
    run_import(cast.south, "manifest", path)
    assert stored(cast.north) == stored(cast.south)
