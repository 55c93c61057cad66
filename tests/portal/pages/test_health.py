"""/healthz tells of the process alone, /readyz of each thing it leans on."""

import io
import logging
import threading
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from portal.pages import health


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> health.Probes:
    """Probes that remember nothing of another test, and a folder for the recordings."""
    probes = health.Probes(
        {"database": health.ask_database, "broker": health.ask_broker, "storage": health.ask_storage}
    )
    monkeypatch.setattr(health, "PROBES", probes)
    Path(settings.STORAGES["default"]["OPTIONS"]["location"]).mkdir(parents=True)
    return probes


def test_healthz_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health.Probes, "states", lambda self: pytest.fail("a dependency was asked"))
    answer = Client().get("/healthz")  # without access to the database, as pytest-django sees to
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_readyz_names_each_dependency() -> None:
    answer = Client().get("/readyz")
    assert answer.json() == {"database": "ok", "broker": "ok", "storage": "ok"}
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_a_lost_database_is_named_and_no_secret_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", str(tmp_path))  # no server has its socket there
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "wrong-and-secret")
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": "out", "broker": "ok", "storage": "ok"}
    assert "database is out" in caplog.text
    assert "wrong-and-secret" not in caplog.text + answer.content.decode()


@pytest.mark.django_db
def test_a_lost_broker_is_named(settings: pytest.FixtureRequest, tmp_path: Path) -> None:
    settings.CELERY_BROKER_URL = f"redis+socket://{tmp_path}/none.sock"  # type: ignore[attr-defined]
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["broker"]) == (503, "out")


@pytest.mark.django_db
def test_a_lost_storage_is_named() -> None:
    Path(settings.STORAGES["default"]["OPTIONS"]["location"]).rmdir()
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": "ok", "broker": "ok", "storage": "out"}


@pytest.mark.django_db
def test_the_log_says_what_is_out_and_not_that_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    (stderr,) = [handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler]
    monkeypatch.setattr(stderr, "stream", io.StringIO())
    Path(settings.STORAGES["default"]["OPTIONS"]["location"]).rmdir()
    assert Client().get("/readyz").status_code == 503
    (line,) = stderr.stream.getvalue().splitlines()
    assert line.endswith("readyz: storage is out (StorageOut)")


def test_only_reading_is_allowed() -> None:
    assert Client().post("/healthz").status_code == 405
    assert Client().post("/readyz").status_code == 405


def test_one_that_hangs_is_out_in_time_and_not_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SECONDS", -0.8)  # 0.2 s in all
    monkeypatch.setattr(health, "REMEMBERED", 0)
    asked, release = [], threading.Event()
    probes = health.Probes({"slow": lambda: (asked.append(1), release.wait(10))[0], "quick": lambda: None})  # type: ignore[func-returns-value]
    began = time.monotonic()
    assert probes.states() == {"slow": "out", "quick": "ok"}
    assert probes.states() == {"slow": "out", "quick": "ok"}
    assert time.monotonic() - began < 2
    assert asked == [1]
    release.set()


def test_many_who_ask_at_once_are_one_question() -> None:
    asked = []
    probes = health.Probes({"thing": lambda: asked.append(1)})
    readers = [threading.Thread(target=probes.states) for _ in range(20)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert asked == [1]
