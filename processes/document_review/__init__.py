"""Has several people review a document at the same time, until a day."""

from processes.document_review.package import PACKAGE

__all__ = ["PACKAGE"]
