"""Whole models: requirements, functions, services, types, imports and every boxed expression."""

from datetime import date
from decimal import Decimal

import pytest

from engine.dmn import DmnRefused, UnknownDecision, read_model

DMN = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def model_of(content, *, namespace="n", imports=None, xmlns=DMN, strict=True):
    xml = f'<definitions xmlns="{xmlns}" name="m" namespace="{namespace}">{content}</definitions>'
    return read_model(xml.encode(), imports, strict=strict)


def literal(text):
    return f"<literalExpression><text><![CDATA[{text}]]></text></literalExpression>"


def parts(tag, **texts):
    inside = "".join(f"<{part}>{literal(text)}</{part}>" for part, text in texts.items())
    return f'<{tag} iteratorVariable="x">{inside}</{tag}>'


def boxed_context(*entries):
    inside = "".join(
        f"<contextEntry>{f'<variable name={name!r}/>' if name else ''}{logic}</contextEntry>" for name, logic in entries
    )
    return f"<context>{inside}</context>"


def decision(name, logic, *requires, kind=""):
    needs = "".join(
        f'<{"knowledge" if tag == "Knowledge" else "information"}Requirement><required{tag} href="{href}"/>'
        f"</{'knowledge' if tag == 'Knowledge' else 'information'}Requirement>"
        for tag, href in requires
    )
    reference = f' typeRef="{kind}"' if kind else ""
    variable = f'<variable name="{name}"{reference}/>'
    return f'<decision id="{name}" name="{name}">{variable}{needs}{logic}</decision>'


def data(name, kind=""):
    reference = f' typeRef="{kind}"' if kind else ""
    return f'<inputData id="{name}" name="{name}"><variable name="{name}"{reference}/></inputData>'


def value_of(logic, **inputs):
    requires = [("Input", f"#{name}") for name in inputs]
    model = model_of("".join(map(data, inputs)) + decision("d", logic, *requires))
    decided = model.decide("d", inputs)
    return decided.value


def test_a_decision_sees_what_it_requires_and_nothing_else():
    model = model_of(
        data("net")
        + data("secret")
        + decision("gross", literal("net * 1.23"), ("Input", "#net"))
        + decision("total", literal("gross + 1"), ("Decision", "#gross"))
        + decision("nosy", literal("secret"), ("Input", "#net"))
    )

    assert model.decide("total", {"net": 100}).value == Decimal("124.00")
    nosy = model.decide("nosy", {"net": 1, "secret": 2})
    assert nosy.value is None
    assert "'secret'" in nosy.problems[0].message


def test_a_model_without_input_data_reads_what_is_given():
    assert model_of(decision("d", literal("order total * 2"))).decide("d", {"order total": 4}).value == Decimal(8)


def test_an_unknown_decision_is_named_with_those_that_exist():
    with pytest.raises(UnknownDecision, match="it has: d"):
        model_of(decision("d", literal("1"))).decide("x", {})


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        (f"<list>{literal('a')}{literal('a + 1')}</list>", [Decimal(3), Decimal(4)]),
        (
            f'<relation><column name="x"/><column name="y"/><row>{literal("1")}{literal("a")}</row></relation>',
            [{"x": Decimal(1), "y": Decimal(3)}],
        ),
        (
            boxed_context(("net value", literal("a * 2")), ("", literal("net value + 1"))),
            Decimal(7),
        ),
        (
            parts("conditional", **{"if": "a > 2", "then": "1", "else": "2"}),
            Decimal(1),
        ),
        (
            f'<for iteratorVariable="x"><in>{literal("1..a")}</in><return>{literal("x * a")}</return></for>',
            None,
        ),
        (
            f'<for iteratorVariable="x"><in>{literal("[1..a]")}</in><return>{literal("x * a")}</return></for>',
            [Decimal(3), Decimal(6), Decimal(9)],
        ),
        (
            parts("every", **{"in": "[1, a]", "satisfies": "x > 0"}),
            True,
        ),
        (
            parts("some", **{"in": "[1, a]", "satisfies": "x > 9"}),
            False,
        ),
        (f"<filter><in>{literal('[1, 2, a]')}</in><match>{literal('item >= a')}</match></filter>", [Decimal(3)]),
        (
            f"<filter><in>{literal('[{p: 1}, {p: 5}]')}</in><match>{literal('p > a')}</match></filter>",
            [{"p": Decimal(5)}],
        ),
        (
            boxed_context(
                (
                    "f",
                    '<functionDefinition><formalParameter name="n"/>'
                    + literal("if n <= 1 then 1 else n * f(n - 1)")
                    + "</functionDefinition>",
                ),
                ("", literal("f(a)")),
            ),
            Decimal(6),
        ),
    ],
)
def test_a_boxed_expression_has_its_value(logic, expected):
    if expected is None:
        with pytest.raises(DmnRefused):
            value_of(logic, a=3)
    else:
        assert value_of(logic, a=3) == expected


