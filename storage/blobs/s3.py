"""Blobs in an S3 bucket: any server that speaks the protocol, through the `minio` SDK."""

import hashlib
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, S3Error, ServerError
from urllib3.exceptions import HTTPError, MaxRetryError, SSLError

from core.errors import DomainError, StorageFull, Unavailable
from core.records import dataclass
from core.settings import Settings, SettingsError
from storage.blobs.disk import writing
from storage.blobs.reading import reader, window
from storage.blobs.store import CHUNK, Announce, BlobMissing, BlobRef, Readable, location

IN_MEMORY = 4 << 20  # bytes of an upload that need no file
PART = 16 << 20  # bytes of one part of a large upload: what one upload holds in memory, up to 160 GB of content
TIMEOUT = urllib3.Timeout(connect=3, read=60)  # seconds
RETRIES = urllib3.Retry(total=3, connect=1, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504])
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_FULL = {"XMinioStorageFull", "QuotaExceeded", "InsufficientStorage"}
_CREDENTIALS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "InvalidToken", "Forbidden"}
_FAILED = (HTTPError, S3Error, ServerError, InvalidResponseError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Where a bucket is and who we are there; `endpoint` is `host` or `host:port`, `setting` begins its settings."""

    endpoint: str
    name: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = "us-east-1"
    secure: bool = True
    setting: str = "OBIEG_S3_"

    @classmethod
    def of(cls, settings: Settings) -> "Bucket":
        """The bucket that the `OBIEG_S3_*` settings name."""
        return cls(
            endpoint=settings.s3_endpoint,
            name=settings.s3_bucket,
            access_key=settings.s3_access_key,
            secret_key=settings.s3_secret_key,
            region=settings.s3_region,
            secure=settings.s3_secure,
        )


class S3BlobStore:
    """Keeps each blob as one object `ab/cd/<digest>`; the bucket must exist, nothing is created silently.

    An upload is first spooled into an unnamed file in `spool` (small ones in memory). The other way, a multipart
    upload under a temporary key and a server-side copy to the digest's, would save the disk, but: a copy above 5 GiB
    is a second multipart upload, every byte is written twice on the server, a killed process leaves temporary
    objects, and a slow browser keeps an upload open. Spooled, the name is known before the first request, the
    connection to the server is as fast as it can be, and a crash leaves nothing, for the file has no name.
    """

    def __init__(self, bucket: Bucket, *, spool: Path) -> None:
        self._bucket = bucket
        self._spool = spool
        self._is_known = False
        if not bucket.endpoint:
            raise SettingsError("OBIEG_S3_ENDPOINT is empty; write host or host:port.")
        if not _BUCKET_NAME.fullmatch(bucket.name):
            raise SettingsError(f"OBIEG_S3_BUCKET is {bucket.name!r}, which no bucket can be called.")
        self._client = client(bucket)

    def put(self, source: Readable, *, announce: Announce | None = None) -> BlobRef:
        """Spool, announce, then upload in parts; the object appears when its last part is there."""
        with self._spooled(source) as (blob, file):
            if announce is not None:
                announce(blob)
            if not self._is_known:  # SeaweedFS makes a bucket of any name that is written to
                self.check()
            with self._requesting():
                # one part at a time: the SDK would queue all the parts that it can read
                self._client.put_object(
                    self._bucket.name,
                    location(blob.digest),
                    file,
                    blob.size,
                    part_size=PART,
                    num_parallel_uploads=1,
                )
        return blob

    @contextmanager
    def _spooled(self, source: Readable) -> Iterator[tuple[BlobRef, BinaryIO]]:
        digest, size = hashlib.sha256(), 0
        self._spool.mkdir(parents=True, exist_ok=True)
        with tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(self._spool)) as file:
            while piece := source.read(CHUNK):
                digest.update(piece)
                size += len(piece)
                with writing(self._spool):
                    file.write(piece)
            with writing(self._spool):
                file.seek(0)
            yield BlobRef(digest.hexdigest(), size), cast("BinaryIO", file)

    def open(self, digest: str, *, offset: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        """Open for reading. Raises `BlobMissing`, `Unavailable`."""
        total = self.size(digest)
        count = window(total, offset, length)
        verify = digest if count == total else None
        if not count:  # there is no range of no bytes
            return reader(_Nothing(), 0, verify=verify, close=lambda: None)
        with self._requesting(digest):
            response = self._client.get_object(
                self._bucket.name, location(digest), offset=offset, length=0 if count == total else count
            )

        def close() -> None:
            response.close()
            response.release_conn()

        return reader(_Body(response, self._requesting), count, verify=verify, close=close)

    def size(self, digest: str) -> int:
        """Bytes of the blob. Raises `BlobMissing`."""
        with self._requesting(digest):
            found = self._client.stat_object(self._bucket.name, location(digest))
        return found.size or 0

    def delete(self, digest: str) -> None:
        """Remove the blob if it is there."""
        with self._requesting():
            self._client.remove_object(self._bucket.name, location(digest))

    def listing(self) -> Iterator[tuple[BlobRef, datetime]]:
        """Every blob and when it was stored, a thousand in memory at a time."""
        with self._requesting():
            for found in self._client.list_objects(self._bucket.name, recursive=True):
                digest = (found.object_name or "").rpartition("/")[2]
                if found.last_modified is not None and _is_ours(found.object_name, digest):
                    yield BlobRef(digest, found.size or 0), found.last_modified

    def discard_unfinished(self, before: datetime) -> int:
        """Abort the uploads in parts that a killed process left behind before this time."""
        count = 0
        with self._requesting():
            # minio 7.2.20 has no public name for either call
            found = self._client._list_multipart_uploads(self._bucket.name)  # noqa: SLF001 -- see above
            for upload in found.uploads:
                name, key = upload.object_name, upload.upload_id
                if not name or not key or not upload.initiated_time or upload.initiated_time >= before:
                    continue
                self._client._abort_multipart_upload(self._bucket.name, name, key)  # noqa: SLF001 -- see above
                count += 1
        return count

    def check(self) -> None:
        """Raise `Unavailable` with a sentence that names the setting when the bucket cannot be used."""
        with self._requesting():
            next(iter(self._client.list_objects(self._bucket.name)), None)
        self._is_known = True

    def _requesting(self, digest: str | None = None) -> AbstractContextManager[None]:
        return requesting(self._bucket, digest)


def client(bucket: Bucket, *, retries: int | None = None) -> Minio:
    """A client of the bucket's server. Raises `SettingsError` for an endpoint that is none."""
    again = RETRIES if retries is None else urllib3.Retry(total=retries)
    try:
        return Minio(
            bucket.endpoint,
            access_key=bucket.access_key,
            secret_key=bucket.secret_key,
            secure=bucket.secure,
            region=bucket.region,
            http_client=urllib3.PoolManager(timeout=TIMEOUT, maxsize=16, retries=again),
        )
    except ValueError as error:
        raise SettingsError(
            f"{bucket.setting}ENDPOINT is {bucket.endpoint!r}; write host or host:port, without http:// or path. "
            f"{error}"
        ) from error


@contextmanager
def requesting(bucket: Bucket, digest: str | None = None) -> Iterator[None]:
    """What fails inside is told in terms of the settings. Raises `Unavailable`, `StorageFull`, `BlobMissing`."""
    try:
        yield
    except _FAILED as error:
        raise _translate(bucket, error, digest) from error


def _translate(bucket: Bucket, error: Exception, digest: str | None) -> DomainError:
    """What went wrong, in terms of the setting to look at."""
    code = error.code if isinstance(error, S3Error) else None
    where, setting = f"bucket {bucket.name} at {bucket.endpoint}", bucket.setting
    if code == "NoSuchKey" and digest is not None:
        return BlobMissing(digest)
    if code == "NoSuchBucket":
        return Unavailable(f"The {where} does not exist. Create it, or correct {setting}BUCKET.")
    if code in _CREDENTIALS:
        return Unavailable(
            f"The {where} refuses our credential ({code}). Check {setting}ACCESS_KEY and {setting}SECRET_KEY, "
            "and what that key may do in the bucket."
        )
    if code in _FULL:
        return StorageFull("The blob store has no room left. Nothing was kept; tell your administrator.")
    if code is not None:
        return Unavailable(f"The {where} answers {code}: {cast('S3Error', error).message}.")
    reason = error.reason if isinstance(error, MaxRetryError) else error
    if isinstance(reason, SSLError):
        return Unavailable(
            f"The server at {bucket.endpoint} does not speak TLS as we do ({reason}). "
            f"Check {setting}SECURE and {setting}ENDPOINT."
        )
    if isinstance(error, InvalidResponseError):
        return Unavailable(
            f"{bucket.endpoint} does not answer as an S3 server. Check {setting}ENDPOINT and {setting}SECURE."
        )
    return Unavailable(f"The blob store at {bucket.endpoint} does not answer ({reason}). Check {setting}ENDPOINT.")


class _Nothing:
    def read(self, _size: int, /) -> bytes:
        return b""


@dataclass(frozen=True, slots=True)
class _Body:
    """The body of an answer; a connection that breaks on the way is `Unavailable`."""

    response: urllib3.BaseHTTPResponse
    requesting: Callable[[], AbstractContextManager[None]]

    def read(self, size: int, /) -> bytes:
        with self.requesting():
            return self.response.read(size)


def _is_ours(name: str | None, digest: str) -> bool:
    try:
        return name == location(digest)
    except BlobMissing:
        return False
