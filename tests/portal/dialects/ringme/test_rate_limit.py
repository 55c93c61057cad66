"""Requests of an hour, as programs of the native API meet the limit."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client as Browser

from benchmarks.serving import Server, served
from portal.access.isolation import scope
from portal.accounts import allowance
from portal.accounts.throttle import server
from portal.clients.models import Client
from tests.factories import make_application, make_token
from tests.portal.dialects.ringme.conftest import ROOT, WINDOW, Program, Stage

pytestmark = pytest.mark.usefixtures("within_the_hour")
LIMIT, LEFT, RESET = (f"X-RateLimit-{name}" for name in ("Limit", "Remaining", "Reset"))


def limited(client: Client, requests: int | None) -> None:
    """The client's limit of an hour; None: what a client has that chose none."""
    with scope(client.pk):
        Client.objects.filter(pk=client.pk).update(settings={} if requests is None else {"hourly_limit": requests})
    if keys := list(server().scan_iter(f"requests:{client.pk}:*")):
        server().delete(*keys)


@pytest.fixture
def limit(stage: Stage) -> Iterator[Callable[[int | None], None]]:
    yield lambda requests: limited(stage.cast.north, requests)
    limited(stage.cast.north, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.clause("ringme", "Every authenticated answer under `/api/ver1.0/` carries `X-RateLimit-Limit`")
def test_every_answer_tells_what_is_left(stage: Stage, limit: Any) -> None:
    limit(100)
    unbound, _ = make_application(stage.cast.north, "narrow", scopes="cdr:read")
    narrow = Program(make_token(unbound))
    asked: list[tuple[int, Callable[[], Any]]] = [
        (200, lambda: stage.kay.get("/user/")),
        (200, lambda: stage.kay.get(stage.client(), WINDOW | {"per_page": 2})),
        (200, lambda: stage.kay.get(stage.client(), WINDOW)),
        (200, lambda: stage.kay.get(f"{stage.client()}{stage.uuids[0]}")),
        (206, lambda: stage.kay.get(f"{stage.client()}{stage.uuids[0]}", Range="bytes=0-3")),
        (200, lambda: stage.kay.send("HEAD", f"{stage.client()}{stage.uuids[0]}")),
        (400, lambda: stage.kay.get(stage.client())),
        (403, lambda: narrow.get(stage.client(), WINDOW)),
        (404, lambda: stage.kay.get(f"/client/{stage.cast.south.pk}/record/", WINDOW)),
        (404, lambda: stage.kay.get("/nothing/of/the/kind")),
        (405, lambda: stage.kay.send("PATCH", "/user/")),
    ]
    for number, (code, ask) in enumerate(asked, 1):
        answer = ask()
        if answer.streaming:
            assert answer.getvalue() is not None
        assert answer.status_code == code, (number, answer)
        assert int(answer[LIMIT]) in (100, 50) and 0 < int(answer[RESET]) <= 3600, number
        assert int(answer[LEFT]) == 100 - number if number < 8 else int(answer[LEFT]) < 50, number


@pytest.mark.django_db
@pytest.mark.clause("ringme", "Default 1,000; 0 = none (the demo clients)")
def test_the_thousand_and_first_request_is_refused(stage: Stage, limit: Any) -> None:
    limit(None)
    first = stage.kay.get("/user/")
    assert (first[LIMIT], first[LEFT]) == ("1000", "999")
    (key,) = server().scan_iter(f"requests:{stage.cast.north.pk}:*")
    server().hincrby(key, "all", 998)
    last, beyond = stage.kay.get("/user/"), stage.kay.get("/user/")
    assert last.status_code == 200 and last[LEFT] == "0"
    assert beyond.status_code == 429 and (beyond[LIMIT], beyond[LEFT]) == ("1000", "0")
    assert beyond["Retry-After"] == beyond[RESET] and 0 < int(beyond[RESET]) <= 3600
    assert beyond.json() == {
        "message": "The hourly limit of 1,000 requests is used up",
        "status": "rate_limit_exceeded",
    }
    for address in (stage.client(), f"{stage.client()}{stage.uuids[0]}", "/nothing/"):
        assert stage.kay.get(address, WINDOW).status_code == 429, address
    assert stage.south.get("/user/").status_code == 200, "South has a limit of its own"


@pytest.mark.django_db
def test_without_a_limit_there_is_nothing_to_tell(stage: Stage, limit: Any) -> None:
    limit(0)
    assert LIMIT not in stage.kay.get("/user/").headers


@pytest.mark.django_db
def test_strangers_are_not_counted(stage: Stage, limit: Any) -> None:
    limit(10)
    for token in ({}, {"Authorization": "Bearer wrong"}):
        answer = Browser().get(f"{ROOT}/user/", headers=token)
        assert answer.status_code == 401 and LIMIT not in answer.headers
        assert Browser().get(f"{ROOT}/nothing/", headers=token).status_code == 404
    assert stage.kay.get("/user/")[LEFT] == "9"


@pytest.mark.django_db
def test_redis_out_serves_without_headers(stage: Stage, limit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(10)
    allowance.OUTAGE.until = float("inf")
    answer = stage.kay.get("/user/")
    assert answer.status_code == 200 and LIMIT not in answer.headers


# ---------------------------------------------------------------- several web processes


@pytest.fixture
def two_servers(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Server]]:
    """Two web processes on the tests' database."""
    at = connection.settings_dict
    login = f"{at['USER']}:{at['PASSWORD']}@" if at["PASSWORD"] else f"{at['USER']}@"
    place = f"?host={at['HOST']}" if at["HOST"].startswith("/") else ""
    host = "" if place else f"{at['HOST']}:{at['PORT']}" if at["PORT"] else at["HOST"]
    monkeypatch.setenv("DATABASE_SERVING_URL", f"postgres://{login}{host}/{at['NAME']}{place}")
    monkeypatch.setenv("DATABASE_URL", f"postgres://{settings.OWNER_DATABASE['USER']}@{host}/{at['NAME']}{place}")
    monkeypatch.setenv("REDIS_URL", settings.REDIS_URL)
    monkeypatch.delenv("PORTAL_DATABASE_ROLE", raising=False)
    with ExitStack() as running:
        yield [running.enter_context(served()) for _ in range(2)]


@pytest.mark.django_db(transaction=True)
def test_two_processes_share_one_count(stage: Stage, limit: Any, two_servers: list[Server]) -> None:
    limit(30)

    def ask(server: Server) -> list[tuple[int, str]]:
        line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        answers = []
        for _ in range(10):
            line.request("GET", f"{ROOT}/user/", headers={"Authorization": f"Bearer {stage.kay.token}"})
            answer = line.getresponse()
            answer.read()
            answers.append((answer.status, answer.headers[LEFT]))
        line.close()
        return answers

    with ThreadPoolExecutor(4) as at_once:
        answers = [one for many in at_once.map(ask, two_servers * 2) for one in many]
    assert sorted(code for code, _ in answers) == [200] * 30 + [429] * 10
    assert sorted(int(left) for code, left in answers if code == 200) == list(range(30)), "no place was given twice"
