"""Nora is asked by somebody outside what North has of them: she looks it up, mails a pack, and erases it."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from archives.models import Archive
from archives.person import working
from archives.person.models import Erasure
from cdrs.models import Call
from portal.access.isolation import scope
from portal.accounts.models import User
from portal.audit.models import Entry
from portal.clients.models import Client
from portal.holds.models import Hold
from portal.holds.placing import on_call, on_number, on_record, place
from records.models import Record
from tests.archives.person.somebody import NUMBER, Somebody, came_to_north
from tests.factories import Cast

pytestmark = pytest.mark.django_db
As = Callable[[User], Browser]
PERSON, PACK, ERASE = "/person/", "/person/pack/", "/person/erase/"
OF_IT = {"number": NUMBER}


@pytest.fixture
def somebody(cast: Cast, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Somebody:
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr("portal.access.tasks.wake", lambda *told, **more: None)
    return came_to_north(cast)


def text(answer: Any) -> str:
    return html.unescape(" ".join(answer.content.decode().split()))


def holding(somebody: Somebody, what: Hold) -> Hold:
    with scope(somebody.client.pk):
        return place(what, somebody.cast.principal(somebody.cast.nora), "case 7 of the court")


def one_record(somebody: Somebody, source_id: str) -> Hold:
    with scope(somebody.client.pk):
        return on_record(Record.objects.get(source_id=source_id).uuid, None, None)


def erase(nora: Browser, number: str = NUMBER, **more: str) -> Any:
    """Look at what would go, then press the button."""
    shown = nora.post(ERASE, {"number": number}).context["shown"]
    return nora.post(ERASE, {"number": number, "shown": shown} | more, follow=True)


# ---------------------------------------------------------------- who finds it


@pytest.mark.parametrize(("person", "code"), [("nora", 200), ("olga", 200), ("rita", 403), ("gus", 404), ("ann", 404)])
def test_who_may_erase_it_finds_the_page_and_its_link(somebody: Somebody, as_: As, person: str, code: int) -> None:
    browser = as_(getattr(somebody.cast, person))
    assert browser.get(PERSON).status_code == code
    assert {browser.post(path, OF_IT).status_code for path in (PERSON, ERASE)} == {code}
    assert ('href="/person/"' in text(browser.get("/calls/"))) is (code == 200)


def test_another_clients_erasure_is_not_found(somebody: Somebody, as_: As) -> None:
    erase(as_(somebody.cast.nora))
    (erasure,) = somebody.rows(Erasure)
    address = reverse("erasure", args=[erasure.uuid])
    assert as_(somebody.cast.nora).get(address).status_code == 200
    assert as_(somebody.cast.sam).get(address).status_code == 404
    assert "None yet" in text(as_(somebody.cast.sam).get(PERSON))


def test_a_call_leads_to_everything_about_who_was_outside(somebody: Somebody, as_: As) -> None:
    nora = as_(somebody.cast.nora)
    for source_id, number in (("c1", "+442079460123"), ("c2", "+442079460123"), ("o1", "+442079460777")):
        (call,) = [row for row in somebody.rows(Call) if row.source_id == source_id]
        shown = text(nora.get(reverse("call", args=[call.call_uuid])))
        assert f'<input type="hidden" name="number" value="{number}">' in shown, source_id
        assert "Everything about" not in text(as_(somebody.cast.rita).get(reverse("call", args=[call.call_uuid])))


# ---------------------------------------------------------------- what there is


def test_nora_sees_all_there_is_and_where(somebody: Somebody, as_: As) -> None:
    hold = holding(somebody, one_record(somebody, "r2"))
    answer = as_(somebody.cast.nora).post(PERSON, {"number": "+44 20 7946-0123"})
    shown = text(answer)
    assert ">3</a>, with 3 CDRs" in shown and "1 call, 1 recording" in shown
    assert answer.context["calls_url"] == "/calls/?period=all&number=%2B44+20+7946-0123"
    for address in (answer.context["calls_url"], answer.context["heard_url"], answer.context["messages_url"]):
        assert html.escape(address) in answer.content.decode()
        assert as_(somebody.cast.nora).get(address).status_code == 200
    assert "4 files to hear (40 B)" in shown
    assert f'href="/holds/{hold.pk}/"' in shown and "case 7 of the court" in shown
    (mine,) = (row for row in somebody.rows(Archive) if row.pk == min(one.pk for one in somebody.rows(Archive)))
    assert reverse("archive", args=[mine.request]) in shown


@pytest.mark.parametrize("number", ["", "+ ()", "1" * 61])
def test_what_is_no_number_is_told_at_the_field(somebody: Somebody, as_: As, number: str) -> None:
    for path in (PERSON, PACK, ERASE):
        answer = as_(somebody.cast.nora).post(path, {"number": number, "addresses": "nora@north.example"})
        assert answer.status_code == 422 and answer.context["form"].errors["number"], path


def test_a_number_stands_in_no_address(somebody: Somebody, as_: As) -> None:
    nora = as_(somebody.cast.nora)
    assert NUMBER not in text(nora.get(PERSON, OF_IT))
    assert nora.get(ERASE, OF_IT)["Location"] == nora.get(PACK)["Location"] == PERSON


# ---------------------------------------------------------------- the pack


def test_nora_has_it_mailed(somebody: Somebody, as_: As) -> None:
    answer = as_(somebody.cast.nora).post(PACK, OF_IT | {"addresses": "nora@north.example"}, follow=True)
    (pack,) = (row for row in somebody.rows(Archive) if row.kind == "person")
    assert answer.redirect_chain == [(reverse("archive", args=[pack.request]), 302)]
    assert pack.addresses == ["nora@north.example"] and "Access pack: everything about a number" in text(answer)
    assert "Cancel access pack" in text(answer) and "calls from" not in text(answer)
    assert "It is being made." in text(answer)


def test_why_there_is_no_pack_is_told(somebody: Somebody, as_: As) -> None:
    nora = as_(somebody.cast.nora)
    assert "An address is needed" in text(nora.post(PACK, OF_IT | {"addresses": ","}))
    unknown = nora.post(PACK, {"number": "+1 555 000 9999", "addresses": "nora@north.example"})
    assert unknown.status_code == 422 and not [row for row in somebody.rows(Archive) if row.kind == "person"]
    with scope(somebody.client.pk):
        Client.objects.update(settings={"mail_domains": ["north.example"], "archive_max_bytes": 39})
    assert "only addresses at north.example" in text(nora.post(PACK, OF_IT | {"addresses": "x@else.example"}))
    assert "These are 40 B" in text(nora.post(PACK, OF_IT | {"addresses": "nora@north.example"}))


# ---------------------------------------------------------------- the erasure


def test_what_goes_is_shown_before_it_goes(somebody: Somebody, as_: As) -> None:
    nora = as_(somebody.cast.nora)
    shown = text(nora.post(ERASE, OF_IT))
    assert "Erase 3 calls, 4 recordings, 2 voice messages" in shown and "1 archive that has something of it" in shown
    assert not somebody.rows(Erasure), "nothing goes by looking"
    answer = erase(nora)
    (erasure,) = somebody.rows(Erasure)
    assert answer.redirect_chain == [(reverse("erasure", args=[erasure.uuid]), 302)]
    assert (erasure.via, erasure.asked_by, erasure.partly) == ("portal", "nora@north", False)
    assert 'hx-trigger="every 2s"' in text(answer) and "waiting" in text(answer)
    with scope(somebody.client.pk):
        assert Entry.objects.get(action="erasure").actor_id == somebody.cast.nora.pk


def test_it_is_followed_to_its_certificate(somebody: Somebody, as_: As) -> None:
    nora = as_(somebody.cast.nora)
    erase(nora)
    (erasure,) = somebody.rows(Erasure)
    assert "+44 20 7946 0123" in text(nora.get(PERSON)).replace("\u00a0", " ")
    working.work(somebody.client.pk, erasure.pk)
    listed, shown = text(nora.get(PERSON)), text(nora.get(reverse("erasure", args=[erasure.uuid])))
    for page in (listed, shown):
        assert NUMBER not in page.replace("\u00a0", " ") and "442079460123" not in page
        assert 'hx-trigger="every 2s"' not in page
        assert f"/keep/certificates/{erasure.certificate}.json" in page
    assert "facts as they came in" in shown
    assert nora.get(f"/keep/certificates/{erasure.certificate}.json").json()["kind"] == "erasure"
    assert "Certificate of an erasure" in text(nora.get(f"/keep/certificates/{erasure.certificate}/"))
    part = nora.get(PERSON, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="erasures-list")
    assert text(part).startswith('<div id="erasures-list">')


def test_something_else_than_what_was_shown_is_not_erased(somebody: Somebody, as_: As) -> None:
    nora = as_(somebody.cast.nora)
    shown = nora.post(ERASE, OF_IT).context["shown"]
    holding(somebody, one_record(somebody, "r2"))
    answer = nora.post(ERASE, OF_IT | {"shown": shown, "partly": "1"})
    assert answer.status_code == 422 and "Nothing was erased" in text(answer)
    assert not somebody.rows(Erasure)


def test_what_is_held_stays_and_the_rest_goes_by_a_box_that_is_ticked(somebody: Somebody, as_: As) -> None:
    nora, hold = as_(somebody.cast.nora), holding(somebody, one_record(somebody, "r2"))
    asked = text(nora.post(ERASE, OF_IT))
    assert "1 call, 1 recording: under legal hold" in asked and f'href="/holds/{hold.pk}/"' in asked
    assert "Erase 2 calls, 3 recordings, 2 voice messages" in asked and 'name="partly"' in asked
    refused = erase(nora)
    assert refused.status_code == 422 and "Nothing was erased. Under legal hold: 1 call, 1 recording" in text(refused)
    erase(nora, partly="1")
    (erasure,) = somebody.rows(Erasure)
    working.work(somebody.client.pk, erasure.pk)
    shown = text(nora.get(reverse("erasure", args=[erasure.uuid])))
    assert "1 call, 1 recording: under legal hold" in shown and f'href="/holds/{hold.pk}/"' in shown
    assert "1 call, 1 recording: under legal hold" in text(nora.get(f"/keep/certificates/{erasure.certificate}/"))


def test_where_everything_is_held_there_is_no_button(somebody: Somebody, as_: As) -> None:
    holding(somebody, on_number(NUMBER))
    (joined,) = (row for row in somebody.rows(Call) if row.source_id == "c3")
    holding(somebody, on_call(joined.pk, joined.call_uuid))
    shown = text(as_(somebody.cast.nora).post(ERASE, OF_IT))
    assert "All of it is held" in shown and 'name="shown"' not in shown


def test_the_companys_own_and_what_is_under_way_are_not_asked_again(somebody: Somebody, as_: As) -> None:
    nora = as_(somebody.cast.nora)
    assert "101 is an extension of the company's own" in text(nora.post(PERSON, {"number": "101"}))
    assert 'name="shown"' not in text(nora.post(ERASE, {"number": "101"}))
    shown = nora.post(ERASE, OF_IT).context["shown"]
    erase(nora)
    (erasure,) = somebody.rows(Erasure)
    assert reverse("erasure", args=[erasure.uuid]) in text(nora.post(PERSON, OF_IT))
    assert 'name="shown"' not in text(nora.post(ERASE, OF_IT)) and shown


def test_a_number_that_nobody_knows_can_be_certified_too(somebody: Somebody, as_: As) -> None:
    nora = as_(somebody.cast.nora)
    assert "nothing is known of it" in text(nora.post(ERASE, {"number": "+1 555 000 9999"}))
    erase(nora, "+1 555 000 9999")
    assert len(somebody.rows(Erasure)) == 1


def test_why_it_came_no_further_is_told(somebody: Somebody, as_: As) -> None:
    nora = as_(somebody.cast.nora)
    erase(nora)
    with scope(somebody.client.pk):
        Erasure.objects.update(state="erasing", error="2 files are not gone from storage yet")
    assert "tried again" in text(nora.get(PERSON))
    (erasure,) = somebody.rows(Erasure)
    assert "2 files are not gone from storage yet. It is tried again" in text(
        nora.get(reverse("erasure", args=[erasure.uuid]))
    )
