"""What is noted stands as it was noted: the database refuses to change it, and whoever can all the same is found."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.db.utils import IntegrityError, ProgrammingError

from portal.access.isolation import NotInTransaction, scope
from portal.audit import chain, heads, ledger, signing, tasks
from portal.audit.actions import Action
from portal.audit.ledger import note
from portal.audit.models import Entry, Head, Link, Waiting
from portal.audit.verifying import Verdict, verify
from tests.factories import NOON, Cast

pytestmark = pytest.mark.django_db(transaction=True)


def noted(cast: Cast, count: int = 1, client: Any = None) -> list[int]:
    """Entries of Nora's, each in a transaction of its own."""
    who = cast.principal(cast.nora) if client is None else ledger.portal(client)
    ids = []
    for number in range(count):
        with scope(cast.north.pk if client is None else client):
            ids.append(note(Action.PLAYBACK, who, ("record", uuid.UUID(int=number + 1)), number=number))
    return ids


def problem(client_id: int | None, known: tuple[Head, ...] = ()) -> int | None:
    return verify(client_id, known).first_bad


def test_an_entry_says_who_did_what_to_which_thing_and_when(cast: Cast) -> None:
    with time_machine.travel(NOON, tick=False), scope(cast.north.pk):
        note(Action.DELETION, cast.principal(cast.nora), ("record", uuid.UUID(int=7)), files=2, via="api")
        entry = Entry.objects.visible_to(cast.principal(cast.nora)).get()
    assert (entry.at, entry.action, entry.actor_kind, entry.actor_id) == (NOON, "deletion", "user", cast.nora.pk)
    assert (entry.target_kind, entry.target) == ("record", str(uuid.UUID(int=7)))
    assert entry.told == {"files": 2, "via": "api"}


def test_a_deed_that_is_taken_back_was_never_noted(cast: Cast) -> None:
    with scope(cast.north.pk):
        note(Action.SETTINGS, ledger.shell(cast.north.pk))
        transaction.set_rollback(True)
    with scope(cast.north.pk):
        assert not Entry.objects.exists() and not Waiting.objects.exists()
    with pytest.raises(NotInTransaction):
        note(Action.SETTINGS, ledger.shell(cast.north.pk))


@pytest.mark.parametrize("told", ["+15551000001", "Ann Berg", "ann@north.example", "101", b"x", {"Ann": 1}, ["Nora"]])
def test_numbers_names_and_what_people_wrote_are_refused(cast: Cast, told: Any) -> None:
    with scope(cast.north.pk), pytest.raises(ValueError, match="ids, counts and words"):
        note(Action.CONFIG, cast.principal(cast.nora), told=told)
    with scope(cast.north.pk):
        assert not Entry.objects.exists()


def test_a_target_is_an_id(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="audit_target_is_an_id"), scope(cast.north.pk):
        note(Action.CONFIG, cast.principal(cast.nora), ("user", "nora"))  # type: ignore[arg-type]


def test_nobody_notes_in_the_ledger_of_another_client(cast: Cast) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"), scope(cast.north.pk):
        note(Action.SETTINGS, ledger.shell(cast.south.pk))
    with pytest.raises(ProgrammingError, match="row-level security"), scope(cast.north.pk):
        note(Action.SIGN_IN, ledger.shell(None))


@pytest.mark.parametrize("table", ["audit_entry", "audit_link", "audit_head"])
@pytest.mark.parametrize("statement", ["update {} set client_id = client_id", "delete from {}", "truncate {}"])
def test_the_database_refuses_the_serving_role_to_change_the_ledger(cast: Cast, table: str, statement: str) -> None:
    noted(cast)
    heads.sign(cast.north.pk)
    with pytest.raises(ProgrammingError, match="permission denied"), scope(cast.north.pk):
        connection.cursor().execute(statement.format(table))


def test_a_ledger_that_nobody_touched_is_good(cast: Cast) -> None:
    noted(cast, 5)
    assert verify(cast.north.pk) == Verdict(5)
    assert verify(cast.north.pk) == Verdict(5), "asking again changes nothing"
    assert verify(cast.south.pk) == Verdict(0)


@pytest.mark.parametrize(
    "change",
    [
        "update audit_entry set actor_id = 1 where id = {}",
        "update audit_entry set at = at - interval '1 microsecond' where id = {}",
        "update audit_entry set details = '{{}}' where id = {}",
        "update audit_entry set target = '' where id = {}",
        "delete from audit_entry where id = {}",
        "update audit_link set hash = sha256('x') where entry_id = {}",
        "delete from audit_link where entry_id = {}; delete from audit_entry where id = {}",
    ],
)
def test_what_a_superuser_changes_is_found(cast: Cast, as_superuser: Any, change: str) -> None:
    ids = noted(cast, 6)
    assert verify(cast.north.pk).ok
    as_superuser(change.format(ids[2], ids[2]))
    verdict = verify(cast.north.pk)
    assert not verdict.ok and verdict.first_bad in ids[2:4] and verdict.why


def test_an_entry_that_was_put_in_beside_the_chain_is_found(cast: Cast, as_superuser: Any) -> None:
    first, *_ = noted(cast, 3)
    assert verify(cast.north.pk).ok
    as_superuser(
        "insert into audit_entry (id, client_id, at, action, actor_kind, target_kind, target, details)"
        f" select 900, client_id, at, action, 'user', '', '', '{{}}' from audit_entry where id = {first}"
    )
    assert problem(cast.north.pk) == 900


