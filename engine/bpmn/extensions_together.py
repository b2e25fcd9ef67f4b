"""Extensions that need, exclude or repeat one another: what would be ignored beside them is refused."""

from collections import Counter

from engine.bpmn.findings import Findings
from engine.bpmn.read import BPMN, CAMUNDA, OBIEG, Xml, local, namespace

_MAPPINGS = frozenset({"inputParameter", "outputParameter"})
_TRUTHS = frozenset({"true", "false", "1", "0"})


def check_together(element: Xml, findings: Findings) -> None:
    """Look at the known extensions of one element."""
    together = _Together(element, findings)
    together.check_mappings()
    together.check_once("failedJobRetryTimeCycle")
    together.check_binding("formRef", "formKey")
    together.check_binding("decisionRef")
    together.check_work()
    together.check_passing()
    together.check_place()


class _Together:
    def __init__(self, element: Xml, findings: Findings) -> None:
        self._element = element
        self._findings = findings

    def _refuse(self, rule: str, sentence: str, at: Xml = None) -> None:
        at = self._element if at is None else at
        self._findings.error(rule, sentence, line=at.sourceline, element=self._element.get("id"))

    def _get(self, name: str) -> str:
        return (self._element.get(f"{{{CAMUNDA}}}{name}") or "").strip()

    def _all(self, name: str) -> list[Xml]:
        return list(self._element.findall(f"{{{BPMN}}}extensionElements/{{{CAMUNDA}}}{name}"))

    def check_once(self, name: str) -> None:
        found = self._all(name)
        for each in found[1:]:
            self._refuse("extension-twice", f"There are {len(found)} camunda:{name}; only one could count.", each)
        for each in found:
            if each.attrib or (len(each) and name != "inputOutput"):
                self._refuse("extension-unknown", f"camunda:{name} has no attributes and nothing else inside.", each)

    def check_mappings(self) -> None:
        """The inputs and outputs of an element, each once."""
        self.check_once("inputOutput")
        for mappings in self._all("inputOutput"):
            seen: Counter[tuple[str, str]] = Counter()
            for item in mappings:
                self._check_mapping(item, seen)

    def _check_mapping(self, item: Xml, seen: Counter[tuple[str, str]]) -> None:
        kind, name = local(item), item.get("name") or ""
        if namespace(item) != CAMUNDA or kind not in _MAPPINGS or set(item.attrib) - {"name"}:
            told = "It has camunda:inputParameter and camunda:outputParameter inside, each with a name and nothing else"
            self._refuse("extension-unknown", f"camunda:inputOutput: {told}.", item)
        seen[kind, name] += 1
        if seen[kind, name] > 1:
            self._refuse("mapping", f"The {kind} {name} stands twice; only the last one could count.", item)

    def check_binding(self, name: str, other: str | None = None) -> None:
        """A version belongs to its binding, a binding to what it binds."""
        key, also = self._get(name), self._get(other) if other else ""
        if key and also and key != also:
            sentence = f"camunda:{name} is {key} and camunda:{other} is {also}; write one of them."
            self._refuse("reference-binding", sentence)
        binding, version = self._get(f"{name}Binding"), self._get(f"{name}Version")
        if (binding or version) and not (key or also):
            self._refuse("reference-binding", f"There is no camunda:{name} whose version could be chosen.")
        elif version and binding != "version":
            sentence = (
                f'camunda:{name}Version counts with camunda:{name}Binding="version" only; set that, or remove it.'
            )
            self._refuse("reference-binding", sentence)

    def check_work(self) -> None:
        """How the work of a service task is asked for."""
        topic, deferred = self._get("topic"), self._element.get(f"{{{OBIEG}}}deferred")
        if self._get("taskPriority") and not self._get("type"):
            sentence = (
                "camunda:taskPriority says in which order workers fetch external tasks, and this is none; remove it."
            )
            self._refuse("priority", sentence)
        if topic.startswith("=") or "${" in topic or "#{" in topic:
            sentence = f"camunda:topic is {topic}; workers ask for a topic by its name, so it is no expression."
            self._refuse("external-topic", sentence)
        if deferred is not None and deferred.strip() not in _TRUTHS:
            self._refuse("deferred", f"obieg:deferred is {deferred}; it is true or false.")

    def check_place(self) -> None:
        """Who starts a case is known where a process begins, and what a drawing stands for has a name."""
        if self._get("initiator") and local(self._element.getparent()) != "process":
            sentence = "camunda:initiator belongs to the start event of a process: nobody starts what is inside."
            self._refuse("extension-place", sentence)
        for name in ("documentType", "entity"):
            if (self._element.get(f"{{{OBIEG}}}{name}", name)).strip() == "":
                self._refuse("extension-empty", f"obieg:{name} is empty; write what it stands for, or remove it.")

    def check_passing(self) -> None:
        """What a call activity gives: one business key, beside nothing else."""
        keyed = [each for each in self._all("in") if each.get("businessKey") is not None]
        for each in keyed[1:]:
            self._refuse("extension-twice", "The called case has one business key; there are several.", each)
        for each in keyed:
            if len(each.attrib) > 1:
                sentence = "camunda:in with businessKey gives that and nothing else; write a second camunda:in."
                self._refuse("call-mapping", sentence, each)
        for each in (*self._all("in"), *self._all("out")):
            if each.get("local", "false").strip() not in _TRUTHS:
                self._refuse("call-mapping", f"local is {each.get('local')}; it is true or false.", each)
