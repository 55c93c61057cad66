"""The two kinds of stores: a directory, and a bucket on an S3 server in this process."""

from __future__ import annotations

import logging
import secrets
import socket
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from portal.media.storage import MediaStore, store


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def use_bucket(settings: Any, endpoint: str, access: str, secret: str) -> MediaStore:
    """The settings name a fresh bucket of this server."""
    name = f"media-{secrets.token_hex(4)}"
    keys = {"aws_access_key_id": access, "aws_secret_access_key": secret, "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=endpoint, **keys).create_bucket(Bucket=name)
    options = {"bucket_name": name, "location": "calls", "endpoint_url": endpoint, "addressing_style": "path"}
    backend = {
        "BACKEND": "portal.media.object_store.ObjectStore",
        "OPTIONS": options | {"access_key": access, "secret_key": secret, "region_name": None},
    }
    settings.STORAGES = settings.STORAGES | {"default": backend}
    return store()


def lose_store(settings: Any) -> MediaStore:
    """The settings name a bucket at an address where no server is."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    options = {"bucket_name": "media", "endpoint_url": address, "access_key": "test", "secret_key": "test"}
    at_once = {"client_config": Config(retries={"total_max_attempts": 1})}
    backend = {"BACKEND": "portal.media.object_store.ObjectStore", "OPTIONS": options | at_once}
    settings.STORAGES = settings.STORAGES | {"default": backend}
    return store()


@pytest.fixture
def bucket(s3_server: str, settings: Any) -> MediaStore:
    """The settings name a fresh bucket."""
    return use_bucket(settings, s3_server, "test", "test")


@pytest.fixture(params=["files", "s3"])
def any_store(request: pytest.FixtureRequest) -> MediaStore:
    """Each of the two stores; files live in the test's own directory (`ordinary_settings`)."""
    return request.getfixturevalue("bucket") if request.param == "s3" else store()
