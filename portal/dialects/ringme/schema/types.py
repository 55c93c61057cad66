"""Types that several resources of ringme share."""

from __future__ import annotations

from portal.dialects.json_types import Schema, or_null, text

HEX32 = "[0-9A-F]{32}"
GMT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$"


def gmt(about: str, example: str = "2026-09-28 12:04:10") -> Schema:
    return text(f"{about}, UTC", example, pattern=GMT)


def unknown(about: str, example: str | None = None) -> Schema:
    """A text that may be unknown."""
    return or_null(text(about, example))


RECORD_UUID = text(
    "Identifier of the recording: the extension's id, then 32 hexadecimal digits",
    "100001-0F7B3C5D9E1A4B6C8D2F0A1B2C3D4E5F",
    pattern=rf"^[0-9]+-{HEX32}$",
)
CALL_UUID = text("Identifier of the call", "6C1D0A5B7F3E4D2C9B8A7F6E5D4C3B2A", pattern=f"^{HEX32}$")
CERTIFICATE_UUID = text("Identifier of the certificate", "0C4E5A7D1B2F4A6C8E9D0F1A2B3C4D5E", pattern=f"^{HEX32}$")
ERASURE_UUID = text("Identifier of the erasure", "0C4E5A7D1B2F4A6C8E9D0F1A2B3C4D5E", pattern=f"^{HEX32}$")
ARCHIVE_UUID = text("Identifier of the archive", "0C4E5A7D1B2F4A6C8E9D0F1A2B3C4D5E", pattern=f"^{HEX32}$")
