"""Nora asks for archives on a page, sees how far they are, and cancels them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from archives.models import Archive, ArchiveMember, State
from portal.access.isolation import scope
from portal.accounts.models import User
from portal.audit.signing import fingerprint
from portal.clients.models import Client
from portal.mail.models import Mail
from portal.mail.outbox import Letter, post
from tests.factories import NOON, Cast, make_call, make_record
from tests.portal.dialects.ringme.conftest import count_days

pytestmark = pytest.mark.django_db
As = Callable[[User], Browser]
LIST, NEW = "/archives/", "/archives/new/"
SEPTEMBER = {"period": "custom", "first": "2026-09-01", "last": "2026-09-30"}
ASKED = SEPTEMBER | {"addresses": "nora@north.example"}


@pytest.fixture
def heard(cast: Cast) -> None:
    """Three recordings of North in September, of 10 bytes each, two of them at 101."""
    for days, extension in ((0, cast.ext101), (1, cast.ext102), (2, cast.ext101)):
        make_record(cast.north, make_call(cast.north, extension, NOON - timedelta(days=days))[1], b"0123456789")
    count_days(cast.north.pk)


def limited(cast: Cast, **settings: Any) -> None:
    with scope(cast.north.pk):
        Client.objects.filter(pk=cast.north.pk).update(settings={"hourly_limit": 0} | settings)


def archives(cast: Cast) -> list[Archive]:
    with scope(cast.north.pk):
        return list(Archive.objects.order_by("id"))


def archive(cast: Cast, **values: Any) -> Archive:
    told = {"starts_at": NOON - timedelta(days=3), "ends_at": NOON, "asked_by": "nora@north", "files": 1204}
    with scope(cast.north.pk):
        return Archive.objects.create(client=cast.north, **(told | values))


def ready(**values: Any) -> dict[str, Any]:
    now = timezone.now()
    return {"state": State.READY, "sealed_at": now, "expires_at": now + timedelta(hours=12), "size": 4000} | values


def errors(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 422
    return {name: list(found) for name, found in answer.context["form"].errors.items()}


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


# ---------------------------------------------------------------- asking


def test_nora_asks_and_is_shown_what_is_being_made(cast: Cast, as_: As, heard: None) -> None:
    answer = as_(cast.nora).post(NEW, ASKED | {"extension": "101"}, follow=True)
    (made,) = archives(cast)
    assert answer.redirect_chain == [(reverse("archive", args=[made.request]), 302)]
    assert "It is being made." in text(answer)
    assert (made.files, made.extension_id, made.addresses) == (2, cast.ext101.pk, ["nora@north.example"])
    # Days of New York, where North is.
    assert made.starts_at == datetime(2026, 9, 1, 4, tzinfo=UTC)
    assert made.ends_at == datetime(2026, 10, 1, 4, tzinfo=UTC) - timedelta(microseconds=1)
    assert "1 – 30 Sep 2026, extension 101" in text(answer)


def test_what_it_would_hold_is_shown_before(cast: Cast, as_: As, heard: None) -> None:
    nora = as_(cast.nora)
    shown = text(nora.get(NEW, SEPTEMBER))
    assert "<b>3</b> recordings, <b>30 B</b>" in shown
    assert "Calls from Tue 1 Sep 2026, 00:00:00 (UTC-4)<br>to Wed 30 Sep 2026, 23:59:59 (UTC-4)" in shown
    part = nora.get(NEW, SEPTEMBER | {"extension": "102"}, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="archive-preview")
    assert text(part).startswith('<section id="archive-preview"') and "<b>1</b> recording," in text(part)
    assert "Choose the first day and the last one." in text(nora.get(NEW, {"period": "all"}))
    assert "The period must not be after 2026-10-31 23:59:59" in text(nora.get(NEW, SEPTEMBER | {"last": "2026-11-01"}))
    assert archives(cast) == []


def test_who_has_no_javascript_counts_by_a_button(cast: Cast, as_: As, heard: None) -> None:
    answer = as_(cast.nora).post(NEW, SEPTEMBER | {"addresses": "", "count": "1"})
    assert answer.status_code == 200 and "<b>3</b> recordings" in text(answer)
    assert archives(cast) == []


def test_the_page_of_the_calls_carries_its_period(cast: Cast, as_: As, heard: None) -> None:
    nora = as_(cast.nora)

    def carried(query: str) -> dict[str, Any]:
        page = nora.get(f"/calls/{query}")
        form = nora.get(page.context["archive_url"]).context["form"]
        return {name: form[name].value() for name in ("period", "first", "last", "extension")}

    nothing = {"first": "", "last": "", "extension": ""}
    assert carried("") == {"period": "last_7_days"} | nothing
    assert carried("?period=this_month&extension=101&direction=in") == (
        {"period": "this_month"} | nothing | {"extension": "101"}
    )
    days = {"period": "custom", "first": "2026-09-01", "last": "2026-09-30", "extension": ""}
    assert carried("?from=2026-09-01&to=2026-09-30") == days
    assert carried("?period=all") == {"period": "custom"} | nothing
    assert "/archives/" not in text(as_(cast.ann).get("/calls/"))
    assert as_(cast.rita).get("/calls/").context["archive_url"] is None


@pytest.mark.parametrize(
    ("more", "field", "said"),
    [
        ({"addresses": ""}, "addresses", "required"),
        ({"addresses": "nora"}, "addresses", "'nora' is no address"),
        ({"addresses": "nora@north.example\nBcc: x@y.example"}, "addresses", "Must not contain a line break"),
        ({"extension": "999"}, "extension", "There is no such extension."),
        ({"first": "", "last": ""}, "first", "Choose the first day and the last one."),
        ({"first": "2026-10-01"}, "last", "The last day is before the first."),
        ({"first": "0001-01-01"}, "first", "from 1970 on"),
        ({"last": "2026-11-01"}, "last", "must not be after 2026-10-31 23:59:59"),
        ({"first": "2026-01-01", "last": "2026-01-02"}, "last", "There are no recordings"),
        ({"period": "yesterday"}, "period", "There are no recordings"),
        ({"period": "for ever"}, "period", "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    cast: Cast, as_: As, heard: None, more: dict[str, str], field: str, said: str
) -> None:
    assert said in errors(as_(cast.nora).post(NEW, ASKED | more))[field][0]
    assert archives(cast) == []


def test_limits_of_the_client_are_said_too(cast: Cast, as_: As, heard: None) -> None:
    nora = as_(cast.nora)
    limited(cast, archive_max_bytes=20, mail_domains=["south.example"])
    assert "Only at south.example." in text(nora.get(NEW))
    assert "only addresses at south.example" in errors(nora.post(NEW, ASKED))["addresses"][0]
    limited(cast, archive_max_bytes=20)
    assert "These are 30\u00a0B: too large for one archive." in errors(nora.post(NEW, ASKED))["split"]
    assert "In parts, it would be 2 of them." in text(nora.get(NEW, SEPTEMBER))
    assert "It is made in 2 parts of at most 20 B" in text(nora.get(NEW, SEPTEMBER | {"split": "on"}))
    nora.post(NEW, ASKED | {"split": "on"})
    assert [(one.part, one.files) for one in archives(cast)] == [(1, 2), (2, 1)]
    assert "Another one can be asked for when it was" in errors(nora.post(NEW, ASKED | {"split": "on"}))["__all__"][0]
    assert "has not been downloaded" in text(nora.get(NEW, SEPTEMBER))


# ---------------------------------------------------------------- looking


def test_the_list_says_how_far_each_is(cast: Cast, as_: As) -> None:
    nora = as_(cast.nora)
    assert "No archives yet" in text(nora.get(LIST))
    archive(cast, **ready(bytes=3000))
    running = archive(cast, state=State.SEALING, bytes=2000, bytes_done=1000, extension=cast.ext101)
    page = nora.get(LIST)
    assert "50 %" in text(page) and "ready" in text(page) and fingerprint() in text(page)
    assert 'hx-trigger="every 2s"' in text(page), "it is looked at again"
    assert "1,204" in text(page) and "Cancel archive of 1,204 recordings" in text(page)
    part = nora.get(LIST, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="archives-list")
    assert text(part).startswith('<div id="archives-list"')
    with scope(cast.north.pk):
        Archive.objects.filter(pk=running.pk).update(**ready())
    assert "hx-trigger" not in text(nora.get(LIST)).partition('<div id="archives-list"')[2].partition("</table>")[0]


def test_a_page_has_a_hundred_requests_whatever_their_parts(cast: Cast, as_: As) -> None:
    for _ in range(101):
        request = uuid4()
        for part in (1, 2):
            archive(cast, request=request, part=part, parts=2, state=State.EXPIRED)
    first, second = as_(cast.nora).get(LIST), as_(cast.nora).get(LIST, {"page": 2})
    assert (len(first.context["requests"]), len(second.context["requests"])) == (100, 1)
    assert "2,408" in text(second), "both parts together"


def test_one_is_shown_with_its_mails_its_link_and_what_is_missing(cast: Cast, as_: As) -> None:
    made = archive(cast, **ready(missing=1, addresses=["gus@north.example"]))
    with scope(cast.north.pk):
        post(cast.north.pk, [Letter("gus@north.example", "Ready", "secret", made.request, made.expires_at)])
        Mail.objects.update(status=Mail.Status.GIVEN_UP, error="550 no such user")
        member = {"position": 0, "at": NOON, "name": "2026_in_101.mp3", "missing": "storage has it no more"}
        ArchiveMember.objects.create(client=cast.north, archive=made, **member)
    page = text(as_(cast.nora).get(reverse("archive", args=[made.request])))
    for told in ("not taken", "550 no such user", "2026_in_101.mp3", "storage has it no more", fingerprint()):
        assert told in page, told
    assert 'href="http://localhost:8000/archive/AAAA' in page and "Missing: 1 of 1,204" in page


def test_parts_have_a_link_each_once_they_are_ready(cast: Cast, as_: As) -> None:
    request = uuid4()
    archive(cast, request=request, part=1, parts=3, **ready())
    archive(cast, request=request, part=2, parts=3, state=State.FAILED, error="OSError: /var/secret")
    archive(cast, request=request, part=3, parts=3, state=State.SEALING)
    page = text(as_(cast.nora).get(reverse("archive", args=[request])))
    assert page.count('href="http://localhost:8000/archive/') == 1
    assert "2 of 3" in page and "something went wrong in the portal" in page and "secret" not in page
    assert "Cancel archive of 3,612 recordings" in page


def test_nora_cancels_all_parts_at_once(cast: Cast, as_: As) -> None:
    request = uuid4()
    archive(cast, request=request, part=1, parts=2, **ready())
    archive(cast, request=request, part=2, parts=2, state=State.SEALING)
    nora, address = as_(cast.nora), reverse("archive-cancel", args=[request])
    assert "The archive is cancelled." in text(nora.post(address, follow=True))
    assert [one.state for one in archives(cast)] == ["cancelled", "cancelled"]
    assert "The archive was over already." in text(nora.post(address, follow=True))
    with scope(cast.north.pk):
        assert not Mail.objects.exists(), "who cancels is told nothing"


def test_who_may_only_read_looks_and_neither_asks_nor_cancels(cast: Cast, as_: As, heard: None) -> None:
    made, rita = archive(cast, **ready()), as_(cast.rita)
    page = text(rita.get(reverse("archive", args=[made.request])))
    assert "Download 4.0 KB" in page and "Cancel archive" not in page
    assert "New archive" not in text(rita.get(LIST))
    assert rita.get(NEW).status_code == rita.post(NEW, ASKED).status_code == 403
    assert rita.post(reverse("archive-cancel", args=[made.request])).status_code == 403
    assert archives(cast)[0].state == State.READY


def test_for_agents_supervisors_and_other_clients_there_is_none(cast: Cast, as_: As, heard: None) -> None:
    made = archive(cast, extension=cast.ext101, **ready())
    one, cancel = (reverse(name, args=[made.request]) for name in ("archive", "archive-cancel"))
    for person in (cast.ann, cast.gus):
        browser = as_(person)
        assert [browser.get(page).status_code for page in (LIST, NEW, one)] == [404, 404, 404]
        assert browser.post(cancel).status_code == browser.post(NEW, ASKED).status_code == 404
        assert 'href="/archives/"' not in text(browser.get("/calls/"))
    sam = as_(cast.sam)
    assert sam.get(one).status_code == sam.post(cancel).status_code == 404
    assert "No archives yet" in text(sam.get(LIST))
    assert archives(cast)[0].state == State.READY
