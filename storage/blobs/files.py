"""Small named files in an S3 bucket, such as signed checkpoints; those that are final can be locked against removal."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.error import S3Error
from minio.retention import Retention

from core.clock import Clock
from storage.blobs.s3 import Bucket, client, requesting

LARGEST = 1 << 20  # bytes; what is larger is none of ours
_UNLOCKED = {"InvalidRequest", "ObjectLockConfigurationNotFoundError", "NotImplemented", "InvalidBucketState"}


class BucketFiles:
    """Files by their names. With `lock_days`, final files get an object lock if the bucket offers one.

    `is_locking` tells after the first of them whether it did. A lock is the server's promise: whoever owns the
    server, or reaches its disks, can break it.
    """

    def __init__(self, bucket: Bucket, clock: Clock, *, lock_days: int = 0, prefix: str = "") -> None:
        self._bucket, self._clock, self._prefix = bucket, clock, prefix
        self._lock = timedelta(days=lock_days)
        self._client: Minio = client(bucket, retries=0)
        self.is_locking: bool | None = None

    @property
    def place(self) -> str:
        """Which bucket, and where."""
        return f"bucket {self._bucket.name} at {self._bucket.endpoint}"

    def write(self, name: str, content: bytes, *, is_final: bool = False) -> None:
        """Keep a file. Raises `Unavailable`, `StorageFull`."""
        with requesting(self._bucket):
            next(iter(self._client.list_objects(self._bucket.name, prefix=self._prefix)), None)  # S3 may make buckets
            if is_final and self._lock and self.is_locking is not False:
                self.is_locking = self._written_locked(name, content)
                if self.is_locking:
                    return
            self._put(name, content)

    def read(self, name: str) -> bytes | None:
        """Its content, None where there is no such file. Raises `Unavailable`."""
        with requesting(self._bucket):
            try:
                response = self._client.get_object(self._bucket.name, self._prefix + name)
            except S3Error as error:
                if error.code == "NoSuchKey":
                    return None
                raise
            try:
                return response.read(LARGEST)
            finally:
                response.close()
                response.release_conn()

    def names(self, prefix: str) -> Iterator[str]:
        """The files whose names begin so, in order. Raises `Unavailable`."""
        with requesting(self._bucket):
            found = self._client.list_objects(self._bucket.name, prefix=self._prefix + prefix, recursive=True)
            yield from sorted((each.object_name or "").removeprefix(self._prefix) for each in found)

    def _written_locked(self, name: str, content: bytes) -> bool:
        try:
            self._put(name, content, retention=Retention(COMPLIANCE, self._clock.now() + self._lock))
        except S3Error as error:
            if error.code in _UNLOCKED:
                return False
            raise
        return True

    def _put(self, name: str, content: bytes, **options: Any) -> None:
        self._client.put_object(self._bucket.name, self._prefix + name, io.BytesIO(content), len(content), **options)
