"""Legal holds on the pages: placed on a call, looked at, lifted; and what a deletion is told of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from portal.access.isolation import scope
from portal.holds.models import Hold
from records.deletion import trash
from records.models import Deletion, Record, Trashed
from tests.portal.holds.evidence import Evidence

pytestmark = pytest.mark.django_db


def only(evidence: Evidence) -> Hold:
    with scope(evidence.cast.north.pk):
        return Hold.objects.select_related("extension").get()


@pytest.mark.parametrize(
    ("what", "kind"),
    [("call", "call"), ("record {record}", "record"), ("extension {extension}", "extension"), ("number 101", "number")],
)
def test_nora_holds_what_is_in_a_call(evidence: Evidence, as_: Any, what: str, kind: str) -> None:
    record = evidence.records["free"]
    browser, page = as_(evidence.cast.nora), f"/calls/{record.call.call_uuid}/"
    assert f"{page}hold/" in browser.get(page).content.decode()
    assert "with all its recordings" in browser.get(f"{page}hold/").content.decode()
    asked = {"what": what.format(record=record.uuid, extension=record.extension_id), "reason": "A dispute"}
    answer = browser.post(f"{page}hold/", asked)
    hold = only(evidence)
    assert (answer.status_code, answer["Location"]) == (302, f"/holds/{hold.pk}/")
    assert (hold.kind, hold.reason, hold.until, hold.placed_by) == (kind, "A dispute", None, "nora@north")
    shown = browser.get(page).content.decode()
    assert "Under legal hold by nora@north" in shown and "A dispute" in shown
    assert f"/records/{record.uuid}/delete" not in shown
    told = browser.post(f"/records/{record.uuid}/delete", {"next": page}, follow=True).content.decode()
    assert "was not deleted, it is under legal hold" in told


def test_days_are_those_of_who_asks(evidence: Evidence, as_: Any) -> None:
    """North is in New York: its days begin at four in the morning, UTC, in summer."""
    asked = {"extension": "102", "first": "2026-09-01", "last": "2026-09-30", "reason": "x", "ends": "2027-07-01"}
    assert as_(evidence.cast.nora).post("/holds/new/", asked).status_code == 302
    hold = only(evidence)
    assert hold.extension == evidence.cast.ext102
    assert (hold.starts_at, hold.ends_at) == (datetime(2026, 9, 1, 4, tzinfo=UTC), datetime(2026, 10, 1, 4, tzinfo=UTC))
    assert hold.until == datetime(2027, 7, 2, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ({}, "reason"),
        ({"reason": "x"}, "number"),
        ({"reason": "x", "number": "+1", "extension": "101"}, "number"),
        ({"reason": "x", "number": "()"}, "number"),
        ({"reason": "x", "extension": "999"}, "extension"),
        ({"reason": "x", "number": "+1", "first": "2026-01-01"}, "first"),
        ({"reason": "x", "extension": "101", "first": "2026-02-01", "last": "2026-01-01"}, "last"),
        ({"reason": "x", "extension": "101", "last": "9999-12-31"}, "last"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(evidence: Evidence, as_: Any, asked: Any, wrong: str) -> None:
    answer = as_(evidence.cast.nora).post("/holds/new/", asked)
    assert answer.status_code == 422
    assert f'id="id_{wrong}_error"' in answer.content.decode()
    with scope(evidence.cast.north.pk):
        assert not Hold.objects.exists()


def test_a_hold_is_listed_with_what_it_keeps_and_lifted(evidence: Evidence, as_: Any) -> None:
    hold, browser = evidence.hold("number"), as_(evidence.cast.nora)
    listed = browser.get("/holds/").content.decode()
    assert "case 7 of the court" in listed and f"/holds/{hold.pk}/" in listed
    assert "No hold matches" in browser.get("/holds/?status=lifted").content.decode()
    assert browser.get("/holds/?status=none").status_code == 400
    shown = browser.get(f"/holds/{hold.pk}/").content.decode()
    assert "1 recording, 1 voice message" in shown and "Lift the hold" in shown
    assert browser.post(f"/holds/{hold.pk}/", {"reason": ""}).status_code == 422
    told = browser.post(f"/holds/{hold.pk}/", {"reason": "Settled"}, follow=True).content.decode()
    assert "The hold is lifted" in told and "Settled" in told and "keeps now" not in told


def test_the_trash_says_what_holds_an_item(evidence: Evidence, as_: Any) -> None:
    with scope(evidence.cast.north.pk):
        trash(Record.objects.visible_to(evidence.nora), evidence.nora, Deletion.Via.PORTAL)
        item = Trashed.objects.get(record=evidence.records["record"])
    hold, browser = evidence.hold("record"), as_(evidence.cast.nora)
    shown = browser.get("/trash/").content.decode()
    assert shown.count(f"/holds/{hold.pk}/") == 1 and "case 7 of the court" in shown
    assert f"/trash/{item.pk}/remove" not in shown and f"/trash/{item.pk}/restore" in shown
    told = browser.post(f"/trash/{item.pk}/remove", follow=True).content.decode()
    assert "was not removed, it is under legal hold" in told


def test_who_may_see_and_do_what(evidence: Evidence, as_: Any) -> None:
    cast = evidence.cast
    ours, number = evidence.hold("call"), evidence.hold("number")
    call = f"/calls/{evidence.records['call'].call.call_uuid}/"
    for person, may_see, may_place in ((cast.nora, {ours, number}, True), (cast.rita, {ours, number}, False)):
        browser = as_(person)
        assert {hold for hold in (ours, number) if browser.get(f"/holds/{hold.pk}/").status_code == 200} == may_see
        assert browser.get("/holds/new/").status_code == (200 if may_place else 403)
    for person in (cast.gus, cast.ann):
        browser = as_(person)
        assert browser.get(f"/holds/{ours.pk}/").status_code == 200
        assert browser.get(f"/holds/{number.pk}/").status_code == 404
        assert browser.post(f"/holds/{ours.pk}/", {"reason": "x"}).status_code == 403
        assert browser.get(f"{call}hold/").status_code == 403
        assert "Under legal hold" in browser.get(call).content.decode()
    assert as_(cast.sam).get(f"/holds/{ours.pk}/").status_code == 404
    assert as_(cast.sam).get(f"{call}hold/").status_code == 404


def test_operations_read_and_lift_and_never_delete(evidence: Evidence, as_: Any) -> None:
    hold, browser = evidence.hold("extension"), as_(evidence.cast.olga)
    assert "case 7" in browser.get("/operations/holds/hold/").content.decode()
    one = f"/operations/holds/hold/{hold.pk}/"
    assert browser.get(f"{one}change/").status_code == 200
    assert browser.post(f"{one}delete/", {"post": "yes"}).status_code == 403
    extension = f"/operations/clients/extension/{evidence.cast.ext102.pk}/change/"
    asked = {"number": "102", "name": "Li Wei", "type": "phone", "status": "retired", "group": evidence.cast.support.pk}
    assert "under legal hold" in browser.post(extension, asked).content.decode()
    assert browser.post(f"{one}change/", {"lift_reason": "Settled"}).status_code == 302
    assert only(evidence).status == "lifted"
    assert browser.post(extension, asked).status_code == 302


def test_an_action_of_operations_leaves_what_is_held(evidence: Evidence, as_: Any) -> None:
    evidence.hold("call")
    browser = as_(evidence.cast.olga)
    chosen = [record.pk for record in evidence.records.values()]
    asked = {"action": "move_to_trash", "_selected_action": chosen}
    told = browser.post("/operations/records/record/", asked, follow=True).content.decode()
    assert "4 are in the trash now" in told and "1 are not: they are under legal hold" in told
