"""Numbers that are no outside person's: an erasure of one would take everybody's calls."""

from __future__ import annotations

from typing import Any

from django.db.models import ExpressionWrapper, TextField
from django.db.models.functions import Reverse

from archives.person.finding import Person
from cdrs.models import plain
from portal.clients.models import Client, Did, Extension
from portal.clients.numbers import plain_rev


class Own(ValueError):
    """The number is the company's own; the message says what it is."""


def refuse_own(person: Person) -> None:
    """Raises Own: an extension, those that are retired too, or an outside number."""
    for extension in numbered(person, Extension, *short_forms(person)):
        raise Own(f"{extension.number} is an extension of the company's own; an erasure is of somebody outside")
    for did in numbered(person, Did, person.plain):
        raise Own(f"{did.number} is an outside number of the company's own; an erasure is of somebody outside")


def numbered(person: Person, model: Any, *forms: str) -> Any:
    """Rows whose number is the same as one of these."""
    compared = Reverse(ExpressionWrapper(plain("number"), output_field=TextField()))
    return person.mine(model).alias(compared=compared).filter(compared__in=forms)[:1]


def short_forms(person: Person) -> list[str]:
    """As it is, and without the client's prefix: `acme*101` is 101."""
    prefix = person.mine(Client).values_list("prefix", flat=True).get()
    shorter = person.plain.removesuffix(plain_rev(prefix))
    return [person.plain, shorter] if shorter else [person.plain]
