"""Pages by number, for short lists in another order than time: extensions, users. Nothing is counted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

ROWS = 100
MOST_PAGES = 1000


class WrongParameter(Exception):
    """A parameter of an address that cannot be; its page says which, with 400."""

    def __init__(self, name: str, needed: str) -> None:
        self.name, self.needed = name, needed
        super().__init__(f"{name}: {needed}")


@dataclass(frozen=True, slots=True)
class NumberedPage:
    rows: list[Any]
    number: int
    more: bool

    def links(self, query: QueryDict) -> dict[str, str | None]:
        """`newer_url` and `older_url`, as the pager calls the pages before and after."""
        return {
            "newer_url": link(query, self.number - 1) if self.number > 1 else None,
            "older_url": link(query, self.number + 1) if self.more else None,
        }


def link(query: QueryDict, number: int) -> str:
    asked = query.copy()
    asked["page"] = str(number)
    return f"?{asked.urlencode()}"


def numbered_page(rows: QuerySet[Any], query: QueryDict) -> NumberedPage:
    """The page that `page` asks for, the first without it. WrongParameter for what is no page."""
    text = query.get("page", "1")
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= MOST_PAGES:
        raise WrongParameter("page", f"a whole number from 1 to {MOST_PAGES:,} is needed")
    number = int(text)
    found = list(rows[(number - 1) * ROWS : number * ROWS + 1])
    return NumberedPage(found[:ROWS], number, len(found) > ROWS)
