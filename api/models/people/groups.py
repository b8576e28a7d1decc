"""Groups of people: static lists that users make."""

from typing import Any

from tortoise import fields

from api.models.columns import WorkspaceRow, varchar


class PeopleGroup(WorkspaceRow):
    """A group of people. ``people`` is how many it has. It is changed in the transaction of each change."""

    name = varchar(200)
    people = fields.IntField(default=0)
    created_at = fields.DatetimeField()

    class Meta:
        table = "people_group"
        unique_together = (("workspace_id", "name"),)


class GroupMember(WorkspaceRow):
    """One person in one group."""

    people_group: Any = fields.ForeignKeyField("touchline.PeopleGroup", on_delete=fields.CASCADE)
    people_group_id: str
    person: Any = fields.ForeignKeyField("touchline.Person", on_delete=fields.CASCADE)
    person_id: str
    added_at = fields.DatetimeField()

    class Meta:
        table = "group_member"
        unique_together = (("people_group_id", "person_id"),)