def bkm(name, parameters, logic):
    formal = "".join(f'<formalParameter name="{part}" typeRef="{kind}"/>' for part, kind in parameters.items())
    return (
        f'<businessKnowledgeModel id="{name}" name="{name}"><variable name="{name}"/><encapsulatedLogic>{formal}{logic}'
        "</encapsulatedLogic></businessKnowledgeModel>"
    )


def test_a_function_is_invoked_by_name_and_checks_its_arguments():
    call = (
        f"<invocation>{literal('interest')}<binding><parameter name='rate'/>{literal('x')}</binding>"
        f"<binding><parameter name='amount'/>{literal('200')}</binding></invocation>"
    )
    model = model_of(
        data("x")
        + bkm("interest", {"amount": "number", "rate": "number"}, literal("amount * rate / 100"))
        + decision("d", call, ("Input", "#x"), ("Knowledge", "#interest"))
    )

    assert model.decide("d", {"x": 5}).value == Decimal(10)
    refused = model.decide("d", {"x": "much"})
    assert refused.value is None
    assert "'rate'" in refused.problems[0].message


def test_a_function_can_be_asked_by_itself():
    model = model_of(bkm("half", {"n": "number"}, literal("n / 2")))

    assert model.decide("half", {"n": 3}).value == Decimal("1.5")
    assert model.decide("half", {"m": 3}).problems != ()


def test_a_decision_service_is_a_function_of_its_inputs():
    model = model_of(
        data("a")
        + decision("base", literal("a * 10"), ("Input", "#a"))
        + decision("result", literal("base + 1"), ("Decision", "#base"))
        + '<decisionService id="s" name="s"><variable name="s"/><outputDecision href="#result"/>'
        '<inputDecision href="#base"/></decisionService>' + decision("caller", literal("s(5)"), ("Knowledge", "#s"))
    )

    assert model.decide("s", {"base": 7}).value == Decimal(8)
    assert model.decide("caller", {}).value == Decimal(6)


TYPES = (
    '<itemDefinition name="tClass"><typeRef>string</typeRef><allowedValues><text>"A", "B"</text></allowedValues>'
    "</itemDefinition>"
    '<itemDefinition name="tCustomer"><itemComponent name="class"><typeRef>tClass</typeRef></itemComponent>'
    '<itemComponent name="since"><typeRef>date</typeRef></itemComponent></itemDefinition>'
    '<itemDefinition name="tNumbers" isCollection="true"><typeRef>number</typeRef></itemDefinition>'
)


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("tClass", "A", "A"),
        ("tClass", "C", None),
        ("tClass", 1, None),
        ("tClass", ["B"], "B"),
        ("tNumbers", [1, 2], [Decimal(1), Decimal(2)]),
        ("tNumbers", 1, [Decimal(1)]),
        ("tNumbers", [1, "2"], None),
        ("tCustomer", {"class": "A", "since": date(2026, 1, 1)}, {"class": "A", "since": date(2026, 1, 1)}),
        ("tCustomer", {"class": "X", "since": date(2026, 1, 1)}, None),
        ("tCustomer", {"class": "A"}, None),
        ("feel:number", "1", None),
    ],
)
def test_a_value_is_held_against_its_type(kind, given, expected):
    model = model_of(TYPES + data("x", kind) + decision("d", literal("x"), ("Input", "#x")))

    decided = model.decide("d", {"x": given})

    assert decided.value == expected
    assert bool(decided.problems) is (expected is None)


def test_a_model_uses_another_one_under_its_name():
    other = model_of(
        TYPES
        + data("net")
        + decision("gross", literal("net * 2"), ("Input", "#net"))
        + bkm("half", {"n": "number"}, literal("n / 2")),
        namespace="https://example.org/other",
    )
    model = model_of(
        f'<import namespace="https://example.org/other" name="lib" importType="{DMN}"/>'
        + decision(
            "d",
            literal("lib.half(lib.gross) + 1"),
            ("Decision", "https://example.org/other#gross"),
            ("Knowledge", "https://example.org/other#half"),
        ),
        imports={"https://example.org/other": other},
    )

    assert model.decide("d", {"lib": {"net": 21}}).value == Decimal(22)
    assert model.decide("d", {"net": 21}).value == Decimal(22)


