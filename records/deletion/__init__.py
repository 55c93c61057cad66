"""Deletion, everywhere the same: API, pages and Django admin call these deeds (docs/decisions/deletion.md).

    with scope(client_id):
        deletion = trash(Record.objects.visible_to(who).available().between(start, end), who, Deletion.Via.API)
        restore(Trashed.objects.visible_to(who).filter(…))

What is in the trash is hidden at once and its links are dead. When the client's `trash_days` have passed it is marked
as `removing`, its objects go, storage is asked whether they are gone, and only then the rows are forgotten. Every step
is a row in the database: a worker that is killed anywhere is followed by another.
"""

from records.deletion.removal import remove_now
from records.deletion.restoring import restore, restore_all
from records.deletion.trashing import trash

__all__ = ["remove_now", "restore", "restore_all", "trash"]
