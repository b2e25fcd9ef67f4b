"""What crosses contexts outside the diagrams: adapters for their ports, and who records what happens."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select, union_all

from audit.erasing import PersonalDataErased, Subjects
from audit.keys import KeyFile
from audit.places import Publishers
from audit.queries import TrailRights
from audit.reads.looking import forget_remarks
from audit.recorder import record
from core.messages import Event
from core.settings import Settings
from crm.access import is_record_reached, may_read
from crm.activities.models import ActivityRow
from crm.activities.ports import CaseStages
from crm.activities.privacy import visible_activities
from crm.campaigns.models import CampaignRow
from crm.customer_file.entries import FileSources
from crm.devices.models import DeviceRow, ServiceContractRow
from crm.erasing import NamingDocuments, forget_contact, messages_to
from crm.erp.queueing import note_orders
from crm.erp.systems import Erp
from crm.imports.undoing import RecordUse
from crm.links.ends import LinkedRecords
from crm.models import ContactRow, CustomerRow, OfferRow, OrderRow, ProductRow
from crm.outbox.channels import Channels
from crm.outbox.ports import Holds, Papers, Tokens
from crm.payments.models import PaymentRow
from crm.planning.ports import ReminderMail, WorkingDays
from crm.sales.access import may_see_finance
from crm.sales.models import InvoiceRow
from crm.visits.ports import VisitTokens
from documents.access import DOCUMENT, LinkRights, Target
from documents.content.readers import PageReaders, Readers
from documents.content.waiting import note_versions
from documents.document_types import unknown_types
from documents.events import DocumentFiled, DocumentLinked
from documents.fields import FieldForms
from documents.intake_arrivals import INBOX
from documents.intake_sorting import SORT
from documents.links import pin
from documents.mail.correlation import MailDirectory
from documents.orders.making import Customers
from documents.packages.sources import visible_ids
from documents.packages.stamping import Decisions
from documents.queries import DocumentVersion, attached
from documents.search.ports import SearchRights, SearchSource, SearchSources
from documents.sharing.groups import GROUP, Groups
from documents.sharing.links import Passwords
from documents.states import VOID
from documents.templates.sources import MergeFields
from engine import store
from engine.access import visible_instances
from engine.events import TaskCompleted
from engine.models import InstanceRow, TaskHistoryRow, WorkItemRow
from engine.ports import AttachedDocument, DocumentTypes, TaskDocuments
from processes.call_tasks import note_calls
from processes.dunning.holds import DunningHolds
from processes.dunning.news import note_changes
from processes.helpdesk.erasing import forget_tickets, tickets_of
from processes.helpdesk.ports import TicketLinks
from processes.model_review.news import note_withdrawals
from processes.offer_approval.news import note_offers
from processes.sales_cycle.news import note_answers
from processes.service_repair.news import note_quotes
from storage.blobs.staging import Staging
from storage.blobs.store import BlobStore
from storage.orm import among
from storage.unit_of_work import Reading, Recorder, UnitFactory, UnitOfWork
from webapp import customer_file, records_policy
from webapp.accounts.passwords import KeptPasswords
from webapp.accounts.people import account_ids, forget
from webapp.accounts.queries import FirmGroups, OrderingAccounts
from webapp.activity_rules import ask_for_rules
from webapp.after_sales import note_sales
from webapp.case_stages import LinkedStages
from webapp.checkpoints import publishers
from webapp.decisions import TaskDecisions
from webapp.document_fields import FormJs
from webapp.erasing import PapersOfPeople
from webapp.erp.http import HttpErp
from webapp.inbox.drafts import forget_drafts, forget_person
from webapp.inbox.telling import forget_teller, tell_of_tasks
from webapp.linked_records import RecordTitles
from webapp.mail_directory import Directory
from webapp.mail_jobs import open_mails
from webapp.merge_fields import CrmMergeFields
from webapp.modules import refuse_deployed
from webapp.operations.case_files import StoredCaseFiles
from webapp.operations.crm_records import CrmRecords
from webapp.operations.mailing import CaseFiles, MailServer, Outgoing
from webapp.operations.network import Web, WebClient
from webapp.operations.records import Records
from webapp.operations.secrets import SecretFolder, Secrets
from webapp.operations.smtp import SmtpServer
from webapp.outbox.channels import channels
from webapp.outbox.papers import FiledPapers
from webapp.outbox.post import OutboxPost
from webapp.outbox.tokens import SignedTokens, SignedVisitors
from webapp.planning import Office, ReminderMails
from webapp.record_use import UsedRecords
from webapp.records_policy import note_retention
from webapp.searching.changes import index_changes
from webapp.searching.labels import ACTIVITY, FINANCIAL, Labels
from webapp.searching.records import ContactSource, InvoiceSource, OrderSource, PaymentSource, ProductSource
from webapp.searching.sources import CaseSource, CustomerSource, OfferSource
from webapp.tickets import TicketTokens, take_mails
from webapp.webhooks.receivers import Receivers

TASK = "task"
CASE = "case"
TEMPLATE = "template"
SOURCES: tuple[SearchSource, ...] = (
    *(CaseSource(), CustomerSource(), ContactSource(), ProductSource(), OfferSource(), OrderSource()),
    *(InvoiceSource(), PaymentSource()),
)
ENTITIES: dict[str, type[Any]] = {
    "crm.customer": CustomerRow,
    "crm.contact": ContactRow,
    "crm.offer": OfferRow,
    "crm.order": OrderRow,
    "crm.product": ProductRow,
    "crm.invoice": InvoiceRow,
    "crm.payment": PaymentRow,
    "crm.activity": ActivityRow,
    "crm.device": DeviceRow,
    "crm.service_contract": ServiceContractRow,
    "crm.campaign": CampaignRow,
}


def recorders() -> Sequence[Recorder]:
    """Who hears of events inside the transaction."""
    return (
        forget_people,
        pin_documents,
        note_documents,
        note_versions,
        open_mails,
        take_mails,
        ask_for_rules,
        note_sales,
        index_changes,
        note_changes,
        note_calls,
        note_orders,
        note_answers,
        note_quotes,
        note_offers,
        note_withdrawals,
        forget_drafts,
        tell_of_tasks,
        refuse_deployed,
        record,
        note_retention,
    )


def forget_people(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Whoever is erased from the trail loses name, address of mail and addresses of log-ins elsewhere, too."""
    for event in tuple(events):  # what is forgotten is told, too
        if not isinstance(event, PersonalDataErased):
            continue
        if event.subject.startswith("account:"):
            account = event.subject.removeprefix("account:")
            forget_teller(unit, account)
            forget(unit, account)
            forget_person(unit, account)
            forget_remarks(unit, account)
        elif event.subject.startswith("contact:"):
            forget_tickets(unit, event.subject)
            if erased := forget_contact(unit, event.subject):
                unit.emit(erased)


