"""The business processes that ship with the product, one package each; importing this registers their handlers."""

from processes.disposal import PACKAGE as DISPOSAL
from processes.offer_approval import PACKAGE as OFFER_APPROVAL

PACKAGES = (OFFER_APPROVAL, DISPOSAL)
