"""Whatever a file holds, reading it ends with a model or a refusal, and deciding with a value or null."""

from __future__ import annotations

import copy
import random

import pytest
from lxml import etree

from engine.dmn import DmnRefused, check_file, read_model
from engine.feel import plain

MODEL = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m" namespace="n">
<itemDefinition name="tTier" isCollection="true"><typeRef>string</typeRef><allowedValues><text>"a", "b"</text>
</allowedValues></itemDefinition>
<itemDefinition name="tLine"><itemComponent name="price"><typeRef>number</typeRef></itemComponent></itemDefinition>
<inputData id="i" name="lines"><variable name="lines" typeRef="tLine"/></inputData>
<businessKnowledgeModel id="k" name="net"><variable name="net"/><encapsulatedLogic typeRef="number">
<formalParameter name="line" typeRef="tLine"/><literalExpression><text>line.price * 2</text></literalExpression>
</encapsulatedLogic></businessKnowledgeModel>
<decision id="total" name="total"><variable name="total" typeRef="number"/>
<informationRequirement><requiredInput href="#i"/></informationRequirement>
<knowledgeRequirement><requiredKnowledge href="#k"/></knowledgeRequirement>
<context><contextEntry><variable name="one"/><invocation><literalExpression><text>net</text></literalExpression>
<binding><parameter name="line"/><literalExpression><text>lines</text></literalExpression></binding></invocation>
</contextEntry><contextEntry><literalExpression><text>one + 1</text></literalExpression></contextEntry></context>
</decision>
<decision id="tier" name="tier"><variable name="tier" typeRef="tTier"/>
<informationRequirement><requiredDecision href="#total"/></informationRequirement>
<decisionTable hitPolicy="OUTPUT ORDER"><input label="t"><inputExpression typeRef="number"><text>total</text>
</inputExpression><inputValues><text>&gt;= 0</text></inputValues></input>
<output name="tier" typeRef="string"><outputValues><text>"b", "a"</text></outputValues></output>
<rule id="r1"><inputEntry><text>[0..10]</text></inputEntry><outputEntry><text>"a"</text></outputEntry></rule>
<rule id="r2"><inputEntry><text>not(&lt; 5)</text></inputEntry><outputEntry><text>"b"</text></outputEntry></rule>
</decisionTable></decision>
<decision id="loop" name="loop"><for iteratorVariable="x"><in><literalExpression><text>[1..3]</text></literalExpression>
</in><return><literalExpression><text>x</text></literalExpression></return></for></decision>
<decisionService id="s" name="s"><variable name="s"/><outputDecision href="#tier"/><inputDecision href="#total"/>
</decisionService></definitions>"""
TEXTS = ["", "null", "-", "(", "[1..", "x", "> 5", "not(1)", "function(a) a", "@'x'", "for x in y return z", '"a"']
VALUES = ["", "x", "#x", "#total", "Java", "COLLECT", "SUM", "number", "tTier", "a b", "true"]


def spoiled(seed: int) -> bytes:
    chance = random.Random(seed)
    root = etree.fromstring(MODEL)
    for _ in range(chance.randint(1, 5)):
        elements = list(root.iter())[1:]
        element = chance.choice(elements or [root])
        what = chance.randint(0, 5)
        if what == 0 and element.getparent() is not None:
            element.getparent().remove(element)
        elif what == 1 and element.attrib:
            del element.attrib[chance.choice(list(element.attrib))]
        elif what == 2 and element.attrib:
            element.attrib[chance.choice(list(element.attrib))] = chance.choice(VALUES)
        elif what == 3:
            element.text = chance.choice(TEXTS)
        elif what == 4:
            element.append(copy.deepcopy(chance.choice(elements or [root])))
        else:
            element.tag = chance.choice(elements or [root]).tag
    return etree.tostring(root)


def test_the_sound_model_decides():
    assert check_file(MODEL) == ()
    assert read_model(MODEL).decide("tier", {"lines": {"price": 3}}).value == ["b", "a"]


@pytest.mark.parametrize("start", range(0, 1000, 100))
def test_a_spoiled_model_is_read_or_refused(start):
    for seed in range(start, start + 100):
        content = spoiled(seed)
        check_file(content)
        try:
            model = read_model(content, strict=seed % 2 == 0)
        except DmnRefused:
            continue
        for node in (*model.decisions, *model.services):
            plain(model.decide(node.id, {"lines": {"price": seed}, "x": 1}).value)
