"""Which rights a role brings; tasks are offered to the same roles."""

import re
from collections.abc import Iterable

from core.errors import InvalidInput

READ = frozenset({"customer.read"})
EMPLOYEE = READ | {"case.start", "task.work", "document.file", "record.link"}
FINANCE = frozenset({"customer.finance"})  # see limits, terms, accounts and debts of customers
PRIVATE = frozenset({"contact.private"})  # see what people at customers told of themselves
LISTS = frozenset({"crm.administer"})  # value lists and fields of the firm's own
BLOCKING = frozenset({"customer.block"})  # have nothing new offered or sold to a customer
MERGING = frozenset({"customer.merge"})  # make one customer of two
CALLS = frozenset({"call.work"})  # take calls of the queue
MESSAGES = frozenset({"outbox.send", "document.share"})  # what leaves the firm: messages, links to documents
SALES = EMPLOYEE | FINANCE | PRIVATE | CALLS | MESSAGES | {"customer.edit", "offer.edit", "activity.edit"}
OVERSIGHT = frozenset({"case.read_all", "document.read_all"})
STATES = frozenset({"document.state"})  # say by hand that a document is approved, signed or void
SEALING = frozenset({"document.seal"})  # in the organisation's name
TEMPLATES = frozenset({"template.edit"})  # put templates of letters into force
TYPES = frozenset({"document.administer"})  # define types of documents, break another's lock
DRAWING = frozenset({"definition.draft", "definition.deploy"})  # draw processes, and put them into force
SORTING = frozenset({"document.sort"})  # see and file what comes in by itself
ERP = frozenset({"erp.exchange"})  # see and mend what goes to the ERP and comes back
INVOICES = frozenset({"invoice.edit"})  # issue invoices and credit notes
MONEY = frozenset({"payment.edit"})  # book payments, settle, write off, dispute
OUTBOX = MESSAGES | {"outbox.administer"}  # see all that leaves, have it tried again, print
REPORTS = frozenset({"report.read_all"})  # figures of all cases, not only of one's own
RECORDS = frozenset({"records.read", "records.hold", "records.dispose", "records.administer"})  # holds bind them too
MASS = frozenset({"export.mass"})  # take out files with more rows than everybody may
# give people all that is held about them, let nothing tell any more who they were
SUBJECTS = frozenset({"person.access", "person.erase", "breach.keep"})
CONFIGURATION = LISTS | TYPES | TEMPLATES | DRAWING  # how the firm works, not what it works on
OPERATION = frozenset({"case.administer", "external.work", "message.publish"})  # sees cases, mends and ends them
EMERGENCY = OVERSIGHT | READ | FINANCE | PRIVATE  # what emergency access opens, to look at and not to change

ROLE_PERMISSIONS: dict[str, frozenset[str]] = {
    "sales_rep": SALES,
    "call_agent": EMPLOYEE | PRIVATE | MESSAGES | CALLS | {"customer.edit", "activity.edit"},
    "order_desk": EMPLOYEE | FINANCE | MESSAGES | {"offer.edit", "activity.edit"},
    "registrar": EMPLOYEE | SORTING | OUTBOX,
    "sales_manager": SALES | REPORTS | OUTBOX | MERGING | BLOCKING | STATES | TEMPLATES | SORTING | INVOICES,
    "sales_director": SALES
    | REPORTS
    | LISTS
    | MERGING
    | BLOCKING
    | STATES
    | SEALING
    | TEMPLATES
    | INVOICES
    | ERP
    | MASS,
    "finance_director": EMPLOYEE
    | REPORTS
    | FINANCE
    | BLOCKING
    | MESSAGES
    | STATES
    | SEALING
    | INVOICES
    | MONEY
    | ERP
    | MASS,
    "credit_controller": EMPLOYEE
    | FINANCE
    | BLOCKING
    | MESSAGES
    | CALLS
    | {"customer.edit", "activity.edit"}
    | INVOICES
    | MONEY,
    "legal": EMPLOYEE | FINANCE | MESSAGES | STATES | {"records.read", "records.hold"},
    "technical_reviewer": EMPLOYEE,
    "service_desk": EMPLOYEE | PRIVATE | MESSAGES | {"customer.edit", "offer.edit", "activity.edit"},
    "complaints_officer": EMPLOYEE | MESSAGES | {"activity.edit"},
    "technician": EMPLOYEE | {"activity.edit"},
    "parts_store": EMPLOYEE,
    "logistics": EMPLOYEE | MESSAGES,
    "service_manager": EMPLOYEE | MESSAGES | {"customer.edit", "offer.edit", "activity.edit"},
    "records_manager": EMPLOYEE | OVERSIGHT | RECORDS | SUBJECTS,
    "board": EMPLOYEE | REPORTS | FINANCE | OVERSIGHT | STATES | SEALING | MASS | {"records.read"},
    "process_designer": EMPLOYEE | REPORTS | TYPES | TEMPLATES | DRAWING,
    "auditor": READ | REPORTS | FINANCE | OVERSIGHT | {"audit.read", "records.read"},
    "erp": ERP,
    "website": frozenset({"visit.record"}),
    "worker": frozenset({"external.work", "message.publish"}),
    "operator": OPERATION,
    "admin": CONFIGURATION | {"account.administer", "emergency.open", "webhook.administer"},
}
PROGRAMS = frozenset({"erp", "website", "worker"})  # roles of no people
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """The rights of somebody with these roles; a group that only a diagram knows brings an employee's rights."""
    return frozenset().union(*(ROLE_PERMISSIONS.get(role, EMPLOYEE) for role in roles))


def checked(roles: Iterable[str]) -> frozenset[str]:
    """The roles, when each can be one. Raises `InvalidInput`."""
    chosen = frozenset(roles)
    for role in sorted(chosen):
        if not NAME.fullmatch(role):
            raise InvalidInput(
                f"{role!r} cannot be a role: use small letters, digits and underscores, such as sales_rep.",
                fields={"/roles": "small letters, digits and underscores only"},
            )
    return chosen
