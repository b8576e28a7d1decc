"""Find regular expressions that JavaScript does not compile with the flag ``u``, as Ajv compiles patterns.

Python accepts more: ``\\Z``, ``(?P<name>…)``, and a backslash before any sign.
"""

import re

_SYNTAX = frozenset("^$\\.*+?()[]{}|/")
_CLASSES = frozenset("dDwWsStnvfr0")
_ESCAPE = re.compile(
    r"c[A-Za-z]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|u\{0*(?:10|[0-9A-Fa-f])?[0-9A-Fa-f]{0,4}\}|[pP]\{[A-Za-z_=]+\}"
)
_NAMED = re.compile(r"k<[A-Za-z_$][A-Za-z0-9_$]*>")
_DIGITS = re.compile(r"[1-9][0-9]*")
_GROUP = re.compile(r"\?(?::|=|!|<=|<!|<[A-Za-z_$][A-Za-z0-9_$]*>)")
ASSERTIONS = frozenset(("?=", "?!", "?<=", "?<!"))
"""The beginnings of groups that cannot be repeated."""
_REPEAT = re.compile(r"[*+?]|\{[0-9]+(?:,[0-9]*)?\}")


def fault_of_pattern(pattern: str) -> str | None:
    """Return what JavaScript refuses in a pattern, or None."""
    return _Reader(pattern).fault()


class _Reader:
    """Reads a pattern from left to right. ``open`` says for each open group whether it can be repeated."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at = pattern, 0
        self.open: list[bool] = []
        self.was_repeatable = False
        self.groups = len(re.findall(r"(?<!\\)\((?!\?)|\(\?<[A-Za-z_$]", pattern))

    def fault(self) -> str | None:
        """Read to the end. Return what JavaScript refuses, or None."""
        repeatable = False
        while self.at < len(self.pattern):
            sign, start = self.pattern[self.at], self.at
            if sign in "([\\)":
                read = {"(": self._open_group, "[": self._class, "\\": self._escape, ")": self._close_group}[sign]
                if problem := read():
                    return problem
                repeatable = (
                    self.was_repeatable if sign in "()" else self.pattern[start : self.at] not in {"\\b", "\\B"}
                )
            elif found := _REPEAT.match(self.pattern, self.at):
                if not repeatable:
                    return f"{found[0]!r} repeats nothing"
                self.at = found.end() + self.pattern.startswith("?", found.end())
                repeatable = False
            elif sign in "{}]":
                return f"{sign!r} needs a backslash"
            else:
                repeatable = sign not in "^$|"
                self.at += 1
        return "'(' has no ')'" if self.open else None

    def _open_group(self) -> str | None:
        found = _GROUP.match(self.pattern, self.at + 1)
        if self.pattern.startswith("(?", self.at) and not found:
            return f"{self.pattern[self.at : self.at + 4]!r} is not a group in JavaScript"
        kind = found[0] if found else ""
        self.open.append(kind not in ASSERTIONS)
        self.was_repeatable = False
        self.at += 1 + len(kind)
        return None

    def _close_group(self) -> str | None:
        if not self.open:
            return "')' has no '('"
        self.was_repeatable = self.open.pop()
        self.at += 1
        return None

    def _escape(self, *, in_class: bool = False) -> str | None:
        """Read a backslash and what it escapes."""
        start = self.at
        self.at += 1
        sign = self.pattern[self.at : self.at + 1]
        if found := _ESCAPE.match(self.pattern, self.at):
            self.at = found.end()
            return None
        if not in_class and (found := _NAMED.match(self.pattern, self.at) or _DIGITS.match(self.pattern, self.at)):
            if found[0][0] != "k" and int(found[0]) > self.groups:
                return f"'\\{found[0]}' refers to a group that does not exist"
            self.at = found.end()
            return None
        if sign == "0" and self.pattern[self.at + 1 : self.at + 2].isdigit():
            return f"{self.pattern[start : start + 3]!r} is not an escape in JavaScript"
        allowed = (
            sign in _SYNTAX or sign in _CLASSES or sign in ("b" if in_class else "bB") or (in_class and sign == "-")
        )
        self.at += 1
        return None if sign and allowed else f"{self.pattern[start : start + 2]!r} is not an escape in JavaScript"

    def _class(self) -> str | None:
        """Read a class of signs, such as ``[a-z]``."""
        self.at += 1 + self.pattern.startswith("^", self.at + 1)
        members: list[str] = []
        while self.at < len(self.pattern):
            start = self.at
            if self.pattern[start] == "]":
                self.at += 1
                return None
            if self.pattern[start] == "\\":
                if problem := self._escape(in_class=True):
                    return problem
            else:
                self.at += 1
            members.append(self.pattern[start : self.at])
            if len(members) >= 3 and members[-2] == "-":
                first, last = members[-3], members[-1]
                if max(len(first), len(last)) > 1 and {first[1:2], last[1:2]} & set("dDwWsSpP"):
                    return f"{first}-{last} is not a range"
                if len(first) == len(last) == 1 and first > last:
                    return f"{first}-{last} is out of order"
                members.clear()
        return "'[' has no ']'"
