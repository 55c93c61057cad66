"""Who is in the demo: two client companies, their groups and extensions, and the people who ring them.

All numbers are fictional: +1 555 100 xxxx and +49 555 xxxxxxx.
"""

import random
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Party:
    """One end of a call; `name` is None where the network gave none."""

    number: str
    name: str | None = None


@dataclass(frozen=True)
class Extension:
    """A telephone (or a queue) inside a client."""

    number: str
    name: str
    group: str
    type: str = "phone"  # phone | queue

    @property
    def party(self) -> Party:
        return Party(self.number, self.name)


@dataclass(frozen=True)
class Group:
    """An extension group with the public number that rings it and the queue that number leads to."""

    name: str
    did: str
    queue: Extension
    phones: tuple[Extension, ...]


@dataclass(frozen=True)
class Customer:
    """Somebody outside who rings more than once."""

    party: Party
    language: str


@dataclass(frozen=True)
class Client:
    """A client of the demo. `week` is the usual number of calls of a day, Monday first."""

    slug: str
    name: str
    timezone: str
    region: str
    prefix: str
    number: str  # of customers, with room for one integer
    week: tuple[int, ...]
    other_language: tuple[str, float]  # and the share of customers who speak it
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    groups: tuple[Group, ...]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def domain(self) -> str:
        return f"{self.slug}.example"

    @property
    def extensions(self) -> tuple[Extension, ...]:
        """Every telephone and queue, in the order of the groups."""
        return tuple(extension for group in self.groups for extension in (*group.phones, group.queue))

    def group(self, name: str) -> Group:
        """The group of that name; KeyError where there is none."""
        return {group.name: group for group in self.groups}[name]


def _group(name: str, did: str, queue: str, people: dict[str, str]) -> Group:
    phones = tuple(Extension(number, person, name) for number, person in people.items())
    return Group(name, did, Extension(queue, f"{name} queue", name, "queue"), phones)


NORTH = Client(
    slug="north",
    name="North",
    timezone="America/New_York",
    region="US",
    prefix="north",
    number="+1555100{:04}",
    week=(28, 26, 25, 24, 24, 7, 3),
    other_language=("es", 0.12),
    first_names=("Dana", "Luis", "Grace", "Omar", "Ruth", "Victor", "Hanna", "Joel", "Mei", "Carla", "Ian", "Noor"),
    last_names=("Fields", "Ortega", "Lowe", "Haddad", "Stone", "Ivanov", "Moore", "Castillo", "Lin", "Brooks"),
    groups=(
        _group(
            "Sales",
            "+15551000900",
            "601",
            {"101": "Ann Berg", "102": "Marcus Hill", "103": "Priya Nair", "104": "Tom Okafor"},
        ),
        _group(
            "Support",
            "+15551000901",
            "602",
            {"111": "Elena Ruiz", "112": "Jonas Lind", "113": "Keisha Brown", "114": "Wei Chen"},
        ),
    ),
)

SOUTH = Client(
    slug="south",
    name="South",
    timezone="Europe/Berlin",
    region="DE",
    prefix="south",
    number="+49555100{:04}",
    week=(14, 12, 12, 11, 11, 3, 1),
    other_language=("en", 0.12),
    first_names=("Jana", "Erik", "Heike", "Mehmet", "Lotte", "Karl", "Sofie", "Anton", "Ines", "Bernd"),
    last_names=("Weber", "Yilmaz", "Krüger", "Thalbach", "Brandt", "Öhler", "Sommer", "Vogel", "Keil"),
    groups=(
        _group("Service", "+495551000900", "61", {"21": "Jan Vogt", "22": "Mia Kern", "23": "Ali Demir"}),
        _group("Büro", "+495551000901", "62", {"31": "Petra Lang", "32": "Uwe Brandt"}),
    ),
)

CLIENTS = {client.slug: client for client in (NORTH, SOUTH)}
CUSTOMERS = 60  # a client's regulars: few enough that a number turns up again


@cache
def customers(client: Client) -> tuple[Customer, ...]:
    """The client's regulars; four in ten come without a name, as on a real trunk."""
    draw = random.Random(f"customers of {client.slug}")  # noqa: S311 - a story, not a secret
    numbers = draw.sample(range(1000, 9999), CUSTOMERS)
    return tuple(_customer(client, number, draw) for number in numbers)


def _customer(client: Client, number: int, draw: random.Random) -> Customer:
    name = f"{draw.choice(client.first_names)} {draw.choice(client.last_names)}"
    language, share = client.other_language
    speaks = language if draw.random() < share else {"north": "en", "south": "de"}[client.slug]
    return Customer(Party(client.number.format(number), name if draw.random() < 0.6 else None), speaks)
