"""Reads FEEL text into its syntax tree (DMN 1.5, clause 10.3.1)."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from engine.feel import nodes
from engine.feel.cursor import Cursor
from engine.feel.errors import FeelSyntaxError
from engine.feel.lexer import KEYWORDS
from engine.feel.temporal import at_literal
from engine.feel.type_parser import read_type
from engine.feel.types import Type

T = TypeVar("T")

_COMPARATORS = ("=", "!=", "<", "<=", ">", ">=")
_OR, _AND, _COMPARE, _ADD, _MULTIPLY, _POWER, _UNARY = range(1, 8)
_PRECEDENCE = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys((*_COMPARATORS, "between", "in"), _COMPARE),
    "+": _ADD,
    "-": _ADD,
    "*": _MULTIPLY,
    "/": _MULTIPLY,
    "**": _POWER,
    "instance": _UNARY,
}
_CONSTANTS = {"true": True, "false": False, "null": None}
_LONGEST_CHAIN = 400  # operators of one precedence in a row
_NO_START = KEYWORDS - {"if", "for", "some", "every", "function", "true", "false", "null"}


def parse_expression(text: str, names: Iterable[str] = ()) -> nodes.Node:
    """The tree of one expression; `names` are the variables that may be of several words."""
    parser = Parser(text, names)
    return parser.whole(parser.expression)


def parse_unary_tests(text: str, names: Iterable[str] = ()) -> nodes.UnaryTests:
    """The tree of a decision table's cell."""
    parser = Parser(text, names)
    return parser.whole(parser.unary_tests)


