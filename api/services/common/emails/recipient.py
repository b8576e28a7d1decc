"""The recipient of an email: the columns of a person that rendering and sending need."""

from dataclasses import dataclass
from typing import Any

from api.store.engine.sql import document


@dataclass(slots=True)
class Recipient:
    """One row of ``person``. It is read without the ORM, because dispatch reads hundreds of them at a time."""

    id: str
    workspace_id: str
    email: str
    first_name: str
    last_name: str
    title: str
    company: str
    own_fields: dict[str, Any]
    unsubscribed: bool
    """Whether the email address is on the workspace's unsubscribe list."""
    bounced: bool
    """Whether an email to the address has bounced permanently."""

    def __post_init__(self) -> None:
        """Parse the own fields, which the database drivers return as text."""
        self.own_fields = document(self.own_fields)
