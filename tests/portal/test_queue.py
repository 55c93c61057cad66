"""What every process knows of the queue."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ASK = """
import threading, django
django.setup()
from portal.mail.tasks import deliver
def tell(): print(deliver.app.main, deliver.app.conf.broker_url)
tell()
other = threading.Thread(target=tell)
other.start()
other.join()
"""


def test_a_process_of_any_kind_queues_with_our_broker() -> None:
    """Such as one of a test or a benchmark: no web process, no worker and no command. In any of its threads."""
    ran = subprocess.run([sys.executable, "-c", ASK], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == [f"callvault {settings.CELERY_BROKER_URL}"] * 2


WAKE = """
import django, kombu.utils.functional
django.setup()
def slept(seconds): print("slept", seconds)
kombu.utils.functional.sleep = slept
from portal.access.tasks import wake
from records.tasks import make_playable
wake(make_playable, 1, 2)
"""


@pytest.mark.parametrize("broker", ["redis+socket://{folder}/none.sock", "amqp://guest:guest@127.0.0.1:1//"])
def test_a_broker_that_is_out_is_not_waited_for_and_said_in_one_line(tmp_path: Path, broker: str) -> None:
    """An import wakes a job for each file that a browser cannot play, also where nothing but the database runs."""
    known = os.environ | {"CELERY_BROKER_URL": broker.format(folder=tmp_path)}
    command = [sys.executable, "-c", WAKE]
    ran = subprocess.run(command, cwd=settings.BASE_DIR, env=known, capture_output=True, text=True, check=True)
    (line,) = ran.stderr.splitlines()
    assert "the queue is out: records.tasks.make_playable (1, 2) waits for the sweeper (" in line
    assert not any(float(said.split()[1]) for said in ran.stdout.splitlines())
