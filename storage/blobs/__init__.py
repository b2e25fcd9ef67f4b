"""Blobs: content under the SHA-256 of its bytes, on local disk, in S3 or in memory."""

from storage.blobs.store import BlobMissing, BlobRef, BlobStore

__all__ = ["BlobMissing", "BlobRef", "BlobStore"]
