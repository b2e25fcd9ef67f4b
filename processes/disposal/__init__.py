"""Destroys documents whose retention is over: what is due is listed, two people agree, a certificate is filed."""

from processes.disposal import handlers, stand_ins  # importing registers the service tasks
from processes.disposal.package import PACKAGE

__all__ = ["PACKAGE", "handlers", "stand_ins"]
