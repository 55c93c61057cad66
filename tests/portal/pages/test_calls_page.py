"""Nora and her people look for calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser
from django.urls import reverse

from cdrs.models import Call
from portal.access.isolation import scope
from portal.accounts.models import User
from portal.clients.models import Extension
from portal.clients.retiring import retire
from records.deletion import trash
from records.models import Deletion, Record
from tests.factories import NOON, Cast, make_call, make_record, make_voicemessage

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Browser]
CALLS = "/calls/"


@pytest.fixture(autouse=True)
def an_hour_after_noon() -> Any:
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        yield


def listed(answer: Any) -> list[str]:
    """Source ids of the calls on a page, newest first."""
    assert answer.status_code == 200, answer.context["problems"]
    return [call.source_id for call in answer.context["calls"]]


def ids(*calls: tuple[Call, Any]) -> list[str]:
    return [call.source_id for call, _ in calls]


def test_the_newest_call_comes_first_with_its_group_and_its_sound(cast: Cast, as_: SignIn) -> None:
    older = make_call(cast.north, cast.ext101, NOON - timedelta(hours=1))
    newer = make_call(cast.north, cast.ext102)
    record = make_record(cast.north, older[1], sketch=bytes(range(48)))
    make_call(cast.south, cast.south101)
    answer = as_(cast.nora).get(CALLS)
    assert listed(answer) == ids(newer, older)
    page = answer.content.decode()
    assert "Ann Berg" in page and "Support" in page and "Uwe Kern" not in page
    assert f'data-track="{record.uuid}"' in page and reverse("record-audio", args=[record.uuid]) in page
    assert page.count('class="spark"') == 1


def test_gus_sees_the_calls_of_sales_and_ann_her_own(cast: Cast, as_: SignIn) -> None:
    sales, support = make_call(cast.north, cast.ext101), make_call(cast.north, cast.ext102)
    assert sorted(listed(as_(cast.nora).get(CALLS))) == sorted(ids(sales, support))
    assert listed(as_(cast.gus).get(CALLS)) == ids(sales)
    assert listed(as_(cast.ann).get(CALLS)) == ids(sales)


def test_gus_sees_of_a_shared_call_only_the_leg_and_the_recording_of_sales(cast: Cast, as_: SignIn) -> None:
    call, _ = make_call(cast.north, cast.ext101)
    other_call, other_leg = make_call(cast.north, cast.ext102)
    with scope(cast.north.pk):
        other_leg.call = call
        other_leg.save()
        Call.objects.filter(pk=other_call.pk).delete()
    theirs = make_record(cast.north, other_leg)
    page = as_(cast.gus).get(CALLS).content.decode()
    assert "Support" not in page and str(theirs.uuid) not in page
    assert listed(as_(cast.gus).get(CALLS + "?recording=yes")) == []
    assert listed(as_(cast.gus).get(CALLS + "?recording=no")) == [call.source_id]
    assert listed(as_(cast.nora).get(CALLS + "?recording=yes")) == [call.source_id]
    detail = as_(cast.gus).get(reverse("call", args=[call.call_uuid])).content.decode()
    assert "Li Wei" not in detail and str(theirs.uuid) not in detail


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("direction=out", ["out"]),
        ("direction=in", ["in", "queue"]),
        ("result=busy", ["out"]),
        ("extension=102", ["queue"]),
        ("number=%2B1555*6468", ["in"]),
        ("number=*6468", ["in"]),
        ("number=%2B1+555+100+6468", ["in"]),
        ("number=5551006468", []),
        ("number=*100*", ["in", "out", "queue"]),
        ("recording=yes", ["in"]),
        ("recording=no", ["out", "queue"]),
        ("direction=in&extension=102", ["queue"]),
        ("direction=out&extension=102", []),
        ("direction=&number=&result=", ["in", "out", "queue"]),
    ],
)
def test_nora_filters(cast: Cast, as_: SignIn, query: str, found: list[str]) -> None:
    _, leg = make_call(cast.north, cast.ext101, did="in", caller_number="+15551006468")
    make_record(cast.north, leg)
    outbound = {"direction": "out", "caller_number": "101", "called_number": "+15551009593", "result": "busy"}
    make_call(cast.north, cast.ext101, did="out", **outbound)
    make_call(cast.north, cast.ext102, did="queue", caller_number="+15551001126")
    answer = as_(cast.nora).get(f"{CALLS}?{query}")
    assert answer.status_code == 200, answer.context["problems"]
    assert sorted(call.did for call in answer.context["calls"]) == found


def test_nora_filters_by_group(cast: Cast, as_: SignIn) -> None:
    make_call(cast.north, cast.ext101)
    support = make_call(cast.north, cast.ext102)
    answer = as_(cast.nora).get(CALLS, {"group": cast.support.pk})
    assert listed(answer) == ids(support)
    assert "<b>Group</b> Support" in answer.content.decode()


@pytest.mark.parametrize("few", [2000, 0])
def test_an_extension_and_a_group_need_not_meet_in_one_leg(
    cast: Cast, as_: SignIn, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("cdrs.querysets.FEW_LEGS", few)
    call, leg = make_call(cast.north, cast.ext101)
    make_call(cast.north, cast.ext101)
    make_call(cast.north, cast.ext102)
    with scope(cast.north.pk):
        leg.pk, leg.extension, leg.group, leg.source_id = None, cast.ext102, cast.support, "another"
        leg.save()
    answer = as_(cast.nora).get(CALLS, {"extension": "101", "group": cast.support.pk})
    assert listed(answer) == [call.source_id]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("direction=sideways", "direction"),
        ("result=nice", "result"),
        ("number=*", "number"),
        ("number=%00", "number"),
        ("number=()", "number"),
        ("extension=999", "extension"),
        ("extension=%00", "extension"),
        ("group=x", "group"),
        ("group=99999999999999999999", "group"),
        ("recording=perhaps", "recording"),
        ("period=aeon", "period"),
        ("period=custom", "from"),
        ("period=today&from=2026-09-01", "from"),
        ("from=yesterday", "from"),
        ("from=2026-02-30", "from"),
        ("to=0001-01-01", "to"),
        ("to=9999-12-31", "to"),
        ("from=2026-09-02&to=2026-09-01", "to"),
        ("dirction=in", "dirction"),
        ("direction=in&direction=out", "direction"),
        ("after=somewhere", "after"),
        ("before=AAAA", "before"),
        ("after=__________________8", "after"),
    ],
)
def test_a_wrong_parameter_is_named_and_nothing_is_listed(cast: Cast, as_: SignIn, query: str, named: str) -> None:
    make_call(cast.north, cast.ext101)
    nora = as_(cast.nora)
    answer = nora.get(f"{CALLS}?{query}")
    assert answer.status_code == 400
    assert any(named == name or message.startswith(f"{named}:") for name, message in answer.context["problems"])
    assert named in answer.content.decode()
    assert "calls" not in answer.context
    if "after" not in query and "before" not in query:
        assert nora.get(f"/calls.csv?{query}").status_code == 400


def test_a_foreign_group_is_no_group(cast: Cast, as_: SignIn) -> None:
    assert as_(cast.nora).get(CALLS, {"group": cast.south_sales.pk}).status_code == 400


@pytest.mark.parametrize("name", ["group", "extension"])
def test_ann_has_no_filters_beyond_her_reach(cast: Cast, as_: SignIn, name: str) -> None:
    assert as_(cast.ann).get(CALLS, {name: "101"}).status_code == 400
    assert name not in as_(cast.ann).get(CALLS).context["form"].fields


def test_a_number_that_was_given_again_finds_the_calls_of_both(cast: Cast, as_: SignIn) -> None:
    before, leg = make_call(cast.north, cast.ext102)
    make_record(cast.north, leg)
    make_voicemessage(cast.north, cast.ext102)
    with scope(cast.north.pk):
        retire(cast.ext102)
        again = Extension.objects.create(client=cast.north, group=cast.support, number="102", name="Bo Lund")
        trash(Record.objects.all(), cast.principal(cast.nora), Deletion.Via.PORTAL)
    after, _ = make_call(cast.north, again)
    nora = as_(cast.nora)
    assert sorted(listed(nora.get(CALLS + "?extension=102"))) == sorted([before.source_id, after.source_id])
    assert "Li Wei, 102 Bo Lund" in nora.get(CALLS + "?extension=102").content.decode()
    for page in ("/voicemessages/", "/trash/"):
        assert "data-row" in nora.get(f"{page}?extension=102").content.decode(), page


def test_gus_cannot_ask_for_an_extension_of_support(cast: Cast, as_: SignIn) -> None:
    gus = as_(cast.gus)
    assert gus.get(CALLS, {"extension": "102"}).status_code == 400
    assert gus.get(CALLS, {"extension": "101"}).status_code == 200


def test_a_day_is_a_day_of_the_clients_zone(cast: Cast, as_: SignIn) -> None:
    """New York is four hours behind: its 28th begins at 04:00 UTC."""
    before = make_call(cast.north, cast.ext101, datetime(2026, 9, 28, 3, 59, 59, tzinfo=UTC))
    first = make_call(cast.north, cast.ext101, datetime(2026, 9, 28, 4, 0, tzinfo=UTC))
    nora = as_(cast.nora)
    assert listed(nora.get(CALLS + "?period=today")) == ids(first)
    assert listed(nora.get(CALLS + "?period=yesterday")) == ids(before)
    assert listed(nora.get(CALLS + "?from=2026-09-27&to=2026-09-27")) == ids(before)


def test_ones_own_zone_goes_before_the_clients(cast: Cast, as_: SignIn) -> None:
    call = make_call(cast.north, cast.ext101, datetime(2026, 9, 27, 23, 30, tzinfo=UTC))
    with scope(cast.north.pk):
        User.objects.filter(pk=cast.nora.pk).update(timezone="Europe/Berlin")
    answer = as_(cast.nora).get(CALLS + "?period=today")
    assert listed(answer) == ids(call)
    assert "01:30" in answer.content.decode() and "19:30" in as_(cast.rita).get(CALLS).content.decode()


def test_nothing_found_says_what_was_asked_and_how_to_widen_it(cast: Cast, as_: SignIn) -> None:
    make_call(cast.north, cast.ext101)
    page = as_(cast.nora).get(CALLS + "?period=today&direction=out&number=555*").content.decode()
    assert "No calls match" in page and "Outbound" in page and "555*" in page
    assert 'href="?period=today&amp;direction=out">Without Number 555*' in page
    assert "Last 7 days" in page


def test_a_chip_removes_its_filter_and_begins_at_the_newest_page(cast: Cast, as_: SignIn) -> None:
    for minute in range(51):
        make_call(cast.north, cast.ext101, NOON - timedelta(minutes=minute))
    nora = as_(cast.nora)
    older = nora.get(CALLS + "?direction=in&result=answered").context["older_url"]
    page = nora.get(CALLS + older).content.decode()
    assert 'href="?direction=in"' in page and 'href="?result=answered"' in page


def test_htmx_gets_the_list_alone(cast: Cast, as_: SignIn) -> None:
    make_call(cast.north, cast.ext101)
    answer = as_(cast.nora).get(CALLS, headers={"HX-Request": "true", "HX-Target": "calls-list"})
    page = answer.content.decode()
    assert "<html" not in page and 'id="calls-list"' in page
    assert "HX-Request" in answer["Vary"]


def test_a_full_page_takes_few_queries(cast: Cast, as_: SignIn, django_assert_max_num_queries: Any) -> None:
    for minute in range(50):
        _, leg = make_call(cast.north, cast.ext101, NOON - timedelta(minutes=minute))
        make_record(cast.north, leg)
    for person in (cast.nora, cast.gus, cast.ann):
        browser = as_(person)
        # Savepoints, session, user, binding, client; then calls, legs, recordings; and the choice of groups.
        with django_assert_max_num_queries(12):
            assert len(listed(browser.get(CALLS))) == 50


def test_live_events_are_for_the_newest_page(cast: Cast, as_: SignIn) -> None:
    for minute in range(51):
        make_call(cast.north, cast.ext101, NOON - timedelta(minutes=minute))
    nora = as_(cast.nora)
    newest = nora.get(CALLS)
    assert newest.context["live_ticket_url"] == "/live/ticket"
    assert "live_ticket_url" not in nora.get(CALLS + newest.context["older_url"]).context


def test_an_operator_without_a_client_chooses_one_first(cast: Cast, client: Browser) -> None:
    with scope(None, operator=True):
        client.force_login(cast.olga, "portal.accounts.backends.LoginBackend")
    assert client.get(CALLS)["Location"].startswith("/choose-client/?next=")
