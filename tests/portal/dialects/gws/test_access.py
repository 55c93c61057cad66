"""Address x method x caller: each cell of access.txt is asked, and no address is missing in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cdrs.models import Call
from portal.access.isolation import scope
from portal.clients.models import Status
from portal.dialects.addresses import addresses
from records.deletion import restore
from records.models import Trashed
from tests.factories import make_user
from tests.facts import sound
from tests.portal.dialects.gws.conftest import Program, Stage, recorded

pytestmark = pytest.mark.django_db(transaction=True)
TABLE = Path(__file__).with_name("access.txt")
ROOTS = ("/api/v2/", "/internal-api/")
CELLS = {"ok": (200, 0), "role": (403, 5), "no": (403, 3), "-": (404, 6), "who": (401, 20)}
QUERY = {"GET api/v2/recordings": "?startTime=0"}


@dataclass
class Bearer(Program):
    """A program with an OAuth token, which opens other doors."""

    token: str = field(default="", kw_only=True)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def rows() -> Iterator[tuple[str, str, dict[str, tuple[int, int]]]]:
    lines = [line for line in TABLE.read_text().splitlines() if line.strip() and not line.startswith("#")]
    callers = lines[0].split()
    for line in lines[1:]:
        method, path, *cells = line.split()
        yield method, path, {caller: CELLS[cell] for caller, cell in zip(callers, cells, strict=True)}


def test_the_table_has_every_address_and_no_other() -> None:
    told = [(method, path) for method, path, _ in rows()]
    there = {
        (found.method, found.path.replace("<", "{").replace(">", "}").lstrip("/"))
        for root in ROOTS
        for found in addresses(root)
    }
    assert len(set(told)) == len(told)
    assert set(told) == there


@pytest.fixture
def callers(stage: Stage) -> dict[str, Program]:
    make_user(stage.cast.north, "bob@north", status=Status.BLOCKED)
    return {
        "own": stage.nora,
        "reader": Program("rita@north"),
        "group": Program("gus@north"),
        "ext": Program("ann@north"),
        "other": stage.sam,
        "olga": Program("olga"),
        "blocked": Program("bob@north"),
        "bearer": Bearer(None, token=stage.cast.kay_token),
        "nobody": Program(None),
    }


def body_of(stage: Stage, path: str) -> dict[str, Any]:
    posted = {"id": "posted-1", "ccid": stage.cast.north.slug, "region": "here", "startTime": 0}
    return posted if path.startswith("internal-api") else {"operationName": "applyNonDelete"}


def undo(client_id: int) -> None:
    """What a caller did is taken back, so that the next finds what there was."""
    with scope(client_id):
        restore(client_id, Trashed.objects.all())
        Call.objects.filter(source="gws").delete()


@pytest.mark.clause("gws", "who gets what at which address")
def test_every_cell_of_the_table_is_what_that_caller_gets(stage: Stage, callers: dict[str, Program]) -> None:
    call, record = recorded(stage.cast, 5, sound(1))
    to_delete, _ = recorded(stage.cast, 6)
    places = {"ccid": str(stage.cast.north.pk), "media": f"{record.uuid}.mp3"}
    wrong = []
    for method, path, cells in rows():
        named = places | {"recording_id": (to_delete if method == "DELETE" else call).call_uuid.hex}
        address = f"/{path.format(**named)}{QUERY.get(f'{method} {path}', '')}"
        for caller, wanted in cells.items():
            answer = callers[caller].send(method, address, body_of(stage, path) if method == "POST" else None)
            sound_came = answer["Content-Type"] == "audio/mpeg" and answer.getvalue()
            got = (answer.status_code, 0 if sound_came else answer.json()["statusCode"])
            if got != wanted:
                wrong.append(f"{method} {path} by {caller}: {got}, wanted {wanted}")
            undo(stage.cast.north.pk)
    assert not wrong, "\n".join(wrong)
