"""Storage keys: where a media file lives. A key holds numbers, a date and random hex, never a caller's text."""

import re
import secrets
from datetime import UTC, datetime

# The closed table of suffixes a stored file may have; anything else is kept as "bin".
SUFFIXES = frozenset(
    {"wav", "mp3", "ogg", "opus", "flac", "au", "aiff", "m4a", "aac", "amr", "g729", "pcap", "zip", "bin"}
)
_ALIASES = {"aif": "aiff", "oga": "ogg", "mpeg": "mp3", "mp4": "m4a", "snd": "au", "cap": "pcap"}
_KEY = re.compile(r"\d+/(archives/)?\d{4}/\d{2}/\d{2}/[0-9a-f]{32}(\.[0-9a-f]{8})?\.[a-z0-9]{1,5}")
# What an archive consists of beside recordings, and the whole of one.
ARCHIVE_SUFFIXES = frozenset({"zip", "json", "csv", "txt", "sig", "py"})


def suffix_of(file_name: str) -> str:
    """The suffix of the table that a foreign file name ends in, in any case; "bin" where it has none of them."""
    ending = file_name.rpartition(".")[2].lower()
    ending = _ALIASES.get(ending, ending)
    return ending if ending in SUFFIXES else "bin"


def new_key(client_id: int, at: datetime, suffix: str) -> str:
    """A new random key, e.g. `42/2026/11/20/<32 hex>.mp3`.

    `at` is the moment the recording was made (aware; its UTC day names the folder). ValueError for a suffix outside
    `SUFFIXES`, a client id that is not positive, or a naive time.
    """
    _of_table(suffix, SUFFIXES)
    return _random(client_id, "", at, suffix)


def archive_key(client_id: int, at: datetime, suffix: str) -> str:
    """The same for an archive or a document of one, e.g. `42/archives/2026/11/20/<32 hex>.zip`. Suffixes: those of
    `ARCHIVE_SUFFIXES`.
    """
    _of_table(suffix, ARCHIVE_SUFFIXES)
    return _random(client_id, "archives/", at, suffix)


def beside(key: str, suffix: str) -> str:
    """A new key in the folder of `key`, for a copy of it: `<hex>.wav` -> `<hex>.<8 hex>.mp3`. Another one each time.

    A copy is an upload like any other: one that nobody keeps is swept, so it must never lie where a kept one does.
    """
    _of_table(suffix, SUFFIXES)
    return f"{key.rpartition('.')[0]}.{secrets.token_hex(4)}.{suffix}"


def is_key(text: str) -> bool:
    """Whether `text` has the form of a key that `new_key` or `beside` made."""
    return _KEY.fullmatch(text) is not None


def _of_table(suffix: str, suffixes: frozenset[str]) -> None:
    if suffix not in suffixes:
        raise ValueError(f"suffix: {suffix!r} is not one of {', '.join(sorted(suffixes))}")


def _random(client_id: int, folder: str, at: datetime, suffix: str) -> str:
    if client_id <= 0:
        raise ValueError("client_id: a positive number is needed")
    if at.tzinfo is None:
        raise ValueError("at: a time with an offset is needed")
    day = at.astimezone(UTC)
    return f"{client_id}/{folder}{day.year:04}/{day.month:02}/{day.day:02}/{secrets.token_hex(16)}.{suffix}"
