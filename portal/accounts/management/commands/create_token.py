"""create_token: a random token of one door for one user, or for the user's client. It is shown once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from portal.access.isolation import scope
from portal.accounts import door_tokens, lookups
from portal.accounts.models import Level, TokenDialect
from portal.audit import ledger
from portal.clients.management.command import JsonCommand, refuse


class Command(JsonCommand):
    help = "Create a token of one door for a user. A client has one vcc token: a new one ends the old."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="login")
        parser.add_argument("--dialect", required=True, choices=TokenDialect.values)

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        user = lookups.user_by_login(options["user"])
        if user is None:
            refuse(f"There is no user {options['user']!r}")
        if user.level != Level.CLIENT or user.read_only:
            refuse("a token needs an administrator of a client who is not read-only")
        with scope(user.client_id):
            row, token = door_tokens.make(ledger.shell(user.client_id), user, options["dialect"])
        return {"token": token, "token_id": row.pk, "dialect": row.dialect, "user_id": user.pk, "login": user.login}
