"""Repairs a device, under warranty or not: receive, diagnose, ask for consent, repair, test, hand back."""

from processes.service_repair import (
    closing,
    intake,
    notices,
    quotes,
    stand_ins,
    telling,
    verdicts,
    work,
)  # importing registers what they define
from processes.service_repair.package import PACKAGE

__all__ = ["PACKAGE", "closing", "intake", "notices", "quotes", "stand_ins", "telling", "verdicts", "work"]
