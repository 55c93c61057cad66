"""Old entries go up to a signed checkpoint, and by no other way; what is left is verified as before."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone

from portal.access.isolation import scope
from portal.audit import chain, heads, ledger, pruning
from portal.audit.actions import Action
from portal.audit.models import Entry, Head, Link
from portal.audit.pruning import Altered, TooYoung, prune
from portal.audit.verifying import BeforeCheckpoint, Verdict, verify
from portal.clients.models import Client
from portal.clients.settings import BadSetting, parse
from portal.clients.tasks import prune_ledgers
from tests.factories import Cast

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


def days_ago(days: float) -> datetime:
    return timezone.now() - days * DAY


def noted(client_id: int | None, *ages: float) -> list[int]:
    """The portal's own entries, so many days ago each."""
    ids = []
    for age in ages:
        with time_machine.travel(days_ago(age)), chain.within(client_id):
            ids.append(ledger.note(Action.CONFIG, ledger.portal(client_id)))
    return ids


def left(client_id: int | None) -> list[int]:
    with chain.within(client_id):
        return list(Entry.objects.filter(client_id=client_id).order_by("id").values_list("id", flat=True))


@pytest.fixture
def ids(cast: Cast) -> list[int]:
    """Of North: three old entries, one of forty days ago, two of today."""
    made = noted(cast.north.pk, 100, 90, 80, 40, 0, 0)
    noted(cast.south.pk, 100, 0)
    return made


def test_what_is_old_goes_and_the_chain_begins_behind_the_checkpoint(cast: Cast, ids: list[int]) -> None:
    pruned = prune(ledger.shell(cast.north.pk), days_ago(60))
    assert pruned.entries == 3
    assert pruned.checkpoint is not None and (pruned.checkpoint.position, pruned.checkpoint.entry_id) == (3, ids[2])
    *kept, about_it = left(cast.north.pk)
    assert kept == ids[3:]
    with scope(cast.north.pk):
        entry = Entry.objects.get(pk=about_it)
        assert (entry.action, entry.actor_kind, entry.told) == ("audit_pruned", "shell", {"entries": 3, "position": 3})
        assert not Link.objects.filter(position__lte=3).exists()
    assert verify(cast.north.pk) == Verdict(4)
    assert len(left(cast.south.pk)) == 2, "nobody else's"


def test_it_goes_on_from_checkpoint_to_checkpoint(cast: Cast, ids: list[int]) -> None:
    assert prune(ledger.shell(cast.north.pk), days_ago(85)).entries == 2
    assert prune(ledger.shell(cast.north.pk), days_ago(85)).entries == 0, "there is nothing more"
    last = prune(ledger.shell(cast.north.pk), days_ago(35))
    assert last.entries == 2 and last.checkpoint is not None and last.checkpoint.position == 4
    assert verify(cast.north.pk) == Verdict(4)
    with scope(cast.north.pk):
        assert Head.objects.filter(checkpoint=True).count() == 2


def test_an_entry_that_was_linked_late_keeps_what_came_after_it(cast: Cast) -> None:
    """The chain goes by linking: up to the checkpoint nothing may be younger than what was asked for."""
    made = noted(cast.north.pk, 90, 10, 80)
    pruned = prune(ledger.shell(cast.north.pk), days_ago(60))
    assert pruned.entries == 1 and left(cast.north.pk)[:2] == made[1:]


def test_a_ledger_that_is_pruned_wholly_goes_on(cast: Cast) -> None:
    noted(cast.north.pk, 90, 80)
    assert prune(ledger.portal(cast.north.pk), days_ago(60)).entries == 2
    assert verify(cast.north.pk) == Verdict(1), "the entry about it is of today"
    noted(cast.north.pk, 0)
    assert verify(cast.north.pk) == Verdict(2)


def test_the_installations_own_ledger_is_pruned_by_command(cast: Cast, capsys: Any) -> None:
    made = noted(None, 90, 80, 0)
    call_command("prune_audit", "--before", f"{days_ago(60):%Y-%m-%d}")
    said = json.loads(capsys.readouterr().out)
    assert said["entries"] == 2 and said["checkpoint"]["entry_id"] == made[1]
    assert verify(None).ok and left(None)[0] == made[2]


def test_a_client_says_how_long_its_ledger_is_kept_and_else_it_is_for_ever(cast: Cast, ids: list[int]) -> None:
    assert prune_ledgers() == 0
    with scope(cast.north.pk):
        Client.objects.update(settings={"retention_audit_days": parse("retention_audit_days", "60")})
    assert prune_ledgers() == 3
    assert prune_ledgers() == 0
    with pytest.raises(BadSetting, match="from 30"):
        parse("retention_audit_days", "29")
    assert parse("retention_audit_days", "never") is None


def test_heads_from_elsewhere_are_held_against_it_and_older_ones_are_said_to_be_too_old(
    cast: Cast, ids: list[int], capsys: Any, tmp_path: Path
) -> None:
    kept = {}
    for name, days in (("old", 85), ("exact", 60)):
        with scope(cast.north.pk):
            chain.link_all(cast.north.pk)
            last = Link.objects.filter(entry__at__lt=days_ago(days)).order_by("-position").first()
            assert last is not None
            kept[name] = heads.made(last)
    fresh = heads.sign(cast.north.pk)
    assert fresh is not None
    assert prune(ledger.shell(cast.north.pk), days_ago(60)).entries == 3
    assert verify(cast.north.pk, [kept["exact"], fresh]).ok
    with pytest.raises(BeforeCheckpoint, match=r"position 2 .* begins behind position 3"):
        verify(cast.north.pk, [kept["old"]])
    (tmp_path / "old.json").write_bytes(heads.signed_bytes(heads.document(kept["old"])))
    with pytest.raises(CommandError, match="pruned on") as refused:
        call_command("verify_audit", "--head", str(tmp_path / "old.json"))
    assert refused.value.returncode == 2


