"""Correlation in the standard's words (BPMN 2.0.2, 8.3.2): a property of messages, and what a case compares it with.

`messagePath` reads the key out of the content of a message when it is published; `dataPath` of the process's
subscription is the key that a case waits for. A key has one property: a message finds its case by one value.
"""

from collections.abc import Iterator

from core.records import dataclass
from engine.bpmn.expressions import Value, formula
from engine.bpmn.findings import Findings
from engine.bpmn.model import MessagePath, Process
from engine.bpmn.read import BPMN, Xml, child_text, children, flag, local
from engine.bpmn.triggers import compiled

RULE = "correlation"
_SENDS = frozenset({"sendTask", "intermediateThrowEvent", "endEvent"})


@dataclass(frozen=True, slots=True)
class _Property:
    """A correlation property: its id, and by message id where the value is."""

    id: str
    paths: dict[str, Value]


def check_correlation(root: Xml, findings: Findings) -> None:
    """The properties and keys of a file, which stand beside its processes."""
    properties, messages = _by_id(root, "correlationProperty"), _by_id(root, "message")
    wanted = {_word(each.get("correlationKeyRef")) for each in root.iter(f"{{{BPMN}}}correlationSubscription")}
    used = set()
    for key in root.iter(f"{{{BPMN}}}correlationKey"):
        refers = _refers(key)
        used |= set(refers)
        if len(refers) != 1 or refers[0] not in properties:
            sentence = (
                "A correlationKey needs one correlationPropertyRef to a correlationProperty of this file: a message "
                "finds its case by one value; where it takes several, join them in messagePath and dataPath."
            )
        elif key.get("id") not in wanted:
            sentence = (
                "No process has a correlationSubscription to this correlationKey. A key that is only taken from the "
                "first message is not kept: say by dataPath which data of the case have it."
            )
        else:
            continue
        _refuse(sentence, key, findings)
    for name, element in properties.items():
        _check_property(name, element, used, messages, findings)


def _check_property(name: str, element: Xml, used: set[str], messages: dict[str, Xml], findings: Findings) -> None:
    retrievals = children(element, "correlationPropertyRetrievalExpression")
    if name not in used or not retrievals:
        sentence = "The property needs a correlationKey that uses it, and for each message an expression to read it."
        _refuse(sentence, element, findings)
    seen = set()
    for each in retrievals:
        message, path = _word(each.get("messageRef")), child_text(each, "messagePath")
        if message not in messages or not messages[message].get("name"):
            _refuse(f"The message {message or 'of messageRef'} is not declared, or has no name.", each, findings)
        elif path is None:
            _refuse("messagePath is missing: FEEL over the content of the message.", each, findings)
        elif message in seen:
            _refuse(f"The property is read from the message {message} already.", each, findings)
        else:
            compiled(lambda path=path: formula(path), each, name, findings)  # type: ignore[misc]
        seen.add(message)


class CorrelationReader:
    """What the subscriptions of one process say of the messages that it receives."""

    def __init__(self, process: Xml, findings: Findings) -> None:
        self._findings = findings
        self._root = process.getparent()
        self._properties = {each.id: each for each in self._read_properties()}
        self._wanted: dict[str, Value | None] = {}  # message id -> dataPath
        for subscription in children(process, "correlationSubscription"):
            self._subscribe(subscription)

    def _read_properties(self) -> Iterator[_Property]:
        for name, element in _by_id(self._root, "correlationProperty").items():
            paths = {}
            for each in children(element, "correlationPropertyRetrievalExpression"):
                text = child_text(each, "messagePath")
                value = None if text is None else _silently(text, each)
                if value is not None:
                    paths[_word(each.get("messageRef"))] = value
            yield _Property(name, paths)

    def _subscribe(self, subscription: Xml) -> None:
        key = _by_id(self._root, "correlationKey", deep=True).get(_word(subscription.get("correlationKeyRef")))
        refers = [] if key is None else _refers(key)
        bindings = children(subscription, "correlationPropertyBinding")
        bound = [_word(each.get("correlationPropertyRef")) for each in bindings]
        text = child_text(bindings[0], "dataPath") if bindings else None
        found = self._properties.get(refers[0]) if refers else None
        if key is None:
            self._refuse("correlationKeyRef names no correlationKey of this file.", subscription)
        elif found is None or bound != refers or text is None:
            sentence = "A correlationSubscription binds the one property of its key, with FEEL in dataPath."
            self._refuse(sentence, subscription)
        else:
            owner = subscription.get("id")
            value = compiled(lambda: formula(text), subscription, owner, self._findings)
            for message in found.paths:
                if message in self._wanted:
                    self._refuse(f"The message {message} is correlated by two keys; one decides.", subscription)
                self._wanted[message] = value

    def key(self, message: str, owner: Xml, own: Value | None) -> Value | None:
        """What an event waits for in the key of its message; `own` is what obieg:correlationKey says."""
        covered = any(message in each.paths for each in self._properties.values())
        if covered and own is not None:
            self._refuse("A correlationProperty says the key of this message: remove obieg:correlationKey.", owner)
        if local(owner) in _SENDS or _makes_cases(owner):
            return own
        if message in self._wanted:
            return self._wanted[message]
        if own is None and (covered or self._wanted):
            told = "no correlationSubscription of the process" if covered else "no correlationProperty"
            self._refuse(f"Which case gets this message is not said: {told} is about it.", owner)
        return own

    def paths(self) -> tuple[MessagePath, ...]:
        """Where published messages have their keys."""
        names = {name: element.get("name") for name, element in _by_id(self._root, "message").items()}
        return tuple(
            MessagePath(message=names[message], key=each.id, value=value)
            for each in self._properties.values()
            for message, value in each.paths.items()
            if names.get(message)
        )

    def _refuse(self, sentence: str, at: Xml) -> None:
        _refuse(sentence, at, self._findings)


def check_sent(process: Process, findings: Findings) -> None:
    """Whoever sends a message sends what its key is read from."""
    for node in process.nodes.values():
        sent = {each.name for each in node.triggers if each.kind == "message"} if node.kind in _SENDS else set()
        for path in process.paths:
            expression = path.value.expression
            missing = set() if expression is None else expression.names - {each.name for each in node.inputs}
            if path.message in sent and missing:
                sentence = f"The key of the message {path.message} is read from {', '.join(sorted(missing))}, "
                sentence += "which is not sent: add it to the inputs."
                findings.error(RULE, sentence, line=node.line, element=node.id)


def _by_id(root: Xml, name: str, *, deep: bool = False) -> dict[str, Xml]:
    found = root.iter(f"{{{BPMN}}}{name}") if deep else children(root, name)
    return {each.get("id"): each for each in found if each.get("id")}


def _refers(key: Xml) -> list[str]:
    return [_word("".join(each.itertext())) for each in children(key, "correlationPropertyRef")]


def _word(reference: str | None) -> str:
    return (reference or "").strip().rpartition(":")[2]


def _silently(text: str, at: Xml) -> Value | None:
    """An expression that `check_correlation` has looked at."""
    return compiled(lambda: formula(text), at, None, Findings(""))


def _makes_cases(owner: Xml) -> bool:
    if flag(owner, "instantiate", default=False):
        return True
    return local(owner) == "startEvent" and not flag(owner.getparent(), "triggeredByEvent", default=False)


def _refuse(sentence: str, at: Xml, findings: Findings) -> None:
    owner = at
    while owner is not None and owner.get("id") is None:
        owner = owner.getparent()
    findings.error(RULE, sentence, line=at.sourceline, element=None if owner is None else owner.get("id"))
