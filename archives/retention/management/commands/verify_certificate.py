"""verify_certificate: is a certificate as it was signed, and by whose key?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from archives.retention.certificates import BadCertificate, fingerprint_of, verified
from portal.audit import signing
from portal.clients.management.command import JsonCommand, refuse


class Command(JsonCommand):
    help = "Verify a certificate. Exit code 1 where it is not as it was signed, or not by the key that is wanted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--key", help="fingerprint of the key that must have signed it; default: the installation's"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if not self.ok:
            sys.exit(1)

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        try:
            said = verified(options["file"].read_bytes())
        except OSError as error:
            refuse(f"{options['file']}: {error.strerror}")
        except BadCertificate as error:
            self.ok = False
            return {"ok": False, "why": str(error)}
        key = fingerprint_of(said)
        self.ok = key == (options["key"] or signing.fingerprint()).strip().lower()
        told = {name: said[name] for name in ("certificate", "client_id", "kind", "finished_at", "gone")}
        return {"ok": self.ok, "why": None if self.ok else "another key signed it", "key": key, **told}
