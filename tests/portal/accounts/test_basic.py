"""Files by HTTP Basic: the login and password of a user, on the addresses of files alone."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser

from portal.access.isolation import scope
from portal.accounts import passwords
from portal.accounts.basic import remembrance
from portal.accounts.models import User
from portal.clients.models import Client
from records.models import Record
from tests.factories import PASSWORD, Cast, make_call, make_record

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.clause("ringme", "Files without OAuth: HTTP Basic with the login and password of a user account"),
]
UNAUTHORIZED = {"message": "Unauthorized"}


@pytest.fixture(autouse=True)
def nobody_is_remembered() -> None:
    cache.clear()


@pytest.fixture
def record(cast: Cast) -> Record:
    return make_record(cast.north, make_call(cast.north, cast.ext101)[1], b"RIFF sound")


def address(record: Record, realm: str = "client/@me") -> str:
    return f"/api/ver1.0/{realm}/record/{record.extension_id}-{record.uuid.hex.upper()}"


def by(login: str, password: str = PASSWORD, scheme: str = "Basic") -> dict[str, str]:
    return {"Authorization": f"{scheme} " + base64.b64encode(f"{login}:{password}".encode()).decode()}


def ask(path: str, headers: dict[str, str] | None = None, method: str = "GET") -> Any:
    return Browser().generic(method, path, headers=headers or {})


@pytest.fixture
def hashings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were hashed, in order."""
    seen: list[str] = []
    real = passwords.check_password

    def check(password: str, encoded: str) -> bool:
        seen.append(password)
        return real(password, encoded)

    monkeypatch.setattr(passwords, "check_password", check)
    return seen


def test_nora_fetches_a_file_with_her_password(cast: Cast, record: Record) -> None:
    for path in (address(record), address(record) + "/download/", address(record, f"client/{cast.north.pk}")):
        answer = ask(path, by("nora@north"))
        assert answer.status_code == 200 and answer.getvalue() == b"RIFF sound"
    assert ask(address(record), by(" NORA@north", scheme="basic")).status_code == 200
    assert ask(address(record), by("nora@north"), "HEAD").status_code == 200


def test_everybody_hears_within_their_reach(cast: Cast, record: Record) -> None:
    assert ask(address(record, "extension/@me"), by("ann@north")).status_code == 200
    assert ask(address(record, "extension_group/@me"), by("gus@north")).status_code == 200
    assert ask(address(record), by("rita@north")).status_code == 200
    assert ask(address(record), by("gus@north")).status_code == 404
    for realm in ("client/@me", f"client/{cast.north.pk}"):
        assert ask(address(record, realm), by("sam@south")).status_code == 404


def test_without_credentials_the_door_asks_for_them(record: Record) -> None:
    for headers in (None, by("nora@north", "wrong"), by("nobody", "x"), {"Authorization": "Basic"}):
        answer = ask(address(record), headers)
        assert answer.status_code == 401 and answer.json() == UNAUTHORIZED
        assert answer["WWW-Authenticate"].startswith("Basic realm=")


@pytest.mark.parametrize("said", ["Basic %%%", "Basic bm9jb2xvbg==", "Basic /////w==", "Basic OnBhc3M=", "Basic a b"])
def test_what_is_no_pair_is_unauthorized(record: Record, said: str) -> None:
    assert ask(address(record), {"Authorization": said}).status_code == 401


def test_a_token_opens_the_same_door(cast: Cast, record: Record) -> None:
    assert ask(address(record), {"Authorization": f"Bearer {cast.kay_token}"}).status_code == 200
    assert ask(address(record), {"Authorization": "Bearer wrong"}).status_code == 401


def test_basic_is_refused_anywhere_else(cast: Cast, record: Record) -> None:
    window = "?start_datetime=2026-09-01%2000:00:00&end_datetime=2026-09-30%2023:59:59"
    uuid = address(record)
    for path in ("/api/ver1.0/user/", f"/api/ver1.0/client/@me/record/{window}", f"{uuid}/storage_url/"):
        answer = ask(path, by("nora@north"))
        assert answer.status_code == 401 and answer.json() == UNAUTHORIZED, path
        assert answer["WWW-Authenticate"].startswith("Bearer")
    assert ask("/intake/v1/calls", by("nora@north"), "POST").status_code == 401


