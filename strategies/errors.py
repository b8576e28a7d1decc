"""The exceptions of a request that breaks rules."""

from collections.abc import Callable, Sequence
from types import TracebackType

from strategies.codes import Code

Path = tuple[str, ...]


class Refusal(Exception):  # noqa: N818 - a refusal is an answer to the user, not a fault of the program
    """A request that breaks a rule: a code for programs, a sentence for people, the path of the argument.

    Nothing has been changed when it is raised. The API passes code and sentence to the client as they are. Touchline's
    own codes are members of a ``Code``, raised with ``Refusal.of``; a package gives its own code and sentence.

    ``path`` is a tuple of names. In ``validate`` of a send option it begins inside the configuration: ``("region",)``
    is the property ``region``, and the API returns ``["config", "region"]``. ``()`` is the whole configuration.
    """

    def __init__(self, code: str, message: str, path: Path = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path

    @classmethod
    def of(cls, code: Code, path: Path = (), /, *, case: str = "", **values: object) -> "Refusal":
        """Return the refusal of a code, with the sentence of the case and the values that it names."""
        return Refusal(*code.message(case, **values), path)

    def __reduce__(self) -> tuple[type["Refusal"], tuple[object, ...]]:
        """Support pickling, because worker processes raise this exception."""
        return Refusal, (self.code, self.message, self.path)

    @property
    def each(self) -> "Sequence[Refusal]":
        """The refusals of all rules that the request breaks: this one, unless it is one of ``Refusals``."""
        return (self,)

    @property
    def extensions(self) -> dict[str, object]:
        """Return code and path as GraphQL errors carry them."""
        return {"code": self.code, "path": list(self.path)}

    def with_path(self, change: Callable[[Path], Path]) -> "Refusal":
        """Return the same refusal with another path, which a function makes from the present one."""
        return Refusal(self.code, self.message, change(self.path))

    def under(self, *path: str) -> "Refusal":
        """Return the same refusal with its argument's path inside ``path``."""
        return self.with_path(lambda own: (*path, *own))

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Refusals(Refusal):
    """A request that breaks several rules. Its own code, message and path are those of the first refusal."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(refusals[0].code, refusals[0].message, refusals[0].path)
        self._each = tuple(refusals)

    def __reduce__(self) -> tuple[type[Refusal], tuple[object, ...]]:
        """Support pickling, because worker processes raise this exception."""
        return Refusals, (self._each,)

    @property
    def each(self) -> Sequence[Refusal]:
        """The refusals, in the order of the input."""
        return self._each

    @property
    def extensions(self) -> dict[str, object]:
        """Return those of the first refusal, and all refusals under ``errors``."""
        errors = [{**each.extensions, "message": each.message} for each in self._each[:MAX_ERRORS]]
        return {**super().extensions, "errors": errors, "moreErrors": max(0, len(self._each) - MAX_ERRORS)}

    def with_path(self, change: Callable[[Path], Path]) -> Refusal:
        """Return the same refusals with other paths."""
        return Refusals([each.with_path(change) for each in self._each])

    def __str__(self) -> str:
        return "\n".join(map(str, self._each))


MAX_ERRORS = 100
"""Errors of one answer. The answer says how many more there are."""


class RefusalCollector:
    """Collects the refusals of checks that do not depend on each other, so that a request learns all of its mistakes:

        refusals = RefusalCollector()
        with refusals:
            name = inputs.line(name, ("name",))
        with refusals:
            zone = inputs.zone(zone, ("zone",))
        refusals.raise_any()

    A block ends at its first refusal, so it contains the checks that depend on each other. After ``raise_any``, every
    block has succeeded.
    """

    def __init__(self, refusals: Sequence[Refusal] = ()) -> None:
        self._found: dict[tuple[str, str, Path], Refusal] = {}
        for each in refusals:
            self.add(each)

    @property
    def found(self) -> list[Refusal]:
        """The refusals, in the order in which they were found. Those that are alike count once."""
        return list(self._found.values())

    def __enter__(self) -> "RefusalCollector":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if not isinstance(error, Refusal):
            return False
        self.add(error)
        return True

    def add(self, refusal: Refusal) -> None:
        """Add a refusal, or all of several."""
        for each in refusal.each:
            self._found.setdefault((each.code, each.message, each.path), each)

    def raise_any(self) -> None:
        """Raise the refusals that were found, if any."""
        found = self.found
        if found:
            raise found[0] if len(found) == 1 else Refusals(found)