def test_a_chain_that_was_made_anew_after_pruning_is_found(cast: Cast, ids: list[int], as_superuser: Any) -> None:
    prune(ledger.shell(cast.north.pk), days_ago(60))
    assert verify(cast.north.pk).ok
    as_superuser(f"update audit_entry set actor_id = 1 where id = {ids[4]}")
    assert verify(cast.north.pk).first_bad == ids[4]


def test_what_somebody_changed_is_not_pruned_but_shown(cast: Cast, ids: list[int], as_superuser: Any) -> None:
    assert verify(cast.north.pk).ok
    as_superuser(f"update audit_entry set actor_id = 1 where id = {ids[1]}")
    with pytest.raises(Altered, match=str(ids[1])):
        prune(ledger.shell(cast.north.pk), days_ago(60))
    assert left(cast.north.pk) == ids
    with scope(cast.north.pk):
        Client.objects.update(settings={"retention_audit_days": 60})
    assert prune_ledgers() == 0
    with pytest.raises(CommandError, match="not as it was written"):
        call_command("prune_audit", "--client", "north", "--days", "60")


class Killed(BaseException):
    """As if somebody had pulled the plug."""


@pytest.mark.parametrize("batches", [0, 1, 2])
def test_killed_in_the_middle_it_is_good_and_the_next_run_goes_on(
    cast: Cast, ids: list[int], monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    monkeypatch.setattr(pruning, "BATCH", 1)
    alive, real = iter([None] * batches), pruning.fetch

    def fetch(sql: str, *rest: Any) -> Any:
        if "audit_prune" in sql and next(alive, Killed) is Killed:
            raise Killed
        return real(sql, *rest)

    monkeypatch.setattr(pruning, "fetch", fetch)
    with pytest.raises(Killed):
        prune(ledger.shell(cast.north.pk), days_ago(60))
    monkeypatch.setattr(pruning, "fetch", real)
    assert left(cast.north.pk)[0] == ids[batches]
    assert verify(cast.north.pk) == Verdict(4)
    assert prune(ledger.shell(cast.north.pk), days_ago(60)).entries == 3 - batches
    assert left(cast.north.pk)[0] == ids[3]
    with scope(cast.north.pk):
        assert Entry.objects.filter(action="audit_pruned").count() == 1, "one deed, however often it was begun"


@pytest.mark.parametrize("days", [29, 0, -1])
def test_nothing_younger_than_thirty_days_is_asked_for(cast: Cast, ids: list[int], days: int) -> None:
    with pytest.raises(TooYoung):
        prune(ledger.shell(cast.north.pk), days_ago(days))
    with pytest.raises(CommandError, match="30 days"):
        call_command("prune_audit", "--client", "north", "--days", str(days))
    assert left(cast.north.pk) == ids


# ---------------------------------------------------------------- what the database itself refuses


def refused(client_id: int, checkpoint_id: int, why: str) -> None:
    with pytest.raises(ProgrammingError, match=why), scope(client_id), connection.cursor() as cursor:
        cursor.execute("select audit_prune(%s, 100)", [checkpoint_id])


def a_checkpoint(client_id: int, **changed: Any) -> int:
    """Written by hand, as somebody could who has found a hole in the portal."""
    with scope(client_id):
        chain.link_all(client_id)
        end = Link.objects.order_by("-position").first()
        assert end is not None
        values = {"position": end.position, "entry_id": end.entry_id, "hash": bytes(end.hash), "checkpoint": True}
        forged = {"at": timezone.now(), "public_key": b"x" * 32, "signature": b"x" * 64}
        return Head.objects.create(client_id=client_id, **(values | forged | changed)).pk


def test_without_a_checkpoint_of_ones_own_nothing_goes(cast: Cast, ids: list[int]) -> None:
    southern = a_checkpoint(cast.south.pk)
    refused(cast.north.pk, southern, "no such checkpoint")
    refused(cast.north.pk, 0, "no such checkpoint")
    refused(cast.north.pk, a_checkpoint(cast.north.pk, checkpoint=False), "no such checkpoint")
    refused(cast.north.pk, a_checkpoint(cast.north.pk, hash=b"x" * 32), "does not fit the chain")
    assert left(cast.north.pk) == ids


def test_what_is_young_stays_whatever_the_checkpoint_says(cast: Cast, ids: list[int]) -> None:
    refused(cast.north.pk, a_checkpoint(cast.north.pk), "too young")
    assert left(cast.north.pk) == ids


def test_a_forged_checkpoint_forgets_what_is_old_and_is_found(cast: Cast) -> None:
    noted(cast.north.pk, 100, 90)
    forged = a_checkpoint(cast.north.pk)
    with scope(cast.north.pk), connection.cursor() as cursor:
        cursor.execute("select audit_prune(%s, 100)", [forged])
    assert left(cast.north.pk) == []
    assert "not signed by this installation" in verify(cast.north.pk).why


def test_unbound_nobody_prunes(cast: Cast, ids: list[int]) -> None:
    with pytest.raises(ProgrammingError, match="no such checkpoint"), transaction.atomic():
        connection.cursor().execute("select audit_prune(%s, 100)", [a_checkpoint(cast.north.pk)])


def test_the_owner_of_the_tables_deletes_nothing_young_either(cast: Cast, ids: list[int], owner_sql: Any) -> None:
    """As long as the policies bind it: it would have to take them away first."""
    owner_sql(f"select set_config('portal.client_ids', '{cast.north.pk}', false); delete from audit_entry")
    assert set(left(cast.north.pk)) >= set(ids[4:])
