"""Names in the zip: any text becomes one that every system can unpack, beside others and nowhere else.

Of equal names (as file systems that know no case and no accents compare them) the first stays, a later one gets its
position: `a.mp3`, `a~17.mp3`. A name that looks so by itself gets one too, so no two can meet.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 180  # bytes; file systems take 255, and a position comes behind
LONGEST_SUFFIX = 12
# What Windows takes for a device, whatever suffix it has.
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[/\\<>:"|?*]+')
_NUMBERED = re.compile(r"~\d+(\.[^.]*)?$")
# Characters that are not seen, or turn what is: controls, formats (as the right-to-left override), surrogates, others.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

# The archive's own documents.
MANIFEST, TABLE, SIGNATURE, MISSING, VERIFY, CALLS = (
    "manifest.json",
    "manifest.csv",
    "manifest.sig",
    "MISSING.txt",
    "verify.py",
    "calls.json",
)
DOCUMENTS = (MANIFEST, TABLE, SIGNATURE, MISSING, VERIFY, CALLS)


def safe(text: str) -> str:
    """A plain file name that is as like `text` as can be; "" where nothing of it is left."""
    seen = "".join("_" if unicodedata.category(one) in _UNSEEN else one for one in unicodedata.normalize("NFC", text))
    name = _FORBIDDEN.sub("_", seen).lstrip(" .").rstrip(" .")
    if not name.strip("_"):
        return ""
    return shortened("_" + name if _DEVICE.match(name) else name)


def shortened(name: str) -> str:
    if len(name.encode()) <= LONGEST:
        return name
    stem, suffix = parted(name)
    room = LONGEST - len(suffix.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + suffix


def parted(name: str) -> tuple[str, str]:
    """Stem and suffix, the dot with it; a long suffix is none."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, dot + suffix) if stem and len(suffix.encode()) <= LONGEST_SUFFIX else (name, "")


def folded(name: str) -> str:
    """What file systems may take for the same name is the same here."""
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).upper().casefold())


def needs_number(name: str) -> bool:
    """Whether a name can be kept by no file, not even by the first one that has it."""
    return _NUMBERED.search(name) is not None or folded(name) in _OWN


def numbered(name: str, position: int) -> str:
    stem, suffix = parted(name)
    return f"{stem}~{position}{suffix}"


_OWN = frozenset(map(folded, DOCUMENTS))
