"""Operations, as an operator and as somebody who would like to get in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from portal.access.isolation import scope
from portal.accounts.models import Application, User
from portal.clients.models import Did, Extension, ExtensionGroup
from records.models import Deletion, Trashed
from tests.factories import Cast, make_call, make_record, make_voicemessage

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Browser]
APPLICATION = {"name": "Robot", "type": "trusted", "access": "All", "status": "active"}


def errors(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 200, "the form again"
    return {name: list(found) for name, found in answer.context["adminform"].form.errors.items()}


def test_there_is_one_sign_in(cast: Cast, as_: SignIn) -> None:
    to_sign_in = f"{reverse('sign-in')}?next=%2Foperations%2Fcdrs%2Fcall%2F"
    for method in ("get", "post"):
        answer = getattr(Browser(), method)("/operations/login/?next=/operations/cdrs/call/")
        assert (answer.status_code, answer["Location"]) == (302, to_sign_in)
    assert as_(cast.nora).get("/operations/login/").status_code == 404, "no circle of redirects"
    assert as_(cast.olga).get("/operations/login/")["Location"] == "/operations/"


def test_there_is_one_sign_out_and_one_page_for_passwords(cast: Cast, as_: SignIn) -> None:
    olga = as_(cast.olga)
    assert olga.get("/operations/logout/").status_code == 405
    assert olga.get("/operations/password_change/")["Location"] == reverse("password-change")
    assert olga.post("/operations/logout/")["Location"] == reverse("sign-in")
    assert olga.get("/operations/").status_code == 302


def test_an_extension_number_is_taken_once(cast: Cast, as_: SignIn) -> None:
    olga, pages = as_(cast.olga), "/operations/clients/extension/"
    fields = {"number": "101", "type": "phone", "status": "active"}
    assert list(errors(olga.post(pages + "add/", fields))) == ["number"]
    assert list(errors(olga.post(f"{pages}{cast.ext102.pk}/change/", fields))) == ["number"]
    assert olga.post(f"{pages}{cast.ext101.pk}/change/", fields | {"name": "Ann"}).status_code == 302
    assert olga.post(pages + "add/", fields | {"number": "103"}).status_code == 302
    with scope(cast.north.pk):
        assert Extension.objects.get(number="103").client_id == cast.north.pk


def test_operations_retire_an_extension_as_the_pages_do(cast: Cast, as_: SignIn) -> None:
    olga = as_(cast.olga)
    did = {"number": "+442079460101", "domain": "", "extension": cast.ext101.pk}
    assert olga.post("/operations/clients/did/add/", did).status_code == 302
    assert list(errors(olga.post("/operations/clients/did/add/", did))) == ["number"]
    fields = {"number": "101", "type": "phone", "status": "retired"}
    assert olga.post(f"/operations/clients/extension/{cast.ext101.pk}/change/", fields).status_code == 302
    with scope(cast.north.pk):
        assert Did.objects.get().extension_id is None
    assert olga.post("/operations/clients/extension/add/", fields | {"status": "active"}).status_code == 302


def test_a_group_name_is_taken_once(cast: Cast, as_: SignIn) -> None:
    olga, pages = as_(cast.olga), "/operations/clients/extensiongroup/"
    with scope(cast.south.pk):
        ExtensionGroup.objects.create(client=cast.south, name="Night")
    assert list(errors(olga.post(pages + "add/", {"name": "Sales"}))) == ["name"]
    assert list(errors(olga.post(f"{pages}{cast.support.pk}/change/", {"name": "Sales"}))) == ["name"]
    assert olga.post(pages + "add/", {"name": "Night"}).status_code == 302, "a name of South's is free"


def test_what_the_database_alone_refuses_is_told(cast: Cast, as_: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two who take one number at once: the check finds nothing yet."""
    monkeypatch.setattr(Extension, "validate_constraints", lambda row, exclude=None: None)
    fields = {"number": "101", "type": "phone", "status": "active"}
    answer = as_(cast.olga).post("/operations/clients/extension/add/", fields, follow=True)
    assert answer.status_code == 200 and "Nothing was saved" in answer.content.decode()


def test_a_group_in_use_stays(cast: Cast, as_: SignIn) -> None:
    address = f"/operations/clients/extensiongroup/{cast.sales.pk}/delete/"
    answer = as_(cast.olga).post(address, {"post": "yes"}, follow=True)
    assert answer.status_code == 200
    with scope(cast.north.pk):
        assert ExtensionGroup.objects.filter(pk=cast.sales.pk).exists()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"scopes": "record:read everything"}, "scopes"),
        ({"type": "public"}, "redirect_uris"),
        ({"type": "robot"}, "type"),
        ({"type": "public", "redirect_uris": "no address"}, "redirect_uris"),
    ],
)
def test_a_wrong_application_names_the_field(cast: Cast, as_: SignIn, fields: dict[str, str], named: str) -> None:
    found = errors(as_(cast.olga).post("/operations/accounts/application/add/", APPLICATION | fields))
    assert list(found) == [named]
    assert named != "scopes" or "everything" in found["scopes"][0]


