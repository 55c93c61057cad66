"""verify.py as whoever got an archive runs it: another Python, no portal, the zip or what was unpacked of it."""

from __future__ import annotations

import ast
import io
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client as Browser
from hypothesis import given, settings
from hypothesis import strategies as st

from archives import verify
from portal.audit import signing
from tests.archives.conftest import ask, path_of, work
from tests.factories import Cast, make_call, make_record

pytestmark = pytest.mark.django_db


@pytest.fixture
def archive(cast: Cast, tmp_path: Path) -> Path:
    """A folder with the zip of three recordings, as it was delivered."""
    for number in range(3):
        make_record(cast.north, make_call(cast.north, cast.ext101)[1], f"sound {number}".encode() * 500)
    sealed = work(ask(cast.north))
    path = tmp_path / "mine" / "archive.zip"
    path.parent.mkdir()
    path.write_bytes(Browser().get(path_of(sealed)).getvalue())
    return path


@pytest.fixture
def unpacked(archive: Path) -> Path:
    with zipfile.ZipFile(archive) as read:
        read.extractall(archive.parent / "out")
    return archive.parent / "out"


def run(where: Path, *arguments: str, key: str | None = None) -> tuple[int, str]:
    """The exit code and what it prints, of the program that came with the archive."""
    program = where / "verify.py" if where.is_dir() else where.parent / "verify.py"
    if where.is_file():
        program.write_bytes(zipfile.ZipFile(where).read("verify.py"))
        arguments = (*arguments, str(where))
    key = signing.fingerprint() if key is None else key
    named = ["--key", key] if key else []
    ran = subprocess.run(
        [sys.executable, "-I", str(program), *named, *arguments], capture_output=True, text=True, cwd="/"
    )
    assert ran.stderr == ""
    return ran.returncode, ran.stdout


def test_what_was_sealed_passes_zipped_and_unpacked(archive: Path, unpacked: Path) -> None:
    for where in (archive, unpacked):
        code, said = run(where)
        assert code == 0 and said.endswith("OK\n"), said
        assert "5 files are as they were sealed" in said
    code, said = run(unpacked, key=":".join(signing.fingerprint().upper()[at : at + 2] for at in range(0, 64, 2)))
    assert code == 0, "as people read it out to each other"


def test_the_zip_itself_may_lie_beside_its_files_and_no_other(archive: Path, unpacked: Path) -> None:
    shutil.copy(archive, unpacked / "download.zip")
    assert run(unpacked)[0] == 0
    with zipfile.ZipFile(unpacked / "download.zip", "w") as other:
        other.writestr("manifest.json", "{}")
    assert run(unpacked)[0] == 1


def first(files: Path) -> Path:
    return sorted(files.glob("*.wav"))[0]


def one_byte(files: Path) -> str:
    changed = bytearray(first(files).read_bytes())
    changed[100] ^= 1
    first(files).write_bytes(changed)
    return "CHANGED"


def shorter(files: Path) -> str:
    first(files).write_bytes(first(files).read_bytes()[:-1])
    return "CHANGED"


def missing(files: Path) -> str:
    first(files).unlink()
    return "MISSING"


def more(files: Path) -> str:
    (files / "sub").mkdir()
    (files / "sub" / "another.wav").write_bytes(b"sound")
    return "EXTRA"


def other_names(files: Path) -> str:
    """The manifest says that another file is the recording."""
    manifest = files / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b".wav", b".mp3"))
    return "manifest.json is not what was signed"


def without_manifest(files: Path) -> str:
    (files / "manifest.json").unlink()
    return "manifest.json is not there"


def without_signature(files: Path) -> str:
    (files / "manifest.sig").unlink()
    return "manifest.sig is not there"


def broken_signature(files: Path) -> str:
    signature = orjson.loads((files / "manifest.sig").read_bytes())
    told = bytes.fromhex(signature["signature"])
    signature["signature"] = (bytes([told[0] ^ 1]) + told[1:]).hex()
    (files / "manifest.sig").write_bytes(orjson.dumps(signature))
    return "the signature is not that of the key"


