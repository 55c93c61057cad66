"""Is this archive what the portal sealed, all of it and nothing else? Needs Python 3.8 or newer, and nothing else.

    python verify.py --key FINGERPRINT [ARCHIVE.zip | FOLDER]

FINGERPRINT is that of the portal's key: 64 hexadecimal digits, from the mail with the link or from the portal's page of
archives. It must not come out of the archive: whoever makes another archive signs it with another key. Without a zip or
a folder, the folder is taken that this file is in. Exit code 0: everything is as it was sealed; 1: it is not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import zipfile
from pathlib import Path

FORMAT = "callvault-archive/1"
SIGNED = "callvault archive manifest\n"
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
BLOCK = 1 << 20


class Wrong(Exception):
    """What is wrong, in a sentence."""


# ---------------------------------------------------------------- Ed25519 (RFC 8032, 5.1)

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def x_of(y, sign):
    """The x of a point with this y, or None: there is none."""
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * ROOT % P
    if (x * x - xx) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def point(data):
    """Coordinates (X, Y, Z, T) of an encoded point, or None."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    x = x_of(y, sign) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number, p):
    found = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = add(found, p)
        p, number = add(p, p), number >> 1
    return found


def same(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 == (p[1] * q[2] - q[1] * p[2]) % P


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (x_of(BASE_Y, 0), BASE_Y, 1, x_of(BASE_Y, 0) * BASE_Y % P)


def signed_by(key, message, signature):
    """Whether the owner of the public key (32 bytes) made the signature (64 bytes) of the message."""
    if len(key) != 32 or len(signature) != 64:
        return False
    owner, r, s = point(key), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if owner is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    return same(times(s, BASE), add(r, times(h, owner)))


# ---------------------------------------------------------------- the files


class Zipped:
    """The files of a zip."""

    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)
        self.names = [info.filename for info in self.zip.infolist()]

    def open(self, name):
        return self.zip.open(name)


class Folder:
    """The files of a folder and of those in it. The zip that they came out of may lie beside them."""

    def __init__(self, path):
        self.path = Path(path)
        found = (file.relative_to(path).as_posix() for file in self.path.rglob("*") if not file.is_dir())
        self.names = [name for name in found if not self.is_their_zip(name)]

    def open(self, name):
        return (self.path / name).open("rb")

    def is_their_zip(self, name):
        try:
            zipped = Zipped(self.path / name) if name.endswith(".zip") else None
            return zipped is not None and digest_of(zipped, MANIFEST) == digest_of(self, MANIFEST)
        except (OSError, KeyError, zipfile.BadZipFile):
            return False


def digest_of(files, name):
    """SHA-256 in hexadecimal, and how many bytes."""
    digest, size = hashlib.sha256(), 0
    with files.open(name) as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size


def read(files, name):
    if name not in files.names:
        raise Wrong(f"{name} is not there: this is no archive, or not all of it")
    with files.open(name) as file:
        return file.read()


# ---------------------------------------------------------------- what is checked


def signature_of(files, key):
    """The SHA-256 of the manifest that was signed with the key of this fingerprint (None: with any key)."""
    try:
        told = json.loads(read(files, SIGNATURE))
        public, signature, digest = bytes.fromhex(told["public_key"]), bytes.fromhex(told["signature"]), told["sha256"]
    except (ValueError, KeyError, TypeError):
        raise Wrong(f"{SIGNATURE} cannot be read") from None
    fingerprint = hashlib.sha256(public).hexdigest()
    if key is not None and fingerprint != key:
        raise Wrong(f"it was signed with another key, whose fingerprint is {fingerprint}")
    if not isinstance(digest, str) or not signed_by(public, (SIGNED + digest).encode(), signature):
        raise Wrong("the signature is not that of the key")
    return digest


def wanted(files, digest):
    """name -> (SHA-256, size) of every file that the manifest names, and how many are missing since it was sealed."""
    text = read(files, MANIFEST)
    if hashlib.sha256(text).hexdigest() != digest:
        raise Wrong(f"{MANIFEST} is not what was signed: it was changed")
    named, missing = {}, [0]

    def kept(told):
        """Of a record only what is checked is kept: there may be a million of them."""
        if "file" not in told:
            return told
        if told["file"] is None:
            missing[0] += 1
        else:
            named[told["file"]] = (told["sha256"], told["size"])
        return None

    manifest = json.loads(text, object_hook=kept)
    if manifest.get("format") != FORMAT:
        raise Wrong(f"{MANIFEST} is of a form that this program does not know: {manifest.get('format')}")
    return named, missing[0]


def faults(files, named):
    """A sentence for each file that is not as it was sealed."""
    for name in sorted(set(files.names) - set(named) - {MANIFEST, SIGNATURE}):
        yield f"EXTRA    {name}: it was not in the archive"
    seen = set()
    for name in files.names:
        if name in seen:
            yield f"TWICE    {name}: two files have this name"
        seen.add(name)
    for name, (digest, size) in named.items():
        if name not in seen:
            yield f"MISSING  {name}: it was in the archive and is not here"
            continue
        try:
            found, length = digest_of(files, name)
        except (OSError, zipfile.BadZipFile) as error:
            yield f"CHANGED  {name}: it cannot be read: {error}"
            continue
        if length != size:
            yield f"CHANGED  {name}: {length} bytes instead of {size}"
        elif found != digest:
            yield f"CHANGED  {name}: its SHA-256 is {found} instead of {digest}"


def verify(path, key):
    """Lines to print, and whether all is well."""
    try:
        files = Folder(path) if Path(path).is_dir() else Zipped(path)
        named, missing = wanted(files, signature_of(files, key))
        found = list(faults(files, named))
    except (Wrong, OSError, ValueError, zipfile.BadZipFile) as error:
        return [f"FAILED: {error}."], False
    if found:
        return [*found, f"FAILED: {len(found)} of {len(named)} files are not as they were sealed."], False
    lines = [f"{len(named)} files are as they were sealed; none is missing, none came to them."]
    if missing:
        lines.append(f"When it was sealed {missing} recordings could not be had: see MISSING.txt.")
    if key is None:
        lines.append("WHO sealed it was not checked: whoever changes an archive can sign it anew. Use --key.")
    return [*lines, "OK"], True


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", nargs="?", default=str(Path(__file__).resolve().parent), help=argparse.SUPPRESS)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--key", metavar="FINGERPRINT", help="of the key that must have signed it")
    which.add_argument("--any-key", action="store_true", help="check the files, but not who signed them")
    asked = parser.parse_args(arguments)
    key = None if asked.key is None else asked.key.replace(":", "").replace(" ", "").lower()
    if not asked.any_key and (key is None or len(key) != 64):
        print("FAILED: --key is needed, with the 64 digits of the key's fingerprint (from the mail or the portal).")
        print("With --any-key the files are checked, but not who signed them.")
        return 1
    lines, well = verify(asked.path, key)
    print("\n".join(lines))
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