def test_a_password_deletes_nothing(cast: Cast, record: Record) -> None:
    answer = ask(address(record), by("nora@north"), "DELETE")
    assert answer.status_code == 401 and answer.json() == UNAUTHORIZED
    assert ask(address(record), by("nora@north")).status_code == 200


def test_operators_have_no_files_here(cast: Cast, record: Record) -> None:
    assert ask(address(record, f"client/{cast.north.pk}"), by("olga")).status_code == 401


def test_a_right_password_is_hashed_once_a_minute(cast: Cast, record: Record, hashings: list[str]) -> None:
    for _ in range(3):
        assert ask(address(record), by("nora@north")).status_code == 200
    assert hashings == [PASSWORD]
    assert ask(address(record), by("nora@north", "wrong")).status_code == 401, "another one is not remembered"
    assert ask(address(record, "extension/@me"), by("ann@north")).status_code == 200, "nor is anybody else's"
    assert hashings == [PASSWORD, "wrong", PASSWORD]


def test_what_is_remembered_tells_nothing(cast: Cast, record: Record) -> None:
    ask(address(record), by("nora@north"))
    key = remembrance(cast.nora, PASSWORD)
    assert cache.get(key) == 1
    assert PASSWORD not in key and cast.nora.password not in key
    assert key != remembrance(cast.ann, PASSWORD)


def test_a_new_password_ends_the_old_one_at_once(cast: Cast, record: Record) -> None:
    assert ask(address(record), by("nora@north")).status_code == 200
    cast.nora.set_password("quite another one")
    with scope(cast.north.pk):
        cast.nora.save(update_fields=["password"])
    assert ask(address(record), by("nora@north")).status_code == 401
    assert ask(address(record), by("nora@north", "quite another one")).status_code == 200


@pytest.mark.clause("ringme", "Revoking and blocking hold at once, caches notwithstanding")
@pytest.mark.parametrize("whom", ["user", "client"])
def test_a_block_holds_at_once(cast: Cast, record: Record, whom: str) -> None:
    assert ask(address(record), by("nora@north")).status_code == 200
    blocked = User.objects.filter(pk=cast.nora.pk) if whom == "user" else Client.objects.filter(pk=cast.north.pk)
    with scope(cast.north.pk):
        blocked.update(status="blocked")
    answer = ask(address(record), by("nora@north"))
    assert answer.status_code == 403 and answer.json()["status"] == "user_blocked"
    assert ask(address(record), by("nora@north", "wrong")).status_code == 401, "only who knows the password is told"


def test_guessing_is_stopped_before_hashing_and_the_login_is_not_locked(
    cast: Cast, record: Record, hashings: list[str], settings: Any
) -> None:
    tried = [ask(address(record), by("nora@north", f"guess {n}")).status_code for n in range(10)]
    assert tried == [401] * settings.AXES_FAILURE_LIMIT + [429] * (10 - settings.AXES_FAILURE_LIMIT)
    assert len(hashings) == settings.AXES_FAILURE_LIMIT
    answer = ask(address(record), by("nora@north"))
    assert answer.status_code == 429 and answer["Retry-After"] == "900"
    assert answer.json()["status"] == "rate_limit_exceeded"
    assert Browser().post("/sign-in/", {"username": "nora@north", "password": PASSWORD}).status_code == 429
    elsewhere = Browser(REMOTE_ADDR="198.51.100.9").get(address(record), headers=by("nora@north"))
    assert elsewhere.status_code == 200


def test_the_right_password_forgets_the_wrong_ones(cast: Cast, record: Record) -> None:
    for _ in range(3):
        assert [ask(address(record), by("nora@north", "wrong")).status_code for _ in range(4)] == [401] * 4
        assert ask(address(record), by("nora@north")).status_code == 200
        cast.nora.set_password(PASSWORD)  # another salt, so that it is hashed again
        with scope(cast.north.pk):
            cast.nora.save(update_fields=["password"])


@pytest.mark.django_db(transaction=True)
def test_downloads_at_the_same_moment_hash_once(cast: Cast, record: Record, hashings: list[str], settings: Any) -> None:
    settings.ATTEMPTS_AT_ONCE = 2

    def fetched(_: int) -> int:
        try:
            return ask(address(record), by("nora@north")).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(fetched, range(8))) == [200] * 8
    assert hashings == [PASSWORD]
