"""Links that change the filters of the page one is on. Paging never survives a change of filters."""

from __future__ import annotations

from typing import Any

from django import template
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from portal.web.templatetags.portal_marks import icon

register = template.Library()

PAGING = ("before", "after", "page")


def as_link(query: QueryDict) -> str:
    return f"?{query.urlencode()}"


def asked(context: dict[str, Any]) -> QueryDict:
    query: QueryDict = context["request"].GET.copy()
    for name in PAGING:
        query.pop(name, None)
    return query


@register.simple_tag(takes_context=True)
def without(context: dict[str, Any], names: str) -> str:
    """This page's address without the parameters named, separated by spaces."""
    query = asked(context)
    for name in names.split():
        query.pop(name, None)
    return as_link(query)


@register.simple_tag(takes_context=True)
def with_period(context: dict[str, Any], period: str) -> str:
    """This page's address over another period; a custom one's ends are left out."""
    query = asked(context)
    for name in ("from", "to"):
        query.pop(name, None)
    query["period"] = period
    return as_link(query)


@register.simple_tag(takes_context=True)
def carried(context: dict[str, Any], names: str) -> SafeString:
    """Hidden inputs that carry this page's other parameters through a form, all but those named."""
    query = asked(context)
    left_out = names.split()
    pairs = ((name, value) for name, values in query.lists() for value in values if name not in left_out)
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', pairs)


@register.simple_tag(takes_context=True)
def rail(context: dict[str, Any], name: str, symbol: str, label: str) -> SafeString:
    """The rail's link to the section `name`, which is its page's name too; "Voice| messages" is "Voice" on a phone."""
    short, _, rest = label.partition("|")
    current = SafeString(' aria-current="page"') if context.get("section") == name else ""
    text = format_html('{}<i class="long">{}</i>', short, rest) if rest else short
    return format_html(
        '<a href="{}" data-section="{}"{}>{}<span>{}</span></a>', reverse(name), name, current, icon(symbol), text
    )