def remade(cast: Cast, as_superuser: Any, entry_id: int) -> None:
    """What who has the database and no key would do: change an entry, and compute the chain anew from there on."""
    as_superuser(f"update audit_entry set actor_id = 1 where id = {entry_id}")
    with scope(cast.north.pk):
        rows = list(Entry.objects.order_by("link__position").values_list(*chain.COLUMNS.split(", ")))
    before = chain.genesis(cast.north.pk)
    for row in rows:
        before = chain.linked(before, row)
        as_superuser(f"update audit_link set hash = '\\x{before.hex()}' where entry_id = {row[0]}")


def test_a_chain_that_was_made_anew_is_found_by_a_head_kept_elsewhere(cast: Cast, as_superuser: Any) -> None:
    ids = noted(cast, 4)
    head = heads.sign(cast.north.pk)
    assert head is not None
    kept = heads.read(heads.signed_bytes(heads.document(head)))
    noted(cast, 2)
    assert verify(cast.north.pk, [kept]).ok
    remade(cast, as_superuser, ids[1])
    assert problem(cast.north.pk) == ids[3], "the head in the database tells it too"
    as_superuser("delete from audit_head")
    assert verify(cast.north.pk).ok, "nothing within the database can tell it now"
    assert problem(cast.north.pk, (kept,)) == ids[3]


def test_a_chain_whose_end_was_cut_off_is_found_by_a_head(cast: Cast, as_superuser: Any) -> None:
    ids = noted(cast, 4)
    head = heads.sign(cast.north.pk)
    as_superuser(*(f"delete from {table} where client_id = {cast.north.pk}" for table in ("audit_head",)))
    as_superuser(
        *(
            f"delete from audit_{name} where {column} = {ids[3]}"
            for name, column in (("link", "entry_id"), ("entry", "id"))
        )
    )
    assert verify(cast.north.pk).ok
    assert head is not None and problem(cast.north.pk, (head,)) == ids[3]


def test_a_head_in_the_database_that_another_key_signed_is_found(cast: Cast, settings: Any) -> None:
    noted(cast)
    heads.sign(cast.north.pk)
    assert verify(cast.north.pk).ok
    settings.SIGNING_KEY = "somebody else's"
    assert "not signed by this installation" in verify(cast.north.pk).why


def test_a_document_that_is_no_head_or_was_changed_is_refused(cast: Cast) -> None:
    noted(cast)
    head = heads.sign(cast.north.pk)
    assert head is not None
    good = heads.signed_bytes(heads.document(head))
    assert heads.read(good).hash == head.hash
    for bad in (
        b"",
        b"[]",
        b"{}",
        good[:-9],
        good.replace(b'"position":1', b'"position":2'),
        good.replace(b"/1", b"/2"),
    ):
        with pytest.raises(heads.BadHead):
            heads.read(bad)


def test_a_head_is_signed_where_something_came_since_the_last_one(cast: Cast) -> None:
    assert heads.sign(cast.north.pk) is None
    noted(cast, 2)
    first = heads.sign(cast.north.pk)
    again = heads.sign(cast.north.pk)
    assert first is not None and again is not None and first.pk == again.pk and first.position == 2
    assert signing.verifies(heads.signed_bytes(heads.said(again)), bytes(again.signature))
    noted(cast)
    assert tasks.sign_heads() >= 1
    with scope(cast.north.pk):
        assert [head.position for head in Head.objects.all()] == [3, 2]


def test_the_installations_own_ledger_is_a_chain_like_any_other(cast: Cast, as_superuser: Any) -> None:
    with scope(None, operator=True):
        entry_id = note(Action.SIGN_IN, ledger.Actor("user", cast.olga.pk))
    noted(cast, client=cast.south.pk)
    assert set(chain.waiting()) == {None, cast.south.pk}
    assert tasks.link() == 2
    assert chain.waiting() == [] and set(chain.chains()) == {None, cast.south.pk}
    assert verify(None) == Verdict(1)
    with scope(cast.north.pk):
        assert not Entry.objects.exists()
    as_superuser(f"update audit_entry set actor_id = 1 where id = {entry_id}")
    assert problem(None) == entry_id


def test_what_commits_late_is_linked_late_and_never_forgotten(cast: Cast) -> None:
    """A deed under way holds up neither the others nor the chain."""
    begun, go = threading.Event(), threading.Event()
    late: list[int] = []

    def slow() -> None:
        try:
            with scope(cast.north.pk):
                late.append(note(Action.CONFIG, ledger.portal(cast.north.pk)))
                begun.set()
                assert go.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert begun.wait(10)
    early = noted(cast, 2)
    assert chain.link_all(cast.north.pk) == 2
    go.set()
    thread.join()
    assert late[0] < early[0] and chain.link_all(cast.north.pk) == 1
    with scope(cast.north.pk):
        assert list(Link.objects.order_by("position").values_list("entry_id", flat=True)) == [*early, *late]
    assert verify(cast.north.pk) == Verdict(3)


def test_two_workers_that_link_at_once_make_one_chain(cast: Cast) -> None:
    noted(cast, 30)
    linked: list[int] = []

    def work() -> None:
        try:
            linked.append(chain.link_all(cast.north.pk))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(linked) == 30
    assert verify(cast.north.pk) == Verdict(30)


def test_a_chain_longer_than_a_batch_is_linked_and_verified_in_several(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "BATCH", 4)
    monkeypatch.setattr("portal.audit.verifying.BATCH", 3)
    noted(cast, 10)
    assert chain.link_all(cast.north.pk) == 10
    assert verify(cast.north.pk) == Verdict(10)
