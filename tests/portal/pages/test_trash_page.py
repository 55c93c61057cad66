"""People delete, think again, restore, and delete for good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from portal.access.isolation import scope
from portal.accounts.models import User
from portal.clients.models import Client
from records.models import Deletion, Record, Trashed, VoiceMessage
from tests.factories import Cast, make_call, make_record, make_voicemessage

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Browser]


@pytest.fixture
def record(cast: Cast) -> Record:
    call, leg = make_call(cast.north, cast.ext101, caller_number="+15551007733")
    record = make_record(cast.north, leg, b"RIFF sound")
    record.call = call
    return record


def to_trash(browser: Browser, heard: Any, **more: Any) -> Any:
    kind = "record" if isinstance(heard, Record) else "voicemessage"
    return browser.post(reverse(f"{kind}-to-trash", args=[heard.uuid]), more, follow=True)


def items(cast: Cast) -> list[Trashed]:
    with scope(cast.north.pk):
        return list(Trashed.objects.order_by("id"))


def test_nora_deletes_a_recording_and_undoes_it(cast: Cast, as_: SignIn, record: Record) -> None:
    nora = as_(cast.nora)
    page = reverse("call", args=[record.call.call_uuid])
    assert reverse("record-to-trash", args=[record.uuid]) in nora.get(page).content.decode()
    after = to_trash(nora, record, next=page)
    said = after.content.decode()
    assert after.redirect_chain == [(page, 302)] and "The recording is in the trash." in said
    assert "Its recording is in the" in said and reverse("record-audio", args=[record.uuid]) not in said
    assert nora.get(reverse("record-audio", args=[record.uuid])).status_code == 404
    with scope(cast.north.pk):
        deletion = Deletion.objects.get()
    assert (deletion.by, deletion.via, deletion.user_id) == ("nora@north", "portal", cast.nora.pk)
    undo = reverse("deletion-undo", args=[deletion.pk])
    assert f'action="{undo}"' in said
    back = nora.post(undo, {"next": page}, follow=True).content.decode()
    assert "It is restored." in back and reverse("record-audio", args=[record.uuid]) in back


def test_the_trash_says_what_whose_when_and_until_when(cast: Cast, as_: SignIn, record: Record) -> None:
    nora = as_(cast.nora)
    message = make_voicemessage(cast.north, cast.ext102, b"RIFF message", caller_name="Dana Fields")
    to_trash(nora, record)
    to_trash(nora, message)
    said = nora.get(reverse("trash")).content.decode()
    for words in ("+1\u00a0555\u00a0100\u00a07733", "Ann Berg", "Voice message of Dana Fields", "Li Wei", "nora@north"):
        assert words in said, words
    assert said.index("Dana Fields") < said.index("Ann Berg"), "last deleted first"
    assert "Ann Berg" not in nora.get(reverse("trash"), {"kind": "voicemessage"}).content.decode()
    assert "Dana Fields" not in nora.get(reverse("trash"), {"extension": "101"}).content.decode()
    assert nora.get(reverse("trash"), {"extension": "999"}).status_code == 400


def test_everybody_finds_their_own_part_of_it(cast: Cast, as_: SignIn, record: Record) -> None:
    other = make_record(cast.north, make_call(cast.north, cast.ext102, caller_number="+15551009999")[1])
    for one in (record, other):
        to_trash(as_(cast.nora), one)
    of_sales, of_support = items(cast)
    for person, seen in ((cast.gus, 200), (cast.ann, 200), (cast.sam, 200), (cast.rita, 403)):
        browser = as_(person)
        answer = browser.get(reverse("trash"))
        assert answer.status_code == seen, person.login
        sales = person in (cast.gus, cast.ann)
        said = answer.content.decode()
        assert ("7733" in said) == sales and "9999" not in said, person.login
        for deed in ("trash-restore", "trash-remove"):
            assert browser.post(reverse(deed, args=[of_support.pk])).status_code == (403 if seen == 403 else 404)
        undo = reverse("deletion-undo", args=[of_support.deletion_id])
        assert browser.post(undo).status_code == (403 if seen == 403 else 404)
    assert as_(cast.ann).post(reverse("trash-restore", args=[of_sales.pk])).status_code == 302
    assert [item.pk for item in items(cast)] == [of_support.pk]


def test_one_deletes_only_what_one_sees_and_may(cast: Cast, as_: SignIn, record: Record) -> None:
    other = make_voicemessage(cast.north, cast.ext102)
    assert to_trash(as_(cast.sam), record).status_code == 404
    assert to_trash(as_(cast.ann), other).status_code == 404
    assert to_trash(as_(cast.rita), record).status_code == 403
    page = as_(cast.rita).get(reverse("call", args=[record.call.call_uuid])).content.decode()
    assert "Delete" not in page and reverse("trash") not in page
    assert to_trash(as_(cast.ann), record).status_code == 200
    assert len(items(cast)) == 1


def test_a_supervisor_undoes_the_own_part_of_a_larger_deletion(cast: Cast, as_: SignIn, record: Record) -> None:
    from records.deletion import trash

    make_record(cast.north, make_call(cast.north, cast.ext102)[1])
    with scope(cast.north.pk):
        deletion = trash(Record.objects.all(), cast.principal(cast.nora), Deletion.Via.PORTAL)
    assert deletion is not None and deletion.files == 2
    assert (
        "It is restored."
        in as_(cast.gus).post(reverse("deletion-undo", args=[deletion.pk]), follow=True).content.decode()
    )
    with scope(cast.north.pk):
        assert [one.pk for one in Record.objects.available()] == [record.pk]


def test_what_one_request_deleted_comes_back_together(cast: Cast, as_: SignIn, record: Record) -> None:
    from records.deletion import trash

    nora = as_(cast.nora)
    others = [make_record(cast.north, make_call(cast.north, cast.ext102)[1]).pk for _ in range(2)]
    to_trash(nora, record)
    with scope(cast.north.pk):
        deletion = trash(Record.objects.all(), cast.principal(cast.nora), Deletion.Via.API)
    assert deletion is not None and deletion.files == 2
    page = nora.get(reverse("trash")).content.decode()
    undo = reverse("deletion-undo", args=[deletion.pk])
    assert page.count("Restore all of this deletion") == page.count(undo) == 1
    assert "2 are restored." in nora.post(undo, follow=True).content.decode()
    with scope(cast.north.pk):
        assert sorted(one.pk for one in Record.objects.available()) == sorted(others)


def test_delete_now_is_for_good(
    cast: Cast, as_: SignIn, record: Record, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    woken: list[int] = []
    monkeypatch.setattr("records.tasks.work_off_trash.delay", woken.append)
    nora = as_(cast.nora)
    to_trash(nora, record)
    (item,) = items(cast)
    with django_capture_on_commit_callbacks(execute=True):
        nora.post(reverse("trash-remove", args=[item.pk]))
    assert woken == [cast.north.pk]
    with scope(cast.north.pk):
        Trashed.objects.update(removing=True, next_at=timezone.now() + timedelta(hours=1))
    assert "being removed" in nora.get(reverse("trash")).content.decode()
    answer = nora.post(reverse("trash-restore", args=[item.pk]), follow=True).content.decode()
    assert "cannot be restored" in answer
    with scope(cast.north.pk):
        Trashed.objects.update(error="OSError: no", tries=3)
    said = nora.get(reverse("trash")).content.decode()
    assert "the storage does not let it go" in said and "tried 3 times" in said


def test_the_question_says_what_becomes_of_it(cast: Cast, as_: SignIn) -> None:
    make_voicemessage(cast.north, cast.ext101)
    with scope(cast.north.pk):
        VoiceMessage.objects.update(init_time=timezone.now())
    assert "can be restored for 7 days" in as_(cast.nora).get(reverse("voicemessages")).content.decode()
    with scope(cast.north.pk):
        Client.objects.update(settings={"trash_days": 0})
    assert "removed for good at once" in as_(cast.nora).get(reverse("voicemessages")).content.decode()


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_nobody_is_sent_elsewhere(cast: Cast, as_: SignIn, record: Record, place: str) -> None:
    answer = as_(cast.nora).post(reverse("record-to-trash", args=[record.uuid]), {"next": place})
    assert answer["Location"] == reverse("trash")


def test_the_trash_is_read_in_pages(cast: Cast, as_: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.web.paging.keyset_page.__defaults__", (2,))
    nora = as_(cast.nora)
    for number in range(3):
        message = make_voicemessage(cast.north, cast.ext101, caller_name=f"Caller {number}")
        to_trash(nora, message)
    first = nora.get(reverse("trash"))
    assert "Caller 0" not in first.content.decode()
    last = nora.get(reverse("trash") + first.context["older_url"]).content.decode()
    assert "Caller 0" in last and "Caller 1" not in last
