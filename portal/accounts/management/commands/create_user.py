"""create_user: a person with a login, at one level."""

from __future__ import annotations

import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser

from portal.access.isolation import scope
from portal.accounts import lookups
from portal.accounts.models import Level, User
from portal.audit import ledger
from portal.audit.changes import changed
from portal.clients.management.command import (
    JsonCommand,
    client_named,
    client_of,
    extension_named,
    group_named,
    refuse,
)
from portal.clients.models import Client


class Command(JsonCommand):
    help = "Create a user: an operator, or one of a client, a group or an extension."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--login", required=True, help="kept in lower case")
        password = parser.add_mutually_exclusive_group(required=True)
        password.add_argument("--password")
        password.add_argument("--password-stdin", action="store_true", help="read it from standard input")
        parser.add_argument("--operator", action="store_true", help="runs the installation")
        parser.add_argument("--client", help="id or slug: an administrator of the client")
        parser.add_argument("--group", help="a supervisor of the group: its id, or its name beside --client")
        parser.add_argument("--extension", help="of the extension: its id, or its number beside --client")
        parser.add_argument("--read-only", action="store_true")
        parser.add_argument("--email", default="")
        parser.add_argument("--first-name", default="")
        parser.add_argument("--last-name", default="")
        parser.add_argument("--timezone", default="")

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        login = options["login"].strip().lower()
        level, client = place(options)
        password = given_password(options)
        if lookups.user_by_login(login) is not None:
            refuse(f"login: {login!r} is taken")
        with scope(client.pk if client else None, operator=client is None):
            user = User(
                login=login,
                level=level,
                client=client,
                group=group_named(client, options["group"]) if client and options["group"] else None,
                extension=extension_named(client, options["extension"]) if client and options["extension"] else None,
                read_only=options["read_only"],
                **{name: options[name].strip() for name in ("email", "first_name", "last_name", "timezone")},
            )
            self.judge(password, user)
            user.set_password(password)
            user.full_clean(validate_unique=False)
            user.save(force_insert=True)
            changed(ledger.shell(user.client_id), user, "made")
        return {"user_id": user.pk, "login": user.login, "level": user.level}

    def judge(self, password: str, user: User) -> None:
        """An empty password is refused; a weak one is the choice of who has the shell, and who is told."""
        if not password:
            refuse("password: it is empty")
        try:
            validate_password(password, user)
        except ValidationError as error:
            self.stderr.write("Note: " + " ".join(error.messages))


def place(options: dict[str, Any]) -> tuple[Level, Client | None]:
    """The level and the client that the options name. A group or extension alone tells its client."""
    named = [name for name in ("group", "extension") if options[name]]
    if options["operator"]:
        if named or options["client"]:
            refuse("--operator stands alone: an operator belongs to no client")
        return Level.OPERATOR, None
    if len(named) > 1:
        refuse("either --group or --extension, not both")
    if not named and not options["client"]:
        refuse("one of --operator, --client, --group or --extension is needed")
    level = {"group": Level.GROUP, "extension": Level.EXTENSION}[named[0]] if named else Level.CLIENT
    if options["client"]:
        return level, client_named(options["client"])
    return level, client_of(named[0], options[named[0]])


def given_password(options: dict[str, Any]) -> str:
    return sys.stdin.readline().rstrip("\r\n") if options["password_stdin"] else options["password"]
