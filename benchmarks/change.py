"""A designer changes a process while a thousand cases of it run, with people at work all the time: none is lost.

Approvals of offers run; four people decide what is open. When a tenth is decided, the package is deployed again with a
lower threshold and one more step, new cases begin on that version, and half of the cases that still run are taken to it
by a plan, in the background, while the deciding goes on. At the end the books are checked: every case is approved, on
one of the two versions, by exactly the steps that its version asks for.
"""

import tempfile
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from audit.verify import check_chains
from benchmarks._telling import telling
from core.errors import DomainError, InvalidInput
from core.identity import SYSTEM, Actor
from core.settings import Settings
from crm.customers import CreateCustomer
from crm.offer_content import Line, Terms
from crm.offers import CreateOffer
from crm.profiles import Profile
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.instances import StartInstance
from engine.migration.batches import StartMigration
from engine.models import DefinitionRow, InstanceRow
from engine.tasks import CompleteTask
from processes.offer_approval import PACKAGE

CASES, QUICK = 1000, 60
KEY = "offer_approval"
PEOPLE = 4
PATIENCE = 900  # seconds without anything decided until it is told as lost
DISCOUNT, LEAST = Decimal(15), Decimal(11)  # per cent; of the second only the old threshold would ask
STEP = (
    '<bpmn:userTask id="second_look" name="Look again" camunda:candidateGroups="sales_manager">'
    "<bpmn:incoming>to_look</bpmn:incoming><bpmn:outgoing>to_lock</bpmn:outgoing></bpmn:userTask>"
    '<bpmn:sequenceFlow id="to_look" name="no" sourceRef="level_left" targetRef="second_look"/>'
)
TASKS = text("SELECT id, element_id FROM work_item ORDER BY random() LIMIT 3")
LOOKS = (
    "SELECT i.id, i.definition_id, count(t.id) AS looks FROM instance i LEFT JOIN token_log t ON t.instance_id = i.id"
    " AND t.element_id = 'second_look' GROUP BY i.id"
)
# what must be nothing when all is done
NOTHING = {
    "cases_not_approved": "SELECT count(*) FROM instance WHERE state <> 'completed' OR outcome <> 'approved'",
    "tokens_left": "SELECT count(*) FROM token_log WHERE left_at IS NULL",
    "rows_left": "SELECT (SELECT count(*) FROM work_item) + (SELECT count(*) FROM timer)"
    " + (SELECT count(*) FROM incident) + (SELECT count(*) FROM message_subscription)"
    " + (SELECT count(*) FROM service_call)",
    "migrations_left": "SELECT (SELECT count(*) FROM migration WHERE state <> 'finished')"
    " + (SELECT count(*) FROM migration_item WHERE state = 'waiting')",
    "steps_not_of_the_version": f"SELECT count(*) FROM ({LOOKS}) AS seen"  # noqa: S608 -- our own words
    " WHERE looks <> CASE WHEN definition_id = :after THEN 1 ELSE 0 END",
}


def changed() -> tuple[DeploymentFile, ...]:
    """The package with a threshold of 12 instead of 10 %, and a step before the offer is locked."""
    files = {path.name: path.read_bytes().decode() for path in PACKAGE.files()}
    files["approval_matrix.dmn"] = files["approval_matrix.dmn"].replace("(limits.discount..", "(12..")
    model = files["offer_approval.bpmn"].replace('default="to_lock"', 'default="to_look"')
    model = model.replace('sourceRef="level_left" targetRef="lock"', 'sourceRef="second_look" targetRef="lock"')
    model = model.replace("<bpmn:outgoing>to_lock</bpmn:outgoing>", "<bpmn:outgoing>to_look</bpmn:outgoing>")
    files["offer_approval.bpmn"] = model.replace('<bpmn:serviceTask id="lock"', f'{STEP}<bpmn:serviceTask id="lock"')
    return tuple(DeploymentFile(name=name, content=content.encode()) for name, content in files.items())


def run(*, quick: bool = False) -> dict[str, Any]:
    """The books of an installation of its own. Raises `RuntimeError` when nothing is decided any more."""
    from webapp.bootstrap import opened

    with tempfile.TemporaryDirectory(prefix="obieg-bench-") as folder:
        settings = Settings(data=Path(folder), log_level="CRITICAL")
        with opened(settings, migrated=True) as application:
            return measure(application, QUICK if quick else CASES)


