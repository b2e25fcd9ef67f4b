"""What a tree of many tokens knows of itself, so that a step costs the same however many there are."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from SpiffWorkflow.util.task import TaskState

from core.jsontext import to_json
from engine.feel.values import encode
from engine.openings import OpenTask
from engine.spiff import parts
from engine.spiff.element import is_open_task
from engine.spiff.listening import listens_for
from engine.spiff.parts import LISTS, Part, Stored
from engine.spiff.stored import pack_head, pack_token
from engine.spiff.tokens import ROOT, Token, WatchedToken

Answer = TypeVar("Answer")


class Wide:
    """Follows a tree whose state is stored in parts: which tokens may have changed, and what all of them amount to.

    Whoever looks at a token's data touches it (`WatchedToken`). Of the touched ones it is found out anew, before the
    next question, what the scans of a small tree find out of all.
    """

    def __init__(self, tree: Any, stored: Iterable[Part]) -> None:
        """Begin to follow a tree that is what these parts say."""
        self._tree = tree
        self._touched: dict[str, Any] = {}  # since the last question
        self._changed: dict[str, Any] = {}  # perhaps, since it was stored
        self._numbers: dict[str, int] = {}
        self._written: dict[int, str | int] = {}  # parts: the text that was stored last, or only how long it was
        self._lists: dict[str, _Lists] = {}
        self._suspects: set[str] = set()  # tokens whose account may be wrong
        self._armed: set[str] = set()
        self._failed: set[str] = set()
        self._joins: set[str] = set()
        self._signals: dict[str, set[str]] = {}  # the tokens that listen, by name
        self._signal_of: dict[str, str] = {}
        self._open: dict[str, OpenTask] = {}
        self._is_sorted = True
        self._stage_of: dict[str, str] = {}
        self._stages: Counter[str] = Counter()
        self._values: dict[str, _Value] = {}
        self._is_sure = True  # that nobody has changed the inside of a variable
        self._next: int = tree.parts
        self._size = 0
        for number, content in stored:
            self._next = max(self._next, number + 1)
            self._take_over(number, content)
        tree.wide = self
        for task in tree.tasks.values():
            if task.id != ROOT:
                task.__class__ = WatchedToken
                self._learn(task)
        self._touched.clear()

    def _take_over(self, number: int, content: list[Any]) -> None:
        size = len(to_json(content))
        self._size += size
        self._written[number] = size
        if parts.is_token(content):
            self._numbers[content[0]] = number
            return
        if parts.is_variable(content):
            value = self._tree.task_tree.internal_data["vars"][content[2]]
            self._values[content[2]] = _Value(number, value)
            return
        token, key, start, values = content
        kept = self._lists.setdefault(token, _Lists())
        kept.numbers[key, start] = number
        if start:
            kept.size = min(kept.size or start, start)
        if key == "done":
            kept.done += len(values)

    def leave(self) -> None:
        """Follow it no more."""
        for task in self._tree.tasks.values():
            if task.id != ROOT:
                task.__class__ = Token
        self._tree.wide = None

    def touch(self, task: Any) -> None:
        """Somebody looks at a token, and may change it."""
        self._touched[task.id] = task

    def doubt(self) -> None:
        """A handler gets values of variables, and may change them inside; nothing else does."""
        self._is_sure = False

    def removed(self, task: Any) -> None:
        """A token is gone."""
        self._touched[task.id] = task
        parent = task.parent
        if parent is not None and parent.id != ROOT:
            self._touched[parent.id] = parent

    def looking(self, question: Callable[[], Answer]) -> Answer:
        """The answer to a question that changes nothing: what it only looks at is not stored again."""
        self._look()
        answer = question()
        self._touched.clear()
        return answer

    # what all tokens amount to

    @property
    def has_failed(self) -> bool:
        """Whether a token waits for a person to look at it."""
        self._look()
        return bool(self._failed)

    @property
    def open_tasks(self) -> Iterable[OpenTask]:
        """The user tasks that wait for a person, in the order in which their tokens came."""
        self._look()
        if not self._is_sorted:
            ordered = sorted(self._open, key=lambda token: self._numbers[token])
            self._open, self._is_sorted = {token: self._open[token] for token in ordered}, True
        return self._open.values()

    @property
    def late_joins(self) -> list[Any]:
        """The tokens that wait at joins until nothing else moves, in the order in which they came."""
        self._look()
        return [self._tree.tasks[token] for token in sorted(self._joins, key=lambda token: self._numbers[token])]

    def waiting_for_signal(self, name: str) -> list[Any]:
        """The tokens that listen for a signal, in the order in which they came."""
        self._look()
        listening = sorted(self._signals.get(name, ()), key=lambda token: self._numbers[token])
        return [self._tree.tasks[token] for token in listening]

    @property
    def stages(self) -> Iterable[str]:
        """The stages in which there are tokens."""
        self._look()
        return self._stages.keys()

    def unaccounted(self) -> set[str]:
        """Tokens that are counted and not there, or there and not counted."""
        self._look()
        tree, suspects = self._tree, self._suspects
        live = {token for token in suspects if token in tree.tasks and token not in self._armed}
        wrong: set[str] = live ^ (suspects & tree.counted)
        self._suspects = set()
        if not wrong and len(tree.counted) != len(tree.tasks) - 1 - len(self._armed):
            return {ROOT}
        return wrong

    def _look(self) -> None:
        if not self._touched:
            return
        touched = self._touched
        for token, task in list(touched.items()):
            self._forget(token)
            if token in self._tree.tasks:
                self._learn(task)
            else:
                self._open.pop(token, None)
        self._changed.update(touched)
        self._suspects.update(touched)
        touched.clear()  # also of those that were only touched by looking

    def _forget(self, token: str) -> None:
        self._armed.discard(token)
        self._failed.discard(token)
        self._joins.discard(token)
        signal = self._signal_of.pop(token, None)
        if signal is not None:
            self._signals[signal].discard(token)
        stage = self._stage_of.pop(token, None)
        if stage is not None:
            self._stages[stage] -= 1
            if not self._stages[stage]:
                del self._stages[stage]

    def _learn(self, task: Any) -> None:
        token, internal = task.id, task.__dict__["internal_data"]
        if token not in self._numbers:
            self._numbers[token] = self._new_number()
        if internal.get("failed"):
            self._failed.add(token)
        if task.task_spec.joins_late and task.has_state(TaskState.WAITING):
            self._joins.add(token)
        self._learn_work(task)
        signal = _signal(task)
        if signal is not None:
            self._signal_of[token] = signal
            self._signals.setdefault(signal, set()).add(token)
        if internal.get("armed"):
            self._armed.add(token)
            return
        stage = self._tree.stage_of(task)
        if stage is not None:
            self._stage_of[token] = stage
            self._stages[stage] += 1

    def _learn_work(self, task: Any) -> None:
        token = task.id
        if not is_open_task(task):
            self._open.pop(token, None)
        elif token not in self._open:
            last = next(reversed(self._open), None)
            self._is_sorted &= last is None or self._numbers[last] < self._numbers[token]
            self._open[token] = OpenTask(id=token, element_id=task.task_spec.node.id)

    # what has to be stored

    def take(self) -> Stored:
        """What changed since this was asked last."""
        self._look()
        stored = Stored(head={})
        for token, task in self._changed.items():
            if token in self._tree.tasks:
                self._pack(task, stored)
            else:
                self._drop(token, stored)
        self._changed.clear()
        self._touched.clear()  # packing is only looking
        variables = self._pack_variables(stored)
        stored.head = pack_head(self._tree, variables) | {"tokens": [], "parts": self._next}
        stored.size = self._size
        return stored

    def check(self) -> None:
        """Tests: what is known of all tokens is what looking at all of them finds out."""
        self._look()
        tasks = [task for task in self._tree.tasks.values() if task.id != ROOT]
        live = list(self._tree.live())
        stages = Counter(stage for stage in map(self._tree.stage_of, live) if stage is not None)
        listening = {name: tokens for name, tokens in self._signals.items() if tokens}
        known = (self._failed, self._armed, self._joins, self._stages, [each.id for each in self.open_tasks], listening)
        signals: dict[str, set[str]] = {}
        for task in tasks:
            signal = _signal(task)
            if signal is not None:
                signals.setdefault(signal, set()).add(task.id)
        found = (
            {task.id for task in tasks if task.internal_data.get("failed")},
            {task.id for task in tasks if task.internal_data.get("armed")},
            {task.id for task in tasks if task.task_spec.joins_late and task.has_state(TaskState.WAITING)},
            stages,
            [task.id for task in live if is_open_task(task)],
            signals,
        )
        self._touched.clear()
        if known != found:
            raise RuntimeError(f"a wide tree knows {known}, but there is {found}")

    def _pack_variables(self, stored: Stored) -> dict[str, Any]:
        """The short variables; of the long ones those that have another value than before get into `stored`."""
        short: dict[str, Any] = {}
        variables = self._tree.task_tree.internal_data["vars"]
        for name, value in variables.items():
            kept = self._values.get(name)
            if kept is not None and kept.value is value and self._is_sure:
                continue
            encoded = encode(value)
            if parts.is_long(encoded):
                number = self._new_number() if kept is None else kept.number
                self._values[name] = _Value(number, value)
                self._put(stored, number, parts.variable(name, encoded))
            else:
                short[name] = encoded
        for name in self._values.keys() - (variables.keys() - short.keys()):
            self._remove(self._values.pop(name).number, stored)
        self._is_sure = True
        return short

    def _new_number(self) -> int:
        self._next += 1
        return self._next - 1

    def _pack(self, task: Any, stored: Stored) -> None:
        internal = task.__dict__["internal_data"]
        if task.id in self._lists or parts.is_listed(internal):
            self._put(stored, self._numbers[task.id], pack_token(task, parts.without_lists(internal)))
            self._pack_lists(task.id, internal, stored)
        else:
            self._put(stored, self._numbers[task.id], pack_token(task, internal))

    def _pack_lists(self, token: str, internal: dict[str, Any], stored: Stored) -> None:
        """Of the values only those that belong to the instances that have become complete are new."""
        kept = self._lists.get(token)
        done = internal["done"]
        if kept is None:
            kept = self._lists[token] = _Lists()
            size = kept.size = parts.CHUNK[0]
            wanted = {(key, start) for key in LISTS for start in range(0, max(len(internal[key]), 1), size)}
        else:
            size = kept.size
            fresh = done[kept.done :]
            wanted = {("out", number - number % size) for number in fresh}
            wanted |= {("done", start) for start in range(kept.done - kept.done % size, len(done), size)}
        kept.done = len(done)
        for key, start in sorted(wanted):
            if (key, start) not in kept.numbers:
                kept.numbers[key, start] = self._new_number()
            values = internal[key][start : start + size]
            encoded = values if key == "done" else kept.encode(key, start, values)
            self._put(stored, kept.numbers[key, start], [token, key, start, encoded])

    def _put(self, stored: Stored, number: int, content: list[Any]) -> None:
        text, before = to_json(content), self._written.get(number, 0)
        if text != before:
            self._size += len(text) - (before if isinstance(before, int) else len(before))
            self._written[number] = text
            stored.changed[number] = text

    def _drop(self, token: str, stored: Stored) -> None:
        kept = self._lists.pop(token, None)
        numbers = [self._numbers.pop(token)] if token in self._numbers else []
        for number in (*numbers, *(kept.numbers.values() if kept else ())):
            self._remove(number, stored)

    def _remove(self, number: int, stored: Stored) -> None:
        before = self._written.pop(number, None)
        if before is not None:
            stored.gone.append(number)
            self._size -= before if isinstance(before, int) else len(before)


def _signal(task: Any) -> str | None:
    """The name of the signal that a token listens for."""
    trigger = listens_for(task) if task.internal_data.get("listens") else None
    return trigger.name if trigger is not None and trigger.kind == "signal" else None


def rehearsed(tree: Any, snapshot: Mapping[str, Any], rows: Mapping[int, Any]) -> dict[int, Any]:
    """Tests: the parts after what a tree says has changed in them; together they must be this state."""
    if tree.wide is None:
        return dict(parts.split(snapshot, 0)[1])
    tree.wide.check()
    stored = tree.wide.take()
    kept = {number: content for number, content in rows.items() if number not in stored.gone}
    kept |= {number: json.loads(text) for number, text in stored.changed.items()}
    told = parts.whole(json.loads(json.dumps(stored.head)), kept.items())
    del told["parts"]
    if told != snapshot:
        raise RuntimeError(f"the parts of a wide tree say {told}, but the state is {snapshot}")
    return kept


class _Value:
    """A long variable: the number of its part, and the value that was stored."""

    __slots__ = ("number", "value")

    def __init__(self, number: int, value: Any) -> None:
        self.number, self.value = number, value


class _Lists:
    """The parts of one token's lists, and how many of its instances were complete then."""

    __slots__ = ("done", "encoded", "numbers", "size")

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, int], int] = {}
        self.size = 0  # of each of them; lists that are stored keep theirs
        self.done = 0
        self.encoded: dict[tuple[str, int], tuple[list[Any], list[Any]]] = {}  # values as they were, and their JSON

    def encode(self, key: str, start: int, values: list[Any]) -> list[Any]:
        """The JSON of a part; of numbers and texts that are what they were it is known (lists may change inside)."""
        before, known = self.encoded.get((key, start), ([], []))
        is_known = len(before) == len(values)
        encoded = [
            known[place]
            if is_known and value is before[place] and not isinstance(value, list | dict)
            else encode(value)
            for place, value in enumerate(values)
        ]
        self.encoded[key, start] = values, encoded
        return encoded


__all__ = ["Wide", "rehearsed"]
