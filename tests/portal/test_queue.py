"""What every process knows of the queue."""

from __future__ import annotations

import subprocess
import sys

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
