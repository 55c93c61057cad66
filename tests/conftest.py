"""Tests run as the serving role on a database that its owner migrated: a superuser would open the second lock."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import Client as Browser

from portal.access.isolation import scope
from portal.accounts import allowance
from portal.accounts.models import User
from portal.accounts.throttle import server
from tests.factories import Cast, make_cast

pytest_plugins = ["tests.matrix", "tests.stores", "tests.rados"]


def _connect_as(role: str, password: str) -> None:
    connection.close()
    connection.settings_dict.update(USER=role, PASSWORD=password)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    owner = settings.OWNER_DATABASE
    for alias in connections:
        connections[alias].settings_dict.update(USER=owner["USER"], PASSWORD=owner["PASSWORD"])


@pytest.fixture(scope="session")
def owner_sql(django_db_setup: None) -> Any:
    """Run statements as the owner of the test database, in a connection of its own."""

    def run(*statements: str) -> None:
        parameters = connection.get_connection_params() | {
            "user": settings.OWNER_DATABASE["USER"],
            "password": settings.OWNER_DATABASE["PASSWORD"],
        }
        known = {name: parameters.get(name) for name in ("dbname", "user", "password", "host", "port")}
        with psycopg.connect(**{name: value for name, value in known.items() if value}, autocommit=True) as owner:
            for statement in statements:
                owner.execute(statement)

    return run


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    settings.AS_OWNER = False
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(NO_AUTOVACUUM)
        _connect_as(f"{connection.settings_dict['NAME']}_serving", str(settings.SERVING_DATABASE["PASSWORD"]))
    yield
    with django_db_blocker.unblock():
        _connect_as(str(settings.OWNER_DATABASE["USER"]), str(settings.OWNER_DATABASE["PASSWORD"]))


# Plans depend on what the tables hold, and not on which test was running when autovacuum came by: a table that it found
# empty is thought to be empty from then on, and there any index is as good as the one that a test looks for.
NO_AUTOVACUUM = """
do $do$ declare name text; begin
    for name in select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' loop
        execute format('alter table %I set (autovacuum_enabled = false)', name);
    end loop;
end $do$
"""


@pytest.fixture(scope="session", autouse=True)
def flush_as_owner(request: pytest.FixtureRequest) -> Iterator[None]:
    """The serving role may not TRUNCATE, and that is meant; between transactional tests the owner does it.

    Only tables that something was written to, and none that migrations fill: so nothing has to be filled again.
    """
    patch = pytest.MonkeyPatch()

    def flush(self: DatabaseOperations, statements: list[str]) -> None:
        request.getfixturevalue("owner_sql")(EMPTY_WRITTEN)

    patch.setattr(DatabaseOperations, "execute_sql_flush", flush)
    patch.setattr("django.core.management.commands.flush.emit_post_migrate_signal", lambda *args, **kwargs: None)
    yield
    patch.undo()


# A table that was emptied has no page; row-level security hides rows from the owner too, and pages from nobody.
EMPTY_WRITTEN = """
do $do$ declare written text; begin
    select string_agg(quote_ident(relname), ', ') into written from pg_class
     where relnamespace = 'public'::regnamespace and relkind = 'r' and pg_relation_size(oid) > 0
       and relname not in ('django_migrations', 'django_content_type', 'auth_permission');
    if written is not null then execute 'truncate ' || written || ' cascade'; end if;
end $do$
"""


@pytest.fixture(autouse=True)
def ordinary_settings(settings: Any, tmp_path: Path) -> None:
    """Files in a directory of the test's own, cheap password hashes, no leftover of another test's cache."""
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "portal.media.storage.FileStore", "OPTIONS": {"location": str(tmp_path / "media")}},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "portal.accounts.oauth.OneRoundHasher",
    ]
    # A database named in the address beats one in OPTIONS.
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": with_database(settings.REDIS_URL)}}
    if "PYTEST_XDIST_WORKER" in os.environ:  # whose clients have the same ids as another worker's
        settings.REDIS_URL = with_database(settings.REDIS_URL)
    settings.ATTEMPTS_PER_SECOND = settings.ATTEMPTS_AT_ONCE = 10_000  # all tests come from one address
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def redis_database() -> int:
    """One numbered Redis database a test worker: clearing the cache of one must not clear another's."""
    return 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def with_database(url: str) -> str:
    """The address of the same Redis, at this test worker's own database."""
    if url.startswith("unix:"):
        return f"{url.partition('?')[0]}?db={redis_database()}"
    return urlunsplit(urlsplit(url)._replace(path=f"/{redis_database()}"))


@pytest.fixture
def within_the_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of hourly limits: no new hour comes in the middle, and no test before it has seen Redis out."""
    now, _ = server().time()
    if now % 3600 > 3590:
        time.sleep(3601 - now % 3600)
    monkeypatch.setattr(allowance, "OUTAGE", allowance.Outage())


@pytest.fixture
def cast(db: None) -> Cast:
    """Two clients, North and South, and the people of both."""
    return make_cast()


@pytest.fixture
def as_(cast: Cast) -> Callable[[User], Browser]:
    """The browser of a person who has signed in; an operator's works in North."""

    def signed_in(person: User) -> Browser:
        browser = Browser()
        with scope(person.client_id, operator=person.is_operator):  # it writes last_login into the person's row
            browser.force_login(person, "portal.accounts.backends.LoginBackend")
        if person.is_operator:
            browser.post("/choose-client/", {"client": cast.north.pk})
        return browser

    return signed_in
