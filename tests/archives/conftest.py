"""Archives as a worker makes them, and whoever has the link."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from archives import freezing, working
from archives.links import token_of
from archives.models import Archive, State
from portal.access.isolation import scope
from portal.clients.models import Client
from tests.factories import NOON


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Jobs that the queue was told of: nobody takes them."""
    told: list[tuple[int, int]] = []
    monkeypatch.setattr("archives.tasks.work.delay", lambda *job: told.append(job))
    return told


def ask(client: Client, **fields: Any) -> Archive:
    """An archive of the day around noon, not yet begun."""
    period = {"starts_at": NOON - timedelta(hours=12), "ends_at": NOON + timedelta(hours=12)}
    with scope(client.pk):
        return Archive.objects.create(client=client, asked_by="Nora", **(period | fields))


def work(archive: Archive) -> Archive:
    """As far as a worker brings it in one go."""
    working.work(archive.client_id, archive.pk)
    return now(archive)


def now(archive: Archive) -> Archive:
    with scope(archive.client_id):
        archive.refresh_from_db()
    return archive


def path_of(archive: Archive) -> str:
    with scope(archive.client_id):
        client = Client.objects.get(pk=archive.client_id)
    return f"/archive/{token_of(archive, client)}"


def freeze(archive: Archive) -> Archive:
    """Only the first step."""
    claimed = claim_at_once(archive)
    freezing.freeze(claimed)
    return claimed


def claim_at_once(archive: Archive) -> Archive:
    """Take it, whoever has it."""
    let_go(archive)
    claimed = working.claim(archive.client_id, archive.pk)
    assert claimed is not None
    return claimed


def let_go(archive: Archive) -> None:
    """Every pause, and the lease of a worker that died, are over."""
    with scope(archive.client_id):
        Archive.objects.filter(pk=archive.pk).exclude(due_at=None).exclude(state=State.READY).update(
            due_at=timezone.now()
        )


def soon(archive: Archive) -> Archive:
    let_go(archive)
    return now(archive)