def measure(application: Any, cases: int) -> dict[str, Any]:
    """Change the process of so many cases while they run; what came of them."""
    from storage.jobs.worker import Worker

    firm = _Firm(application)
    before = firm.deploy(tuple(DeploymentFile(name=path.name, content=path.read_bytes()) for path in PACKAGE.files()))
    with telling("cases begun") as progress:
        for place in range(cases):
            firm.begin(DISCOUNT)
            progress(place + 1, cases)
    worker = Worker(application.database.engine, application, threads=1)
    worker.start()
    began = time.monotonic()
    people = [threading.Thread(target=firm.decide_all, daemon=True) for _ in range(PEOPLE)]
    for each in people:
        each.start()
    try:
        firm.wait(lambda: firm.ended() >= cases // 10)
        after = firm.deploy(changed())
        chosen = firm.take(before, after)
        fresh = cases // 10
        for _ in range(fresh):
            firm.begin(LEAST)
        with telling("cases approved") as progress:
            firm.wait(lambda: firm.ended() >= cases + fresh, lambda done: progress(done, cases + fresh))
            firm.wait(lambda: not firm.count(NOTHING["migrations_left"]))
    finally:
        firm.is_over.set()
        for each in people:
            each.join()
        worker.stop()
    return _books(firm, {"cases": cases, "begun_on_the_new": fresh, "chosen": chosen}, after, time.monotonic() - began)


def _books(firm: "_Firm", figures: dict[str, Any], after: str, seconds: float) -> dict[str, Any]:
    wrong = {name: firm.count(query, after=after) for name, query in NOTHING.items()}
    with firm.application.units.reading(SYSTEM) as view:
        wrong["broken_chains"] = len(check_chains(view))
    on_new = firm.count("SELECT count(*) FROM instance WHERE definition_id = :after", after=after)
    items = "SELECT count(*) FROM migration_item WHERE state = :state"
    return figures | {
        "migrated": firm.count(items, state="done"),
        "ended_before_their_turn": firm.count(items, state="refused"),
        "ended_on_the_old": figures["cases"] + figures["begun_on_the_new"] - on_new,
        "ended_on_the_new": on_new,
        "decided_elsewhere": firm.conflicts,
        "seconds": round(seconds, 1),
        "wrong": wrong,
        "bars": {"wrong": 0},
        "within_bars": not any(wrong.values()),
    }


class _Firm:
    """Who makes offers, and who decides about them."""

    def __init__(self, application: Any) -> None:
        from webapp.accounts.roles import permissions_of

        self.application = application

        def person(name: str, role: str) -> Actor:
            permissions = permissions_of([role])
            return Actor(id=name.lower(), name=name, roles=frozenset([role]), permissions=permissions)

        self.seller, self.manager = person("Ewa", "sales_rep"), person("Jan", "sales_manager")
        profile = Profile(name="Żuraw", country="PL", payment_days=30)
        self.customer = self._do(CreateCustomer(profile=profile), self.seller).id
        self.is_over = threading.Event()
        self.conflicts = 0

    def _do(self, command: Any, actor: Actor) -> Any:
        return self.application.executor.execute(command, actor=actor)

    def deploy(self, files: tuple[DeploymentFile, ...]) -> str:
        """The id of the process's newest version."""
        self._do(DeployDefinitions(files=files), SYSTEM)
        newest = select(DefinitionRow.id).where(DefinitionRow.kind == "process", DefinitionRow.key == KEY)
        with self.application.units.reading(SYSTEM) as view:
            return str(view.session.scalars(newest.order_by(DefinitionRow.version.desc()).limit(1)).one())

    def begin(self, discount: Decimal) -> None:
        """An offer, and its approval."""
        line = Line(
            quantity=Decimal(1), description="Pompa", unit_price=Decimal(1000), discount=discount, vat_rate=Decimal(23)
        )
        offer = CreateOffer(customer_id=self.customer, lines=(line,), terms=Terms(payment_days=14))
        variables = {"offer_id": self._do(offer, self.seller).id, "is_prepared": True, "is_sent_elsewhere": True}
        self._do(StartInstance(definition_key=KEY, variables=variables), self.seller)

    def take(self, before: str, after: str) -> int:
        """Every second case that still runs is taken to the new version; how many."""
        running = select(InstanceRow.id).where(InstanceRow.definition_id == before, InstanceRow.ended_at.is_(None))
        while True:
            with self.application.units.reading(SYSTEM) as view:
                chosen = tuple(view.session.scalars(running.order_by(InstanceRow.id)))[::2]
            order = StartMigration(before_id=before, after_id=after, reason="a second look", instance_ids=chosen)
            try:
                self._do(order, SYSTEM)
            except InvalidInput:
                continue  # one of them ended in between
            return len(chosen)

    def decide_all(self) -> None:
        """Decide what is open, in no order, until it is over; who comes second looks for something else."""
        while not self.is_over.is_set():
            with self.application.database.engine.connect() as connection:
                found = connection.execute(TASKS).all()
            for task_id, element in found:
                data = {} if element == "second_look" else {"decision": "approve"}
                try:
                    self._do(CompleteTask(task_id=task_id, data=data), self.manager)
                except DomainError:
                    self.conflicts += 1
            if not found:
                self.is_over.wait(0.1)

    def count(self, query: str, **values: Any) -> int:
        """What a statement counts; it takes what it names of the values."""
        statement = text(query)
        known = {name: value for name, value in values.items() if f":{name}" in query}
        with self.application.database.engine.connect() as connection:
            return int(connection.execute(statement, known).scalar_one())

    def ended(self) -> int:
        """How many cases are over."""
        over = select(func.count()).select_from(InstanceRow).where(InstanceRow.ended_at.is_not(None))
        with self.application.units.reading(SYSTEM) as view:
            return view.session.scalar(over) or 0

    def wait(self, is_true: Callable[[], bool], told: Callable[[int], None] = lambda _: None) -> None:
        """Until something is true. Raises `RuntimeError` when for very long no case has ended."""
        most, last = -1, time.monotonic()
        while not is_true():
            done = self.ended()
            told(done)
            if done > most:
                most, last = done, time.monotonic()
            if time.monotonic() - last > PATIENCE:
                raise RuntimeError(f"For {PATIENCE} s no case has ended; {done} are over.")
            self.is_over.wait(0.25)
