"""verify_audit: is the ledger as it was written?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from portal.audit import chain, heads
from portal.audit.models import Head
from portal.audit.verifying import BeforeCheckpoint, Verdict, verify
from portal.clients.management.command import JsonCommand, client_named, refuse


class Command(JsonCommand):
    help = (
        "Verify the ledger: every entry, every link, every signed head. Exit code 1 where something is not as it was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", help="id or slug; default: all clients, and the installation's own ledger")
        parser.add_argument("--head", type=Path, help="a signed head that was kept elsewhere (audit_head prints one)")

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if not self.ok:
            sys.exit(1)

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        head = head_in(options["head"]) if options["head"] else None
        clients: list[int | None] = [client_named(options["client"]).pk] if options["client"] else chain.chains()
        if head is not None and head.client_id not in clients:
            if options["client"]:
                refuse(f"--head is of the ledger of client {head.client_id}, --client names another one")
            clients.append(head.client_id)
        entries, bad = 0, None
        for client_id in clients:
            found = verified(client_id, head)
            entries += found.entries
            if not found.ok:
                self.stderr.write(f"{ledger_of(client_id)}: entry {found.first_bad}: {found.why}")
                bad = bad or found
        self.ok = bad is None
        return {"entries": entries, "ok": self.ok, "first_bad": bad.first_bad if bad else None}


def verified(client_id: int | None, head: Head | None) -> Verdict:
    try:
        return verify(client_id, [head] if head is not None and head.client_id == client_id else [])
    except BeforeCheckpoint as error:
        refuse(f"--head: {error}")


def head_in(path: Path) -> Head:
    try:
        head = heads.read(path.read_bytes())
    except OSError as error:
        refuse(f"--head {path}: {error.strerror}")
    except heads.BadHead as error:
        refuse(f"--head {path}: {error}")
    if not heads.ours(head):
        print("Note: another key than the installation's present one signed this head.", file=sys.stderr)
    return head


def ledger_of(client_id: int | None) -> str:
    return "the installation's ledger" if client_id is None else f"the ledger of client {client_id}"
