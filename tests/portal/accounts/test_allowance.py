"""A client's requests of an hour: one count over all callers and processes, kept by Redis and its clock."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from portal.access.isolation import scope
from portal.access.principal import Principal, Reach
from portal.accounts import allowance
from portal.accounts.allowance import counted, limits
from portal.accounts.lookups import bearer
from portal.accounts.models import checksum
from portal.accounts.principals import of_bearer, of_user
from portal.accounts.throttle import server
from tests.factories import Cast, make_application, make_client, make_token

CLIENT = 2_000_000_001  # of no test's database
KAY = Principal(Reach.CLIENT, CLIENT, application_id=1, hourly_limit=10)
ANN = replace(KAY, application_id=2, user_id=7)


def forget(client_id: int = CLIENT) -> None:
    if keys := list(server().scan_iter(f"requests:{client_id}:*")):
        server().delete(*keys)


@pytest.fixture(autouse=True)
def nothing_counted_yet(within_the_hour: None) -> Iterator[None]:
    forget()
    yield
    forget()


def admitted(principal: Principal, times: int = 1) -> list[bool]:
    return [left.admitted for left in (counted(principal) for _ in range(times)) if left is not None]


def test_the_first_request_beyond_the_limit_is_refused() -> None:
    assert admitted(KAY, 10) == [True] * 10
    refused = counted(KAY)
    assert refused is not None and refused[:2] == (10, 0) and not refused.admitted


def test_each_answer_tells_what_is_left() -> None:
    for left in (9, 8, 7):
        told = counted(KAY)
        now, _ = server().time()
        assert told is not None and (told.limit, told.remaining) == (10, left)
        assert told.reset - (3600 - now % 3600) in (0, 1), "seconds to the next hour of Redis' clock"


def test_two_callers_have_at_most_half_each() -> None:
    assert admitted(ANN) == [True]
    told = counted(KAY)
    assert told is not None and (told.limit, told.remaining) == (5, 4)
    assert admitted(KAY, 9) == [True] * 4 + [False] * 5
    assert admitted(ANN, 9) == [True] * 4 + [False] * 5, "what was refused was not counted"


def test_a_caller_beyond_its_half_waits_once_another_comes() -> None:
    assert admitted(KAY, 7) == [True] * 7
    assert admitted(ANN, 2) == [True] * 2
    assert admitted(KAY) == [False]
    assert admitted(ANN, 2) == [True, False], "the client's ten are used up"


def test_one_person_with_two_programs_is_one_caller() -> None:
    assert admitted(ANN, 6) == [True] * 6
    assert admitted(replace(ANN, application_id=3), 6) == [True] * 4 + [False] * 2


def test_an_applications_own_limit_holds_for_all_its_people() -> None:
    ann, gus = (replace(ANN, user_id=user, hourly_limit=0, application_limit=3) for user in (7, 8))
    assert admitted(ann, 2) == [True] * 2
    told = counted(gus)
    assert told is not None and (told.limit, told.remaining) == (3, 0)
    assert admitted(gus) == admitted(ann) == [False]
    assert admitted(KAY) == [True], "another application"


def test_clients_do_not_share() -> None:
    south = replace(KAY, client_id=CLIENT + 1)
    forget(CLIENT + 1)
    admitted(KAY, 11)
    assert admitted(south) == [True]
    forget(CLIENT + 1)


def test_a_new_hour_begins_anew_and_the_old_one_is_forgotten() -> None:
    admitted(KAY, 11)
    (key,) = server().scan_iter(f"requests:{CLIENT}:*")
    hour = int(key.rpartition(b":")[2])
    assert hour % 3600 == 0 and 0 < server().ttl(key) <= 3660
    server().rename(key, f"requests:{CLIENT}:{hour - 3600}")
    assert admitted(KAY) == [True]


@given(limit=st.integers(1, 12), calls=st.lists(st.integers(0, 3), max_size=40))
def test_nobody_gets_more_than_there_is(limit: int, calls: list[int]) -> None:
    """Whoever calls in whatever order: never more than the limit in all, never more than half beside others."""
    forget()
    got: dict[int, int] = {}
    for who in calls:
        told = counted(replace(ANN, user_id=who, hourly_limit=limit))
        assert told is not None
        others = any(count for other, count in got.items() if other != who)
        most = min(limit, -(-limit // 2)) if others else limit
        left = min(limit - sum(got.values()), most - got.get(who, 0))
        assert told[:2] == (most, max(0, left - 1)) and told.admitted == (left > 0)
        got[who] = got.get(who, 0) + told.admitted
    assert sum(got.values()) <= limit


def test_without_a_limit_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance.Line, "ask", lambda *_: pytest.fail("Redis was asked"))
    assert counted(replace(KAY, hourly_limit=0)) is None


def test_redis_out_serves_everybody_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = []

    def out(*_: Any) -> Any:
        asked.append(1)
        raise redis.ConnectionError("refused by 192.0.2.1")

    monkeypatch.setattr(allowance.Line, "ask", out)
    with caplog.at_level(logging.WARNING):
        assert [counted(KAY) for _ in range(5)] == [None] * 5
        assert len(asked) == 2, "it is left alone for a while"
        allowance.OUTAGE.until = 0
        assert counted(KAY) is None and len(asked) == 4
    assert [record.getMessage() for record in caplog.records] == [
        "requests are served uncounted: Redis is out (ConnectionError)"
    ]


def test_redis_without_its_scripts_counts_on() -> None:
    assert admitted(KAY) == [True]
    server().script_flush()
    assert admitted(KAY, 10) == [True] * 9 + [False]


def test_a_line_that_redis_has_cut_is_opened_again() -> None:
    assert admitted(KAY) == [True]
    assert server().client_kill_filter(_id=allowance.LINE.ask("CLIENT", "ID")) == 1
    assert admitted(KAY, 10) == [True] * 9 + [False]


# ---------------------------------------------------------------- where the limits come from


@pytest.mark.django_db
@pytest.mark.parametrize(("chosen", "limit"), [({"hourly_limit": 7}, 7), ({"hourly_limit": 0}, 0)])
def test_a_token_tells_its_clients_and_its_applications_limit(chosen: dict[str, Any], limit: int) -> None:
    client = make_client("Limited", settings=chosen)
    application, _ = make_application(client, hourly_limit=3)
    found = bearer(checksum(make_token(application)))
    assert found is not None and limits(of_bearer(found)) == (limit, 3)


@pytest.mark.django_db
def test_a_client_that_chose_no_limit_has_a_thousand() -> None:
    client = make_client("Unlimited")
    for chosen in ({}, {"hourly_limit": "a lot"}):
        with scope(client.pk):
            type(client).objects.filter(pk=client.pk).update(settings=chosen)
        application, _ = make_application(client)
        found = bearer(checksum(make_token(application)))
        assert found is not None and limits(of_bearer(found)) == (1000, 0)


@pytest.mark.django_db
def test_for_a_person_the_client_is_asked(cast: Cast) -> None:
    with scope(cast.north.pk):
        type(cast.north).objects.filter(pk=cast.north.pk).update(settings={"hourly_limit": 12})
        assert limits(of_user(cast.nora)) == (12, 0)
