"""What the figures were measured on: without it they mean little."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from portal.local.bootstrap import ROOT


def facts() -> list[tuple[str, str]]:
    """Names and values, for the head of the report."""
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return [
        ("date", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
        ("commit", commit()),
        ("processor", f"{os.cpu_count()} × {cpu()}"),
        ("memory", f"{memory_gib():.1f} GiB"),
        ("system", f"{platform.system()} {platform.release()}, Python {platform.python_version()}"),
        ("PostgreSQL", postgres()),
        (
            "load before the run",
            f"{load} (1, 5, 15 min); above {os.cpu_count()} the machine was busy with other things",
        ),
    ]


def cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3


def commit() -> str:
    """The checkout's commit, with a + where tracked files differ from it."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    return said.stdout.strip() or "not a git checkout"


def postgres() -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "select split_part(version(), ' on ', 1) || ', shared_buffers ' || current_setting('shared_buffers')"
            " || ', fsync ' || current_setting('fsync') || ', synchronous_commit '"
            " || current_setting('synchronous_commit')"
        )
        (line,) = cursor.fetchone()
    return line
