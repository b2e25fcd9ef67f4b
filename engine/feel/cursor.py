"""Walks over tokens and puts names of several words together, by what is in scope."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from engine.feel.errors import FeelSyntaxError
from engine.feel.lexer import KEYWORDS, Token, tokenize, words_of

DEEPEST = 80  # nested brackets, functions and branches
_JOINABLE = frozenset({".", "/", "-", "'", "+", "*", "**"})


class Cursor:
    """A place in the tokens of one text, and the names of several words that are known at that place."""

    def __init__(self, text: str, names: Iterable[str]) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.position = 0
        self.depth = 0
        self._known: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        self._members: dict[str, list[tuple[tuple[str, ...], str]]] = {}  # entries of contexts, known behind a dot
        for name in names:
            self.learn(name)

    @property
    def token(self) -> Token:
        """The token at hand."""
        return self.tokens[self.position]

    @property
    def ahead(self) -> Token:
        """The token after the one at hand."""
        return self.tokens[min(self.position + 1, len(self.tokens) - 1)]

    @property
    def last_end(self) -> int:
        """Where the token before the one at hand ends."""
        return self.tokens[self.position - 1].end if self.position else 0

    def advance(self) -> Token:
        """Take the token at hand."""
        token = self.tokens[self.position]
        if token.kind != "end":
            self.position += 1
        return token

    def at(self, *texts: str) -> bool:
        """Whether the token at hand is a sign or word of these."""
        token = self.tokens[self.position]
        return token.text in texts and token.kind in {"op", "word"}

    def take(self, *texts: str) -> bool:
        """Take the token at hand if it is one of these."""
        if self.at(*texts):
            self.position += 1
            return True
        return False

    def expect(self, text: str) -> Token:
        """Take this sign or word, or refuse the expression."""
        if not self.at(text):
            raise self.unexpected(f"expected {text!r}")
        return self.advance()

    def unexpected(self, wanted: str) -> FeelSyntaxError:
        """The refusal of the token at hand."""
        token = self.token
        found = "the expression ends" if token.kind == "end" else f"found {token.text!r}"
        return FeelSyntaxError(f"Here {found}, but {wanted}.", token.start, max(token.end, token.start))

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Count one more level of nesting; an expression may not nest without end."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise FeelSyntaxError(
                f"The expression nests more than {DEEPEST} levels deep.", self.token.start, self.token.end
            )
        yield
        self.depth -= 1

    def learn(self, name: str) -> None:
        """Let `name` be recognised from here on; names of one word need no help."""
        words = words_of(name)
        if words and len(words) > 1:
            for names in (self._known, self._members):
                known = names.setdefault(words[0], [])
                known.append((words, name))
                known.sort(key=lambda entry: -len(entry[0]))

    @contextmanager
    def knowing(self) -> Iterator[None]:
        """Forget, at the end, what is learnt inside."""
        before = {first: list(known) for first, known in self._known.items()}
        yield
        self._known = before

    def known_name(self) -> str | None:
        """Take the longest known name of several words that stands here."""
        return self._longest(self._known)

    def _longest(self, names: "dict[str, list[tuple[tuple[str, ...], str]]]") -> str | None:
        for words, name in names.get(self.token.text, ()):
            stop = self.position + len(words)
            if tuple(token.text for token in self.tokens[self.position : stop]) == words:
                self.position = stop
                return name
        return None

    def name(self) -> str:
        """Take a name: a known one, else all neighbouring words that are not keywords."""
        if self.token.kind != "word":
            raise self.unexpected("a name belongs here")
        known = self.known_name()
        if known is not None:
            return known
        if self.token.text in KEYWORDS:
            raise self.unexpected("a name belongs here")
        return self._neighbours()

    def member(self) -> str:
        """Take the name behind a dot, which may be a keyword."""
        if self.token.kind != "word":
            raise self.unexpected("a name belongs behind the dot")
        return self._longest(self._members) or self._neighbours()

    def _neighbours(self) -> str:
        words = [self.advance().text]
        while self.token.kind == "word" and self.token.text not in KEYWORDS:
            words.append(self.advance().text)
        return " ".join(words)

    def new_name(self, *stops: str) -> str:
        """Take a name that is introduced here and ends before one of `stops`."""
        start = self.position
        while not self.at(*stops):
            if self.token.kind not in {"word", "number"} and self.token.text not in _JOINABLE:
                raise self.unexpected("a name belongs here")
            self.advance()
        if start == self.position or self.tokens[start].kind != "word":
            raise self.unexpected("a name belongs here")
        return self.written(start, self.position)

    def written(self, start: int, stop: int) -> str:
        """The text of a run of tokens with each gap written as one space."""
        return " ".join(self.text[self.tokens[start].start : self.tokens[stop - 1].end].split())
