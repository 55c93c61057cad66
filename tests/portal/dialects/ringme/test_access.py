"""Realm x resource x method x caller: each cell of access.txt is asked, and no address is missing in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client as Browser

from portal.accounts.models import ApplicationAccess
from portal.clients.models import Status
from portal.dialects.addresses import addresses
from portal.dialects.ringme.schema.document import RingmeSchema
from tests.factories import make_application, make_token, make_user
from tests.portal.dialects.ringme.asking import things, to_make
from tests.portal.dialects.ringme.conftest import WINDOW, Stage, call_uuid_of, in_trash, make_events, message_of

ROOT = "/api/ver1.0/"
TABLE = Path(__file__).with_name("access.txt")
DONE = {"GET": 200, "PUT": 200, "POST": 201, "DELETE": 204}
SYMBOLS = {
    "-c": (404, "client_not_found"),
    "-g": (404, "extension_group_not_found"),
    "-e": (404, "extension_not_found"),
    "-r": (404, "record_not_found"),
    "used": (409, "in_use"),
    "bad": (400, "invalid_request"),
    "no": (403, "access_denied"),
    "ro": (403, "user_access_type_deny"),
    "app": (403, "app_access_type_deny"),
}
ALWAYS = {"nobody": (401, None), "expired": (401, None), "blocked": (403, "user_blocked")}
# What a request says beside its address.
QUERIES = {"GET": WINDOW | {"per_page": "10"}, "DELETE record/": WINDOW, "DELETE voicemail/": WINDOW}
QUERIES["DELETE hold/{hold_id}"] = {"reason": "The case is closed"}


@dataclass(frozen=True)
class Row:
    method: str
    path: str
    cells: dict[str, str]

    def wanted(self, caller: str) -> tuple[int, str | None]:
        cell = self.cells[caller]
        code = DONE[self.method] if cell == "ok" else int(cell) if cell.isdecimal() else None
        return SYMBOLS[cell] if code is None else (code, None)


def rows() -> Iterator[Row]:
    realm, callers = "", []
    for line in TABLE.read_text().splitlines():
        if line.startswith("["):
            realm, callers = line[1 : line.index("]")], line[line.index("]") + 1 :].split()
        elif line.strip() and not line.startswith("#"):
            method, path, *cells = line.split()
            yield Row(method, realm + path, dict(zip(callers, cells, strict=True)))


def test_the_table_has_every_address_and_no_other() -> None:
    told = [(row.method, row.path) for row in rows()]
    there = {
        (found.method, RingmeSchema.path(found.path, found.kwargs).removeprefix(ROOT)) for found in addresses(ROOT)
    }
    assert len(set(told)) == len(told)
    assert set(told) - there == set(), "rows without an address"
    assert there - set(told) == set(), "addresses without a row"


@pytest.fixture(autouse=True)
def a_message_of_the_same_id(request: pytest.FixtureRequest) -> None:
    """The addresses of recordings and of voice messages name theirs by the same word."""
    if "stage" in request.fixturenames:
        stage = request.getfixturevalue("stage")
        message_of(stage.cast, stage.cast.ext101, uuid=stage.records[0].uuid)


@pytest.fixture
def tokens(stage: Stage) -> dict[str, str]:
    """The token of each caller."""
    cast = stage.cast
    call_api, _ = make_application(cast.north, "call-api", access=ApplicationAccess.CALL_API)
    blocked = make_user(cast.north, "bob@north", status=Status.BLOCKED)
    return {
        "own": stage.kay.token,
        "other": stage.south.token,
        "sales": stage.bound_to(group=cast.sales).token,
        "support": stage.bound_to(group=cast.support).token,
        "ext": stage.bound_to(extension=cast.ext101).token,
        "ext2": stage.bound_to(extension=cast.ext102).token,
        "reader": make_token(cast.kay, user=cast.rita),
        "callapi": make_token(call_api),
        "nobody": "",
        "expired": make_token(cast.kay, seconds=-1),
        "blocked": make_token(cast.kay, user=blocked),
    }


def places(stage: Stage) -> dict[str, str]:
    """What the parts of an address stand for: North's, Sales', extension 101's. `realm:part` is that realm's own."""
    return {
        "client_id": str(stage.cast.north.pk),
        "extension_group_id": str(stage.cast.sales.pk),
        "extension_id": str(stage.cast.ext101.pk),
        "record_uuid": stage.uuids[0],
        "cdr_uuid": stage.uuids[0],
        "call_uuid": call_uuid_of(stage.records[0]),
        **things(stage),
        "trash_id": in_trash(stage),
        **{f"{realm}:event_id": event_id for realm, event_id in make_events(stage.cast).items()},
    }


def ask(row: Row, named: dict[str, str], stage: Stage, token: str, **more: str) -> tuple[int, str | None]:
    """Code and status of the answer, with `more` in the query; what was done is taken back."""
    realm = row.path.partition("/")[0]
    path = re.sub(r"{(\w+)}", lambda place: named.get(f"{realm}:{place[1]}") or named[place[1]], row.path)
    deed = f"{row.method} {row.path.rpartition('}/')[2]}"
    body = to_make(stage).get(row.path.rpartition("}/")[2]) if row.method == "POST" else None
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with transaction.atomic():
        answer = Browser().generic(
            row.method,
            ROOT + path,
            "" if body is None else json.dumps(body),
            "application/json",
            query_params=QUERIES.get(deed, QUERIES.get(row.method, {})) | more,
            headers=headers,
        )
        content = answer.getvalue()
        transaction.set_rollback(True)
    refused = answer.status_code >= 400 and content.startswith(b"{")
    return answer.status_code, answer.json().get("status") if refused else None


@pytest.mark.django_db
@pytest.mark.clause("ringme", "A user of a higher level may use the realms below it; never beside or above")
@pytest.mark.clause("ringme", "What the caller may not see answers 404; 403 is for a deed on something it may see")
@pytest.mark.clause("ringme", "User access: full, or read_only (GET alone); application access: Call API or All")
def test_every_cell_of_the_table_is_what_that_caller_gets(
    stage: Stage, tokens: dict[str, str], resolve: Callable[..., None]
) -> None:
    named, wrong = places(stage), []
    deeds = {
        (found.method, RingmeSchema.path(found.path, found.kwargs).removeprefix(ROOT)): found.callback.cls.deeds  # type: ignore[attr-defined]
        for found in addresses(ROOT)
    }
    for row in rows():
        deed = deeds[row.method, row.path][row.method]
        less = make_token(stage.cast.kay, "audit:read" if deed != "audit:read" else "hold:write")
        wanted = {caller: row.wanted(caller) for caller in row.cells} | ALWAYS
        for caller, expected in wanted.items():
            got = ask(row, named, stage, (tokens | {"less": less})[caller])
            if got != expected:
                wrong.append(f"{row.method} {row.path} by {caller}: {got}, wanted {expected}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.django_db
@pytest.mark.clause("ringme", "Unknown query parameters: 400 on DELETE and POST (never widen a deletion)")
def test_a_misspelt_parameter_changes_nothing_anywhere(stage: Stage, tokens: dict[str, str]) -> None:
    named = places(stage)
    changing = [row for row in rows() if row.method != "GET" and row.cells["own"] == "ok"]
    assert changing
    for row in changing:
        told = ask(row, named, stage, tokens["own"], extensionid="7")
        assert told == (400, "invalid_request"), f"{row.method} {row.path}"
