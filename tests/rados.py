"""A real S3 server: Debian's radosgw on a cluster of one monitor and one store in memory, on loopback, as any user."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal.media.storage import MediaStore
from tests.stores import use_bucket

PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "ceph-authtool", "monmaptool")
SECONDS = 60.0
CONF = """
[global]
fsid = {fsid}
mon host = {mon}
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = {folder}/keyring
run dir = {folder}
admin socket = {folder}/$name.asok
pid file = {folder}/$name.pid
log file = {folder}/$name.log
mon data = {folder}/mon
osd data = {folder}/osd
rgw data = {folder}/rgw
mon allow pool size one = true
paxos propose interval = 0.02
paxos min wait = 0.01
osd objectstore = memstore
memstore device bytes = 1073741824
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
ms bind ipv6 = false
public addr = 127.0.0.1
rgw frontends = beast endpoint=127.0.0.1:{port}
"""
KEYS = {
    "mon.": ("mon", "allow *"),
    "client.admin": ("mon", "allow *", "osd", "allow *"),
    "osd.0": ("mon", "allow profile osd", "osd", "allow *"),
    "client.rgw": ("mon", "allow rw", "osd", "allow rwx"),
}


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Rados:
    """Its daemons end with `stop`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.daemons: list[subprocess.Popen[bytes]] = []
        v2, v1, self.port = free_ports(3)
        self.mon, self.fsid = f"[v2:127.0.0.1:{v2},v1:127.0.0.1:{v1}]", str(uuid.uuid4())
        (folder / "ceph.conf").write_text(
            CONF.format(folder=folder, fsid=self.fsid, mon=self.mon, port=self.port).lstrip()
        )

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *command: str) -> str:
        environment = os.environ | {"CEPH_CONF": str(self.folder / "ceph.conf")}
        ran = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=SECONDS)
        assert ran.returncode == 0, f"{command}: {ran.stderr}"
        return ran.stdout

    def daemon(self, *command: str) -> None:
        environment = os.environ | {"CEPH_CONF": str(self.folder / "ceph.conf")}
        log = (self.folder / f"{command[0]}.out").open("wb")
        self.daemons.append(subprocess.Popen([*command, "-f"], stdout=log, stderr=log, env=environment))

    def start(self) -> None:
        keyring = str(self.folder / "keyring")
        for number, (name, caps) in enumerate(KEYS.items()):
            pairs = [word for at in range(0, len(caps), 2) for word in ("--cap", *caps[at : at + 2])]
            create = ["--create-keyring"] if number == 0 else []
            self.run("ceph-authtool", *create, keyring, "--gen-key", "-n", name, *pairs)
        for name in ("mon", "osd", "rgw"):
            (self.folder / name).mkdir()
        monmap, disk = str(self.folder / "monmap"), str(uuid.uuid4())
        self.run("monmaptool", "--create", "--fsid", self.fsid, "--addv", "a", self.mon, monmap)
        self.run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)
        self.daemon("ceph-mon", "-i", "a")
        self.run("ceph", "osd", "new", disk)
        self.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", disk)
        self.daemon("ceph-osd", "-i", "0")
        self.daemon("radosgw", "-n", "client.rgw")
        made = ("user", "create", "--uid", "test", "--display-name", "test")
        user = json.loads(self.run("radosgw-admin", *made, "--access-key", "test", "--secret-key", "test-secret"))
        assert user["user_id"] == "test"
        self.wait()

    def wait(self) -> None:
        until = time.monotonic() + SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < until, "radosgw does not answer"
                time.sleep(0.1)

    def stop(self) -> None:
        for daemon in reversed(self.daemons):
            daemon.kill()  # nothing of it is to be kept
            daemon.wait()


@pytest.fixture(scope="session")
def rados() -> Iterator[Rados]:
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    if lacking:
        pytest.skip(f"no real S3 server here: {', '.join(lacking)} of Debian's radosgw, ceph-mon and ceph-osd lack")
    with tempfile.TemporaryDirectory(prefix="rados-") as folder:  # a socket's path must be short
        server = Rados(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture
def real_bucket(rados: Rados, settings: Any) -> MediaStore:
    """The settings name a fresh bucket of it."""
    return use_bucket(settings, rados.endpoint, "test", "test-secret")
