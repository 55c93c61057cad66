"""What went is counted, hashed and signed; an auditor checks it with a list of before and nothing of ours."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.db.utils import ProgrammingError

from archives.retention import certificates
from archives.retention.certificates import BadCertificate, document, hash_of, issue, remember, verified
from archives.retention.models import Certificate, Gone
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.audit import ledger, signing
from portal.audit.models import Entry
from records.deletion.removal import work_off
from records.deletion.trashing import doom
from records.ingest.kinds import RECORDING, VOICEMESSAGE
from records.models import Deletion, Record
from tests.factories import NOON, Cast, make_call, make_record, make_voicemessage

pytestmark = pytest.mark.django_db(transaction=True)
SPKI = bytes.fromhex("302a300506032b6570032100")  # says "the 32 bytes of an Ed25519 key follow"


def issued(cast: Cast, uuid: UUID, **more: Any) -> Certificate:
    client_id = cast.north.pk
    with scope(client_id):
        values = {"started_at": NOON, "terms": {"cutoffs": {"records": "2026-06-30"}}} | more
        return issue(client_id, uuid, Certificate.Kind.ERASURE, ledger.portal(client_id), **values)


@pytest.fixture
def gone(cast: Cast) -> dict[str, list[UUID]]:
    """Two batches of recordings and one of CDRs, two of one call."""
    records, calls = [uuid4() for _ in range(7)], [uuid4() for _ in range(2)]
    return {"records": records, "cdrs": [calls[0], calls[1], calls[0]]}


def remembered(cast: Cast, certificate: UUID, gone: dict[str, list[UUID]]) -> None:
    with scope(cast.north.pk):
        remember(cast.north.pk, certificate, "records", gone["records"][:4], 400)
        remember(cast.north.pk, certificate, "records", gone["records"][4:], 300)
        remember(cast.north.pk, certificate, "cdrs", gone["cdrs"])
        remember(cast.north.pk, uuid4(), "records", [uuid4()], 1)  # another one's


def sha256sum(uuids: list[UUID]) -> str:
    """As a shell says it of a list of before: `sort | sha256sum`."""
    lines = sorted(uuid.hex.upper() for uuid in uuids)
    return hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()


def test_a_certificate_says_how_many_went_and_which(cast: Cast, gone: dict[str, list[UUID]]) -> None:
    uuid = uuid4()
    remembered(cast, uuid, gone)
    made = issued(cast, uuid, kept={"held": {"records": 2}}, also={"events": 3})
    said = verified(orjson.dumps(document(made)))
    assert said["gone"] == {
        "records": {"count": 7, "bytes": 700, "ids_sha256": sha256sum(gone["records"])},
        "cdrs": {"count": 3, "bytes": 0, "ids_sha256": sha256sum(gone["cdrs"])},
    }
    assert (said["kept"], said["also"]) == ({"held": {"records": 2}}, {"events": 3})
    assert (said["kind"], said["client_id"], said["certificate"]) == ("erasure", cast.north.pk, str(uuid))
    assert said["started_at"] == "2026-09-28T12:00:00.000000+00:00"
    assert (made.items, made.bytes) == (10, 700)


def test_it_is_issued_once_and_stands_once_in_the_ledger(cast: Cast, gone: dict[str, list[UUID]]) -> None:
    uuid = uuid4()
    remembered(cast, uuid, gone)
    assert issued(cast, uuid).pk == issued(cast, uuid).pk
    with scope(cast.north.pk):
        assert Gone.objects.filter(certificate=uuid).count() == 0
        assert Gone.objects.count() == 1, "what another certificate is to name stays"
        entry = Entry.objects.get(action="erasure")
    assert (entry.target_kind, entry.target) == ("certificate", str(uuid))
    assert entry.told == {"records": 7, "cdrs": 3, "bytes": 700}


def test_of_a_deed_by_which_nothing_went_there_is_a_certificate_too(cast: Cast) -> None:
    said = verified(orjson.dumps(document(issued(cast, uuid4()))))
    assert said["gone"] == {}


def test_many_ids_are_hashed_a_few_at_a_time(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "AT_ONCE", 3)
    uuid, uuids = uuid4(), [uuid4() for _ in range(100)]
    with scope(cast.north.pk):
        remember(cast.north.pk, uuid, "calls", uuids)
    assert certificates.told(issued(cast, uuid))["gone"]["calls"]["ids_sha256"] == sha256sum(uuids)


def test_ids_out_of_order_are_not_hashed() -> None:
    assert hash_of(["A", "A", "B"])[0] == 3
    with pytest.raises(ValueError, match="not in order"):
        hash_of(["B", "A"])


def test_a_kind_that_no_certificate_names_is_refused(cast: Cast) -> None:
    with scope(cast.north.pk), pytest.raises(ValueError, match="chats"):
        remember(cast.north.pk, uuid4(), "chats", [uuid4()])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda said: said["gone"].update(records={"count": 0, "bytes": 0, "ids_sha256": ""}), "not as it was signed"),
        (lambda said: said.update(signature="00" * 64), "not as it was signed"),
        (lambda said: said.update(public_key="00" * 32), "not as it was signed"),
        (lambda said: said.update(signature="no hex"), "not hex"),
        (lambda said: said.update(format="another/1"), "its format is not"),
        (lambda said: said.pop("signature"), "no certificate"),
    ],
)
def test_a_changed_certificate_does_not_hold(cast: Cast, change: Any, why: str) -> None:
    said = document(issued(cast, uuid4()))
    change(said)
    with pytest.raises(BadCertificate, match=why):
        verified(orjson.dumps(said))


@pytest.mark.parametrize("text", [b"", b"[]", b"7", b'"x"', b"not json"])
def test_what_is_no_certificate_is_told_so(text: bytes) -> None:
    with pytest.raises(BadCertificate, match="no certificate"):
        verified(text)


def test_the_serving_role_can_change_none(cast: Cast) -> None:
    made = issued(cast, uuid4())
    with pytest.raises(ProgrammingError), scope(cast.north.pk):
        Certificate.objects.filter(pk=made.pk).update(items=0)
    with pytest.raises(ProgrammingError), scope(cast.north.pk):
        made.delete()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not there")
def test_openssl_alone_can_check_one(cast: Cast, tmp_path: Path) -> None:
    """No program of ours is needed."""
    made = issued(cast, uuid4())
    (tmp_path / "signed").write_bytes(made.document.encode())
    (tmp_path / "signature").write_bytes(bytes(made.signature))
    (tmp_path / "key.der").write_bytes(SPKI + signing.public_key())
    check = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key.der"]
    check += ["-rawin", "-in", "signed", "-sigfile", "signature"]
    assert subprocess.run(check, cwd=tmp_path, check=False, capture_output=True).returncode == 0
    (tmp_path / "signed").write_bytes(made.document.replace("erasure", "Erasure").encode())
    assert subprocess.run(check, cwd=tmp_path, check=False, capture_output=True).returncode != 0


def test_a_deletion_that_names_its_certificate_is_remembered_as_it_is_removed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it has the certificate's entry in the ledger, not one of its own."""
    monkeypatch.setattr("records.tasks.work_off_trash.delay", lambda client_id: None)
    north, uuid = cast.north, uuid4()
    records = [make_record(north, make_call(north, cast.ext101)[1], b"sound" * size) for size in (1, 2)]
    message = make_voicemessage(north, cast.ext101, b"hello")
    with scope(north.pk):
        for kind, rows in ((RECORDING, records), (VOICEMESSAGE, [message])):
            doom(kind, [row.pk for row in rows], whole_client(north.pk), Deletion.Via.RETENTION, uuid)
    work_off(north.pk)
    said = certificates.told(issued(cast, uuid))
    assert said["gone"]["records"] == {"count": 2, "bytes": 15, "ids_sha256": sha256sum([row.uuid for row in records])}
    assert said["gone"]["voicemessages"]["count"] == 1
    with scope(north.pk):
        assert not Entry.objects.filter(action="removal").exists()
        assert not Deletion.objects.exists() and not Record.objects.exists()


