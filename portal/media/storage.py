"""Where media files live: a directory (here) or an S3 bucket (`portal.media.object_store`), both private.

Beyond Django's storage API a store offers `open_range` (delivery), `local_copy` (decoding) and a `save` that streams
what it is given and keeps nothing of an upload that raised midway.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import FileSystemStorage, storages
from django.utils.deconstruct import deconstructible

from portal.media.folders import Folders, SizeDiffers

__all__ = [
    "BLOCK_BYTES",
    "FileStore",
    "Many",
    "MediaStore",
    "Reader",
    "SizeDiffers",
    "StorageOut",
    "local_copy",
    "serving_store",
    "store",
]
BLOCK_BYTES = 256 * 1024


class StorageOut(OSError):
    """The store does not answer, or will not: nothing is said of the object by that. Asked again it may."""


class Reader(Protocol):
    """A body being read: `read(size)` until b"", then `close()`."""

    def read(self, size: int = ..., /) -> bytes: ...

    def close(self) -> None: ...


class Many(Protocol):
    """What is read of many objects one after another, by one thread; `close` it."""

    def size(self, name: str, /) -> int: ...

    def open_range(self, name: str, start: int, length: int, size: int, /) -> Reader: ...

    def close(self) -> None: ...


class MediaStore(Protocol):
    """What both stores can do. Keys are made by `portal.media.keys`."""

    def save(self, name: str, content: Any, /) -> str: ...

    def delete(self, name: str, /) -> None: ...

    def exists(self, name: str, /) -> bool: ...

    def size(self, name: str, /) -> int: ...

    def open_range(self, name: str, start: int, length: int, size: int, /) -> Reader: ...

    def many(self) -> Many: ...

    def local_copy(self, name: str, /) -> contextlib.AbstractContextManager[Path]: ...

    def ask(self) -> None:
        """Whether it is there at all. OSError where not."""


class ServingStore(MediaStore, Protocol):
    """One that whoever fetches something can be sent to; and that takes an object part by part, over any time.

    All parts but the last have at least 5 MB. Until `finish_parts` there is no object, after it no upload.
    """

    def signed_address(
        self, name: str, seconds: int, /, *, method: str, disposition: str, content_type: str
    ) -> str: ...

    def begin_parts(self, name: str, content_type: str, /) -> str: ...

    def put_part(self, name: str, upload: str, number: int, body: bytes, /) -> str: ...

    def finish_parts(self, name: str, upload: str, etags: Sequence[str], /) -> None: ...

    def abort_parts(self, name: str, upload: str, /) -> None: ...


def serving_store() -> ServingStore | None:
    """The store that the settings name, where it is one of these."""
    found = store()
    return cast(ServingStore, found) if hasattr(found, "signed_address") else None


def store() -> MediaStore:
    """The store that the settings name for media."""
    return cast(MediaStore, storages["default"])


def local_copy(key: str) -> contextlib.AbstractContextManager[Path]:
    """The media of `key` as a file to read: the stored file itself, or a temporary copy from S3. FileNotFoundError."""
    return store().local_copy(key)


@deconstructible(path="portal.media.storage.FileStore")
class FileStore(FileSystemStorage):
    """Files under one directory: 0640 in folders of 0750 unless its options say otherwise.

    `save` is durable when it returns: written to a temporary file beside the target, fsync, rename, fsync of the
    folder; an existing file is replaced. A name that leads outside, also by a link, raises SuspiciousFileOperation.
    """

    def __init__(
        self, location: str, file_permissions_mode: int = 0o640, directory_permissions_mode: int = 0o750
    ) -> None:
        super().__init__(location, None, file_permissions_mode, directory_permissions_mode)

    def path(self, name: str) -> str:
        path = super().path(name)
        if name and not Path(path).parent.resolve().is_relative_to(Path(self.location).resolve()):
            raise SuspiciousFileOperation("a media file outside its directory")
        return path

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name

    def _save(self, name: str, content: Any) -> str:
        target = Path(self.path(name))
        self._make_folder(target.parent)
        descriptor, temporary = tempfile.mkstemp(prefix=".arriving-", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                for chunk in content.chunks(BLOCK_BYTES):
                    _write_all(file, chunk)
                os.fchmod(file.fileno(), self.file_permissions_mode or 0o600)
                os.fsync(file.fileno())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
        return name

    def delete(self, name: str) -> None:
        """Remove the file for good; no error where there is none."""
        path = Path(self.path(name))
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            _sync_folder(path.parent)

    def open_range(self, name: str, start: int, length: int, size: int) -> BinaryIO:
        """A reader at byte `start`. FileNotFoundError; SizeDiffers where the file has not `size` bytes."""
        with contextlib.closing(self.many()) as folders:
            return folders.open_range(name, start, length, size)

    def many(self) -> Folders:
        return Folders(self)

    def ask(self) -> None:
        if not os.access(self.location, os.R_OK | os.W_OK | os.X_OK):
            raise StorageOut(f"{self.location} cannot be read and written")

    @contextlib.contextmanager
    def local_copy(self, name: str) -> Iterator[Path]:
        os.close(os.open(self.path(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC))
        yield Path(self.path(name))

    def _make_folder(self, folder: Path) -> None:
        """Make `folder` and what lacks above it, each one durable in the folder that holds it."""
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(self.directory_permissions_mode or 0o700)
        _sync_folder(folder.parent)


def _write_all(file: Any, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[file.write(view) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
