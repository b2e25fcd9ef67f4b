"""The composition root: settings become a database, a blob store, a queue, units of work and an executor."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from core.clock import Clock, SystemClock
from core.errors import Unavailable
from core.executor import Executor
from core.settings import Settings, SettingsError
from documents.content.readers import PageReaders, Readers
from documents.hosting import Host
from engine.feel.calendar import Calendar, is_country, use_calendar
from engine.sizes import use_limit
from storage.blobs.parts import PartFolder
from storage.blobs.staging import Staging
from storage.blobs.store import BlobStore
from storage.engine import Database
from storage.faults import translated
from storage.jobs.queue import JobQueue, ProcrastinateQueue
from storage.ownership import DataFolder
from storage.unit_of_work import UnitFactory
from webapp.accounts.sealing import Sealing
from webapp.webhooks.signing import WebhookSealing

DOORS = (  # importing these registers their commands, handlers and tables
    "engine.definitions",
    "engine.instances",
    "engine.tasks",
    "engine.timers",
    "engine.incidents",
    "engine.deferred",
    "engine.messages",
    "engine.signals",
    "engine.external",
    "engine.retention",
    "engine.removals",
    "engine.operations",
    "engine.migration.batches",
    "engine.delegation",
    "engine.studio.files",
    "engine.studio.projects",
    "engine.studio.reviews",
    "documents.filing",
    "documents.reading",
    "documents.document_types",
    "documents.metadata",
    "documents.locks",
    "documents.states",
    "documents.intake_uploads",
    "documents.intake_arrivals",
    "documents.intake_imports",
    "documents.intake_sorting",
    "documents.mail.recording",
    "documents.search.models",
    "documents.signatures.sealing",
    "documents.signatures.verifying",
    "documents.templates.models",
    "documents.restoring",
    "documents.shipped_types",
    "documents.sharing.groups",
    "documents.sharing.links",
    "documents.comparing",
    "documents.folders",
    "documents.content.queries",
    "documents.content.texts",
    "documents.content.pages",
    "documents.content.previews",
    "documents.content.ocr",
    "documents.records.changes",
    "documents.records.destroying",
    "documents.records.disposals",
    "documents.records.holds",
    "documents.records.recomputing",
    "documents.records.rules",
    "documents.packages.assembling",
    "documents.packages.stamping",
    "documents.orders.making",
    "documents.templates.registering",
    "documents.templates.letters",
    "documents.templates.merging",
    "documents.templates.mailing",
    "documents.templates.lists",
    "documents.templates.labelling",
    "audit.models",
    "audit.erasing",
    "audit.evidence",
    "audit.giving",
    "audit.reads.counting",
    "audit.reads.exports",
    "audit.reads.looking",
    "audit.keys",
    "audit.log",
    "audit.publishing",
    "audit.refusals",
    "crm.classes",
    "crm.enquiries",
    "crm.segments.defining",
    "crm.calls.queueing",
    "crm.calls.leasing",
    "crm.pricing.lists",
    "crm.devices.registering",
    "crm.devices.contracts",
    "crm.customers",
    "crm.blocking",
    "crm.opening",
    "crm.products",
    "crm.offers",
    "crm.approvals",
    "crm.orders",
    "crm.contacts",
    "crm.notes",
    "crm.privacy.consents",
    "crm.privacy.access",
    "crm.privacy.breaches",
    "crm.quality",
    "crm.duplicates",
    "crm.merging",
    "crm.customer_search",
    "crm.dictionaries",
    "crm.custom_fields",
    "crm.satisfaction",
    "crm.imports.batches",
    "crm.imports.working",
    "crm.imports.undoing",
    "crm.imports.exporting",
    "crm.campaigns.running",
    "crm.mailings.sending",
    "crm.mass_edits.changing",
    "crm.mass_edits.working",
    "crm.mass_edits.undoing",
    "crm.payments.allocating",
    "crm.payments.importing",
    "crm.activities.registering",
    "crm.activities.settling",
    "crm.planning.resources",
    "crm.links.linking",
    "crm.links.types",
    "crm.planning.feeds",
    "crm.planning.notifications",
    "crm.planning.reminding",
    "crm.planning.filters",
    "crm.planning.rules",
    "crm.visits.recording",
    "crm.date_reminders.rules",
    "crm.payments.receivables",
    "crm.sales.accepting",
    "crm.after_sales.steps",
    "crm.after_sales.planning",
    "crm.sales.crediting",
    "crm.sales.delivering",
    "crm.sales.importing",
    "crm.sales.issuing",
    "crm.sales.settling",
    "crm.erp.queueing",
    "crm.erp.masters",
    "crm.erp.supply",
    "crm.erp.sending",
    "crm.erp.arriving",
    "crm.erp.files",
    "crm.outbox.queueing",
    "crm.outbox.sending",
    "crm.outbox.handling",
    "crm.outbox.texts",
    "crm.outbox.offers",
    "crm.outbox.answer_pages",
    "crm.outbox.batches",
    "webapp.outbox.printing",
    "webapp.outbox.delivery",
    "webapp.erp.delivery",
    "processes",
    "webapp.customer_cases",
    "webapp.document_reminders",
    "webapp.date_reminders",
    "webapp.person_file.making",
    "webapp.operations",
    "webapp.accounts.people",
    "webapp.accounts.emergency",
    "webapp.accounts.substitutions",
    "webapp.accounts.scopes",
    "webapp.accounts.tokens",
    "webapp.accounts.logins",
    "webapp.accounts.second_factor",
    "webapp.webhooks.subscribing",
    "webapp.webhooks.delivering",
    "webapp.webhooks.jobs",
    "webapp.inbox.digest",
    "webapp.inbox.drafts",
    "webapp.inbox.filters",
)


@dataclass(slots=True)
class Application:
    """Everything one process works with; made once by `build`, given back by `close`."""

    settings: Settings
    database: Database
    units: UnitFactory
    executor: Executor
    blobs: BlobStore
    staging: Staging
    parts: PartFolder
    jobs: JobQueue
    clock: Clock
    folder: DataFolder
    secret_key: str = field(repr=False)

    def close(self) -> None:
        """Give the database back; the last process that uses an embedded server stops it."""
        for readers in (Readers, PageReaders):
            self.units.ports[readers].close()
        self.database.close()
        self.folder.leave()


def load_contexts() -> None:
    """Import every module that registers commands, handlers or tables."""
    for name in DOORS:
        importlib.import_module(name)


def build(settings: Settings, *, clock: Clock | None = None, owner: bool = False) -> Application:
    """Wire one process; `owner` asks for the data folder alone.

    Raises `Unavailable` and `StorageFull` when folder, database or blob store cannot be used.
    """
    _use_calendar(settings)
    _check_modules(settings)
    use_limit(settings.max_variables)
    folder = DataFolder(settings.data)
    if owner:
        folder.own()
    with ThreadPoolExecutor(max_workers=1) as starter:  # the database comes up while modules load
        opening = starter.submit(Database.open, settings)
        from crm.confining import confine
        from webapp import policies, records_policy, secret  # late: policies import every context

        load_contexts()
        database = opening.result()
    try:
        clock = clock or SystemClock()
        blobs = open_blobs(settings)
        staging = Staging(database.engine, clock=clock, grace=timedelta(seconds=settings.blob_grace))
        jobs = ProcrastinateQueue()
        units = UnitFactory(
            database.engine,
            queue=jobs,
            clock=clock,
            recorders=policies.recorders(),
            ports=policies.ports(blobs, staging, settings),
            confine=confine,
        )
        executor = Executor(units)
        units.ports |= records_policy.ports_of_executor(executor)
        key = settings.secret_key or secret.read_or_make(settings.data / "secret.key")
        units.ports |= policies.ports_of_outbox(units, settings, key)
        units.ports[Sealing] = Sealing(key)
        units.ports[WebhookSealing] = WebhookSealing(key)
    except BaseException:
        database.close()
        folder.leave()
        raise
    parts = PartFolder(settings.data / "staging")
    application = Application(settings, database, units, executor, blobs, staging, parts, jobs, clock, folder, key)
    units.ports[Host] = application  # for slow work outside transactions that ends in commands
    return application


def _check_modules(settings: Settings) -> None:
    """Raises `SettingsError` for a part that there is not."""
    from webapp.modules import checked  # late: it knows every context

    checked(settings)


def _use_calendar(settings: Settings) -> None:
    """Raises `SettingsError` for a country whose holidays nobody knows: due dates would fail one by one."""
    if settings.country != Settings().country and not is_country(settings.country):
        sentence = "it must be a country with known public holidays, such as PL or DE (ISO 3166, two letters)"
        raise SettingsError(f"OBIEG_COUNTRY is {settings.country!r}; {sentence}.")
    opens, closes = settings.business_hours
    use_calendar(Calendar(settings.country, settings.time_zone, opens, closes))


@contextmanager
def opened(settings: Settings, *, migrated: bool = False) -> Iterator[Application]:
    """An application for one command of the command line. Raises `Unavailable` when the schema is another release's.

    An embedded database always belongs to this release, so it is brought up to date at once.
    """
    application = build(settings)
    try:
        bring_up_to_date(application, allowed=migrated or application.database.embedded is not None)
        yield application
    finally:
        application.close()


def bring_up_to_date(application: Application, *, allowed: bool) -> None:
    """Migrate when the schema is older than this release. Raises `Unavailable` when that is not allowed here."""
    from storage import schema

    with translated():
        found = schema.current(application.database.engine)
        if found == schema.newest():
            return
        if not allowed:
            raise Unavailable(
                f"The database is at {found or 'no revision'}, this release needs {schema.newest()}. Run: obieg migrate"
            )
        schema.migrate(application.database.engine)


def open_blobs(settings: Settings) -> BlobStore:
    """The blob store that the settings name; S3's library is loaded for S3 alone."""
    if settings.blobs == "s3":
        from storage.blobs.s3 import Bucket, S3BlobStore

        return S3BlobStore(Bucket.of(settings), spool=settings.data / "spool")
    from storage.blobs.local import LocalBlobStore

    return LocalBlobStore(settings.data / "blobs")
