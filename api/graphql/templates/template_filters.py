"""The filter of templates."""

from datetime import date
from typing import Annotated

import strawberry

from api.graphql.sort_orders import NamedOrder
from api.services.templates import template_reads


@strawberry.input(description="Selects templates that match every given field.")
class TemplateFilter:
    search: str | None = strawberry.field(
        default=None,
        description="Only templates whose name or subject has each word of this text, in upper or lower case.",
    )
    category_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only templates of the category with this `id`."
    )
    archived: bool | None = strawberry.field(
        default=None, description="True: only archived templates. False: only those that are not archived."
    )
    unused_since: date | None = strawberry.field(
        default=None,
        description="Only templates from which no email was sent on this day or later, such as 90 days ago.",
    )


def read_filter(chosen: TemplateFilter | None) -> template_reads.TemplateFilter:
    """Return a filter as services take it."""
    return template_reads.TemplateFilter(**vars(chosen)) if chosen else template_reads.TemplateFilter()


TemplatesWhere = Annotated[
    TemplateFilter | None,
    strawberry.argument(description="Only templates that meet this filter. If left out, all templates."),
]
TemplatesOrderBy = Annotated[
    NamedOrder | None,
    strawberry.argument(description="The order of the list. If left out, in the order of creation."),
]
