"""The queue. Tasks live with what they work on, in `tasks.py`; jobs are rows, the queue only wakes them."""

import os

from celery import Celery
from celery.signals import beat_init, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("callvault")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.worker_soft_shutdown_timeout = 1.5  # seconds
app.conf.beat_schedule = {
    # What is changed by hand between an entry and its link is not found: so long, and no longer (docs/audit.md).
    "audit-link": {"task": "portal.audit.tasks.link", "schedule": 5.0, "options": {"expires": 5}},
    "audit-seal": {"task": "portal.audit.tasks.seal", "schedule": 60.0, "options": {"expires": 60}},
    "audit-sign-heads": {"task": "portal.audit.tasks.sign_heads", "schedule": 86_400.0},
    "archives-sweep": {"task": "archives.tasks.sweep", "schedule": 30.0, "options": {"expires": 30}},
    "person-sweep": {"task": "archives.person.tasks.sweep", "schedule": 30.0, "options": {"expires": 30}},
    "clients-prune-ledgers": {"task": "portal.clients.tasks.prune_ledgers", "schedule": 86_400.0},
    "cdrs-sweep": {"task": "cdrs.tasks.sweep", "schedule": 600.0, "options": {"expires": 600}},
    "live-sweep": {"task": "portal.live.tasks.sweep", "schedule": 30.0, "options": {"expires": 30}},
    "mail-sweep": {"task": "portal.mail.tasks.sweep", "schedule": 30.0, "options": {"expires": 30}},
    "records-sweep": {"task": "records.tasks.sweep", "schedule": 60.0, "options": {"expires": 60}},
    # The night of each client begins within so many seconds, and what was put off goes on.
    "retention-sweep": {"task": "archives.retention.tasks.sweep", "schedule": 120.0, "options": {"expires": 120}},
    "media-sweep-uploads": {"task": "portal.media.tasks.sweep_uploads", "schedule": 600.0, "options": {"expires": 600}},
    "accounts-clear-tokens": {"task": "portal.accounts.tasks.clear_tokens", "schedule": 86_400.0},
}


@worker_init.connect
@beat_init.connect
def refuse_unsafe_start(**_: object) -> None:
    """A worker or scheduler does not come to life when the boot checks fail."""
    from portal.checks import refuse_unsafe

    refuse_unsafe()
