"""A client's own settings: a closed table of names, each with its default, its parser and what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portal.audit.pruning import YOUNGEST
from portal.clients.models import Client


class BadSetting(ValueError):
    """`field` names the setting; the message says what it takes."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 18 or int(text) < least:
            raise ValueError(f"a whole number from {least} is needed")
        if most is not None and int(text) > most:
            raise ValueError(f"at most {most} is allowed")
        return int(text)

    return parse


MOST_DAYS = 36_500  # a century: what is kept longer is kept for ever


def days_or_never(text: str) -> int | None:
    return None if text in {"", "never"} else whole_number(1, MOST_DAYS)(text)


def audit_days_or_never(text: str) -> int | None:
    """The database lets nothing younger go."""
    return None if text in {"", "never"} else whole_number(YOUNGEST.days, 36_500)(text)


def one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError("one of " + ", ".join(choices) + " is needed")
        return text

    return parse


def domains(text: str) -> list[str]:
    return [domain.strip().lower() for domain in text.split(",") if domain.strip()]


@dataclass(frozen=True, slots=True)
class Setting:
    default: Any
    parse: Callable[[str], Any]
    meaning: str


SETTINGS: dict[str, Setting] = {
    "hourly_limit": Setting(1000, whole_number(0), "API requests a clock hour; 0: none"),
    "storage_links": Setting("on_request", one_of("off", "on_request", "in_lists"), "permanent links to recordings"),
    "archive_max_bytes": Setting(2 * 1024**3, whole_number(1), "largest archive in bytes"),
    "archive_max_days": Setting(
        62, whole_number(1, 36_500), "longest period of an archive in days; 62: two calendar months"
    ),
    "mail_domains": Setting([], domains, "where archive links may be mailed; empty: anywhere"),
    "trash_days": Setting(7, whole_number(0, 3650), "days a deleted recording can be restored; 0: none"),
    "recording_wait_seconds": Setting(0, whole_number(0, 60), "how long hangup messages wait for the recording"),
    "csrf_token": Setting("off", one_of("off", "required"), "whether writes to the recording search need its token"),
    "retention_records_days": Setting(None, days_or_never, "days recordings are kept; never: for ever"),
    "retention_voicemessages_days": Setting(None, days_or_never, "days voice messages are kept"),
    "retention_cdrs_days": Setting(None, days_or_never, "days call records are kept"),
    "retention_archives_days": Setting(None, days_or_never, "days archives are kept"),
    "retention_audit_days": Setting(None, audit_days_or_never, "days the ledger is kept, at least 30"),
}


def value(client: Client, name: str) -> Any:
    """A setting's value: the client's own, else its default. KeyError for a name that is no setting."""
    return client.settings.get(name, SETTINGS[name].default)


def parse(name: str, text: str) -> Any:
    """One KEY=VALUE of the command line. Raises BadSetting that names the key."""
    if name not in SETTINGS:
        raise BadSetting(name, "no such setting; there are " + ", ".join(SETTINGS))
    try:
        return SETTINGS[name].parse(text.strip())
    except ValueError as error:
        raise BadSetting(name, str(error)) from None
