"""Multi-instance activities, one inner instance per item; and loops, again and again while a condition is true."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from engine.bpmn.expressions import Value
from engine.bpmn.model import Flow, Loop, Repeat, Trigger
from engine.spiff.element import INSTANCE, Element, start
from engine.spiff.records import hand_on
from engine.spiff.throwing import throw

MAXIMUM_ITEMS = 100_000  # of one multi-instance activity
COUNTERS = ("nrOfInstances", "nrOfActiveInstances", "nrOfCompletedInstances", "nrOfTerminatedInstances")


class MultiInstance(Element):
    """The activity around its instances (BPMN 2.0.2, 13.3.7).

    An instance's variables are its own: the element variable, `loopCounter` (from 1) and whatever is set inside; the
    process gets the output collection, one value per finished instance in the order of the items.
    """

    @property
    def log_type(self) -> str:
        """Told apart from its instances, which have the node's own type."""
        return "multiInstanceBody"

    @property
    def loop(self) -> Loop:
        """The loop characteristics."""
        assert self.node.loop is not None
        return self.node.loop

    def _run_hook(self, my_task: Any) -> bool | None:
        items = self._items(my_task)
        my_task.internal_data.update(items=items, out=[None] * len(items), next=0, done=[])
        my_task.internal_data["vars"] = {}
        self.arm(my_task)
        if not items:
            self._hand_over(my_task)
            return True
        start(my_task)
        for _ in range(1 if self.loop.sequential else len(items)):
            self._spawn(my_task)
        return None

    def _items(self, task: Any) -> list[Any]:
        loop = self.loop
        if loop.collection is not None:
            items = self.evaluate(task, loop.collection)
            if isinstance(items, list) and len(items) <= MAXIMUM_ITEMS:
                return items
            if isinstance(items, list):
                raise self.failed(task, "loop_items", self._too_many())
            told = f"collection {loop.collection.text} gives {items!r}, which is no list"
        else:
            assert loop.cardinality is not None
            count = self.evaluate(task, loop.cardinality)
            if isinstance(count, Decimal) and count > MAXIMUM_ITEMS:
                raise self.failed(task, "loop_items", self._too_many())
            if isinstance(count, Decimal) and count >= 0 and count == count.to_integral_value():
                return [Decimal(number + 1) for number in range(int(count))]
            told = f"cardinality {loop.cardinality.text} gives {count!r}, which is no count"
        raise self.failed(task, "loop_items", f"The {told}, so {self.node.name} cannot start.")

    def _too_many(self) -> str:
        return f"{self.node.name} has more than {MAXIMUM_ITEMS} items; do them in parts."

    def _spawn(self, body: Any) -> None:
        number, items = body.internal_data["next"], body.internal_data["items"]
        body.internal_data["next"] = number + 1
        local: dict[str, Any] = {"loopCounter": Decimal(number + 1)}
        if self.loop.element is not None:
            local[self.loop.element] = items[number]
        self._count(body)
        body.workflow.enter(self.node.id + INSTANCE, body, vars=local, isolated=True, number=number)

    def _count(self, body: Any) -> None:
        done, total = len(body.internal_data["done"]), len(body.internal_data["items"])
        body.internal_data["vars"].update(
            nrOfInstances=Decimal(total),
            nrOfCompletedInstances=Decimal(done),
            nrOfActiveInstances=Decimal(body.internal_data["next"] - done),
            nrOfTerminatedInstances=Decimal(0),
        )

    def child_left(self, scope: Any, task: Any, flows: Sequence[Flow]) -> None:  # noqa: ARG002 -- instances take none
        """One instance is finished: keep its value, then end the activity or go on."""
        loop, data, tree = self.loop, scope.internal_data, scope.workflow
        number = task.internal_data["number"]
        data["done"].append(number)
        if loop.output_element is not None:
            data["out"][number] = self.evaluate(task, loop.output_element)
        self._count(scope)
        events, counter = self._events(scope, task), task.internal_data["vars"]["loopCounter"]
        enough = self._enough(scope, task)
        tree.consume(task)
        if events and not self._throw(scope, events, counter):
            return
        if enough or len(data["done"]) == len(data["items"]):
            for other in scope.children:
                tree.kill(other, "no longer needed")
            self._hand_over(scope)
            scope.complete()
        elif loop.sequential:
            self._spawn(scope)

    def _events(self, body: Any, task: Any) -> list[Trigger]:
        """What the completion of an instance throws (BPMN 2.0.2, table 10.26)."""
        is_first = len(body.internal_data["done"]) == 1
        return [
            each.trigger
            for each in self.loop.events
            if (is_first or not each.first_only) and (each.condition is None or self._holds(body, task, each.condition))
        ]

    def _throw(self, body: Any, events: Sequence[Trigger], counter: Decimal) -> bool:
        """Throw with the counters as content; False where that ended the activity."""
        payload = {name: body.internal_data["vars"][name] for name in COUNTERS} | {"loopCounter": counter}
        for trigger in events:
            throw(self, body, trigger, payload)
            if body.id not in body.workflow.tasks:
                return False
        return True

    def _enough(self, body: Any, task: Any) -> bool:
        return self.loop.until is not None and self._holds(body, task, self.loop.until)

    def _holds(self, body: Any, task: Any, condition: Value) -> bool:
        extra = {self.loop.output_collection: self._collected(body)} if self.loop.output_collection else {}
        value = self.evaluate(task, condition, **extra)
        if value is None or isinstance(value, bool):
            return value is True
        sentence = f"The condition {condition.text} of {self.node.name} gives {value!r}; it must be true or false."
        raise self.failed(task, "condition_type", sentence)

    @staticmethod
    def _collected(body: Any) -> list[Any]:
        return [body.internal_data["out"][number] for number in sorted(body.internal_data["done"])]

    def _hand_over(self, body: Any) -> None:
        if self.loop.output_collection is not None:
            body.workflow.assign(body.parent, {self.loop.output_collection: self._collected(body)})

    def _on_complete_hook(self, my_task: Any) -> None:
        """Outputs belong to the instances; the activity itself only leaves."""
        my_task.workflow.disarm(my_task)
        hand_on(my_task)
        self.leave(my_task)