def test_an_import_without_a_name_adds_to_the_models_own_names_and_types():
    other = model_of(
        '<itemDefinition name="small"><typeRef>number</typeRef><allowedValues><text>&lt; 10</text></allowedValues>'
        "</itemDefinition>" + bkm("half", {"n": "number"}, literal("n / 2")),
        namespace="other",
    )
    model = model_of(
        f'<import namespace="other" name="" importType="{DMN}"/>'
        + decision("d", literal("half(8)"), ("Knowledge", "other#half"), kind="small")
        + decision("e", literal("half(80)"), ("Knowledge", "other#half"), kind="small"),
        imports={"other": other},
    )

    assert model.decide("d", {}).value == Decimal(4)
    assert model.decide("e", {}).value is None


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (decision("d", literal("1 +")), "feel.syntax"),
        (decision("d", literal("1"), ("Input", "#nowhere")), "dmn.reference"),
        (decision("d", literal("1"), kind="tNothing"), "dmn.type"),
        ('<import namespace="x" name="y" importType="' + DMN + '"/>', "dmn.import"),
        (decision("d", literal("function(a) external {java: {class: 'x'}}")), "feel.syntax"),
        (decision("d", '<functionDefinition kind="Java"><context/></functionDefinition>'), "dmn.external"),
        (
            decision("d", '<literalExpression expressionLanguage="python"><text>1</text></literalExpression>'),
            "dmn.language",
        ),
    ],
)
def test_a_model_that_cannot_run_right_is_refused(content, rule):
    with pytest.raises(DmnRefused) as refused:
        model_of(content)

    assert rule in {finding.rule for finding in refused.value.findings}


@pytest.mark.parametrize(
    "xmlns",
    [
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
    ],
)
def test_older_versions_are_read(xmlns):
    assert model_of(decision("d", literal("1 + 1")), xmlns=xmlns).decide("d", {}).value == Decimal(2)


def test_nothing_that_is_given_makes_a_decision_raise():
    model = model_of(data("x", "number") + decision("d", literal("x + 1"), ("Input", "#x")))

    for given in (object(), float("nan"), [object()], {1: 2}, b"bytes", {"a": {"b": object()}}):
        assert model.decide("d", {"x": given}).value is None


@pytest.mark.parametrize(
    "logic",
    [
        f'<context typeRef="number"><contextEntry><variable name="a"/>{literal("1")}</contextEntry></context>',
        f'<relation typeRef="number"><column name="a"/><row>{literal("1")}</row></relation>',
        (
            f'<conditional typeRef="number"><if>{literal("true")}</if><then>{literal("[]")}</then>'
            f"<else>{literal('1')}</else></conditional>"
        ),
        f'<for iteratorVariable="i" typeRef="number"><in>{literal("[1, 2]")}</in><return>{literal("i")}</return></for>',
        f'<filter typeRef="number"><in>{literal("[1, 2]")}</in><match>{literal("true")}</match></filter>',
    ],
)
def test_every_boxed_expression_is_held_against_its_type(logic):
    decided = model_of(decision("d", logic)).decide("d", {})

    assert decided.value is None
    assert "is no number" in decided.problems[0].message


@pytest.mark.parametrize("tag", ["some", "every"])
def test_numbers_are_neither_true_nor_false_to_a_boxed_quantifier(tag):
    decided = model_of(decision("d", parts(tag, **{"in": "[0, 1]", "satisfies": "x"}))).decide("d", {})

    assert decided.value is None


FUNCTION_TYPE = (
    '<itemDefinition name="rater"><functionItem outputTypeRef="number"><parameters name="n" typeRef="number"/>'
    "</functionItem></itemDefinition>"
)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("function(n: number) n", True),
        ("function(n) n", True),
        ("function(n: string) n", False),
        ("function(a, b) a", False),
        ("1", False),
    ],
)
def test_a_function_fits_a_function_type_unless_its_parameters_differ(text, fits):
    decided = model_of(FUNCTION_TYPE + decision("d", literal(text), kind="rater")).decide("d", {})

    assert (decided.value is not None) is fits


@pytest.mark.parametrize(
    ("kind", "text", "fits"),
    [
        ("range&lt;number&gt;", "[1..2]", True),
        ("range&lt;number&gt;", '["a".."b"]', False),
        ("list&lt;date&gt;", '[@"2026-01-01"]', True),
        ("list&lt;date&gt;", "[1]", False),
    ],
)
def test_a_type_with_a_part_is_known_and_checked(kind, text, fits):
    decided = model_of(decision("d", literal(text), kind=kind)).decide("d", {})

    assert (decided.value is not None) is fits
