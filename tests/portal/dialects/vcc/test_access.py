"""Address x method x caller: each cell of access.txt is asked, and no address is missing in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client as Browser

from portal.access.isolation import scope
from portal.clients.models import Client
from portal.dialects.addresses import addresses
from tests.factories import PASSWORD, make_client
from tests.portal.dialects.vcc.conftest import ROOT, Stage, basic, token_of

TABLE = Path(__file__).with_name("access.txt")


def rows() -> Iterator[tuple[str, str, dict[str, int]]]:
    lines = [line for line in TABLE.read_text().splitlines() if line.strip() and not line.startswith("#")]
    callers = lines[0].split()
    for line in lines[1:]:
        method, path, *cells = line.split()
        yield method, path, dict(zip(callers, map(int, cells), strict=True))


def test_the_table_has_every_address() -> None:
    told = {(method, path.rstrip("/")) for method, path, _ in rows()}
    there = {
        (found.method, found.path.removeprefix(f"{ROOT}/").replace("<day>/<name>", "{file}"))
        for found in addresses(f"{ROOT}/")
    }
    assert there and there <= told


@pytest.fixture
def callers(stage: Stage) -> dict[str, dict[str, str]]:
    """What each says."""
    former = stage.north.token
    stage.north.token = token_of(stage.cast.north)
    gone = make_client("Gone")
    blocked = token_of(gone)
    with scope(gone.pk):
        Client.objects.update(status="blocked")
    return {
        "own": basic("north", stage.north.token),
        "former": basic("north", former),
        "other": basic("south", stage.south.token),
        "mixed": basic("north", stage.south.token),
        "password": basic("nora@north", PASSWORD),
        "bearer": {"Authorization": f"Bearer {stage.cast.kay_token}"},
        "blocked": basic("gone", blocked),
        "nobody": {},
    }


@pytest.mark.django_db
@pytest.mark.clause("vcc", "who gets what at which address")
def test_every_cell_of_the_table_is_what_that_caller_gets(
    stage: Stage, callers: dict[str, dict[str, str]], settings: object
) -> None:
    settings.AXES_FAILURE_LIMIT = 1000  # type: ignore[attr-defined]
    file, wrong = stage.north.rows()[0]["filename"], []
    for method, path, cells in rows():
        for caller, wanted in cells.items():
            answer = Browser().generic(method, f"{ROOT}/{path.replace('{file}', file)}", headers=callers[caller])
            if answer.status_code != wanted:
                wrong.append(f"{method} {path} by {caller}: {answer.status_code}, wanted {wanted}")
    assert not wrong, "\n".join(wrong)