def no_signature(files: Path) -> str:
    (files / "manifest.sig").write_text("[]")
    return "manifest.sig cannot be read"


def sign_anew(files: Path) -> str:
    """Somebody else's recording, and all of it signed with a key of theirs."""
    one_byte(files)
    text = (files / "manifest.json").read_bytes()
    told = orjson.loads(text)["records"][0]["sha256"].encode()
    text = text.replace(told, verify.digest_of(verify.Folder(files), first(files).name)[0].encode())
    (files / "manifest.json").write_bytes(text)
    key, digest = Ed25519PrivateKey.generate(), verify.digest_of(verify.Folder(files), "manifest.json")[0]
    told = {"sha256": digest, "signature": key.sign((verify.SIGNED + digest).encode()).hex()}
    told["public_key"] = key.public_key().public_bytes_raw().hex()
    (files / "manifest.sig").write_bytes(orjson.dumps(told))
    return "signed with another key"


@pytest.mark.parametrize(
    "change",
    [
        *(one_byte, shorter, missing, more, other_names, without_manifest, without_signature, broken_signature),
        *(no_signature, sign_anew),
    ],
)
def test_what_was_changed_fails(unpacked: Path, change: Callable[[Path], str]) -> None:
    sentence = change(unpacked)
    code, said = run(unpacked)
    assert code == 1 and sentence in said and "FAILED" in said, said


def test_a_zip_that_was_signed_anew_passes_only_where_nobody_asks_by_whom(unpacked: Path) -> None:
    sign_anew(unpacked)
    code, said = run(unpacked, "--any-key", key="")
    assert code == 0 and "WHO sealed it was not checked" in said


def test_without_the_fingerprint_it_refuses(unpacked: Path) -> None:
    for key in ("", "abc"):
        code, said = run(unpacked, key=key)
        assert code == 1 and "--key is needed" in said


def test_what_is_no_archive_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no zip")
    for path in (tmp_path / "a.zip", tmp_path / "nothing.zip", tmp_path):
        lines, well = verify.verify(str(path), "0" * 64)
        assert not well and lines[-1].startswith("FAILED")


def test_a_zip_with_a_file_twice_fails(archive: Path) -> None:
    with zipfile.ZipFile(archive) as read, pytest.warns(UserWarning, match="Duplicate"):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as written:
            for info in [*read.infolist(), read.infolist()[0]]:
                written.writestr(info, read.read(info))
    archive.write_bytes(made.getvalue())
    code, said = run(archive)
    assert code == 1 and "TWICE" in said


def test_it_is_python_3_8() -> None:
    ast.parse(Path(verify.__file__).read_text(), feature_version=(3, 8))


# ---------------------------------------------------------------- its Ed25519

# RFC 8032, 7.1, TEST 1-3: public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize("vector", VECTORS, ids=["1", "2", "3"])
def test_the_signatures_of_the_paper_are_good_and_no_others(vector: tuple[str, str, str]) -> None:
    key, message, signature = map(bytes.fromhex, vector)
    assert verify.signed_by(key, message, signature)
    assert not verify.signed_by(key, message + b"x", signature)
    s = int.from_bytes(signature[32:], "little") + verify.L
    assert not verify.signed_by(key, message, signature[:32] + s.to_bytes(32, "little")), "another form of the same"
    assert not verify.signed_by(b"\xff" * 32, message, signature)
    assert not verify.signed_by(key, message, signature[:63])


@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 511))
def test_it_agrees_with_another_implementation(message: bytes, bit: int) -> None:
    secret = Ed25519PrivateKey.generate()
    key, signature = secret.public_key().public_bytes_raw(), secret.sign(message)
    assert verify.signed_by(key, message, signature)
    wrong = bytearray(signature)
    wrong[bit // 8] ^= 1 << bit % 8
    assert not verify.signed_by(key, message, bytes(wrong))
