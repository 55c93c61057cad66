"""The parameters of a search and the canonical filters they stand for."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from cdrs.querysets import is_plain
from portal.dialects.gws.names import Names, parse
from portal.dialects.params import Param
from portal.dialects.rows import EPOCH

LONGEST_NUMBER, LONGEST_NAMES = 100, 1000
_STARS = re.compile(r"\*+")
_MILLISECONDS = re.compile(r"-?[0-9]{1,15}")
# A plus that nobody encoded arrives as a blank.
_MOMENT = re.compile(r"([0-9-]{10}T[0-9:]{5,8}(?:\.[0-9]{1,9})?)(?:Z|([+ -])([0-9]{2}):?([0-9]{2}))?")


def number(values: list[str]) -> list[str]:
    """Letters, digits and `*` of it; the others are not compared."""
    plain = _STARS.sub("*", "".join(filter(is_plain, values[-1])))
    if not plain:
        raise ValueError("a letter, a digit or * is needed")
    if len(plain) > LONGEST_NUMBER:
        raise ValueError(f"at most {LONGEST_NUMBER} letters and digits are possible")
    return [plain]


def moment(values: list[str]) -> datetime:
    """Milliseconds since 1970, or `2013-05-17T19:45:32.000+0000`, also with Z; without an offset it is UTC."""
    text = values[-1].strip()
    try:
        if _MILLISECONDS.fullmatch(text):
            return EPOCH + timedelta(milliseconds=int(text))
        found = _MOMENT.fullmatch(text)
        if found is None:
            raise ValueError
        local, sign, hours, minutes = found.groups()
        offset = f"{'-' if sign == '-' else '+'}{hours}:{minutes}" if sign else "+00:00"
        return datetime.fromisoformat(local + offset).astimezone(UTC)
    except (ValueError, OverflowError):
        needed = "milliseconds since 1970 or a time like 2013-05-17T19:45:32.000+0000 are needed"
        raise ValueError(needed) from None


def end(values: list[str]) -> datetime:
    """The last moment that is told as this one: answers have whole milliseconds."""
    at = moment(values)
    return at.replace(microsecond=at.microsecond // 1000 * 1000 + 999)


def names(values: list[str]) -> Names:
    text = values[-1].replace("\x00", "\ufffd")
    if len(text) > LONGEST_NAMES:
        raise ValueError(f"at most {LONGEST_NAMES} characters are possible")
    found = parse(text)
    if not found:
        raise ValueError("a name is needed")
    return found


SEARCH: dict[str, Param] = {
    "callerPhoneNumber": Param("caller", number),
    "dialedPhoneNumber": Param("called", number),
    "startTime": Param("start", moment),
    "endTime": Param("ended", end),
    "userName": Param("took_part", names),
}
