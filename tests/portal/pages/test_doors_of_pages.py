"""Who finds which page, and who may change what is on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django.urls import reverse

from portal.accounts.models import User
from tests.factories import NOON, Cast, make_call, make_record, make_voicemessage

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Browser]
READING = ["calls", "voicemessages", "connected"]
ADMINISTRATION = ["groups", "extensions", "users", "applications", "tokens"]
CHANGING = ["group-new", "extension-new", "user-new", "application-new"]


@pytest.mark.parametrize("name", READING)
@pytest.mark.parametrize("person", ["nora", "gus", "ann", "rita", "olga"])
def test_everybody_of_north_reads(cast: Cast, as_: SignIn, name: str, person: str) -> None:
    assert as_(getattr(cast, person)).get(reverse(name)).status_code == 200


@pytest.mark.parametrize(
    ("person", "seen", "changes"),
    [("nora", 200, 200), ("olga", 200, 200), ("rita", 200, 403), ("gus", 404, 404), ("ann", 404, 404)],
)
def test_administration_is_for_who_administers(cast: Cast, as_: SignIn, person: str, seen: int, changes: int) -> None:
    browser = as_(getattr(cast, person))
    assert {browser.get(reverse(name)).status_code for name in ADMINISTRATION} == {seen}
    assert {browser.get(reverse(name)).status_code for name in CHANGING} == {changes}


@pytest.mark.parametrize("name", [*READING, *ADMINISTRATION, *CHANGING, "calls-csv", "home"])
def test_a_stranger_is_sent_to_sign_in_and_comes_back(cast: Cast, client: Browser, name: str) -> None:
    answer = client.get(reverse(name))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/?next=")


def addresses(cast: Cast) -> list[str]:
    """Every address of one thing of North's."""
    call, leg = make_call(cast.north, cast.ext101)
    record = make_record(cast.north, leg, b"RIFF")
    message = make_voicemessage(cast.north, cast.ext101, b"RIFF")
    return [
        reverse("call", args=[call.call_uuid]),
        *(reverse(f"record-{what}", args=[record.uuid]) for what in ("audio", "peaks", "download")),
        *(reverse(f"voicemessage-{what}", args=[message.uuid]) for what in ("audio", "peaks")),
        reverse("group", args=[cast.sales.pk]),
        reverse("extension", args=[cast.ext101.pk]),
        reverse("user", args=[cast.ann.pk]),
        reverse("user-password", args=[cast.ann.pk]),
    ]


def test_what_is_norths_is_there_for_nora_and_not_for_sam(cast: Cast, as_: SignIn) -> None:
    nora, sam = as_(cast.nora), as_(cast.sam)
    for address in addresses(cast):
        assert nora.get(address).status_code == (404 if "peaks" in address else 200), address
        assert sam.get(address).status_code == 404, address


def test_home_is_the_calls(cast: Cast, as_: SignIn) -> None:
    assert as_(cast.nora).get("/")["Location"] == reverse("calls")


def test_only_a_post_that_may_change_does(cast: Cast, as_: SignIn) -> None:
    posts = [
        (reverse("group-new"), {"name": "Returns"}),
        (reverse("group", args=[cast.sales.pk]), {"name": "Returns"}),
        (reverse("extension-retire", args=[cast.ext101.pk]), {}),
        (reverse("user-block", args=[cast.ann.pk]), {}),
    ]
    for person, code in ((cast.rita, 403), (cast.gus, 404), (cast.ann, 404)):
        browser = as_(person)
        assert {browser.post(url, fields).status_code for url, fields in posts} == {code}
    sam = as_(cast.sam)
    assert {sam.post(url, fields).status_code for url, fields in posts[1:]} == {404}


def test_a_supervisor_sees_what_the_group_heard(cast: Cast, as_: SignIn) -> None:
    ours, _ = make_call(cast.north, cast.ext101, NOON)
    theirs, _ = make_call(cast.north, cast.ext102, NOON)
    gus = as_(cast.gus)
    assert gus.get(reverse("call", args=[ours.call_uuid])).status_code == 200
    assert gus.get(reverse("call", args=[theirs.call_uuid])).status_code == 404
