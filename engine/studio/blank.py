"""What new files begin with: a start event, an empty form, a decision table with one rule to be written."""

import json
import re
import unicodedata
from xml.sax.saxutils import quoteattr

from core.errors import InvalidInput
from core.ids import new_id
from core.records import dataclass

KINDS = {".bpmn": "process", ".dmn": "decision", ".form": "form", ".scenario.yaml": "scenario"}
NAME = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|]{1,100}")
_LOOSE = str.maketrans({"ł": "l", "Ł": "L", "đ": "d", "ß": "ss", "ø": "o", "æ": "ae"})
_PROCESS = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:obieg="https://obieg.dev/schema/1.0/bpmn"
    id="definitions_{key}" targetNamespace="https://obieg.dev/processes/{key}">
  <bpmn:process id="{key}" name={name} isExecutable="true">
    <bpmn:startEvent id="start"/>
  </bpmn:process>
  <bpmndi:BPMNDiagram id="diagram_{key}">
    <bpmndi:BPMNPlane id="plane_{key}" bpmnElement="{key}">
      <bpmndi:BPMNShape id="start_shape" bpmnElement="start">
        <dc:Bounds x="180" y="160" width="36" height="36"/>
      </bpmndi:BPMNShape>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""
_DECISION = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"
    xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/" xmlns:dc="http://www.omg.org/spec/DMN/20180521/DC/"
    id="definitions_{key}" name={name} namespace="https://obieg.dev/decisions/{key}">
  <decision id="{key}" name={name}>
    <decisionTable id="table_{key}" hitPolicy="UNIQUE">
      <input id="input_1" label="input">
        <inputExpression id="expression_1" typeRef="string"><text>input</text></inputExpression>
      </input>
      <output id="output_1" label="result" name="result" typeRef="string"/>
      <rule id="rule_1">
        <inputEntry id="when_1"><text>-</text></inputEntry>
        <outputEntry id="then_1"><text>""</text></outputEntry>
      </rule>
    </decisionTable>
  </decision>
  <dmndi:DMNDI>
    <dmndi:DMNDiagram>
      <dmndi:DMNShape dmnElementRef="{key}">
        <dc:Bounds height="80" width="180" x="160" y="100"/>
      </dmndi:DMNShape>
    </dmndi:DMNDiagram>
  </dmndi:DMNDI>
</definitions>
"""
_SCENARIO = """# What this process promises, played in memory with a clock of its own.
process: {key}
scenarios:
  - name: it begins
    steps:
      - expect: {{state: running}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A file that is to be: its name tells its kind."""

    name: str
    content: bytes


def kind_of(name: str) -> str:
    """What a file is. Raises `InvalidInput` for a name of no kind, or one that cannot be a file's."""
    lower = name.lower()
    suffix = next((each for each in KINDS if lower.endswith(each) and len(lower) > len(each)), None)
    if suffix is None or not NAME.fullmatch(name) or name != name.strip():
        sentence = (
            f"{name!r} cannot be the name of a file: use one of 1 to 100 characters without / and \\ that ends with "
            f"{', '.join(KINDS)}."
        )
        raise InvalidInput(sentence, fields={"/name": sentence})
    return KINDS[suffix]


def key_from(name: str) -> str:
    """A key for a name: small letters, digits and underscores; made up where nothing of it remains."""
    plain = unicodedata.normalize("NFKD", name.translate(_LOOSE)).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:60]
    return words if words[:1].isalpha() else f"model_{words or new_id()[-6:].lower()}"


def blank(kind: str, name: str, process: str = "") -> NewFile:
    """A new file of a kind, named for what it shows; a scenario plays the process with this key."""
    key = key_from(name)
    shown = quoteattr(name)
    match kind:
        case "process":
            return NewFile(name=f"{key}.bpmn", content=_PROCESS.format(key=key, name=shown).encode())
        case "decision":
            return NewFile(name=f"{key}.dmn", content=_DECISION.format(key=key, name=shown).encode())
        case "form":
            schema = {"type": "default", "id": key, "name": name, "schemaVersion": 19, "components": []}
            return NewFile(name=f"{key}.form", content=json.dumps(schema, indent=2, ensure_ascii=False).encode())
        case "scenario":
            return NewFile(name=f"{key}.scenario.yaml", content=_SCENARIO.format(key=process or key).encode())
    sentence = f"{kind!r} is no kind of file: {', '.join(KINDS.values())}."
    raise InvalidInput(sentence, fields={"/kind": sentence})