@pytest.mark.parametrize(
    ("kind", "grant"),
    [("trusted", "client-credentials"), ("public", "authorization-code"), ("password_credentials", "password")],
)
def test_the_grant_of_an_application_follows_its_type(cast: Cast, as_: SignIn, kind: str, grant: str) -> None:
    olga, pages = as_(cast.olga), "/operations/accounts/application/"
    fields = APPLICATION | {"type": kind, "redirect_uris": "https://app.example/back", "scopes": "record:read"}
    page = olga.post(pages + "add/", fields)
    assert page.status_code == 200 and "no-store" in page["Cache-Control"]
    assert ("client_secret" in page.content.decode()) == (kind != "public")
    with scope(cast.north.pk):
        row = Application.objects.get(name="Robot")
    assert (row.authorization_grant_type, row.scopes) == (grant, "record:read")
    assert (row.client_type == "public") == (kind == "public")
    assert "client_secret" not in olga.get(pages).content.decode(), "once, and kept nowhere"
    assert olga.post(f"{pages}{row.pk}/change/", APPLICATION).status_code == 302
    with scope(cast.north.pk):
        assert Application.objects.get(pk=row.pk).authorization_grant_type == "client-credentials"


def test_the_first_page_names_no_object_of_another_client(cast: Cast, as_: SignIn) -> None:
    olga = as_(cast.olga)
    olga.post("/operations/clients/extensiongroup/add/", {"name": "Secret plans of North"})
    olga.get("/operations/clients/extensiongroup/")  # it shows the message
    olga.post("/choose-client/", {"client": cast.south.pk})
    page = olga.get("/operations/")
    assert page.status_code == 200 and "Secret plans" not in page.content.decode()


def test_operations_delete_and_restore_as_the_pages_do(cast: Cast, as_: SignIn) -> None:
    record = make_record(cast.north, make_call(cast.north, cast.ext101)[1], b"RIFF sound")
    message = make_voicemessage(cast.north, cast.ext101)
    olga = as_(cast.olga)

    def act(model: str, action: str, pk: int) -> str:
        chosen = {"action": action, "_selected_action": [pk]}
        return olga.post(f"/operations/records/{model}/", chosen, follow=True).content.decode()

    for model, row in (("record", record), ("voicemessage", message)):
        assert "1 are in the trash now" in act(model, "move_to_trash", row.pk)
        with scope(cast.north.pk):
            assert Deletion.objects.get().via == "operations"
            assert not type(row).objects.present().filter(pk=row.pk).exists()
        assert "1 are restored" in act(model, "restore_from_trash", row.pk)
    act("record", "move_to_trash", record.pk)
    with scope(cast.north.pk):
        item = Trashed.objects.get()
    assert record.file_name in olga.get("/operations/records/trashed/").content.decode()
    assert "1 are being removed" in act("trashed", "remove_items", item.pk)
    assert "1 are restored" in act("trashed", "restore_items", item.pk), "no worker has begun"
    olga.post("/choose-client/", {"client": cast.south.pk})
    assert record.file_name not in olga.get("/operations/records/record/").content.decode()
    act("record", "move_to_trash", record.pk)
    with scope(cast.north.pk):
        assert not Trashed.objects.exists()


@pytest.mark.parametrize("page", ["/groups/new/", "/operations/clients/extensiongroup/add/"])
def test_a_form_opened_in_one_client_is_not_saved_into_another(cast: Cast, page: str) -> None:
    olga = Browser(enforce_csrf_checks=True)
    with scope(None, operator=True):
        olga.force_login(cast.olga, "portal.accounts.backends.LoginBackend")

    def token(path: str) -> str:
        assert olga.get(path).status_code == 200
        return olga.cookies["csrftoken"].value

    def choose(client: int) -> None:
        fields = {"client": client, "csrfmiddlewaretoken": token("/choose-client/")}
        assert olga.post("/choose-client/", fields).status_code == 302

    choose(cast.north.pk)
    fields = {"name": "Night", "csrfmiddlewaretoken": token(page)}
    choose(cast.south.pk)
    assert olga.post(page, fields).status_code == 403
    with scope(cast.south.pk):
        assert not ExtensionGroup.objects.filter(name="Night").exists()
    assert olga.post(page, fields | {"csrfmiddlewaretoken": token(page)}).status_code == 302


def test_no_filter_brings_operations_down_or_spells_a_password(cast: Cast, as_: SignIn) -> None:
    olga = as_(cast.olga)
    assert olga.get("/operations/cdrs/call/?result__exact=%00").status_code == 400
    assert olga.get("/operations/accounts/user/?password__startswith=x").status_code == 400
    assert olga.get("/operations/accounts/user/?status__exact=active").status_code == 200
