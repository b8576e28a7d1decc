"""The exception of a request that breaks a rule."""

from strategies.codes import Code


class Refusal(Exception):  # noqa: N818 - a refusal is an answer to the user, not a fault of the program
    """A request that breaks a rule: a code for programs, a sentence for people, the path of the argument.

    Nothing has been changed when it is raised. The API passes all three to the client as they are. Touchline's own
    codes are members of a ``Code``, raised with ``Refusal.of``; a package gives its own code and sentence.
    """

    def __init__(self, code: str, message: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path

    @classmethod
    def of(cls, code: Code, path: tuple[str, ...] = (), /, *, case: str = "", **values: object) -> "Refusal":
        """Return the refusal of a code, with the sentence of the case and the values that it names."""
        return cls(*code.message(case, **values), path)

    def __reduce__(self) -> tuple[type["Refusal"], tuple[str, str, tuple[str, ...]]]:
        """Survive the way out of a worker process."""
        return Refusal, (self.code, self.message, self.path)

    @property
    def extensions(self) -> dict[str, object]:
        """Return code and path as GraphQL errors carry them."""
        return {"code": self.code, "path": list(self.path)}

    def under(self, *path: str) -> "Refusal":
        """Return the same refusal with its argument's path inside ``path``."""
        return Refusal(self.code, self.message, (*path, *self.path))

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
