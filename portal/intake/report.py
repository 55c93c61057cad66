"""The report of an import: one line of JSON for each row or file that did not come in as it should.

Written before the batch it belongs to is committed: after a crash a line may stand there twice, but none is lost.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings


class Report:
    """`<data>/reports/import-<run>.ndjson`, made with its first line. It names callers: only the portal reads it."""

    def __init__(self, run_id: int) -> None:
        self.path = Path(settings.DATA_DIR) / "reports" / f"import-{run_id}.ndjson"
        self.lines = 0

    def write(self, entries: list[dict[str, Any]]) -> None:
        """Append entries `{line|path, what, reason, …}`, durable when this returns. OSError."""
        if not entries:
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        body = "".join(f"{json.dumps(entry)}\n" for entry in entries)  # ASCII: a file's name need not be text
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "a", encoding="ascii") as file:
            file.write(body)
            file.flush()
            os.fsync(descriptor)
        self.lines += len(entries)
