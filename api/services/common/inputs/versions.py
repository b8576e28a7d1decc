"""Versions: a client gives the version that it has read, so that it does not overwrite another client's change."""

from collections.abc import Callable
from typing import Self

from api.codes.request_errors.inputs import InputCode
from strategies import Refusal

Path = tuple[str, ...]
PATH = ("ifVersion",)


class VersionConflict(Refusal):
    """The refusal of a change to an object that has another version than the client has read.

    ``version`` is the present one.
    """

    def __init__(self, code: str, message: str, path: tuple[str, ...], version: int) -> None:
        super().__init__(code, message, path)
        self.version = version

    @property
    def extensions(self) -> dict[str, object]:
        """Return the extensions of the GraphQL error."""
        return {**super().extensions, "currentVersion": self.version}

    def with_path(self, change: Callable[[Path], Path]) -> Self:
        """Return the same refusal with another path."""
        return type(self)(self.code, self.message, change(self.path), self.version)


def check_version(kind: str, version: int, expected: int | None) -> None:
    """Refuse if the object, such as a campaign, has another version than ``expected``. None accepts any version.

    Call it in the transaction that changes the object, after its row is locked. Raises VersionConflict.
    """
    if expected is not None and expected != version:
        message = InputCode.VERSION_CONFLICT.message(kind=kind, version=version, expected=expected)
        raise VersionConflict(*message, PATH, version)
