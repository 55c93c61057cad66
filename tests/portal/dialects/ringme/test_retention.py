"""Retention as programs read and set it, what they are foretold, and the certificates they fetch."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import orjson
import pytest
import time_machine

from archives.retention import runs
from archives.retention.certificates import issue, verified
from archives.retention.models import Certificate, GroupPolicy
from portal.access.isolation import scope
from portal.audit import ledger
from portal.audit.models import Entry
from records.models import Record
from tests.factories import NOON
from tests.portal.dialects.ringme.asking import golden, made, tell, wrong
from tests.portal.dialects.ringme.conftest import Stage

pytestmark = pytest.mark.django_db
RETENTION = "/client/@me/retention/"
CERTIFICATES = f"{RETENTION}certificate/"
AT_NOON = time_machine.travel("2026-10-01T12:00:00+00:00", tick=False)


def put(stage: Stage, **fields: Any) -> Any:
    return tell(stage.kay, "PUT", RETENTION, fields)


@pytest.mark.clause("ringme", "retention/ (GET, PUT); scopes config:*")
def test_days_are_read_and_set(stage: Stage) -> None:
    nothing = {"records_days": 0, "voicemails_days": 0, "cdr_days": 0, "archives_days": 0, "extension_groups": []}
    assert stage.kay.get(RETENTION).json() == nothing, "by default all is kept for ever"
    sales = stage.cast.sales.pk
    own = {"extension_group_id": sales, "records_days": 30, "cdr_days": 0}
    answer = put(stage, records_days=90, cdr_days="365", extension_groups=[own])
    whole = golden("retention.json", sales=sales)
    assert (answer.status_code, answer.json()) == (200, whole)
    assert stage.kay.get(RETENTION).json() == whole
    assert put(stage, cdr_days=0).json() == whole | {"cdr_days": 0}, "what is not named stays"
    assert put(stage, extension_groups=[]).json()["extension_groups"] == []
    with scope(stage.cast.north.pk):
        assert not GroupPolicy.objects.exists()
        entries = Entry.objects.filter(action__in=["settings", "rights"]).order_by("id")
        assert [(entry.action, entry.told["fields"]) for entry in entries if "fields" in entry.told] == [
            ("settings", ["retention_cdrs_days", "retention_records_days"]),
            ("rights", ["cdrs_days", "records_days"]),
            ("settings", ["retention_cdrs_days"]),
        ]


def test_each_wrong_field_is_named(stage: Stage) -> None:
    foreign = stage.cast.south_sales.pk
    assert wrong(put(stage, records_days=-1, cdr_days=36_501, colour="red", voicemails_days="many")) == {
        "colour": "is no field here",
        "records_days": "a whole number from 0 is needed",
        "cdr_days": "at most 36500 is possible; 0 is for ever",
        "voicemails_days": "a whole number from 0 is needed",
    }
    assert wrong(put(stage, records_days=None)) == {"records_days": "a whole number from 0 is needed"}
    assert wrong(put(stage, extension_groups={})) == {"extension_groups": "a list of objects is needed"}
    sales = {"extension_group_id": stage.cast.sales.pk}
    for groups, field, message in (
        ([{"extension_group_id": foreign}], "0.extension_group_id", "there is none of this id"),
        ([sales, sales | {"cdr_days": 1}], "1.extension_group_id", "is there twice"),
        ([{"cdr_days": 1}], "0.extension_group_id", "is missing"),
        ([sales | {"archives_days": 1}], "0.archives_days", "is no field here"),
    ):
        groups = [one | {"records_days": 1} if one is sales else one for one in groups]
        assert wrong(put(stage, extension_groups=groups)) == {f"extension_groups.{field}": message}
    assert stage.kay.get(RETENTION).json()["extension_groups"] == [], "nothing of it was kept"


@pytest.mark.clause("ringme", "retention/preview/ for the next 90 days, exact, before saving; what holds keep back")
def test_what_would_go_is_foretold_before_it_is_saved(stage: Stage) -> None:
    made(stage.kay, "/client/@me/hold/", type="record", record_uuid=stage.uuids[0], reason="Case 7")
    with AT_NOON:
        told = stage.kay.get(f"{RETENTION}preview/", {"records_days": 1}).json()
    with scope(stage.cast.north.pk):
        sizes = {record.pk: record.size for record in Record.objects.all()}
    held = sizes.pop(stage.records[0].pk)
    night = golden(
        "retention_night.json", day="2026-10-02", run="2026-10-02 06:00:00", size=sum(sizes.values()), held=held
    )
    assert told["days"][0] == night and len(told["days"]) == 90
    assert {name: told[name] for name in night if name not in {"day", "run_gmt"}} == {
        name: value for name, value in night.items() if name not in {"day", "run_gmt"}
    }
    assert told["terms"]["records_days"] == 1
    assert stage.kay.get(RETENTION).json()["records_days"] == 0, "nothing is saved"


def test_the_days_of_one_group_may_be_proposed(stage: Stage) -> None:
    support = stage.cast.support.pk
    with AT_NOON:
        told = stage.kay.get(f"{RETENTION}preview/", {"records_days": 1, "extension_group_id": support}).json()
    assert told["terms"]["extension_groups"] == [
        {"extension_group_id": support, "records_days": 1, "voicemails_days": None, "cdr_days": None}
    ]
    with scope(stage.cast.north.pk):
        assert told["records_count"] == Record.objects.filter(group_id=support).count() > 0
    foreign = {"extension_group_id": stage.cast.south_sales.pk, "records_days": 1}
    assert wrong(stage.kay.get(f"{RETENTION}preview/", foreign)) == {"extension_group_id": "there is none of this id"}
    archives = {"extension_group_id": support, "archives_days": 1}
    assert wrong(stage.kay.get(f"{RETENTION}preview/", archives)) == {"archives_days": "is the client's alone"}
    assert wrong(stage.kay.get(f"{RETENTION}preview/", {"records_days": "x"})) == {
        "records_days": "a whole number from 0 is needed"
    }


@pytest.mark.clause("ringme", "retention/certificate/: what went, signed; retention skips the trash")
def test_certificates_are_listed_and_fetched_as_they_were_signed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.access.tasks.wake", lambda *arguments, **options: None)
    client = stage.cast.north
    put(stage, records_days=1)
    with scope(client.pk):
        issue(client.pk, uuid4(), Certificate.Kind.ERASURE, ledger.portal(client.pk), started_at=NOON, terms={})
        run = runs.begun(client, utc_day=NOON.date().replace(year=2027))
        assert run is None, "the client's row has been changed since"
        client.refresh_from_db()
        run = runs.begun(client, utc_day=NOON.date().replace(year=2027))
    assert run is not None
    runs.work(client.pk, run.pk)
    assert orjson.loads(stage.kay.get("/client/@me/trash/").getvalue()) == []
    first, second = stage.kay.get(CERTIFICATES).json()
    assert (first["type"], first["items_count"], second["type"]) == ("retention", len(stage.uuids), "erasure")
    assert first["certificate_uuid"] == run.certificate.hex.upper()
    answer = stage.kay.get(f"{CERTIFICATES}{first['certificate_uuid'].lower()}")
    said = verified(answer.content)
    assert said["gone"]["records"]["count"] == len(stage.uuids)
    assert [one["type"] for one in stage.kay.get(CERTIFICATES, {"type": "erasure"}).json()] == ["erasure"]
    assert stage.kay.get(CERTIFICATES, {"per_page": 1, "page": 2}).json() == [second]
    assert stage.kay.get(CERTIFICATES, {"page": 2}).json() == []
    for named in ("0" * 32, "nonsense", str(second["certificate_uuid"])[:-1]):
        answer = stage.kay.get(f"{CERTIFICATES}{named}")
        assert (answer.status_code, answer.json()) == (404, {"message": "Certificate not found"})
    assert stage.south.get(f"/client/@me/retention/certificate/{first['certificate_uuid']}").status_code == 404
    assert orjson.loads(stage.south.get(CERTIFICATES).content) == []