def note_documents(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """A case that got a document knows it, so that its tasks ask for documents when they are completed."""
    cases = {event.case for event in events if isinstance(event, DocumentFiled | DocumentLinked) and event.case}
    if cases:
        store.note_documents(unit, cases)


def pin_documents(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """A completed task keeps the document versions that it was completed with, whatever is filed later."""
    for event in events:
        if isinstance(event, TaskCompleted) and event.documents:
            used = {document["document_id"]: document["version"] for document in event.documents}
            pin(unit, Target(TASK, event.task_id), used)


def ports(blobs: BlobStore, staging: Staging, settings: Settings) -> Mapping[type, Any]:
    """The adapter of each port that contexts ask for through `unit.port`."""
    return {
        BlobStore: blobs,
        Staging: staging,
        Settings: settings,
        LinkRights: Rights(),
        LinkedRecords: RecordTitles(),
        MailDirectory: Directory(),
        FieldForms: FormJs(),
        Customers: OrderingAccounts(),
        Groups: FirmGroups(),
        Passwords: KeptPasswords(),
        Readers: Readers(),
        PageReaders: PageReaders(),
        TrailRights: TrailReaders(),
        SearchRights: Labels(ENTITIES),
        SearchSources: SearchSources({each.kind: each for each in SOURCES}),
        Subjects: AccountSubjects(),
        NamingDocuments: PapersOfPeople(),
        KeyFile: KeyFile(settings.log_key or settings.data / "log.key", settings.log_name),
        Publishers: publishers(settings),
        TaskDocuments: Attachments(),
        DocumentTypes: DefinedTypes(),
        **records_policy.ports(),
        MailServer: SmtpServer(settings),
        CaseFiles: StoredCaseFiles(),
        Outgoing: OutboxPost(),
        Papers: FiledPapers(),
        Holds: DunningHolds(),
        Web: WebClient(settings.http_hosts, largest=settings.http_max_answer),
        Records: CrmRecords(),
        Secrets: SecretFolder(settings.secrets),
        MergeFields: CrmMergeFields(settings),
        FileSources: customer_file.sources(),
        Decisions: TaskDecisions(),
        WorkingDays: Office(),
        CaseStages: LinkedStages(),
        RecordUse: UsedRecords(),
        ReminderMail: ReminderMails(),
        Erp: HttpErp(settings),
        Receivers: Receivers(settings),
    }


def ports_of_outbox(units: UnitFactory, settings: Settings, secret_key: str) -> Mapping[type, Any]:
    """The adapters by which messages leave; the mail server is whatever the port says at that time."""
    return {
        Channels: channels(settings, lambda: units.ports[MailServer]),
        Tokens: SignedTokens(secret_key, settings.public_url),
        VisitTokens: SignedVisitors(secret_key),
        TicketLinks: TicketTokens(secret_key, settings.public_url),
    }


class Rights:
    """Tells documents who may see the tasks, cases and records that they are linked to."""

    def visible(self, reading: Reading, targets: Collection[Target]) -> Collection[Target]:
        """Those that exist and that the actor may see; a case's people see its tasks."""
        cases = self.cases(reading, targets)
        seen = _visible_cases(reading, cases.values())
        records = _visible_records(reading, targets)
        return {
            target
            for target in targets
            if cases.get(target) in seen
            or target in records
            or (target.kind == INBOX and reading.actor.may(SORT))
            or (target.kind == GROUP and target.id in reading.actor.roles)
            or (target.kind == TEMPLATE and reading.actor.may("document.file"))  # whoever writes letters
        }

    def cases(self, reading: Reading, targets: Collection[Target]) -> dict[Target, str]:
        """The instance of each task and case."""
        found = {target: target.id for target in targets if target.kind == CASE}
        ids = {target.id for target in targets if target.kind == TASK}
        if ids:
            rows = union_all(
                *(select(row.id, row.instance_id).where(row.id.in_(ids)) for row in (WorkItemRow, TaskHistoryRow))
            )
            found |= {Target(TASK, task): instance for task, instance in reading.session.execute(rows)}
        return found


class AccountSubjects:
    """Tells the trail that an account is named by log-in name and id, a person by messages to them and tickets."""

    def same(self, reading: Reading, subject: str) -> Collection[str]:
        """The account's id, or the messages and tickets."""
        kind, _, name = subject.partition(":")
        if kind == "contact":
            tickets = [f"ticket:{each}" for each in tickets_of(reading, name)]
            return [*(f"message:{each}" for each in messages_to(reading, name)), *tickets]
        return [f"account:{found}" for found in account_ids(reading, name)] if kind == "account" else []


class TrailReaders:
    """Tells the trail who may see a case or a document."""

    def may_see_case(self, reading: Reading, case_id: str) -> bool:
        """Whether the actor may see the instance."""
        return bool(_visible_cases(reading, [case_id]))

    def may_see_stream(self, reading: Reading, stream: str) -> bool:
        """Whether it is a document's, and the actor may see that one."""
        kind, _, document_id = stream.partition(":")
        return kind == DOCUMENT and bool(visible_ids(reading, [document_id]))


def _visible_cases(reading: Reading, instances: Collection[str]) -> set[str]:
    if not instances:
        return set()
    wanted = select(InstanceRow.id).where(among(InstanceRow.id, instances), visible_instances(reading.actor))
    return set(reading.session.scalars(wanted))


def _visible_records(reading: Reading, targets: Collection[Target]) -> set[Target]:
    found = set()
    for kind, row in ENTITIES.items():
        ids = {target.id for target in targets if target.kind == kind}
        if not ids or not (may_see_finance if kind in FINANCIAL else may_read)(reading.actor):
            continue
        known = select(row.id).where(among(row.id, ids), is_record_reached(reading, kind, row.id))
        if kind == ACTIVITY:
            known = known.where(visible_activities(reading))
        found |= {Target(kind, each) for each in reading.session.scalars(known)}
    return found


class DefinedTypes:
    """Tells the engine which types of documents nobody has defined."""

    def unknown(self, reading: Reading, keys: Collection[str]) -> Collection[str]:
        """Those of the keys that name no type; none as long as no type is defined at all."""
        return unknown_types(reading, keys)


class Attachments:
    """Tells the engine which documents a task has: its own, and those of its case; what is void is none."""

    def attached(self, reading: Reading, task_id: str, instance_id: str) -> list[AttachedDocument]:
        """Each at the version that its link means; without asking for rights, which the engine has checked."""
        targets = [Target(TASK, task_id), Target(CASE, instance_id)]
        found = attached(reading, targets)
        versions: dict[str, DocumentVersion] = {}
        for each in (*found[targets[0]], *found[targets[1]]):
            versions.setdefault(each.document_id, each)
        return [
            AttachedDocument(
                document_id=version.document_id,
                version=version.n,
                type=version.type,
                title=version.title,
                digest=version.digest,
            )
            for version in versions.values()
            if version.state != VOID
        ]
