"""An archive of 2,000 recordings of 512 KB over HTTP from file storage, beside nginx with the same zip ready; and
100,000 recordings sealed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from django.core.files.storage import default_storage
from django.db import connection

from archives import working
from archives.links import token_of
from archives.models import Archive, ArchiveMark, ArchiveMember
from benchmarks.serving import Server, Watch, served, wait_for
from benchmarks.table import Options, Row, Target
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.clients.lookups import named
from portal.clients.models import Client
from records.models import MediaFile, Record

FILES, SIZE, MANY, SMALL, ROUNDS = 2000, 512 * 1024, 100_000, 300, 5
MB = 1024**2


def run(options: Options) -> list[Row]:
    client = named(options.largest)
    assert client is not None, "the load data is not there"
    with recordings(client, 0, FILES, SIZE) as delivered, recordings(client, FILES, MANY, SMALL) as many:
        seconds, members = sealed(many)
        with archive(delivered) as ready:
            rows = delivery(client, ready, options.scratch)
    return [
        *rows,
        Row(
            f"{members:,} recordings sealed",
            "s",
            seconds,
            target=Target(at_most=20),
            note="chosen, named, frozen, each looked for in storage, manifests written and signed",
        ),
    ]


def delivery(client: Client, ready: Archive, scratch: Path) -> list[Row]:
    with scope(client.pk):
        path = f"/archive/{token_of(ready, client)}"
    ours, limit, ordinary, firsts, ends, growths = [], [], [], [], [], []
    with served() as portal:
        fetched(portal, "/healthz")
        forget_pages(ready)
        cold = fetched(portal, path, most=1).first_byte
        whole = scratch / "archive.zip"
        save(portal, path, whole)
    with served() as portal, served("benchmarks.ordinary:application") as other, nginx(whole) as best:
        fetched(portal, path, last=MB)
        for _ in range(ROUNDS):
            growth = Watch(portal.pid)
            ours.append(fetched(portal, path))
            growths.append(growth.stop())
            ordinary.append(fetched(other, f"/archive/{ready.pk}"))
            if best is not None:
                limit.append(fetched(best, "/archive.zip"))
            firsts += [fetched(portal, path, most=1).first_byte for _ in quietly(20)]
            ends += [fetched(portal, path, last=MB).seconds for _ in quietly(20)]
    size = (ready.size or 0) / MB
    work = f"archive of {FILES:,} files of {SIZE // 1024} KB"
    return [
        Row(
            f"{work} over HTTP",
            "MB/s",
            size / median(one.seconds for one in ours),
            limit=size / median(one.seconds for one in limit) if limit else None,
            ordinary=size / median(one.seconds for one in ordinary),
            target=Target(of_limit=0.8 if limit else None, of_ordinary=3),
            note="limit: nginx, sendfile of the same zip; ordinary: zipfile to a temporary file, then sent",
        ),
        Row(
            f"{work}: first byte, cold",
            "ms",
            cold * 1000,
            target=Target(at_most=50),
            note="the first archive that a server is asked for, no recording in the page cache",
        ),
        Row(
            f"{work}: first byte, warm",
            "ms",
            median(firsts) * 1000,
            ordinary=median(one.first_byte for one in ordinary) * 1000,
            target=Target(at_most=5),
        ),
        Row(f"{work}: its last MB by Range", "ms", median(ends) * 1000, target=Target(at_most=20)),
        Row(
            f"{work}: growth of memory",
            "MB",
            max(growths),
            target=Target(at_most=8),
            note="resident memory of the serving process, largest of the rounds",
        ),
    ]


# ---------------------------------------------------------------- recordings with audio, for the run


class Stretch(NamedTuple):
    """Recordings of a client in the order of time: between these two, both included."""

    client: Client
    first: Record
    last: Record


@contextlib.contextmanager
def recordings(client: Client, skip: int, count: int, size: int) -> Iterator[Stretch]:
    """So many recordings behind the first `skip` get a file of `size` bytes each, and lose it again."""
    with scope(client.pk):
        rows = Record.objects.visible_to(whole_client(client.pk)).available().order_by("init_time", "id")
        first, last = rows[skip], rows[skip + min(count, rows.count() - skip) - 1]
    stretch = Stretch(client, first, last)
    sound = os.urandom(size)
    with scope(client.pk), connection.cursor() as cursor:
        cursor.execute(_FILES, [size, sha256(sound).digest(), zlib.crc32(sound), client.pk, *span(stretch)])
        keys = [key for (key,) in cursor.fetchall()]
    try:
        put(keys, sound)
        yield stretch
    finally:
        with scope(client.pk):
            MediaFile.objects.filter(client_id=client.pk, key__in=keys).delete()
        for key in keys:
            Path(default_storage.path(key)).unlink(missing_ok=True)


def put(keys: list[str], sound: bytes) -> None:
    """Not through the store: it would wait for the disk after each of 100,000."""
    root = Path(default_storage.path(""))
    for folder in {key.rpartition("/")[0] for key in keys}:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for key in keys:
        (root / key).write_bytes(sound)


def span(stretch: Stretch) -> list[Any]:
    return [stretch.first.init_time, stretch.first.pk, stretch.last.init_time, stretch.last.pk]


@contextlib.contextmanager
def archive(of: Stretch) -> Iterator[Archive]:
    """An archive of them that is ready, and is gone afterwards."""
    with scope(of.client.pk):
        made = Archive.objects.create(
            client=of.client,
            starts_at=of.first.init_time,
            ends_at=of.last.init_time,
            after_time=of.first.init_time,
            after_id=of.first.pk - 1,
            upto_time=of.last.init_time,
            upto_id=of.last.pk,
            asked_by="benchmark",
        )
    try:
        working.work(made.client_id, made.pk)
        with scope(of.client.pk):
            made.refresh_from_db()
        if made.state != "ready" or made.missing:
            raise RuntimeError(f"{made.state} with {made.missing} missing: {made.error}")
        yield made
    finally:
        with scope(of.client.pk):
            own = ArchiveMember.objects.filter(client_id=made.client_id, archive_id=made.pk)
            for key in own.filter(record__isnull=True).values_list("key", flat=True):
                default_storage.delete(str(key))
            own.delete()
            ArchiveMark.objects.filter(client_id=made.client_id, archive_id=made.pk).delete()
            Archive.objects.filter(client_id=made.client_id, id=made.pk).delete()


def sealed(of: Stretch) -> tuple[float, int]:
    """Seconds until an archive of them is ready, the best of two; and how many they are."""
    taken = []
    for _ in range(2):
        began = time.perf_counter()
        with archive(of) as made:
            taken.append(time.perf_counter() - began)
    return min(taken), made.files


def forget_pages(archive: Archive) -> None:
    """Nothing of the audio is in memory."""
    os.sync()
    with scope(archive.client_id):
        members = ArchiveMember.objects.filter(client_id=archive.client_id, archive_id=archive.pk)
        keys = list(members.values_list("key", flat=True))
    for key in keys:
        with Path(default_storage.path(str(key))).open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


# ---------------------------------------------------------------- over HTTP


class Taken(NamedTuple):
    seconds: float
    first_byte: float


def fetched(server: Server, path: str, *, most: int | None = None, last: int | None = None) -> Taken:
    """Read an answer to its end (`most`: only so many bytes of it; `last`: asked for by Range) and keep nothing."""
    ranged = f"Range: bytes=-{last}\r\n" if last else ""
    room = memoryview(bytearray(MB))
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        began = time.perf_counter()
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{ranged}Connection: close\r\n\r\n".encode())
        head = bytearray()
        while (end := head.find(b"\r\n\r\n")) < 0 or len(head) == end + 4:
            count = line.recv_into(room)
            if not count:
                raise RuntimeError(f"{path}: {head[:200]!r}")
            head += room[:count]
        first = time.perf_counter() - began
        if head.split(b" ", 2)[1] not in (b"200", b"206"):
            raise RuntimeError(f"{path}: {head[:200]!r}")
        named = next(line for line in head[:end].lower().split(b"\r\n") if line.startswith(b"content-length:"))
        left = int(named.partition(b":")[2]) - (len(head) - end - 4)
        while left > 0 and most is None:
            count = line.recv_into(room)
            if not count:
                raise RuntimeError(f"{path}: {left} bytes lack")
            left -= count
        return Taken(time.perf_counter() - began, first)


def quietly(times: int) -> Iterator[int]:
    """One after the other, when the server has noticed that the reader before is gone."""
    for number in range(times):
        time.sleep(0.1)
        yield number


def save(server: Server, path: str, to: Path) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as line, to.open("wb") as file:
        line.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        answer = line.makefile("rb")
        while answer.readline().strip():
            pass
        shutil.copyfileobj(answer, file, MB)


@contextlib.contextmanager
def nginx(file: Path) -> Iterator[Server | None]:
    """One process that sends a file as it is; None where there is no nginx."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        yield None
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = file.parent
    user = "user root;" if os.geteuid() == 0 else ""
    (place / "nginx.conf").write_text(_NGINX.format(place=place, port=port, user=user))
    process = subprocess.Popen([program, "-e", "stderr", "-p", str(place), "-c", str(place / "nginx.conf")])
    try:
        wait_for(port, process)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(20)


_NGINX = """
{user}
daemon off;
worker_processes 1;
error_log stderr;
pid {place}/nginx.pid;
events {{ }}
http {{
    access_log off;
    sendfile on;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    server {{ listen 127.0.0.1:{port}; root {place}; }}
}}
"""
_FILES = """
insert into records_mediafile
    (client_id, record_id, position, key, content_type, size, sha256, crc32, playable, playable_tries, created_at)
select r.client_id, r.id, 0,
       r.client_id || to_char(r.init_time at time zone 'UTC', '/YYYY/MM/DD/') || md5(r.id::text) || '.wav',
       'audio/wav', %s, %s, %s, 'as_is', 0, now()
  from records_record r
 where r.client_id = %s and r.state = 'available' and (r.init_time, r.id) >= (%s, %s)
   and (r.init_time, r.id) <= (%s, %s) and not exists
    (select from records_mediafile m where m.client_id = r.client_id and m.record_id = r.id)
returning key
"""
