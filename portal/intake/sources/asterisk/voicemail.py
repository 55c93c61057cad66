"""Messages of app_voicemail: `voicemail/<context>/<mailbox>/<folder>/msgNNNN.txt` and the sound beside it.

A message is renumbered and moved when it is heard, so its path names it for a while only: its source_id is the `msg_id`
that Asterisk gives it, else its mailbox, time and caller. Where it lies now says whose it is and whether it is new.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime

from portal.intake.sources.asterisk.clock import birth
from portal.intake.sources.asterisk.readable import caller_id, readable
from portal.intake.sources.asterisk.rows import known
from portal.intake.sources.entries import BadEntry, Facts

TEXT = re.compile(r"msg[0-9]{4,}\.txt")
# The best sound first, where Asterisk wrote several: `WAV` is GSM in a WAV, `gsm` has not even a header.
SOUNDS = ("wav", "wav16", "flac", "ogg", "opus", "mp3", "ulaw", "alaw", "WAV", "wav49", "gsm", "g729", "sln")
NEW_FOLDERS = {"INBOX", "Urgent"}
LARGEST_TEXT = 64 * 1024
_ORIGDATE = "%a %b %d %I:%M:%S %p UTC %Y"
_MESSAGE_ID = re.compile(r"[0-9]{9,10}-[0-9a-fA-F]+")


def read_message(path: str, raw: bytes, source: str) -> Facts:
    """The facts of one message. `path` is that of the text, within the spool. BadEntry with the reason."""
    folders = [readable(os.fsencode(part)) for part in path.split("/")]
    values = _values(raw)
    mailbox = folders[-3] if len(folders) > 3 else values.get("origmailbox", "")
    folder = folders[-2]
    if not mailbox:
        raise BadEntry("no mailbox: neither the folders nor origmailbox name one")
    at = _at(values)
    caller = caller_id(values.get("callerid", ""))
    return known(
        {
            "source": source,
            "source_id": _key(values, mailbox, at, caller.number),
            "extension": mailbox,
            "at": at.isoformat(),
            "caller": known(caller._asdict()),
            "callerid": values.get("callerid"),
            "dialled": values.get("exten"),
            "duration": _seconds(values.get("duration", "")),
            "folder": folder,
            "is_new": folder in NEW_FOLDERS,
        }
    )


def _values(raw: bytes) -> dict[str, str]:
    """`key=value` of the section `[message]`; comments and what has no `=` are passed over."""
    if len(raw) > LARGEST_TEXT:
        raise BadEntry(f"more than {LARGEST_TEXT} bytes, which no message has")
    values: dict[str, str] = {}
    section = ""
    for line in readable(raw).splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line
        elif section == "[message]" and "=" in line and not line.startswith(";"):
            name, _, value = line.partition("=")
            values[name.strip()] = value.strip()
    if not values:
        raise BadEntry("no [message] in it")
    return values


def _at(values: dict[str, str]) -> datetime:
    """When it was left: origtime, else the second in msg_id, else origdate where that is in UTC."""
    text = values.get("origtime", "")
    if text.isascii() and text.isdigit() and len(text) <= 10:
        return datetime.fromtimestamp(int(text), UTC)
    if _MESSAGE_ID.fullmatch(values.get("msg_id", "")) and (at := birth(values["msg_id"])):
        return at
    try:
        return datetime.strptime(values.get("origdate", ""), _ORIGDATE).replace(tzinfo=UTC)
    except ValueError:
        raise BadEntry("origtime: is missing, and nothing else says when it was left") from None


def _key(values: dict[str, str], mailbox: str, at: datetime, caller: str | None) -> str:
    context = values.get("context", "")
    return values.get("msg_id") or f"{mailbox}@{context}/{int(at.timestamp())}/{caller or ''}"


def _seconds(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
