"""How the pages write times, lengths, numbers and ids. Times are shown in Django's current time zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

NO_BREAK = "\u00a0"
NOTHING = "–"
SIZES = ["B", "KB", "MB", "GB", "TB"]
# Country codes of one and two digits (ITU-T E.164); every other one has three.
ONE_DIGIT_CODES = {"1", "7"}
CODES = (
    "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 "
    "81 82 84 86 90 91 92 93 94 95 98"
)
TWO_DIGIT_CODES = set(CODES.split())


def zone_name(local: datetime) -> str:
    """`UTC+1`, `UTC-3:30`, `UTC`."""
    offset = local.utcoffset() or timedelta()
    sign = "-" if offset < timedelta() else "+"
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    if not hours and not minutes:
        return "UTC"
    return f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")


def day_of(local: datetime) -> str:
    return f"{local:%a} {local.day} {local:%b}"


@register.filter
def moment(value: datetime | None) -> str:
    """The whole of a time: `Mon 28 Sep 2026, 12:04:10 (UTC+1)`."""
    if value is None:
        return NOTHING
    local = timezone.localtime(value)
    return f"{day_of(local)} {local.year}, {local:%H:%M:%S} ({zone_name(local)})"


@register.filter
def clock(value: datetime | None) -> str:
    return f"{timezone.localtime(value):%H:%M:%S}" if value else NOTHING


@register.filter
def day_name(value: datetime) -> str:
    """`Today`, `Yesterday`, or the day with its date."""
    local = timezone.localtime(value)
    days = (timezone.localdate() - local.date()).days
    if days in (0, 1):
        return ("Today", "Yesterday")[days]
    return day_of(local) if local.year == timezone.localdate().year else f"{day_of(local)} {local.year}"


@register.filter
def days(first: datetime, last: datetime) -> str:
    """`1 – 30 Sep 2026`, or one day; with their hours where they are not whole days."""
    first, last = timezone.localtime(first), timezone.localtime(last)
    whole = first.time() == time() and (last + timedelta(microseconds=1)).time() == time()
    if not whole:
        return f"{first.day} {first:%b %Y, %H:%M} – {last.day} {last:%b %Y, %H:%M}"
    if first.date() == last.date():
        return f"{last.day} {last:%b %Y}"
    begin = f"{first.day}" if (first.year, first.month) == (last.year, last.month) else f"{first.day} {first:%b}"
    return f"{begin if first.year == last.year else f'{begin} {first.year}'} – {last.day} {last:%b %Y}"


@register.filter
def is_near(value: datetime) -> bool:
    """Whether `day_name` says it in a word, so that the date is worth saying beside it."""
    return (timezone.localdate() - timezone.localtime(value).date()).days in (0, 1)


def ago(value: datetime) -> str | None:
    """`4 min ago`; None for the future and from an hour on. static/js/app.js goes on counting in the same words."""
    seconds = (timezone.now() - value).total_seconds()
    if not 0 <= seconds < 3600:
        return None
    return "just now" if seconds < 60 else f"{int(seconds // 60)} min ago"


def as_time(value: datetime, text: str, *, classes: str = "t", ago: bool = False) -> SafeString:
    return format_html(
        '<time class="{}" datetime="{}" data-full="{}"{}>{}</time>',
        classes,
        value.astimezone(UTC).isoformat(timespec="seconds"),
        moment(value),
        SafeString(" data-ago") if ago else "",
        text,
    )


@register.simple_tag
def clock_time(value: datetime) -> SafeString:
    """The hour and minute, for rows that stand under a heading of their day."""
    return as_time(value, f"{timezone.localtime(value):%H:%M}")


@register.simple_tag
def when(value: datetime | None) -> SafeString:
    """`4 min ago`, `12:04`, `Yesterday 12:04`, `28 Sep, 12:04`, `28 Sep 2025`; the whole time on hover and focus."""
    if value is None:
        return SafeString(NOTHING)
    if text := ago(value):
        return as_time(value, text, ago=True)
    local = timezone.localtime(value)
    days = (timezone.localdate() - local.date()).days
    if days == 0:
        return as_time(value, f"{local:%H:%M}")
    if days == 1:
        return as_time(value, f"Yesterday {local:%H:%M}")
    same_year = local.year == timezone.localdate().year
    return as_time(value, f"{local.day} {local:%b}" + (f", {local:%H:%M}" if same_year else f" {local.year}"))


@register.filter
def duration(seconds: float | timedelta | None) -> str:
    """`0:41`, `3:12`, `1:02:09`; a dash for an unknown one."""
    if seconds is None:
        return NOTHING
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def talk_seconds(call: Any) -> float | None:
    """Seconds from answer to end of a call; None for one that was not answered or goes on."""
    if call.answered_at is None or call.ended_at is None:
        return None
    return (call.ended_at - call.answered_at).total_seconds()


@register.filter
def seconds_into(value: datetime, start: datetime | None) -> float | None:
    """How far a time lies inside a recording that began at `start`; None before it."""
    if start is None or value < start:
        return None
    return (value - start).total_seconds()


@register.filter
def count(number: int) -> str:
    """`1,204`."""
    return f"{number:,}"


@register.filter
def size(count: float | None) -> str:
    """`812 B`, `1.2 MB`: of 1,000, as disks and archives are sold."""
    if count is None:
        return NOTHING
    for unit in SIZES:
        if round(count) < 1000 or unit == SIZES[-1]:
            break
        count /= 1000
    return f"{count:.0f}{NO_BREAK}{unit}" if unit == "B" or round(count, 1) >= 100 else f"{count:.1f}{NO_BREAK}{unit}"


@register.filter
def middle(value: object, keep: int = 4) -> str:
    """An id shortened in the middle: `3f2a…91bc`."""
    text = str(value)
    return text if len(text) <= 2 * keep + 3 else f"{text[:keep]}…{text[-keep:]}"


@register.filter
def phone(number: str | None) -> str:
    """`+1 555 100 6468`; short numbers and words stay as they are, an unknown one is `withheld`."""
    text = (number or "").strip()
    if not text:
        return "withheld"
    digits = text.removeprefix("+")
    if not digits.isdecimal() or not text.isascii() or len(digits) < 9:
        return text
    if not text.startswith("+"):
        return NO_BREAK.join(groups(digits))
    length = 1 if digits[0] in ONE_DIGIT_CODES else 2 if digits[:2] in TWO_DIGIT_CODES else 3
    return NO_BREAK.join([f"+{digits[:length]}", *groups(digits[length:])])


def groups(digits: str) -> list[str]:
    """Threes, and a last group of four rather than one alone: 555 100 6468."""
    cut = len(digits) - (4 if len(digits) % 3 == 1 else 2 if len(digits) % 3 == 2 else 3)
    return [digits[at : at + 3] for at in range(0, cut, 3)] + [digits[cut:]]


@register.filter
def initials(name: object) -> str:
    words = str(name).split()
    return "".join(word[0] for word in words[:1] + words[1:][-1:]).upper()
