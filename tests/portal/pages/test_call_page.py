"""One call: who took part, what happened, every field, and its recordings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.urls import reverse

from cdrs.models import Call, CallEvent, Leg, Participant
from portal.access.isolation import scope
from portal.accounts.models import User
from tests.factories import NOON, Cast, make_call, make_record

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Browser]


def told(answer: Any) -> list[tuple[str, str, str]]:
    return [(f"{moment.at:%M:%S}", moment.who, moment.what) for moment in answer.context["timeline"]]


def page_of(browser: Browser, call: Call) -> Any:
    answer = browser.get(reverse("call", args=[call.call_uuid]))
    assert answer.status_code == 200
    return answer


def test_the_timeline_is_told_by_the_legs(cast: Cast, as_: SignIn) -> None:
    call, leg = make_call(
        *(cast.north, cast.ext101),
        caller_number="+15551006468",
        answered_at=NOON,
        ended_at=NOON + timedelta(seconds=35),
    )
    with scope(cast.north.pk):
        Leg.objects.filter(pk=leg.pk).update(hangup_disposition="caller_bye")
    answer = page_of(as_(cast.nora), call)
    caller = "+1\u00a0555\u00a0100\u00a06468"
    assert told(answer) == [
        ("00:00", caller, "calls 101"),
        ("00:00", "101 Ann Berg", "is ringing"),
        ("00:05", "101 Ann Berg", "answered"),
        ("00:35", caller, "hung up"),
    ]
    assert [moment.side for moment in answer.context["timeline"]] == ["customer", "agent", "agent", "customer"]


def test_participants_and_events_are_told_where_the_pbx_sent_them(cast: Cast, as_: SignIn) -> None:
    call, _ = make_call(cast.north, cast.ext101, ended_at=NOON + timedelta(seconds=35))
    with scope(cast.north.pk):
        Participant.objects.create(
            client=cast.north,
            call=call,
            occurred_at=NOON + timedelta(seconds=6),
            type="User",
            first_name="Ann",
            last_name="Berg",
            event="Joined",
        )
        for second, event in ((10, "hold"), (20, "resumed")):
            CallEvent.objects.create(
                client=cast.north,
                call=call,
                extension=cast.ext101,
                source="test",
                source_id=f"e{second}",
                at=NOON + timedelta(seconds=second),
                event=event,
            )
    assert told(page_of(as_(cast.nora), call))[1:] == [
        ("00:06", "Ann Berg", "joined"),
        ("00:10", "101 Ann Berg", "put the call on hold"),
        ("00:20", "101 Ann Berg", "took the call off hold"),
        ("00:35", "", "The call ended"),
    ]


def test_every_field_of_a_cdr_is_shown_or_named_as_empty(cast: Cast, as_: SignIn) -> None:
    call, leg = make_call(cast.north, cast.ext101)
    values = {"hangup_cause": "NORMAL_CLEARING", "labels": ["a", "b"], "metadata": {"queue": "é"}, "charge": "0.25"}
    with scope(cast.north.pk):
        Leg.objects.filter(pk=leg.pk).update(**values)
    answer = page_of(as_(cast.nora), call)
    (shown,) = answer.context["legs"]
    fields = dict(shown.fields)
    assert fields["hangup_cause"] == "NORMAL_CLEARING"
    assert fields["labels"] == "a, b" and fields["metadata"] == '{"queue": "é"}'
    assert fields["duration"] == "0:35 (35 s)"
    assert fields["init_time"] == "Mon 28 Sep 2026, 08:00:00 (UTC-4)"
    beside = {"id", "client", "call", "extension", "group"}
    known = {field.name for field in Leg._meta.concrete_fields}
    assert fields.keys() | set(shown.empty_fields) == known - beside
    assert not fields.keys() & set(shown.empty_fields)
    page = answer.content.decode()
    assert "NORMAL_CLEARING" in page and "fields without a value" in page


def test_a_stereo_recording_names_its_parties_and_findings(cast: Cast, as_: SignIn) -> None:
    call, leg = make_call(cast.north, cast.ext101)
    record = make_record(
        *(cast.north, leg, b"RIFF"),
        channels={"left": "agent", "right": "customer"},
        findings=["short"],
        started_at=NOON,
    )
    answer = page_of(as_(cast.nora), call)
    (shown,) = answer.context["recordings"]
    assert [party.side for party in shown.parties] == ["agent", "customer"]
    page = answer.content.decode()
    assert "short" in page and reverse("record-download", args=[record.uuid]) in page
    assert f'<audio controls preload="none" src="{reverse("record-audio", args=[record.uuid])}"' in page
    assert 'data-seek="5.0"' in page, "the answer, five seconds into the recording"


@pytest.mark.parametrize(
    ("state", "words"), [("missing", "it never arrived"), ("bad", "is not sound"), ("awaiting", "has not arrived yet")]
)
def test_a_recording_that_cannot_be_heard_says_why(cast: Cast, as_: SignIn, state: str, words: str) -> None:
    call, leg = make_call(cast.north, cast.ext101)
    record = make_record(cast.north, leg)
    with scope(cast.north.pk):
        type(record).objects.filter(pk=record.pk).update(state=state)
    page = page_of(as_(cast.nora), call).content.decode()
    assert words in page and "data-track" not in page


def test_an_unknown_call_is_not_found(cast: Cast, as_: SignIn) -> None:
    answer = as_(cast.nora).get(reverse("call", args=[uuid4()]))
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_a_call_of_many_legs_takes_few_queries(cast: Cast, as_: SignIn, django_assert_max_num_queries: Any) -> None:
    call, leg = make_call(cast.north, cast.ext101)
    for number in range(20):
        with scope(cast.north.pk):
            leg.pk, leg.source_id = None, f"leg{number}"
            leg.save(force_insert=True)
        make_record(cast.north, leg, b"RIFF")
    nora = as_(cast.nora)
    with django_assert_max_num_queries(15):
        assert len(page_of(nora, call).context["recordings"]) == 20
