from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def as_superuser(owner_sql: Any) -> Any:
    """Statements of somebody who is bound by no policy: who has the tables may change all there is in them."""
    tables = [f"audit_{name}" for name in ("entry", "waiting", "link", "head", "hearing")]

    def run(*statements: str) -> None:
        off = [f"alter table {table} no force row level security" for table in tables]
        on = [f"alter table {table} force row level security" for table in tables]
        owner_sql(*off)
        try:
            owner_sql(*statements)
        finally:
            owner_sql(*on)

    return run
