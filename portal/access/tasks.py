"""Celery tasks that work for one client enter its scope before their body, so none can forget to."""

from __future__ import annotations

from typing import Any

from celery import Task

from portal.access.isolation import scope


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
