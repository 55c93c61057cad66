"""Which recordings and voice messages an archive is of: a period's, or a person's. Each kind is one row of CHOSEN.

    rows = chosen(archive)          # querysets of what can be heard now, a kind each, in scope(client_id)

What is in an archive is decided once, when it is frozen (archives.freezing).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q

from archives.models import Archive, Kind
from archives.person.finding import Person
from portal.access.principal import whole_client
from records.models import Record


def chosen(archive: Archive) -> list[Any]:
    """What the archive's members are made of: HeardQuerySets of its client, at most one of each model."""
    return CHOSEN[Kind(archive.kind)](archive)


def of_period(archive: Archive) -> list[Any]:
    assert archive.starts_at is not None and archive.ends_at is not None
    rows = Record.objects.visible_to(whole_client(archive.client_id)).available()
    rows = rows.between(archive.starts_at, archive.ends_at).filter(part_of(archive))
    return [rows if archive.extension_id is None else rows.filter(extension_id=archive.extension_id)]


def part_of(archive: Archive) -> Q:
    """The rows of its part of the request: behind the one that the part before ends with, up to its own last one."""
    within = Q()
    if archive.after_time is not None:
        within &= Q(init_time__gt=archive.after_time) | Q(init_time=archive.after_time, id__gt=archive.after_id)
    if archive.upto_time is not None:
        within &= Q(init_time__lt=archive.upto_time) | Q(init_time=archive.upto_time, id__lte=archive.upto_id)
    return within


def of_person(archive: Archive) -> list[Any]:
    assert archive.number is not None
    person = Person(archive.client_id, archive.number)
    return [person.records.available(), person.messages.available()]


CHOSEN: dict[Kind, Callable[[Archive], list[Any]]] = {Kind.PERIOD: of_period, Kind.PERSON: of_person}
