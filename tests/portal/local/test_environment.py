"""Variables that cannot be: one sentence that names them, and nothing is started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal.local import environment
from portal.local.bootstrap import ROOT
from portal.local.errors import Refused


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("WEB_PROCESSES", value) for value in ("0", "abc", "-1", "1.5", "²")),
        ("DATABASE_POOL", "abc"),
        ("MEDIA_MAX_BYTES", "2G"),
        *(("PUBLIC_URL", value) for value in ("foo", "calls.example.com", "https://", "ftp://x", "http://[x")),
        *(
            ("DATABASE_URL", value)
            for value in ("foo", "mysql://user@host/name", "postgres://host", "postgres://host/")
        ),
        ("DATABASE_SERVING_URL", "secret"),
        ("REDIS_URL", "localhost:6379"),
        ("MEDIA_STORAGE", "/srv/media"),
    ],
)
def test_what_cannot_be_is_named_and_not_told(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Refused, match=f"^{name}: (a|an) .* is needed.$") as refused:
        environment.demand()
    assert value not in str(refused.value).split()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEB_PROCESSES", "4"),
        ("WEB_PROCESSES", ""),
        ("PUBLIC_URL", "https://calls.example.com:8443"),
        ("DATABASE_URL", "postgres:///callvault?host=/run/postgresql"),
        ("DATABASE_URL", "postgresql://user:p%40ss@db:5432/callvault?sslmode=verify-full"),
        ("REDIS_URL", "unix:///run/redis.sock"),
        ("REDIS_URL", "rediss://:secret@redis:6379/0"),
        ("MEDIA_STORAGE", "s3://bucket/prefix?endpoint=https://s3.example.com"),
        ("MEDIA_STORAGE", "file:///srv/media"),
    ],
)
def test_what_can_be_may_pass(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    environment.demand()


@pytest.mark.parametrize("command", [["up", "--no-demo"], ["check"], ["create_client", "--name", "Acme"]])
def test_every_command_says_so_in_one_line(tmp_path: Path, command: list[str]) -> None:
    known = os.environ | {"PORTAL_DATA": str(tmp_path / "data"), "WEB_PROCESSES": "none"}
    line = [sys.executable, str(ROOT / "manage.py"), *command]
    ran = subprocess.run(line, env=known, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr) == (1, "WEB_PROCESSES: a whole number from 1 is needed.\n")
    assert not (tmp_path / "data").exists()
