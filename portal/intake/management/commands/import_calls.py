"""import_calls: the calls, recordings and voice messages of a PBX's spool, or of a manifest."""

from __future__ import annotations

import sys
import time
import zoneinfo
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import InterfaceError, OperationalError

from portal.clients.management.command import JsonCommand, client_named, refuse
from portal.intake.importer import AlreadyRunning, Importer
from portal.intake.sources import SOURCES
from portal.intake.sources.entries import BadSource, Source
from portal.media.uploads import UploadSwept

STOPPED, INTERRUPTED = 1, 130


class Command(JsonCommand):
    help = "Import calls with their recordings and voice messages. The same command twice is as once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", help=", ".join(SOURCES))
        parser.add_argument("path", type=Path, help="the spool's directory; a manifest file or its directory")
        parser.add_argument("--client", required=True, help="id or slug")
        parser.add_argument("--timezone", default="UTC", help="of times that have none; default UTC")

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        began = time.monotonic()
        source = opened(options["source"], options["path"], options["timezone"])
        stream = options.get("stderr") or sys.stderr
        importer = Importer(client_named(options["client"]).pk, source, options["path"], stream)
        self.follow(importer)
        if remark := source.remark():
            stream.write(f"{remark}\n")
        return importer.counts.as_dict() | {"seconds": round(time.monotonic() - began, 3)}

    def follow(self, importer: Importer) -> None:
        """Run it; where it is stopped, say how far it came, and end with 1, or 130 after Ctrl-C."""
        try:
            importer.run()
        except AlreadyRunning:
            raise CommandError("This path is being imported for this client already.", returncode=STOPPED) from None
        except KeyboardInterrupt:
            raise CommandError(how_far(importer, "Interrupted"), returncode=INTERRUPTED) from None
        except (OperationalError, InterfaceError, OSError, UploadSwept) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise CommandError(how_far(importer, f"Stopped ({reason})"), returncode=STOPPED) from error
        except Exception:
            importer.close()
            self.stderr.write(how_far(importer, "Stopped"))
            raise
        finally:
            importer.close()


def opened(name: str, path: Path, timezone: str) -> Source:
    """The source, or an end with one line that says what is wrong."""
    if name not in SOURCES:
        refuse(f"There is no source {name!r}; there are {', '.join(SOURCES)}")
    try:
        zone = zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        refuse(f"{timezone!r} is not a time zone; a name like Europe/London is needed")
    if not path.exists():
        refuse(f"There is no {path}")
    try:
        return SOURCES[name](path, zone)
    except BadSource as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{path} cannot be read: {error.strerror or error}")


def how_far(importer: Importer, what: str) -> str:
    counts = importer.counts
    return (
        f"{what} after line {importer.lines:,}: {counts.calls:,} calls and {counts.recordings:,} recordings came in;"
        " the same command goes on from there."
    )
