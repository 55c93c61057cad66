"""Media in an S3 bucket. Loaded only where the settings name one: boto3 is heavy."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.utils.deconstruct import deconstructible
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

from portal.media.storage import Reader, SizeDiffers, StorageOut

PART_BYTES = 8 * 1024**2
_MISSING = {"404", "NoSuchKey", "NotFound"}


@deconstructible(path="portal.media.object_store.ObjectStore")
class ObjectStore(S3Storage):
    """Objects in one S3 bucket, by streamed multipart upload. Credentials from the usual AWS_* variables.

    One client of a process for all threads (boto3 clients are thread-safe, its resources are not). Parts are sent by
    the calling thread, so an upload holds one part (8 MB) in memory and the body is read where the request is.

    Whatever goes wrong is an OSError, as in a directory: FileNotFoundError, else StorageOut.
    """

    def __init__(self, **options: Any) -> None:
        given = {name: value for name, value in options.items() if value is not None}
        style = given.get("addressing_style", "auto")
        defaults = {
            "default_acl": None,
            "file_overwrite": True,
            "querystring_auth": False,
            "client_config": Config(
                s3={"addressing_style": style},
                signature_version="s3v4",
                connect_timeout=5,
                read_timeout=60,
                retries={"mode": "standard", "max_attempts": 4},
                max_pool_connections=64,
                # Servers other than Amazon's do not all know the trailing checksums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
            "transfer_config": TransferConfig(
                multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, use_threads=False
            ),
        }
        super().__init__(**(defaults | given))
        self._client: Any = None
        self._client_pid = 0
        self._client_lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state.pop("_client_lock", None)
        return state | {"_client": None, "_client_pid": 0}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._client_lock = threading.Lock()

    @property
    def client(self) -> Any:
        """The S3 client of this process."""
        with self._client_lock:
            if self._client is None or self._client_pid != os.getpid():
                session = boto3.session.Session(self.access_key, self.secret_key, self.security_token)
                region = self.region_name or session.region_name or "us-east-1"
                self._client = session.client(
                    "s3",
                    region_name=region,
                    endpoint_url=self.endpoint_url,
                    verify=self.verify,
                    config=self.client_config,
                )
                self._client_pid = os.getpid()
            return self._client

    def object_key(self, name: str) -> str:
        return self._normalize_name(clean_name(name))

    def _save(self, name: str, content: Any) -> str:
        parameters = self._get_write_parameters(self.object_key(name), content)
        stream = _Unclosed(content)
        with _asked_for(name):
            self.client.upload_fileobj(
                stream, self.bucket_name, self.object_key(name), ExtraArgs=parameters, Config=self.transfer_config
            )
        return clean_name(name)

    def delete(self, name: str) -> None:
        with _asked_for(name):
            self.client.delete_object(Bucket=self.bucket_name, Key=self.object_key(name))

    def exists(self, name: str) -> bool:
        try:
            self._head(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        return int(self._head(name)["ContentLength"])

    def open_range(self, name: str, start: int, length: int, size: int) -> Reader:
        """A reader of `length` bytes from `start`. FileNotFoundError; SizeDiffers where it has not `size` bytes."""
        asked = {} if length == size or not length else {"Range": f"bytes={start}-{start + length - 1}"}
        with _asked_for(name):
            found = self.client.get_object(Bucket=self.bucket_name, Key=self.object_key(name), **asked)
        whole = found["ContentRange"].rpartition("/")[2] if asked else found["ContentLength"]
        if int(whole) != size:
            found["Body"].close()
            raise SizeDiffers(name)
        return _Body(found["Body"], name)

    def ask(self) -> None:
        with _asked_for(self.bucket_name):
            self.client.head_bucket(Bucket=self.bucket_name)

    def many(self) -> ObjectStore:
        """It keeps nothing open from one object to the next."""
        return self

    def close(self) -> None:
        pass

    # ------------------------------------------------------------ whoever fetches it is sent here

    def signed_address(self, name: str, seconds: int, /, *, method: str, disposition: str, content_type: str) -> str:
        """An address that is good for so many seconds, and for this method alone."""
        told = {"ResponseContentType": content_type, "ResponseContentDisposition": disposition}
        asked = {"Bucket": self.bucket_name, "Key": self.object_key(name)} | told
        with _asked_for(name):
            return str(self.client.generate_presigned_url(f"{method.lower()}_object", asked, seconds))

    # ------------------------------------------------------------ one object, part by part

    def begin_parts(self, name: str, content_type: str) -> str:
        """The name of an upload, the only one of this object. Parts are numbered from 1."""
        key = self.object_key(name)
        with _asked_for(name):
            others = self.client.list_multipart_uploads(Bucket=self.bucket_name, Prefix=key).get("Uploads", [])
            for other in others:
                self.abort_parts(name, other["UploadId"])
            begun = self.client.create_multipart_upload(Bucket=self.bucket_name, Key=key, ContentType=content_type)
        return str(begun["UploadId"])

    def put_part(self, name: str, upload: str, number: int, body: bytes) -> str:
        """The part's ETag. The same number again replaces it."""
        where = {"Bucket": self.bucket_name, "Key": self.object_key(name), "UploadId": upload}
        with _asked_for(name):
            return str(self.client.upload_part(**where, PartNumber=number, Body=body)["ETag"])

    def finish_parts(self, name: str, upload: str, etags: Sequence[str]) -> None:
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
        where = {"Bucket": self.bucket_name, "Key": self.object_key(name), "UploadId": upload}
        with _asked_for(name):
            self.client.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})

    def abort_parts(self, name: str, upload: str) -> None:
        """No error where there is no such upload."""
        where = {"Bucket": self.bucket_name, "Key": self.object_key(name), "UploadId": upload}
        with _asked_for(name), contextlib.suppress(self.client.exceptions.NoSuchUpload):
            self.client.abort_multipart_upload(**where)

    @contextlib.contextmanager
    def local_copy(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="callvault-") as folder:
            path = Path(folder) / "media"
            with _asked_for(name):
                self.client.download_file(
                    self.bucket_name, self.object_key(name), str(path), Config=self.transfer_config
                )
            yield path

    def _head(self, name: str) -> dict[str, Any]:
        with _asked_for(name):
            return self.client.head_object(Bucket=self.bucket_name, Key=self.object_key(name))


class _Unclosed:
    """What upload_fileobj may have of a stream: to read it. It must neither seek nor close it."""

    def __init__(self, content: Any) -> None:
        self.read = content.read


class _Body:
    """An object on its way."""

    def __init__(self, body: Any, name: str) -> None:
        self._body, self._name = body, name
        self.close = body.close

    def read(self, size: int = -1, /) -> bytes:
        with _asked_for(self._name):
            return bytes(self._body.read(None if size < 0 else size))


@contextlib.contextmanager
def _asked_for(name: str) -> Generator[None]:
    """What the server answers about `name`, or does not: FileNotFoundError, SizeDiffers, StorageOut."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _MISSING:
            raise FileNotFoundError(2, "No such object", name) from error
        raise (SizeDiffers(name) if code == "InvalidRange" else StorageOut(str(error))) from error
    except (BotoCoreError, Boto3Error) as error:
        raise StorageOut(str(error)) from error
