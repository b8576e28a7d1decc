"""Parses the part of SOQL that clients of this server use.

https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select.htm (syntax),
…/sforce_api_calls_soql_select_quotedstringescapes.htm (escapes) and
…/sforce_api_calls_soql_select_conditionexpression.htm (AND and OR cannot be mixed without brackets).
"""

import re
from dataclasses import dataclass
from typing import Any

from tests.salesforce.errors import ApiError
from tests.salesforce.values import read_datetime

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')"
    r"|(?P<instant>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)|\d{4}-\d\d-\d\d)"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w.]*)|(?P<sign><=|>=|!=|<>|[=<>(),]))",
    re.DOTALL,
)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
WORDS = {"SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "ORDER", "BY", "LIMIT", "OFFSET", "NULLS"}
COMPARISONS = {"=", "!=", "<>", "<", ">", "<=", ">="}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field, an operator and a value, or a list of values for IN and NOT IN."""

    field: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Junction:
    """Conditions that are joined by AND, OR, or one that is negated by NOT."""

    operator: str
    conditions: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT."""

    fields: tuple[str, ...]
    name: str
    condition: Comparison | Junction | None
    order: tuple[tuple[str, bool], ...]
    limit: int | None
    offset: int


def parse(text: str) -> Query:
    """Parse a query. Raises ApiError."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        place = 0
        text = text.rstrip()
        while place < len(text):
            found = TOKEN.match(text, place)
            if found is None:
                raise malformed(f"unexpected token: '{text[place : place + 20]}'")
            self.tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            place = found.end()

    def query(self) -> Query:
        self.want("SELECT")
        fields = self.names(self.selected)
        self.want("FROM")
        name = self.name()
        condition = self.conditions() if self.skip("WHERE") else None
        order: list[tuple[str, bool]] = []
        if self.skip("ORDER"):
            self.want("BY")
            order = self.names(self.ordered)
        limit = int(self.value()) if self.skip("LIMIT") else None
        offset = int(self.value()) if self.skip("OFFSET") else 0
        if self.tokens:
            raise malformed(f"unexpected token: '{self.tokens[0][1]}'")
        return Query(tuple(fields), name, condition, tuple(order), limit, offset)

    def names(self, read: Any) -> list[Any]:
        found = [read()]
        while self.skip(","):
            found.append(read())
        return found

    def selected(self) -> str:
        name = self.name()
        if self.skip("("):
            self.want(")")
            if name.upper() != "COUNT":
                raise malformed(f"unexpected function: {name}")
            return "COUNT()"
        return name

    def ordered(self) -> tuple[str, bool]:
        name, down = self.name(), False
        if not self.skip("ASC"):
            down = self.skip("DESC")
        if self.skip("NULLS"):
            raise malformed("this server does not support NULLS")
        return name, down

    def conditions(self) -> Any:
        first = self.condition()
        joined, operator = [first], ""
        while word := next((word for word in ("AND", "OR") if self.skip(word)), ""):
            if operator not in {"", word}:
                raise malformed("unexpected token: use brackets between AND and OR")
            operator = word
            joined.append(self.condition())
        return Junction(operator, tuple(joined)) if operator else first

    def condition(self) -> Any:
        if self.skip("NOT"):
            return Junction("NOT", (self.condition(),))
        if self.skip("("):
            found = self.conditions()
            self.want(")")
            return found
        field = self.name()
        if self.skip("NOT"):
            self.want("IN")
            return Comparison(field, "NOT IN", self.values())
        if self.skip("IN"):
            return Comparison(field, "IN", self.values())
        if self.skip("LIKE"):
            return Comparison(field, "LIKE", self.value(like=True))
        sign = self.take("sign")
        if sign not in COMPARISONS:
            raise malformed(f"unexpected token: '{sign}'")
        return Comparison(field, "!=" if sign == "<>" else sign, self.value())

    def values(self) -> list[Any]:
        self.want("(")
        found = self.names(self.value)
        self.want(")")
        return found

    def value(self, like: bool = False) -> Any:
        if not self.tokens:
            raise malformed("unexpected token: <EOF>")
        kind, text = self.tokens.pop(0)
        if kind == "text":
            return unescape(text[1:-1], like)
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "instant":
            return read_datetime(text) if "T" in text else text
        if kind == "name" and text.upper() in {"TRUE", "FALSE", "NULL"}:
            return {"TRUE": True, "FALSE": False, "NULL": None}[text.upper()]
        raise malformed(f"unexpected token: '{text}'")

    def name(self) -> str:
        found = self.take("name")
        if found.upper() in WORDS:
            raise malformed(f"unexpected token: '{found}'")
        return found

    def take(self, kind: str) -> str:
        if not self.tokens or self.tokens[0][0] != kind:
            raise malformed(f"unexpected token: '{self.tokens[0][1] if self.tokens else '<EOF>'}'")
        return self.tokens.pop(0)[1]

    def skip(self, word: str) -> bool:
        if self.tokens and self.tokens[0][0] in {"name", "sign"} and self.tokens[0][1].upper() == word:
            self.tokens.pop(0)
            return True
        return False

    def want(self, word: str) -> None:
        if not self.skip(word):
            raise malformed(f"expecting '{word}', found '{self.tokens[0][1] if self.tokens else '<EOF>'}'")


def unescape(text: str, like: bool = False) -> str:
    """Return a text literal without its escapes. For LIKE, escaped wildcards keep their backslash."""

    def replace(found: re.Match[str]) -> str:
        sign = found[1]
        if sign.startswith("u"):
            return chr(int(sign[1:], 16))
        if like and sign in "%_":
            return f"\\{sign}"
        if sign == "\\" and like:
            return "\\\\"
        if sign.lower() not in ESCAPES and sign not in ESCAPES:
            raise malformed(f"illegal escape: \\{sign}")
        return ESCAPES[sign.lower() if sign.isalpha() else sign]

    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", replace, text, flags=re.DOTALL)


def malformed(message: str) -> ApiError:
    """Return the error of a query that cannot be parsed."""
    return ApiError("MALFORMED_QUERY", message)
