"""What the tests of imports share: running the command, small manifests, and the store as a comparable thing."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from cdrs.models import Call, DayCount, Leg, Participant
from portal.access.isolation import scope
from portal.clients.models import Client, Extension
from portal.media.models import PendingUpload
from portal.media.storage import store
from records.models import DayTotal, MediaFile, Record, VoiceMessage

DATA = Path(__file__).parents[2] / "data"
FIGURES = ("calls", "cdrs", "recordings", "voicemessages", "skipped", "missing_media", "bad_media", "rejected")
# What two imports of the same spool may differ in: identities of rows, and the moment of the import.
PASSING = {"id", "client_id", "call_id", "leg_id", "record_id", "voicemessage_id", "extension_id", "group_id", "key"}
PASSING |= {"created_at", "uuid", "call_uuid", "file_name", "playable_key", "facts_hash"}


def run_import(client: Client, source: str, path: Path, *options: str) -> dict[str, int]:
    """The figures that the command prints, without the time it took."""
    out = io.StringIO()
    call_command(
        "import_calls", source, str(path), "--client", str(client.pk), *options, stdout=out, stderr=io.StringIO()
    )
    printed = json.loads(out.getvalue())
    assert printed.pop("seconds") >= 0 and tuple(printed) == FIGURES
    return printed


def in_a_process(script: str, data: Path, *arguments: str) -> int:
    """Run Python of a test's own on the test's database and storage, `data` its data directory; the exit code."""
    environment = os.environ | {
        "PORTAL_DATABASE_ROLE": "",  # the suite itself starts as the owner
        "DATABASE_SERVING_URL": serving_url(),
        "PORTAL_DATA": str(data / "data"),
        "MEDIA_STORAGE": Path(settings.STORAGES["default"]["OPTIONS"]["location"]).as_uri(),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PYTHONPATH": str(DATA.parents[1]),
    }
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, env=environment, timeout=120, check=False).returncode


def serving_url() -> str:
    """The test database as the serving role, as the settings take it."""
    values = connection.settings_dict
    host, port = values["HOST"] or "", values["PORT"] or ""
    where = f"{host}:{port}" if host and not host.startswith("/") else ""
    query = {} if where else {"host": host or "/var/run/postgresql"} | ({"port": port} if port else {})
    login = f"{quote(values['USER'])}:{quote(str(values['PASSWORD']), safe='')}"
    return f"postgres://{login}@{where}/{values['NAME']}" + (f"?{urlencode(query)}" if query else "")


def figures(**values: int) -> dict[str, int]:
    return dict.fromkeys(FIGURES, 0) | values


def call(number: int, legs: int = 1, **facts: Any) -> dict[str, Any]:
    """The facts of an answered call with legs at 101, 102, …"""
    at = f"2026-09-28T12:{number // 60 % 60:02}:{number % 60:02}Z"
    parts = [
        {"source_id": f"c{number}-{leg}", "init_time": at, "extension": str(101 + leg), "flow": "in"}
        | {"result": "answered", "duration": 9, "billsec": 6}
        for leg in range(legs)
    ]
    return {"source": "pbx", "source_id": f"c{number}", "direction": "in", "started_at": at, "legs": parts} | facts


def write_manifest(folder: Path, *lines: dict[str, Any] | bytes) -> Path:
    body = b"".join((line if isinstance(line, bytes) else orjson.dumps(line)) + b"\n" for line in lines)
    path = folder / "manifest.ndjson"
    path.write_bytes(body)
    return path


def stored(client: Client) -> dict[str, list[Any]]:
    """All rows of a client that an import makes, without what may differ, in an order of their own."""
    with scope(client.pk):
        tables = {
            model.__name__: [_plain(row) for row in model.objects.filter(client_id=client.pk).values()]
            for model in (Call, Leg, Participant, DayCount, Record, VoiceMessage, MediaFile, DayTotal)
        }
        tables["Extension"] = list(Extension.objects.filter(client_id=client.pk).values_list("number", flat=True))
        keys = list(MediaFile.objects.filter(client_id=client.pk).values_list("key", flat=True))
    assert all(store().exists(key) for key in keys)
    for counters in ("DayCount", "DayTotal"):  # a day that was emptied again counts as one that never was
        tables[counters] = [row for row in tables[counters] if "'legs': 0" not in row and "'files': 0" not in row]
    return {name: sorted(rows) for name, rows in tables.items()}


def uploads_left() -> int:
    return PendingUpload.objects.count()


def _plain(row: dict[str, Any]) -> str:
    kept = {name: value for name, value in row.items() if name not in PASSING}
    return repr({name: bytes(value) if isinstance(value, memoryview) else value for name, value in kept.items()})
