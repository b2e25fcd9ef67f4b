"""The list of after-sales steps: which activities follow an order, when, and who gets them."""

from collections.abc import Collection
from dataclasses import asdict, replace

from sqlalchemy import func, select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.access import require_settings
from crm.activities import words as known
from crm.after_sales.errors import StepNotFound
from crm.after_sales.events import StepWritten
from crm.after_sales.models import AfterSalesStepRow
from crm.checks import Findings, checked_version
from crm.dictionaries import ADMINISTER, check_codes
from crm.models import ProductRow
from storage.unit_of_work import Reading, UnitOfWork

BEGINS = ("won", "delivered")
UNITS = ("days", "months")
LONGEST = {"days": 3650, "months": 120}
GOES_TO = ("seller", "keeper")  # whoever sold it, or whoever looks after the customer
LONGEST_NOTE = 4000  # characters
MOST = 100  # steps
CATEGORIES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`delay` is counted in days or months from the day on which the order was won or delivered.

    `category` keeps the step to orders with a product of it. Where there is no seller the keeper gets it, and the
    other way round.
    """

    name: str
    begins: str
    delay: int
    unit: str
    method: str
    type: str | None = None
    priority: str = "medium"
    category: str | None = None
    goes_to: str = "keeper"
    note: str | None = None
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownStep(Step):
    """A step as it stands in the list."""

    id: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteStep(Command):
    """Add a step at the end of the list, or change the one of that id; what it has planned stays as it is."""

    step: Step
    step_id: str | None = None
    expected_version: int | None = None


@handles(WriteStep, needs=ADMINISTER)
def write_step(command: WriteStep, unit: UnitOfWork) -> str:
    """Keep a step and return its id. Raises `WrongFields`, `StepNotFound`, `ChangedMeanwhile`."""
    step = _checked(unit, command.step)
    row = unit.session.get(AfterSalesStepRow, command.step_id) if command.step_id else None
    if command.step_id and row is None:
        raise StepNotFound(command.step_id)
    if row is None:
        last = unit.session.scalar(select(func.max(AfterSalesStepRow.position))) or 0
        row = AfterSalesStepRow(id=new_id(), position=last + 1)
        unit.session.add(row)
    else:
        checked_version(f"The step {row.name}", expected=command.expected_version, current=row.row_version)
    for name, value in asdict(step).items():
        setattr(row, name, value)
    unit.emit(StepWritten(step_id=row.id, values=asdict(step)))
    return row.id


def steps(view: Reading) -> list[KnownStep]:
    """The list, those that are switched off too."""
    require_settings(view)
    return known_steps(view)


def known_steps(view: Reading | UnitOfWork) -> list[KnownStep]:
    """The same for whoever carries it out."""
    ordered = select(AfterSalesStepRow).order_by(AfterSalesStepRow.position, AfterSalesStepRow.id).limit(MOST)
    names: Collection[str] = Step.__dataclass_fields__
    return [
        KnownStep(**{name: getattr(row, name) for name in names}, id=row.id, version=row.row_version)
        for row in view.session.scalars(ordered)
    ]


def categories(view: Reading) -> list[str]:
    """The categories that products have."""
    require_settings(view)
    wanted = select(ProductRow.category).where(ProductRow.category.is_not(None)).distinct()
    return [each for each in view.session.scalars(wanted.order_by(ProductRow.category).limit(CATEGORIES)) if each]


def _checked(unit: UnitOfWork, step: Step) -> Step:
    findings = Findings()
    normal = replace(
        step,
        name=findings.text("/name", step.name, "The name"),
        begins=findings.choice("/begins", step.begins, "What it is counted from", BEGINS),
        unit=findings.choice("/unit", step.unit, "The unit", UNITS),
        priority=findings.choice("/priority", step.priority, "The priority", known.PRIORITIES),
        goes_to=findings.choice("/goes_to", step.goes_to, "Who gets it", GOES_TO),
        category=findings.optional("/category", step.category, "The category of products", longest=200),
        note=findings.optional("/note", step.note, "The note", longest=LONGEST_NOTE),
    )
    most = LONGEST.get(step.unit, 0)
    if most and not 0 <= step.delay <= most:
        findings.add("/delay", f"It is a whole number of {step.unit} from 0 to {most}.")
    codes = {"/method": (known.METHOD, step.method), "/type": (known.TYPE, step.type)}
    check_codes(unit, findings, {place: (key, code) for place, (key, code) in codes.items() if code is not None})
    findings.refuse()
    return normal
