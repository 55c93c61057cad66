"""verify_audit and audit_head, as an auditor calls them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from portal.access.isolation import scope
from portal.audit import ledger
from portal.audit.actions import Action
from tests.factories import Cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def noted(cast: Cast) -> list[int]:
    ids = []
    for client in (cast.north, cast.north, cast.south):
        with scope(client.pk):
            ids.append(ledger.note(Action.SETTINGS, ledger.shell(client.pk)))
    with scope(None, operator=True):
        ids.append(ledger.note(Action.SIGN_IN, ledger.Actor("user", cast.olga.pk)))
    return ids


def said(capsys: Any, command: str, *arguments: str) -> dict[str, Any]:
    call_command(command, *arguments)
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_all_ledgers_are_verified_or_one(noted: list[int], capsys: Any) -> None:
    assert said(capsys, "verify_audit") == {"entries": 4, "ok": True, "first_bad": None}
    assert said(capsys, "verify_audit", "--client", "north") == {"entries": 2, "ok": True, "first_bad": None}


def test_a_changed_row_is_named_and_the_exit_code_says_so(noted: list[int], as_superuser: Any, capsys: Any) -> None:
    call_command("verify_audit")
    capsys.readouterr()
    as_superuser(f"update audit_entry set action = 'sign_out' where id = {noted[1]}")
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit")
    assert ended.value.code == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["first_bad"] == noted[1] and not json.loads(out)["ok"]
    assert f"entry {noted[1]}" in err


def test_a_head_is_printed_kept_and_held_against_the_ledger(noted: list[int], capsys: Any, tmp_path: Path) -> None:
    kept = tmp_path / "head.json"
    kept.write_text(json.dumps(said(capsys, "audit_head", "--client", "north")))
    assert said(capsys, "verify_audit", "--head", str(kept))["ok"]
    assert said(capsys, "verify_audit", "--client", "north", "--head", str(kept))["entries"] == 3, "and its own entry"
    with pytest.raises(CommandError, match="another one"):
        call_command("verify_audit", "--client", "south", "--head", str(kept))


@pytest.mark.parametrize("text", ["", "{}", "not json"])
def test_a_file_that_is_no_head_is_refused(noted: list[int], tmp_path: Path, text: str) -> None:
    (tmp_path / "head.json").write_text(text)
    with pytest.raises(CommandError, match="no head"):
        call_command("verify_audit", "--head", str(tmp_path / "head.json"))
    with pytest.raises(CommandError, match="No such file"):
        call_command("verify_audit", "--head", str(tmp_path / "nothing.json"))


def test_an_empty_ledger_has_no_head(cast: Cast) -> None:
    with pytest.raises(CommandError, match="nothing in this ledger"):
        call_command("audit_head", "--client", "south")
