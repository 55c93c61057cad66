from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile

from portal.media.storage import FileStore, MediaStore, SizeDiffers, StorageOut, local_copy, store
from tests.stores import lose_store

KEY = "7/2026/11/20/0123456789abcdef0123456789abcdef.mp3"
BODY = bytes(range(256)) * 40


def saved(media: MediaStore) -> MediaStore:
    media.save(KEY, ContentFile(BODY))
    return media


def test_what_was_saved_is_there_whole_and_in_part(any_store: MediaStore) -> None:
    media = saved(any_store)
    assert media.exists(KEY)
    assert media.size(KEY) == len(BODY)
    for start, length in ((0, len(BODY)), (100, 50), (len(BODY) - 1, 1)):
        reader = media.open_range(KEY, start, length, len(BODY))
        assert reader.read(length) == BODY[start : start + length]
        reader.close()


def test_saving_again_replaces(any_store: MediaStore) -> None:
    saved(any_store).save(KEY, ContentFile(b"other"))
    with local_copy(KEY) as path:
        assert path.read_bytes() == b"other"


def test_deleting_twice_is_as_once(any_store: MediaStore) -> None:
    media = saved(any_store)
    media.delete(KEY)
    media.delete(KEY)
    assert not media.exists(KEY)


def test_what_is_missing_is_missing(any_store: MediaStore) -> None:
    for read in (
        lambda: any_store.size(KEY),
        lambda: any_store.open_range(KEY, 0, 1, 1),
        lambda: any_store.open_range(KEY, 5, 1, 9),
        lambda: local_copy(KEY).__enter__(),
    ):
        with pytest.raises(FileNotFoundError):
            read()


@pytest.mark.parametrize("change", [-1, 1, 5000])
def test_an_object_of_another_size_is_noticed(any_store: MediaStore, change: int) -> None:
    media = saved(any_store)
    for start, length in ((0, len(BODY) + change), (10, 20)):
        with pytest.raises(SizeDiffers):
            media.open_range(KEY, start, length, len(BODY) + change)
    with pytest.raises(SizeDiffers):
        media.open_range(KEY, len(BODY) + 100, 5, len(BODY) + 200)


def test_the_local_copy_of_a_file_is_the_file_and_of_an_object_ends_with_its_use(any_store: MediaStore) -> None:
    saved(any_store)
    with local_copy(KEY) as path:
        assert path.read_bytes() == BODY
    assert path.exists() == isinstance(store(), FileStore)


@pytest.mark.parametrize("name", ["../out", "/etc/passwd", "7/../../out", "link/out"])
def test_nothing_outside_the_directory_is_reached(tmp_path: Path, name: str) -> None:
    media = FileStore(location=str(tmp_path / "media"))
    (tmp_path / "media").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "media" / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SuspiciousFileOperation):
        media.save(name, ContentFile(b"x"))
    with pytest.raises(SuspiciousFileOperation):
        media.open_range(name, 0, 1, 1)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    media = FileStore(location=str(tmp_path / "media"))
    media.save(KEY, ContentFile(BODY))
    (tmp_path / "secret").write_bytes(b"secret")
    Path(media.path(KEY)).unlink()
    Path(media.path(KEY)).symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic links"):
        media.open_range(KEY, 0, 6, 6)


def test_a_file_is_synced_before_it_gets_its_name_and_its_folders_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = FileStore(location=str(tmp_path / "media"))
    target = tmp_path / "media" / KEY
    synced: list[tuple[str, bool]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append((str(Path(f"/proc/self/fd/{descriptor}").readlink()), target.exists()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    media.save(KEY, ContentFile(BODY))
    temporary, folder = synced[-2], synced[-1]
    assert temporary[0].startswith(str(target.parent) + "/.arriving-")
    assert temporary[1] is False
    assert folder == (str(target.parent), True)
    assert {str(path) for path in target.parents if tmp_path in path.parents or path == tmp_path} <= {
        path for path, _ in synced
    }
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_body_that_breaks_off_leaves_nothing(any_store: MediaStore) -> None:
    class Broken(ContentFile):
        def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
            yield b"x" * 1000
            raise ConnectionError

        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        any_store.save(KEY, Broken(b""))
    assert not any_store.exists(KEY)
    if isinstance(store(), FileStore):
        assert [path for path in Path(any_store.location).rglob("*") if path.is_file()] == []  # type: ignore[attr-defined]


# ---------------------------------------------------------------- a store that is not there


@pytest.mark.parametrize(
    ("deed", "arguments"),
    [
        ("ask", ()),
        ("exists", (KEY,)),
        ("size", (KEY,)),
        ("delete", (KEY,)),
        ("save", (KEY, ContentFile(BODY))),
        ("open_range", (KEY, 0, 1, 1)),
        ("begin_parts", (KEY, "audio/wav")),
        ("put_part", (KEY, "upload", 1, BODY)),
        ("finish_parts", (KEY, "upload", ["etag"])),
        ("abort_parts", (KEY, "upload")),
    ],
)
def test_a_server_that_is_not_there_is_out_and_says_nothing_of_the_object(
    settings: Any, deed: str, arguments: tuple[Any, ...]
) -> None:
    lost = lose_store(settings)
    with pytest.raises(StorageOut, match="Could not connect"):
        getattr(lost, deed)(*arguments)


def test_nor_is_there_a_copy_of_what_it_has(settings: Any) -> None:
    lose_store(settings)
    with pytest.raises(StorageOut), local_copy(KEY):
        pytest.fail("there is nothing to read")


def test_a_body_that_the_server_cuts_is_no_short_object(settings: Any) -> None:
    lost = lose_store(settings)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def cut() -> None:
            taken, _ = server.accept()
            with taken:
                taken.recv(65536)
                taken.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + BODY[:10])

        thread = threading.Thread(target=cut)
        thread.start()
        lost.endpoint_url = f"http://127.0.0.1:{server.getsockname()[1]}"  # type: ignore[attr-defined]
        reader = lost.open_range(KEY, 0, 1000, 1000)
        with pytest.raises(StorageOut):
            while reader.read(100):
                pass
        reader.close()
        thread.join()


def test_a_store_that_may_be_used_says_nothing_and_one_that_may_not_says_so(any_store: MediaStore) -> None:
    if isinstance(any_store, FileStore):
        Path(any_store.location).mkdir(parents=True)
    any_store.ask()
    if isinstance(any_store, FileStore):
        Path(any_store.location).rmdir()
    else:
        any_store.bucket_name = "never-made"  # type: ignore[attr-defined]
    with pytest.raises(OSError, match=r"never-made|cannot be read and written"):
        any_store.ask()
