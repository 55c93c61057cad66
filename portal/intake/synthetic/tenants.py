"""The made-up clients `load-1` …, each with its groups and extensions."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.clients.lookups import named
from portal.clients.models import Client, Extension, ExtensionGroup
from portal.intake.synthetic.names import person

TIMEZONES = ("America/New_York", "Europe/London", "Europe/Berlin", "Europe/Madrid", "America/Chicago", "Asia/Tokyo")
GROUPS = ("Support", "Sales", "Billing", "Service", "Dispatch", "Reception")
FEWEST_EXTENSIONS, MOST_EXTENSIONS, FEWEST_GROUPS = 20, 60, 3
FIRST_NUMBER = 101


@dataclass(frozen=True, slots=True)
class Tenant:
    """A client as the telling needs it. The arrays have one entry an extension, `groups` its group's id."""

    number: int
    client_id: int
    slug: str
    domain: str
    zone: ZoneInfo
    extensions: NDArray[np.int64]
    groups: NDArray[np.int64]
    numbers: NDArray[np.int64]


def slug_of(number: int) -> str:
    return f"load-{number}"


def tenant(number: int, *, largest: bool) -> Tenant:
    """Client `load-<number>`, made where it is not there yet; the largest gets as many extensions as there may be."""
    client = named(slug_of(number)) or make_client(number)
    with scope(client.pk):
        mine = Extension.objects.visible_to(whole_client(client.pk)).filter(discovered=False, group__isnull=False)
        if not mine.exists():
            make_extensions(client, number, largest=largest)
        found = [row for row in mine.order_by("number").values_list("id", "group_id", "number") if row[2].isdecimal()]
    ids, groups, numbers = zip(*found, strict=True)
    return Tenant(
        number=number,
        client_id=client.pk,
        slug=client.slug,
        domain=client.domain,
        zone=client.zone,
        extensions=np.array(ids, np.int64),
        groups=np.array(groups, np.int64),
        numbers=np.array([int(text) for text in numbers], np.int64),
    )


def make_client(number: int) -> Client:
    """Without a limit of requests: benchmarks ask more often than any client may."""
    slug = slug_of(number)
    client = Client(
        id=Client.next_id(),
        name=f"Load {number}",
        slug=slug,
        prefix=slug,
        domain=f"{slug}.example",
        timezone=TIMEZONES[(number - 1) % len(TIMEZONES)],
        settings={"hourly_limit": 0},
    )
    with scope(client.pk):
        client.save(force_insert=True)
    return client


def make_extensions(client: Client, number: int, *, largest: bool) -> None:
    random = np.random.default_rng([number, 0])
    groups = len(GROUPS) if largest else int(random.integers(FEWEST_GROUPS, len(GROUPS), endpoint=True))
    count = MOST_EXTENSIONS if largest else int(random.integers(FEWEST_EXTENSIONS, MOST_EXTENSIONS, endpoint=True))
    made = ExtensionGroup.objects.bulk_create(ExtensionGroup(client=client, name=name) for name in GROUPS[:groups])
    Extension.objects.bulk_create(
        Extension(
            client=client,
            group=made[place * groups // count],
            number=str(FIRST_NUMBER + place),
            name=person(number * 61 + place),
        )
        for place in range(count)
    )
