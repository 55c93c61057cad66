"""What a client's recorders left for us: a folder of its own in the media storage, `<client_id>/incoming/`.

They have no other way to name a file. A path is walked inside that folder alone, on a disk without following links;
storage is asked with our credentials. What was taken in is removed from there: it lives with its recording now.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from django.db import transaction

from portal.intake.spool import Spool, Unreachable, parts_of
from portal.media.storage import FileStore, store

log = logging.getLogger(__name__)


def folder(client_id: int) -> str:
    return f"{client_id}/incoming"


def within(client_id: int, path: str) -> str:
    """A path as it is within the folder; one that begins with the folder means the same. Unreachable."""
    parts, mine = parts_of(path), folder(client_id).split("/")
    return "/".join(parts[len(mine) :] if parts[: len(mine)] == mine and len(parts) > len(mine) else parts)


@contextmanager
def opened(client_id: int, path: str) -> Iterator[BinaryIO]:
    """The file at a path of `within`. Unreachable with the reason."""
    name = f"{folder(client_id)}/{path}"
    if (disk := on_disk()) is not None:
        with disk.open(name) as file:
            yield file
    elif not store().exists(name):
        raise Unreachable("no such file")
    else:
        with store().local_copy(name) as copy, copy.open("rb") as file:
            yield file


def remove_after_commit(client_id: int, path: str) -> None:
    transaction.on_commit(partial(remove, f"{folder(client_id)}/{path}"))


def remove(name: str) -> None:
    """What is left there when this fails goes when the same is sent again."""
    try:
        if (disk := on_disk()) is not None:
            disk.remove(name)
        else:
            store().delete(name)
    except Exception:
        log.warning("a file that was taken in is left in a client's folder", exc_info=True)


def on_disk() -> Spool | None:
    """The media directory; None: they are in an object store."""
    here = store()
    return Spool(Path(here.location)) if isinstance(here, FileStore) else None
