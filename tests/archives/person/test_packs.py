"""The access pack: a zip of everything of a number, and what is known of its calls beside it."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from django.test import Client as Browser

from archives.asking import NothingFound, TooLarge, Wrong
from archives.models import Archive
from archives.person import packs
from portal.access.isolation import scope
from portal.audit.models import Entry
from portal.clients.models import Client
from portal.mail.models import Mail
from tests.archives.conftest import path_of, work
from tests.archives.person.somebody import NUMBER, PLAIN, Somebody, where_it_is
from tests.archives.person.test_erasing import all_is_gone, asked
from tests.archives.person.test_erasing import work as erased

pytestmark = pytest.mark.django_db(transaction=True)


def pack(somebody: Somebody, number: str = NUMBER, *addresses: str) -> Archive:
    with scope(somebody.client.pk):
        return packs.ask(somebody.cast.principal(somebody.cast.nora), number, addresses)


def fetched(archive: Archive) -> zipfile.ZipFile:
    answer = Browser().get(path_of(archive))
    assert answer.status_code == 200
    return zipfile.ZipFile(io.BytesIO(answer.getvalue()))


def test_all_that_can_be_heard_is_in_it_and_all_calls_are_told(somebody: Somebody) -> None:
    archive = work(pack(somebody))
    assert (archive.state, archive.error, archive.missing) == ("ready", None, 0)
    opened = fetched(archive)
    assert opened.testzip() is None
    sounds = {opened.read(name) for name in opened.namelist() if name.endswith(".wav")}
    assert sounds == {b"sound of r1", b"sound of r3", b"sound of v1", b"sound of v2"}, (
        "what is in the trash is not heard"
    )
    told = json.loads(opened.read("calls.json"))
    assert told["number"] == "442079460123"
    assert [(call["from_username"], call["to_username"]) for call in told["calls"]] == [
        ("+442079460123", None),
        ("102", "+442079460123"),
        ("+442079460777", None),
    ]
    assert [len(call["cdr"]) for call in told["calls"]] == [1, 1, 1]
    assert told["calls"][0]["cdr"][0]["from_username"] == "+442079460123"
    manifest = json.loads(opened.read("manifest.json"))
    assert manifest["selection"]["kind"] == "person" and manifest["selection"]["number"] == "442079460123"
    assert {"calls.json"} <= {document["file"] for document in manifest["documents"]}


def test_it_is_a_deed_of_the_ledger_without_the_number(somebody: Somebody) -> None:
    archive = pack(somebody, NUMBER, "nora@north.example")
    with scope(somebody.client.pk):
        entry = Entry.objects.get(action="archive")
    assert (entry.target, entry.told["of"], entry.told["addresses"]) == (str(archive.uuid), "person", 1)
    assert "7946" not in entry.details


def test_an_erasure_ends_it_and_says_why(somebody: Somebody) -> None:
    archive = work(pack(somebody))
    asked(somebody)
    answer = Browser().get(path_of(archive))
    assert answer.status_code == 410 and "erased" in answer.content.decode()


def test_a_pack_that_is_not_made_yet_is_not_made_any_more(somebody: Somebody) -> None:
    archive = pack(somebody)
    asked(somebody)
    assert work(archive).state == "erased"


def test_what_is_refused(somebody: Somebody) -> None:
    with pytest.raises(NothingFound):
        pack(somebody, "+1 555 000 9999")
    with scope(somebody.client.pk):
        Client.objects.update(settings={"mail_domains": ["north.example"]})
    with pytest.raises(Wrong, match="only addresses at"):
        pack(somebody, NUMBER, "sam@south.example")
    with scope(somebody.client.pk):
        Client.objects.update(settings={"archive_max_bytes": 39})
    with pytest.raises(TooLarge) as refused:
        pack(somebody)
    assert (refused.value.found.files, refused.value.found.bytes) == (4, 40)


def test_after_an_erasure_no_pack_and_no_mail_knows_the_number(somebody: Somebody) -> None:
    """Neither one that was made, nor one that was asked for; nor what was mailed of them."""
    made = work(pack(somebody, NUMBER, "nora@north.example"))
    pack(somebody, NUMBER, "nora@north.example")
    assert made.state == "ready" and somebody.rows(Mail)
    assert "archives_archive" in where_it_is(somebody.client, PLAIN)
    assert "mail_mail" not in where_it_is(somebody.client, PLAIN)
    asked(somebody)
    assert erased(somebody).state == "done"
    all_is_gone(somebody)