class RepeatLoop(Element):
    """The activity of a standard loop, around one instance at a time (BPMN 2.0.2, 13.3.6).

    Its variables are those of the process; `loopCounter`, from 1, is its own.
    """

    @property
    def log_type(self) -> str:
        """Told apart from its instances, which have the node's own type."""
        return "loopBody"

    @property
    def repeat(self) -> Repeat:
        """The loop characteristics."""
        assert self.node.repeat is not None
        return self.node.repeat

    def _run_hook(self, my_task: Any) -> bool | None:
        my_task.internal_data["vars"] = {"loopCounter": Decimal(0)}
        my_task.internal_data["maximum"] = self._maximum(my_task)
        self.arm(my_task)
        start(my_task)
        if self.repeat.test_before and not self._goes_on(my_task):
            return True
        self._spawn(my_task)
        return None

    def _maximum(self, task: Any) -> int | None:
        if self.repeat.maximum is None:
            return None
        count = self.evaluate(task, self.repeat.maximum)
        if isinstance(count, Decimal) and count >= 0 and count == count.to_integral_value():
            return int(count)
        sentence = f"The maximum {self.repeat.maximum.text} of {self.node.name} gives {count!r}, which is no count."
        raise self.failed(task, "loop_maximum", sentence)

    def _spawn(self, body: Any) -> None:
        body.internal_data["vars"]["loopCounter"] += 1
        body.workflow.enter(self.node.id + INSTANCE, body)

    def _goes_on(self, body: Any) -> bool:
        maximum, condition = body.internal_data["maximum"], self.repeat.condition
        if maximum is not None and body.internal_data["vars"]["loopCounter"] >= maximum:
            return False
        value = True if condition is None else self.evaluate(body, condition)
        if value is None or isinstance(value, bool):
            return value is True
        text = "" if condition is None else condition.text
        sentence = f"The loop condition {text} gives {value!r}; it must be true or false."
        raise self.failed(body, "condition_type", sentence)

    def child_left(self, scope: Any, task: Any, flows: Sequence[Flow]) -> None:  # noqa: ARG002 -- instances take none
        """One round is over."""
        scope.workflow.consume(task)
        if self._goes_on(scope):
            self._spawn(scope)
        else:
            scope.complete()

    def _on_complete_hook(self, my_task: Any) -> None:
        """Outputs belong to the rounds; the activity itself only leaves."""
        my_task.workflow.disarm(my_task)
        hand_on(my_task)
        self.leave(my_task)
