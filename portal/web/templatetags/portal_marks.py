"""Marks beside words: icons, results, directions, the little waveform of a row, an id that is copied by a click."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from portal.web.templatetags.portal_format import middle, phone

register = template.Library()

RESULTS = {"answered", "busy", "not answered", "answered elsewhere", "failed", "rejected", "voicemail", "bridged"}
WAYS = {
    "in": ("in", "Inbound"),
    "out": ("out", "Outbound"),
    "internal": ("internal", "Internal"),
    "webcall": ("web", "Web call"),
    "callmeback": ("call back", "Call me back"),
}
SPARK_WIDTH, SPARK_HEIGHT = 96, 20
LOUD = 90  # of 255: a recording whose loudest stretch is below this is drawn quiet, any other fills the height


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """One of the symbols of components/_icons.html; for the eye alone, the word stands beside it."""
    return format_html('<svg class="{}" aria-hidden="true"><use href="#i-{}"/></svg>', f"i {classes}".strip(), name)


@register.simple_tag
def result(value: str | None) -> SafeString:
    """A shape and a word; an unknown result is a dash."""
    if not value:
        return mark_safe('<span class="result muted">–</span>')
    shape = slugify(value) if value in RESULTS else "answered-elsewhere"
    return format_html('<span class="result {}">{}{}</span>', shape, icon(f"r-{shape}"), value)


@register.simple_tag
def way(direction: str) -> SafeString:
    short, full = WAYS.get(direction, (direction, direction))
    return format_html(
        '<span class="way" title="{}">{}<span>{}</span></span>', full, icon(f"way-{slugify(direction)}"), short
    )


@register.simple_tag
def sparkline(sketch: bytes | memoryview | None) -> SafeString:
    """Bars around a middle line from values 0-255; nothing where there is no sketch."""
    values = bytes(sketch or b"")
    if not values:
        return SafeString("")
    step = SPARK_WIDTH / len(values)
    half = SPARK_HEIGHT / 2
    full = max(LOUD, *values)
    bars = []
    for at, value in enumerate(values):
        reach = max(0.5, round(value / full * (half - 0.5), 1))
        bars.append(f"M{at * step + step / 2:g} {half - reach:g}v{2 * reach:g}")
    box = f"0 0 {SPARK_WIDTH} {SPARK_HEIGHT}"
    return format_html('<svg class="spark" viewBox="{}" aria-hidden="true"><path d="{}"/></svg>', box, "".join(bars))


@register.simple_tag
def copy_id(value: object, what: str = "id") -> SafeString:
    """An id, shortened in the middle; the whole of it on hover, in the clipboard by a click."""
    return format_html(
        '<button type="button" class="copy" data-copy="{0}" title="{0}" aria-label="Copy {1} {0}">{2}{3}</button>',
        value,
        what,
        middle(value),
        icon("copy"),
    )


def legs_of(call: Any) -> list[Any]:
    legs = getattr(call, "legs", None) or []
    return list(legs.all() if hasattr(legs, "all") else legs)


def named(number: str | None, name: str | None, call: Any) -> tuple[str, str]:
    """(what to call them, what to add): a name with its number, or the number alone. Extensions know their names."""
    if not name:
        known = (leg.extension for leg in legs_of(call) if leg.extension and leg.extension.number == number)
        name = next((extension.name for extension in known if extension.name), None)
    return (name, phone(number) if number else "") if name else (phone(number), "")


@register.simple_tag
def parties(call: Any) -> str:
    """Who called whom, as plain words for titles and labels: `+1 555 100 6468 → Ann Berg`."""
    caller = named(call.caller_number, call.caller_name, call)[0]
    return f"{caller} → {named(call.called_number, call.called_name, call)[0]}"


@register.inclusion_tag("components/party.html")
def party(call: Any, side: str) -> dict[str, str]:
    """One end of a call, `caller` or `called`."""
    name, more = named(getattr(call, f"{side}_number"), getattr(call, f"{side}_name"), call)
    return {"name": name, "more": more}


@register.simple_tag
def from_whom(message: Any) -> str:
    """Who left a voice message: the name, else the number."""
    return message.caller_name or phone(message.caller_number)


@register.filter
def group_names(call: Any) -> str:
    """The groups whose extensions took part, each once."""
    return ", ".join(dict.fromkeys(leg.group.name for leg in legs_of(call) if leg.group))
