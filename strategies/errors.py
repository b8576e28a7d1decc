"""The one exception for what a user asked and may not have."""


class Refusal(Exception):  # noqa: N818 - a refusal is an answer to the user, not a fault of the program
    """A request that breaks a rule: a code for programs, a sentence for people, the path of the argument.

    Whoever raises it has changed nothing. The API hands all three to the client as they are.
    """

    def __init__(self, code: str, message: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path

    def __reduce__(self) -> tuple[type["Refusal"], tuple[str, str, tuple[str, ...]]]:
        """Come out of another process as it was."""
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
