"""The filter of people."""

import strawberry

from api.graphql.people.address_filter import ADDRESS_BEGINS
from api.services.people import person_reads


@strawberry.input(description="A dynamic field of a person, with its value.")
class FieldFilter:
    name: str = strawberry.field(description="Name of the field, such as `plan`. Upper and lower case differ.")
    equals: str = strawberry.field(description="The whole value, such as `gold`. Upper and lower case differ.")


@strawberry.input(description="Selects people who match every given field.")
class PersonFilter:
    search: str | None = strawberry.field(
        default=None,
        description="Only people who match this text, such as `ada exam`: each of up to five words is the beginning of "
        "the first name, last name, company or address. Upper and lower case are the same.",
    )
    email: str | None = strawberry.field(default=None, description=ADDRESS_BEGINS)
    company: str | None = strawberry.field(
        default=None,
        description="Only people of this company. The case of the letters A to Z does not count.",
    )
    campaign_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Only people who have an enrollment in the campaign with this `id`, whatever its status.",
    )
    group_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only people who are in the group with this `id`."
    )
    import_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Only people whose rows were in the file of the import with this `id`: created, updated or "
        "skipped, but not refused. Imports of earlier releases have none.",
    )
    unsubscribed: bool | None = strawberry.field(
        default=None,
        description="True: only people whose address has unsubscribed. False: only the others. If left out, both.",
    )
    bounced: bool | None = strawberry.field(
        default=None,
        description="True: only people whose address has bounced, as `Person.bouncedAt` says. False: only the others. "
        "If left out, both.",
    )
    replied: bool | None = strawberry.field(
        default=None,
        description="True: only people who have replied to an email, as `Person.repliedAt` says. False: only the "
        "others. If left out, both.",
    )
    fields: list[FieldFilter] | None = strawberry.field(
        default=None,
        description=(
            "Only people with these values in their own dynamic fields (`Person.fields`). These fields have no index, "
            "so other fields of the filter must narrow the list, unless the workspace has up to 1,000 people "
            "(`TOO_MANY_TO_SORT`)."
        ),
    )


def read_filter(given: PersonFilter | None) -> person_reads.PersonFilter:
    """Return a filter as services take it."""
    if given is None:
        return person_reads.PersonFilter()
    facts = person_reads.PersonFacts(
        given.campaign_id, given.group_id, given.unsubscribed, given.bounced, given.import_id, given.replied
    )
    fields = tuple((each.name, each.equals) for each in given.fields or ())
    return person_reads.PersonFilter(given.search, given.email, given.company, facts, fields)
