"""A program that changes what a client consists of, and the answers as the paper has them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from string import Template
from typing import Any
from uuid import uuid4

from django.test import Client as Browser
from django.utils import timezone

from archives.models import Archive
from archives.person.models import Erasure
from archives.retention.certificates import issue
from archives.retention.models import Certificate
from cdrs.models import Call
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.accounts.models import Level
from portal.audit import ledger
from portal.clients.models import Did, Extension, ExtensionGroup
from portal.holds.placing import on_number, place
from tests.factories import NOON, make_user
from tests.portal.dialects.ringme.conftest import ROOT, WINDOW, Program, Stage

JSON = "application/json"


def tell(program: Program, method: str, path: str, body: Any = None, kind: str = JSON, **more: Any) -> Any:
    """Ask with a body: text as it is, anything else as JSON; `more` are members of an object."""
    said = body if isinstance(body, str) else json.dumps((body or {}) | more if body or more else body or {})
    headers = {"Authorization": f"Bearer {program.token}"}
    return Browser().generic(method, ROOT + path, said, content_type=kind, headers=headers)


def made(program: Program, path: str, **fields: Any) -> dict[str, Any]:
    answer = tell(program, "POST", path, fields)
    assert answer.status_code == 201, answer.content
    return answer.json()


def wrong(answer: Any) -> dict[str, str]:
    """Each wrong field of a 400 and what is told of it."""
    assert answer.status_code == 400, answer.content
    assert answer.json()["status"] == "invalid_request"
    return {one["field"]: one["message"] for one in answer.json()["errors"]}


def golden(name: str, **values: Any) -> Any:
    return json.loads(Template((Path(__file__).parent / "golden" / name).read_text()).substitute(values))


def things(stage: Stage) -> dict[str, str]:
    """One of everything that North consists of, each at Sales or at 101, by the part of an address that names it."""
    cast = stage.cast
    with scope(cast.north.pk):
        empty = ExtensionGroup.objects.create(client=cast.north, name="Empty")
        did = Did.objects.create(client=cast.north, number="+442079460101", extension=cast.ext101)
        certificate = issue(
            *(cast.north.pk, uuid4(), Certificate.Kind.RETENTION, ledger.portal(cast.north.pk)),
            started_at=NOON,
            terms={},
        )
        erasure = Erasure.objects.create(client=cast.north, state="done", via="api", asked_by="Kay")
        hold = place(on_number("+442079460999"), whole_client(cast.north.pk), "a case")
    made = {
        "extension": cast.ext101.pk,
        "extension_group": cast.sales.pk,
        "empty_group": empty.pk,
        "did_id": did.pk,
        "hold_id": hold.pk,
        "certificate_uuid": certificate.uuid.hex.upper(),
        "pack_uuid": archive_of(cast.ext101, kind="person", starts_at=None, ends_at=None).uuid.hex.upper(),
        "erasure_uuid": erasure.uuid.hex.upper(),
        "archive_uuid": archive_of(cast.ext101).uuid.hex.upper(),
        "extension_user_id": make_user(cast.north, "eva@north", Level.EXTENSION, extension=cast.ext101).pk,
        "group_user_id": make_user(cast.north, "gil@north", Level.GROUP, group=cast.sales).pk,
    }
    return {place: str(pk) for place, pk in made.items()}


def archive_of(extension: Extension, **values: Any) -> Archive:
    """One of North's that is ready and was downloaded, so that another may be asked for."""
    now = timezone.now()
    ready = {"state": "ready", "sealed_at": now, "expires_at": now + timedelta(hours=12), "downloaded_at": now}
    period = {"starts_at": NOON - timedelta(days=3), "ends_at": NOON, "asked_by": "Kay", "files": 2, "bytes": 24}
    with scope(extension.client_id):
        return Archive.objects.create(client=extension.client, extension=extension, **(ready | period | values))


def caller_of(stage: Stage) -> str:
    """Who called when the newest recording was made."""
    with scope(stage.cast.north.pk):
        return str(Call.objects.get(pk=stage.records[0].call_id).caller_number)


def to_make(stage: Stage) -> dict[str, dict[str, Any]]:
    """What a POST has to say at least, by the resource's address."""
    person = {"name": "Tom Roe", "login": "tom@north", "password": "correct horse battery"}
    return {
        "extension/": {"name": "103"},
        "extension_group/": {"name": "Returns"},
        "event/": {"url": "https://hooks.example/calls", "method": "GET", "event_type": "hangup"},
        "did/": {"name": "+442079460102"},
        "record/archive/": WINDOW | {"email": "nora@north.example"},
        "hold/": {"type": "number", "number": "+442079460998", "reason": "a case"},
        "person/": {"number": "+442079460998"},
        "person/archive/": {"number": caller_of(stage), "email": "nora@north.example"},
        "person/erasure/": {"number": "+442079460998"},
        "user/extension/": person | {"extension_id": stage.cast.ext102.pk},
        "user/extension_group/": person | {"extension_group_id": stage.cast.support.pk},
    }
