"""Model review: somebody else reads what a designer drew, and puts it into force."""

from processes.model_review import handlers, news, stand_ins  # importing registers the service tasks and the job
from processes.model_review.package import PACKAGE

__all__ = ["PACKAGE", "handlers", "news", "stand_ins"]
