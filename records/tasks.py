"""Jobs of the workers: playable copies, and the sweeper that finds those the queue forgot."""

from __future__ import annotations

from celery import shared_task

from portal.access.tasks import OwnTransactions
from portal.clients.lookups import directory
from records import playback
from records.deletion import removal, waking


@shared_task(base=OwnTransactions, name="records.tasks.make_playable")
def make_playable(client_id: int, mediafile_id: int) -> bool:
    """Transcode one media file once; see records.playback."""
    return playback.make_copy(client_id, mediafile_id)


@shared_task(base=OwnTransactions, name="records.tasks.work_off_trash")
def work_off_trash(client_id: int) -> None:
    """Mark, bring back, remove: whatever is to be done with a client's trash now; see records.deletion."""
    removal.work_off(client_id)


@shared_task(name="records.tasks.sweep")
def sweep() -> int:
    """Every minute, over all clients: wake jobs that wait for longer than they should."""
    return sum(playback.wake_forgotten(client.pk) + waking.wake_forgotten(client.pk) for client in directory())