class Parser(Cursor):
    """Recursive descent for what begins with a word or bracket, operator precedence for the rest."""

    def __init__(self, text: str, names: Iterable[str]) -> None:
        super().__init__(text, names)
        self._ends_range = False

    def whole(self, part: Callable[[], T]) -> T:
        """Read `part` and see that nothing is left over."""
        read = part()
        if self.token.kind != "end":
            raise self.unexpected("the expression should end or go on with an operator")
        return read

    def expression(self, above: int = 0) -> nodes.Node:
        """An expression of operators that bind tighter than `above`."""
        with self.deeper():
            left = self._prefix()
            chain = 0
            while (precedence := self._operator()) > above:
                left = self._infix(left, precedence)
                chain += 1
                if chain > _LONGEST_CHAIN:
                    raise FeelSyntaxError("The expression has too many operators in a row.", left.start, left.end)
            return left

    def _operator(self) -> int:
        token = self.token
        return _PRECEDENCE.get(token.text, 0) if token.kind in {"op", "word"} else 0

    def _infix(self, left: nodes.Node, precedence: int) -> nodes.Node:
        if precedence in {_OR, _AND, _ADD, _MULTIPLY, _POWER}:
            return self._chain(left, precedence)
        if self.take("instance"):
            self.expect("of")
            return nodes.InstanceOf(left, read_type(self), start=left.start, end=self.last_end)
        if self.take("between"):
            low = self.expression(_COMPARE)
            self.expect("and")
            high = self.expression(_COMPARE)
            return nodes.Between(left, low, high, start=left.start, end=high.end)
        if self.take("in"):
            return nodes.In(left, self._in_tests(), start=left.start, end=self.last_end)
        operator = self.advance().text
        right = self.expression(_COMPARE)
        return nodes.Comparison(operator, left, right, start=left.start, end=right.end)

    def _chain(self, first: nodes.Node, precedence: int) -> nodes.Node:
        operands, operators = [first], []
        while self._operator() == precedence:
            operators.append(self.advance().text)
            operands.append(self.expression(precedence))
        end = operands[-1].end
        if len(operators) > _LONGEST_CHAIN:
            raise FeelSyntaxError("The expression has too many operators in a row.", first.start, end)
        if precedence in {_OR, _AND}:
            return nodes.Logic(operators[0], operands, start=first.start, end=end)
        return nodes.Arithmetic(operands, operators, start=first.start, end=end)

    def _prefix(self) -> nodes.Node:
        token = self.token
        if token.kind == "word":
            return self._postfix(self._worded())
        if token.kind in {"number", "string"}:
            self.advance()
            return self._postfix(nodes.Literal(token.value, start=token.start, end=token.end))
        if self.take("-"):
            operand = self.expression(_POWER)
            return nodes.Negation(operand, start=token.start, end=operand.end)
        reader = _BRACKETS.get(token.text)
        if reader is None:
            raise self.unexpected("a value belongs here")
        return self._postfix(self._inside(reader))

    def _inside(self, reader: "Callable[[Parser], nodes.Node]") -> nodes.Node:
        outer, self._ends_range = self._ends_range, False
        read = reader(self)
        self._ends_range = outer
        return read

    def _worded(self) -> nodes.Node:
        start = self.token.start
        known = self.known_name()
        if known is not None:
            return nodes.Name(known, start=start, end=self.last_end)
        text = self.token.text
        if text in _CONSTANTS:
            self.advance()
            return nodes.Literal(_CONSTANTS[text], start=start, end=self.last_end)
        if text in _WORDS and (text != "function" or self.ahead.text == "("):
            return self._inside(_WORDS[text])
        return nodes.Name(self.name(), start=start, end=self.last_end)

    def _postfix(self, target: nodes.Node) -> nodes.Node:
        links = 0
        while self.at(".", "[", "("):
            links += 1
            if links > _LONGEST_CHAIN // 4:
                raise FeelSyntaxError("The expression has too many steps in a row.", target.start, target.end)
            if self.take("."):
                target = nodes.Path(target, self.member(), start=target.start, end=self.last_end)
            elif self.at("["):
                if self._ends_range and not self._starts_value():
                    break
                target = self._filter(target)
            elif isinstance(target, nodes.Literal):
                break
            else:
                target = self._call(target)
        return target

    def _starts_value(self) -> bool:
        ahead = self.ahead
        if ahead.kind == "op":
            return ahead.text in {"(", "[", "{", "-", "@"}
        return ahead.kind != "end" and ahead.text not in _NO_START

    def _filter(self, target: nodes.Node) -> nodes.Node:
        self.advance()
        outer, self._ends_range = self._ends_range, False
        condition = self.expression()
        self._ends_range = outer
        self.expect("]")
        return nodes.Filter(target, condition, start=target.start, end=self.last_end)

    def _call(self, function: nodes.Node) -> nodes.Node:
        self.advance()
        outer, self._ends_range = self._ends_range, False
        arguments: list[nodes.Node] = []
        names: list[str] = []
        while not self.at(")"):
            if self._is_named_argument():
                names.append(self.new_name(":"))
                self.advance()
            elif names:
                raise self.unexpected("every argument needs its name once one has it")
            arguments.append(self.expression())
            if not self.take(","):
                break
        self.expect(")")
        self._ends_range = outer
        if names and len(names) != len(arguments):
            raise FeelSyntaxError("Name either all arguments or none.", function.end, self.last_end)
        return nodes.Call(function, arguments, names or None, start=function.start, end=self.last_end)

    def _is_named_argument(self) -> bool:
        position = self.position
        while self.tokens[position].kind == "word" or (
            position > self.position and self.tokens[position].text in {"-", "'", ".", "/"}
        ):
            position += 1
        return position > self.position and self.tokens[position].text == ":"

    def test(self) -> nodes.Node:
        """One positive unary test: a comparison without its left side, or an expression."""
        if self.at(*_COMPARATORS):
            token = self.advance()
            operand = self.expression(_COMPARE)
            return nodes.Test(token.text, operand, start=token.start, end=operand.end)
        return self.expression()

    def _in_tests(self) -> list[nodes.Node]:
        if not self.at("("):
            if self.at(*_COMPARATORS):
                return [self.test()]
            return [self.expression(_COMPARE)]
        start = self.token.start
        outer, self._ends_range = self._ends_range, False
        self.advance()
        tests = [self.test()]
        if self.at(".."):
            tests = [self._range(start, tests[0], low_included=False)]
        else:
            while self.take(","):
                tests.append(self.test())
            self.expect(")")
        self._ends_range = outer
        return [self._postfix(tests[0])] if len(tests) == 1 else tests

    def unary_tests(self) -> nodes.UnaryTests:
        """The content of a cell: `-`, `not(tests)` or tests."""
        start = self.token.start
        if self.at("-") and self.ahead.kind == "end":
            self.advance()
            return nodes.UnaryTests([], negated=False, start=start, end=self.last_end)
        if self.at("not") and self.ahead.text == "(":
            mark = self.position
            self.position += 2
            tests = self._tests()
            if self.take(")") and self.token.kind == "end":
                return nodes.UnaryTests(tests, negated=True, start=start, end=self.last_end)
            self.position = mark
        return nodes.UnaryTests(self._tests(), negated=False, start=start, end=self.last_end)

    def _tests(self) -> list[nodes.Node]:
        tests = [self.test()]
        while self.take(","):
            tests.append(self.test())
        return tests

    def bracketed(self) -> nodes.Node:
        """`( … )`: an expression, a unary comparison, or a range that leaves its low end out."""
        start = self.advance().start
        inside = self.test()
        if self.at(".."):
            return self._range(start, inside, low_included=False)
        self.expect(")")
        inside.start, inside.end = start, self.last_end
        return inside

    def listed(self) -> nodes.Node:
        """`[ … ]`: a list, or a range that includes its low end."""
        start = self.advance().start
        items: list[nodes.Node] = []
        while not self.at("]"):
            items.append(self.test())
            if len(items) == 1 and self.at(".."):
                return self._range(start, items[0], low_included=True)
            if not self.take(","):
                break
        self.expect("]")
        return nodes.ListOf(items, start=start, end=self.last_end)

    def opened(self) -> nodes.Node:
        """`] low .. high [`."""
        start = self.advance().start
        low = self.expression()
        if not self.at(".."):
            raise self.unexpected("a range goes on with '..'")
        return self._range(start, low, low_included=False)

    def _range(self, start: int, low: nodes.Node, *, low_included: bool) -> nodes.Node:
        self.expect("..")
        self._ends_range = True
        high = self.expression()
        self._ends_range = False
        if not self.at("]", ")", "["):
            raise self.unexpected("a range ends with ']', ')' or '['")
        included = self.advance().text == "]"
        return nodes.RangeOf(low, high, low_included, included, start=start, end=self.last_end)

    def context(self) -> nodes.Node:
        """`{ key: expression, "other key": expression }`; an entry may use those before it."""
        start = self.advance().start
        entries: list[tuple[str, nodes.Node]] = []
        with self.knowing():
            while not self.at("}"):
                key = str(self.advance().value) if self.token.kind == "string" else self.new_name(":")
                self.expect(":")
                if any(key == other for other, _ in entries):
                    raise FeelSyntaxError(f"The entry {key!r} stands twice in this context.", start, self.last_end)
                entries.append((key, self.expression()))
                self.learn(key)
                if not self.take(","):
                    break
        self.expect("}")
        return nodes.Context(entries, start=start, end=self.last_end)

    def at_literal(self) -> nodes.Node:
        """`@"2026-01-31"`."""
        start = self.advance().start
        token = self.token
        if token.kind != "string":
            raise self.unexpected("a string belongs behind '@'")
        self.advance()
        text = str(token.value)
        return nodes.AtLiteral(text, at_literal(text), start=start, end=token.end)

    def conditional(self) -> nodes.Node:
        """`if … then … else …`."""
        start = self.advance().start
        condition = self.expression()
        self.expect("then")
        yes = self.expression()
        self.expect("else")
        no = self.expression()
        return nodes.If(condition, yes, no, start=start, end=no.end)

    def loop(self) -> nodes.Node:
        """`for … return …`, `some … satisfies …` and `every … satisfies …`."""
        opening = self.advance()
        closing = "return" if opening.text == "for" else "satisfies"
        with self.knowing():
            iterators = [self._iterator()]
            while self.take(","):
                iterators.append(self._iterator())
            self.expect(closing)
            body = self.expression()
        if opening.text == "for":
            return nodes.For(iterators, body, start=opening.start, end=body.end)
        return nodes.Quantified(opening.text, iterators, body, start=opening.start, end=body.end)

    def _iterator(self) -> nodes.Iterator:
        start = self.token.start
        name = self.new_name("in")
        self.expect("in")
        domain = self.expression()
        last = self.expression() if self.take("..") else None
        self.learn(name)
        return nodes.Iterator(name, domain, last, start=start, end=self.last_end)

    def function(self) -> nodes.Node:
        """`function(a, b: number) body`."""
        start = self.advance().start
        self.expect("(")
        parameters: list[tuple[str, Type | None]] = []
        with self.knowing():
            while not self.at(")"):
                name = self.new_name(",", ":", ")")
                parameters.append((name, read_type(self) if self.take(":") else None))
                self.learn(name)
                if not self.take(","):
                    break
            self.expect(")")
            if self.at("external"):
                raise FeelSyntaxError("External functions are refused: they would run code.", start, self.token.end)
            body = self.expression()
        return nodes.FunctionDefinition(parameters, body, start=start, end=body.end)


_BRACKETS: dict[str, Callable[[Parser], nodes.Node]] = {
    "(": Parser.bracketed,
    "[": Parser.listed,
    "]": Parser.opened,
    "{": Parser.context,
    "@": Parser.at_literal,
}
_WORDS: dict[str, Callable[[Parser], nodes.Node]] = {
    "if": Parser.conditional,
    "for": Parser.loop,
    "some": Parser.loop,
    "every": Parser.loop,
    "function": Parser.function,
}