def test_a_command_checks_a_document(cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "certificate.json"
    file.write_bytes(orjson.dumps(document(issued(cast, uuid4())), option=orjson.OPT_INDENT_2))
    call_command("verify_certificate", str(file))
    told = orjson.loads(capsys.readouterr().out)
    assert (told["ok"], told["kind"], told["key"]) == (True, "erasure", signing.fingerprint())
    with pytest.raises(SystemExit):
        call_command("verify_certificate", str(file), "--key", "00" * 32)
    assert orjson.loads(capsys.readouterr().out)["why"] == "another key signed it"
    file.write_bytes(file.read_bytes().replace(b"erasure", b"mistake"))
    with pytest.raises(SystemExit):
        call_command("verify_certificate", str(file))
    assert orjson.loads(capsys.readouterr().out) == {"ok": False, "why": "the certificate is not as it was signed"}
    with pytest.raises(CommandError, match="No such file"):
        call_command("verify_certificate", str(tmp_path / "none"))


SHELL = """
jq -cjS 'del(.signature)' certificate.json > signed
jq -r .signature certificate.json | xxd -r -p > signature
(printf 302a300506032b6570032100; jq -jr .public_key certificate.json) | xxd -r -p > key.der
openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in signed -sigfile signature
"""


@pytest.mark.skipif(not all(map(shutil.which, ["jq", "xxd", "openssl"])), reason="jq, xxd or openssl is not there")
def test_the_lines_of_the_documentation_check_one(cast: Cast, tmp_path: Path) -> None:
    assert SHELL.strip() in Path("docs/retention.md").read_text()
    (tmp_path / "certificate.json").write_bytes(orjson.dumps(document(issued(cast, uuid4()))))
    assert subprocess.run(["sh", "-ec", SHELL], cwd=tmp_path, check=False).returncode == 0
