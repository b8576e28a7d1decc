"""The orders of lists: `orderBy: {field: …, direction: …}`."""

from typing import Any, TypeVar

import strawberry

from api.graphql.engine.enums.sort_enums import (
    CampaignSort,
    CreatedSort,
    CrmFailureSort,
    Direction,
    EmailSort,
    NamedSort,
    PersonSort,
    SuppressionSort,
    TaskSort,
)
from api.sorts import Order

Sort = TypeVar("Sort")


@strawberry.input
class _Order:
    direction: Direction = strawberry.field(
        default=Direction.ASC, description="The direction: ASC, which is the default, or DESC."
    )


@strawberry.input(description="What people are sorted by.")
class PersonOrder(_Order):
    field: PersonSort = strawberry.field(description="What they are sorted by.")


@strawberry.input(description="What emails are sorted by.")
class EmailOrder(_Order):
    field: EmailSort = strawberry.field(description="What they are sorted by.")


@strawberry.input(description="What tasks are sorted by.")
class TaskOrder(_Order):
    field: TaskSort = strawberry.field(description="What they are sorted by.")


@strawberry.input(description="What campaigns are sorted by.")
class CampaignOrder(_Order):
    field: CampaignSort = strawberry.field(description="What they are sorted by.")


@strawberry.input(description="What templates, categories, groups or senders are sorted by.")
class NamedOrder(_Order):
    field: NamedSort = strawberry.field(description="What they are sorted by.")


@strawberry.input(description="What suppressed addresses are sorted by.")
class SuppressionOrder(_Order):
    field: SuppressionSort = strawberry.field(description="What they are sorted by.")


@strawberry.input(description="What failed writes to the CRM are sorted by.")
class CrmFailureOrder(_Order):
    field: CrmFailureSort = strawberry.field(description="What they are sorted by.")


@strawberry.input(description="The direction of a list that can be sorted by one field only.")
class CreatedOrder(_Order):
    field: CreatedSort = strawberry.field(description="What the items are sorted by.")


def order_of(given: Any) -> Any:
    """Return an order as services take it; None for the usual order of the list."""
    return None if given is None else Order(given.field, given.direction)
