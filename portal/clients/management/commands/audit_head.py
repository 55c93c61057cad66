"""audit_head: the signed end of a ledger, to be kept elsewhere."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from portal.audit import chain, heads
from portal.audit.actions import Action
from portal.audit.ledger import note, shell
from portal.clients.management.command import JsonCommand, client_named, refuse


class Command(JsonCommand):
    help = "Print the signed head of a client's ledger; verify_audit --head FILE holds the ledger against it later."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", help="id or slug; default: the installation's own ledger")

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        client_id = client_named(options["client"]).pk if options["client"] else None
        head = heads.sign(client_id)
        if head is None:
            refuse("There is nothing in this ledger yet")
        with chain.within(client_id):
            note(Action.AUDIT_EXPORT, shell(client_id), what="head", position=head.position)
        return heads.document(head)
