"""What all commands of the contract share: one JSON object on stdout, one line on stderr where it cannot be done."""

from __future__ import annotations

import json
import sys
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.clients import lookups
from portal.clients.models import Client, Extension, ExtensionGroup

CANNOT = 2


def refuse(reason: str) -> NoReturn:
    """End the command: the reason on stderr, exit code 2."""
    raise CommandError(reason, returncode=CANNOT)


class JsonCommand(BaseCommand):
    """A command that does one thing and prints what it made. Subclasses write `add_arguments` and `perform`."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.error = self.bad_usage  # type: ignore[method-assign]
        return parser

    def bad_usage(self, message: str) -> NoReturn:
        """As argparse has it, but in one line, and as an exception where the command was called by a program."""
        if not getattr(self, "_called_from_command_line", False):
            refuse(message)
        print(f"{message}; --help lists the arguments", file=sys.stderr)
        sys.exit(CANNOT)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = self.perform(options)
        except ValidationError as error:
            refuse(in_one_line(error))
        self.stdout.write(json.dumps(made, ensure_ascii=False))

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        """Do it; what to print. Raises CommandError (see `refuse`) or ValidationError."""
        raise NotImplementedError


def in_one_line(error: ValidationError) -> str:
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return "; ".join(f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items())


def client_named(text: str) -> Client:
    """The client of an id or a slug."""
    client = lookups.named(text)
    if client is None:
        refuse(f"There is no client {text!r}; an id or a slug is needed")
    return client


def group_named(client: Client, text: str) -> ExtensionGroup:
    """A client's group by id or name; the caller is in the client's scope."""
    groups = ExtensionGroup.objects.filter(client=client)
    found = groups.filter(pk=int(text)).first() if text.isdecimal() and len(text) < 19 else None
    found = found or groups.filter(name=text).first()
    if found is None:
        refuse(f"Client {client.slug} has no group {text!r}; an id or a name is needed")
    return found


def extension_named(client: Client, text: str) -> Extension:
    """A client's extension by id, or one in use by its number; the caller is in the client's scope."""
    extensions = Extension.objects.filter(client=client)
    found = extensions.filter(pk=int(text)).first() if text.isdecimal() and len(text) < 19 else None
    found = found or extensions.in_use().filter(number=text).first()
    if found is None:
        refuse(f"Client {client.slug} has no extension {text!r}; an id or a number is needed")
    return found


def client_of(kind: str, text: str) -> Client:
    """The client that a group or an extension (by id) belongs to."""
    owner = lookups.owner_of(kind, int(text)) if text.isdecimal() and len(text) < 19 else None
    if owner is None:
        refuse(f"There is no {kind} {text!r}; name one by its id, or name its client too")
    return client_named(str(owner))
