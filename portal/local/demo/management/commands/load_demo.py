"""load_demo: two client companies with their people, programs and three weeks of calls, by the ordinary ways in."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser
from django.db import transaction

from portal.access.isolation import scope
from portal.accounts.lookups import user_by_login
from portal.clients import lookups
from portal.clients.management.command import JsonCommand, refuse
from portal.local.demo import story
from portal.local.demo.audio import AUDIO_DIR
from portal.local.demo.cast import CLIENTS, Client
from portal.local.demo.programs import make_programs

PEOPLE: list[dict[str, Any]] = [
    {"login": "nora@north", "client": "north", "first_name": "Nora", "what": "administrator of North"},
    {"login": "gus@north", "client": "north", "group": "Sales", "first_name": "Gus", "what": "supervisor of Sales"},
    {"login": "ann@north", "client": "north", "extension": "101", "first_name": "Ann", "what": "agent at 101"},
    {"login": "sam@south", "client": "south", "first_name": "Sam", "what": "administrator of South"},
    {"login": "olga", "operator": True, "first_name": "Olga", "what": "operator of the installation"},
]


class Command(JsonCommand):
    help = "Load the demo: clients North and South, their people, and three weeks of calls that can be heard."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--until", type=datetime.fromisoformat, help="the last day's moment; default now")
        parser.add_argument("--again", action="store_true", help="go on with an interrupted load of the same --until")

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        if not options["again"] and (lookups.named("north") or lookups.named("south")):
            refuse("The demo's clients are there already.")
        until = options["until"] or datetime.now(UTC)
        for client in CLIENTS.values():
            if lookups.named(client.slug) is None:
                with transaction.atomic():  # with all its groups and extensions, or not at all
                    make(client)
            counts = bring_in(client, until)
            self.stderr.write(f"{client.name}: {counts['calls']} calls, {counts['recordings']} recordings")
        north = lookups.named("north")
        assert north is not None
        return {"sign_ins": [sign_in(dict(person)) for person in PEOPLE], "programs": make_programs(north)}


def run(command: str, *arguments: Any, **options: Any) -> dict[str, Any]:
    """Another command as a person would give it, and what it printed."""
    printed = StringIO()
    call_command(command, *arguments, **options, stdout=printed, stderr=StringIO())
    return json.loads(printed.getvalue())


def make(client: Client) -> None:
    run(
        "create_client",
        name=client.name,
        slug=client.slug,
        timezone=client.timezone,
        prefix=client.prefix,
        domain=client.domain,
        hourly_limit="0",
    )
    for group in client.groups:
        run("create_group", client=client.slug, name=group.name)
    for extension in client.extensions:
        run(
            "create_extension",
            client=client.slug,
            number=extension.number,
            name=extension.name,
            group=extension.group,
            type=extension.type,
        )


def bring_in(client: Client, until: datetime) -> dict[str, Any]:
    """Tell the client's weeks as a manifest beside copies of the audio, and import it like any other."""
    with TemporaryDirectory(prefix="callvault-demo-") as folder:
        place = Path(folder)
        shutil.copytree(AUDIO_DIR, place, dirs_exist_ok=True)
        with (place / "manifest.ndjson").open("w") as manifest:
            manifest.writelines(json.dumps(line) + "\n" for line in told(client, until))
        return run("import_calls", "manifest", place, client=client.slug)


def told(client: Client, until: datetime) -> Iterator[dict[str, Any]]:
    yield from story.calls(client.slug, until)
    for message in story.voicemessages(client.slug, until):
        yield {"voicemessage": message}


def sign_in(person: dict[str, Any]) -> dict[str, str]:
    what, password = person.pop("what"), secrets.token_hex(6)  # never one that looks like an option
    known = user_by_login(person["login"])
    if known is None:
        run("create_user", password=password, **person)
    else:
        with scope(known.client_id, operator=known.client_id is None):
            known.set_password(password)
            known.save(update_fields=["password"])
    return {"login": person["login"], "password": password, "what": what}
