"""What the lists of the API can be sorted by."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

Field = TypeVar("Field", bound=StrEnum)


class Direction(StrEnum):
    """The direction of an order."""

    ASC = "ASC"
    DESC = "DESC"


@dataclass(frozen=True, slots=True)
class Order(Generic[Field]):
    """What a list is sorted by, and in which direction."""

    field: Field
    direction: Direction = Direction.ASC

    @property
    def descending(self) -> bool:
        """Whether the largest value comes first."""
        return self.direction is Direction.DESC


class PersonSort(StrEnum):
    """What people can be sorted by."""

    CREATED = "CREATED"
    EMAIL = "EMAIL"
    FIRST_NAME = "FIRST_NAME"
    LAST_NAME = "LAST_NAME"
    COMPANY = "COMPANY"
    REPLIED_AT = "REPLIED_AT"


class EmailSort(StrEnum):
    """What emails can be sorted by."""

    DUE_AT = "DUE_AT"
    SENT_AT = "SENT_AT"
    FAILED_AT = "FAILED_AT"
    CREATED_AT = "CREATED_AT"


class TaskSort(StrEnum):
    """What tasks can be sorted by."""

    CREATED = "CREATED"
    DUE_DATE = "DUE_DATE"


class CampaignSort(StrEnum):
    """What campaigns can be sorted by."""

    CREATED = "CREATED"
    NAME = "NAME"
    STATUS = "STATUS"


class NamedSort(StrEnum):
    """What templates, categories and senders can be sorted by."""

    CREATED = "CREATED"
    NAME = "NAME"


class SuppressionSort(StrEnum):
    """What suppressed addresses can be sorted by."""

    CREATED = "CREATED"
    EMAIL = "EMAIL"
    UNSUBSCRIBED_AT = "UNSUBSCRIBED_AT"


class CrmFailureSort(StrEnum):
    """What failed writes to a CRM can be sorted by."""

    FAILED_AT = "FAILED_AT"


class CreatedSort(StrEnum):
    """The only field of lists that cannot be sorted in another way."""

    CREATED = "CREATED"
