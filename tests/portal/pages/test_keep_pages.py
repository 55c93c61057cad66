"""The page Keep: the days, what goes by them before they are saved, and what went."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser

from archives.retention.certificates import issue, verified
from archives.retention.models import Certificate, GroupPolicy, Run
from portal.access.isolation import scope
from portal.audit import ledger
from portal.clients.models import Client
from portal.media.storage import FileStore
from tests.archives.retention.office import Office
from tests.factories import NOON, Cast

pytestmark = pytest.mark.django_db(transaction=True)
As = Callable[..., Browser]


@pytest.fixture
def office(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Office:
    """North, of which nothing is done but by the test."""
    monkeypatch.setattr("portal.access.tasks.wake", lambda *arguments, **options: None)
    return Office(cast.north, cast.sales, cast.support)


def page(browser: Browser, address: str = "/keep/", **query: Any) -> str:
    answer = browser.get(address, query)
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", answer.content.decode())


def settings_of(cast: Cast) -> dict[str, Any]:
    with scope(cast.north.pk):
        return Client.objects.get(pk=cast.north.pk).settings


def test_nora_sees_what_would_go_and_then_saves(cast: Cast, as_: As, office: Office) -> None:
    office.call("old", -100)
    office.record("r", leg="old.101")
    nora = as_(cast.nora)
    assert "for ever" in page(nora)
    shown = page(nora, "/keep/change/", records="30", cdrs="3000")
    assert "1 recording" in shown and "Save: 1 recording go from" in shown
    assert '<svg viewBox="0 0 900 56"' in shown and 'style="' not in shown
    assert "retention_records_days" not in settings_of(cast), "nothing is saved by looking"
    answer = nora.post("/keep/change/", {"records": "30", "voicemessages": "", "cdrs": "3000", "archives": "0"})
    assert (answer.status_code, answer["Location"]) == (302, "/keep/")
    kept = settings_of(cast)
    assert (kept["retention_records_days"], kept["retention_cdrs_days"]) == (30, 3000)
    told = page(nora)
    assert "Saved. Within 90 nights 1 recording" in told and "3,000" in told


def test_a_group_has_days_of_its_own(cast: Cast, as_: As, office: Office) -> None:
    nora, address = as_(cast.nora), f"/keep/change/{cast.support.pk}/"
    nora.post(address, {"records": "7", "voicemessages": "", "cdrs": "0"})
    with scope(cast.north.pk):
        policy = GroupPolicy.objects.get()
        assert (policy.group, policy.records_days, policy.voicemessages_days, policy.cdrs_days) == (
            cast.support,
            7,
            None,
            0,
        )
    assert 'name="records" value="7"' in page(nora, address)
    nora.post(address, {"records": "", "voicemessages": "", "cdrs": ""})
    with scope(cast.north.pk):
        assert not GroupPolicy.objects.exists()
    assert nora.get(f"/keep/change/{cast.south_sales.pk}/").status_code == 404


def test_a_wrong_number_is_told_at_its_field(cast: Cast, as_: As, office: Office) -> None:
    nora = as_(cast.nora)
    for answer in (
        nora.post("/keep/change/", {"records": "-1", "cdrs": "a week"}),
        nora.get("/keep/change/", {"records": "-1", "cdrs": "a week"}),
    ):
        told = answer.content.decode()
        assert answer.status_code == 422 and "greater than or equal to 0" in told and "Enter a whole number" in told
    assert "retention_records_days" not in settings_of(cast)


def test_who_may_only_read_sees_and_changes_nothing(cast: Cast, as_: As, office: Office) -> None:
    rita = as_(cast.rita)
    assert "/keep/change/" not in page(rita)
    assert rita.get("/keep/change/").status_code == rita.post("/keep/change/", {"records": "1"}).status_code == 403
    assert rita.post("/keep/again").status_code == 403
    for person in (cast.gus, cast.ann):
        assert as_(person).get("/keep/").status_code == 404


def test_certificates_are_shown_and_downloaded(cast: Cast, as_: As, office: Office) -> None:
    office.keep(records=10, cdrs=10)
    office.call("old", 0)
    office.record("r", leg="old.101")
    office.record("stray", content=b"")
    run = office.run(30)
    with scope(cast.north.pk):
        issue(cast.north.pk, uuid4(), Certificate.Kind.ERASURE, ledger.portal(cast.north.pk), started_at=NOON, terms={})
    nora = as_(cast.nora)
    shown = page(nora)
    assert "1 recording, 1 CDR, 1 call" in shown and "erasure" in shown and "nothing was found" in shown
    one = page(nora, f"/keep/certificates/{run.certificate}/")
    assert str(run.certificate) in one and "asked for by test" in one
    answer = nora.get(f"/keep/certificates/{run.certificate}.json")
    assert answer["Content-Disposition"] == f'attachment; filename="certificate-{run.certificate}.json"'
    assert verified(answer.content)["certificate"] == str(run.certificate)
    sam = as_(cast.sam)
    for address in (f"/keep/certificates/{run.certificate}/", f"/keep/certificates/{run.certificate}.json"):
        assert sam.get(address).status_code == 404


def test_what_storage_refuses_is_shown_and_tried_again(
    cast: Cast, as_: As, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: FileStore, key: str) -> None:
        raise OSError("the disk is on fire")

    office.keep(records=10)
    office.call("old", 0)
    office.record("r", leg="old.101")
    with monkeypatch.context() as patch:
        patch.setattr(FileStore, "delete", refuse)
        run = office.run(30)
    nora = as_(cast.nora)
    shown = page(nora)
    assert "1 recording: storage does not let go" in shown and "OSError: the disk is on fire" in shown
    assert "It is tried again now" in nora.post("/keep/again", follow=True).content.decode()
    assert office.passed(run).state == "done" and office.records == set()
    assert "nothing to try again" in nora.post("/keep/again", follow=True).content.decode()


def test_operators_have_it_run_now(cast: Cast, as_: As, office: Office) -> None:
    olga = as_(cast.olga)
    assert "kept for ever" in olga.post("/operations/retention/run/run-now/", follow=True).content.decode()
    office.keep(cdrs=10)
    office.call("old", -3000)
    assert "goes now" in olga.post("/operations/retention/run/run-now/", follow=True).content.decode()
    with scope(cast.north.pk):
        run = Run.objects.get()
    assert (run.asked_by, run.day) == ("olga", None)
    office.passed(run)
    assert office.calls == set()
    for model in ("run", "certificate", "grouppolicy"):
        assert olga.get(f"/operations/retention/{model}/").status_code == 200
    with scope(cast.north.pk):
        certificate = Certificate.objects.get()
    assert (
        "As it was signed" in olga.get(f"/operations/retention/certificate/{certificate.pk}/change/").content.decode()
    )
    assert as_(cast.nora).post("/operations/retention/run/run-now/").status_code in (302, 404)


def test_a_policy_of_a_group_is_made_in_operations(cast: Cast, as_: As, office: Office) -> None:
    olga = as_(cast.olga)
    olga.post("/operations/retention/grouppolicy/add/", {"group": cast.sales.pk, "records_days": 5})
    with scope(cast.north.pk):
        assert [(policy.group, policy.records_days) for policy in GroupPolicy.objects.all()] == [(cast.sales, 5)]
    foreign = olga.post("/operations/retention/grouppolicy/add/", {"group": cast.south_sales.pk, "records_days": 5})
    assert foreign.status_code == 200 and b"Select a valid choice" in foreign.content
