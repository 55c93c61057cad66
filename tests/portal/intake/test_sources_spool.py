"""Files that strangers name are opened inside the spool and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.intake.spool import OutsideSpool, Spool, Unreachable, parts_of

SECRET = b"not for you"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    root = tmp_path / "spool"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "call.mp3").write_bytes(b"hello")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "call.mp3").write_bytes(SECRET)
    return Spool(root)


def read(spool: Spool, path: str) -> bytes:
    with spool.open(path) as file:
        return file.read()


def test_a_file_of_the_spool_is_read(spool):
    assert read(spool, "a/b/call.mp3") == read(spool, "./a//b/./call.mp3") == b"hello"


@pytest.mark.parametrize("path", ["../secret/call.mp3", "a/../../secret/call.mp3", "/etc/passwd", "//etc/passwd", ".."])
def test_a_path_that_leads_out_is_refused(spool, path):
    with pytest.raises(OutsideSpool, match=r"leads out"):
        spool.open(path)


@pytest.mark.parametrize("path", ["", ".", "a/b/none.mp3", "a/b/call.mp3/more", "a\x00b", "x" * 5000, "a/\ud800"])
def test_what_is_not_there_is_unreachable(spool, path):
    with pytest.raises(Unreachable):
        spool.open(path)


def test_links_are_not_followed_wherever_they_stand_in_the_path(spool):
    outside = spool.root.parent / "secret"
    (spool.root / "file.mp3").symlink_to(outside / "call.mp3")
    (spool.root / "folder").symlink_to(outside, target_is_directory=True)
    (spool.root / "inside.mp3").symlink_to(spool.root / "a" / "b" / "call.mp3")
    for path in ("file.mp3", "folder/call.mp3", "inside.mp3"):
        with pytest.raises(Unreachable, match="link"):
            spool.open(path)


def test_a_folder_swapped_for_a_link_after_it_was_opened_leads_nowhere_else(spool, monkeypatch):
    """Between two steps the folder of the second one becomes a link: the walk holds the first and refuses the link."""
    real_open, opened = os.open, []

    def swap_then_open(path, flags, *args, **options):
        if path == "b" and not opened:
            opened.append(path)
            (spool.root / "a" / "b").rename(spool.root / "a" / "was")
            (spool.root / "a" / "b").symlink_to(spool.root.parent / "secret")
        return real_open(path, flags, *args, **options)

    monkeypatch.setattr(os, "open", swap_then_open)
    with pytest.raises(Unreachable):
        spool.open("a/b/call.mp3")
    assert opened == ["b"]


def test_a_pipe_is_no_file_and_keeps_nobody_waiting(spool):
    os.mkfifo(spool.root / "pipe.mp3")
    with pytest.raises(Unreachable, match="not a plain file"):
        spool.open("pipe.mp3")
    with pytest.raises(Unreachable):
        spool.open("a/b")


def test_no_descriptor_is_left_open(spool):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in ("a/b/none.mp3", "a/none/call.mp3", "a/b", "a/b/call.mp3/x", "../x"):
        with pytest.raises(Unreachable):
            spool.open(path)
    spool.open("a/b/call.mp3").close()
    list(spool.walk("a"))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_walk_names_plain_files_in_order_and_follows_no_link(spool):
    (spool.root / "a" / "z.txt").write_bytes(b"12")
    (spool.root / "a" / "link.txt").symlink_to("z.txt")
    (spool.root / "a" / "away").symlink_to(spool.root.parent / "secret", target_is_directory=True)
    assert list(spool.walk("a")) == [("a/z.txt", 2), ("a/b/call.mp3", 5)]
    assert list(spool.walk("none")) == []
    (spool.root / "linked").symlink_to(spool.root.parent / "secret", target_is_directory=True)
    assert list(spool.walk("linked")) == []


@given(st.text(alphabet="ab./\x00\\", max_size=20))
def test_whatever_the_path_no_part_leads_up(path):
    try:
        parts = parts_of(path)
    except Unreachable:
        return
    assert parts and not {"..", "", "."} & set(parts) and not any("/" in part or "\x00" in part for part in parts)
