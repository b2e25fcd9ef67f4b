"""Takes away what uploads left behind: those whose time is over, and pieces that belong to none."""

from __future__ import annotations

from datetime import timedelta

from core.identity import SYSTEM
from crm.visits.recording import BATCH as VISITS
from crm.visits.recording import ForgetVisits
from documents import intake_uploads
from documents.intake_uploads import ForgetUploads
from webapp.bootstrap import Application

LEFT_ALONE = timedelta(hours=1)  # how long pieces that belong to nothing may be those of a request just beginning
BATCH = 500


def sweep_visits(here: Application) -> None:
    """Forget visits of the web site that nobody is known to have made."""
    while here.executor.execute(ForgetVisits(), actor=SYSTEM) >= VISITS:
        pass


def sweep_uploads(here: Application) -> int:
    """Forget uploads whose time is over, and the pieces that belong to none; returns how many pieces went."""
    here.executor.execute(ForgetUploads(), actor=SYSTEM)
    names = list(here.parts.leftovers(here.clock.now() - LEFT_ALONE))
    count = 0
    for first in range(0, len(names), BATCH):
        batch = names[first : first + BATCH]
        with here.units.reading(SYSTEM) as reading:
            wanted = intake_uploads.unfinished(reading, batch)
        for name in batch:
            if name not in wanted:
                here.parts.remove(name)
                count += 1
    return count
