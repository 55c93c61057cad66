"""Celery tasks that work for one client enter its scope before their body, so none can forget to."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from celery import Task
from kombu.exceptions import OperationalError

from portal.access.isolation import scope

log = logging.getLogger(__name__)


class ClientTask(Task):
    """Base of a task whose first argument is `client_id`: the body runs in one transaction bound to that client.

    Set `own_transactions = True` for a body that takes several short scopes itself (long loops, files).
    """

    abstract = True
    own_transactions = False

    def __call__(self, client_id: int, *args: Any, **kwargs: Any) -> Any:
        if self.own_transactions:
            return super().__call__(client_id, *args, **kwargs)
        with scope(client_id):
            return super().__call__(client_id, *args, **kwargs)


class OwnTransactions(ClientTask):
    abstract = True
    own_transactions = True


def wake(task: Task, *job: int, wait: timedelta = timedelta(0)) -> None:
    """Tell the queue of a job whose row has committed. A broker that is out is no harm: a sweeper finds the row."""
    try:
        if wait:
            task.apply_async(job, countdown=wait.total_seconds())
        else:
            task.delay(*job)
    except OperationalError as error:
        log.warning("the queue is out: %s %s waits for the sweeper (%s)", task.name, job, error)
    except Exception:
        log.warning("the queue is out: %s %s waits for the sweeper", task.name, job, exc_info=True)
