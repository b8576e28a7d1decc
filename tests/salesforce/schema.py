"""Objects and fields, and how describe shows them.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm and
https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_describesobjects_describesobjectresult.htm
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object."""

    name: str
    type: str = "string"
    length: int = 0
    required: bool = False
    values: tuple[str, ...] = ()
    """The active values of a picklist."""
    restricted: bool = False
    """Whether a picklist takes only these values."""
    default: Any = None
    createable: bool = True
    updateable: bool = True
    external_id: bool = False
    unique: bool = False
    refers_to: tuple[str, ...] = ()

    @property
    def relationship(self) -> str | None:
        """The name by which SOQL reads fields of the record that this one refers to: Account in Account.Name."""
        if not self.refers_to:
            return None
        return self.name.removesuffix("Id") if not self.name.endswith("__c") else self.name[:-1] + "r"

    @property
    def filterable(self) -> bool:
        """Whether WHERE takes it. Long texts cannot be filtered."""
        return self.type not in {"textarea", "JunctionIdList"}

    def describe(self) -> dict[str, Any]:
        """Return what describe says about it."""
        return {
            "name": self.name,
            "label": self.name.removesuffix("__c").replace("_", " "),
            "type": self.type if self.type != "JunctionIdList" else "reference",
            "length": self.length,
            "nillable": not self.required and self.type != "boolean",
            "defaultedOnCreate": self.default is not None or self.type == "boolean",
            "createable": self.createable,
            "updateable": self.updateable,
            "externalId": self.external_id,
            "idLookup": self.external_id or self.name == "Id",
            "unique": self.unique,
            "custom": self.name.endswith("__c"),
            "filterable": self.filterable,
            "restrictedPicklist": self.restricted,
            "referenceTo": list(self.refers_to),
            "relationshipName": self.relationship,
            "picklistValues": [
                {"active": True, "defaultValue": value == self.default, "label": value, "value": value}
                for value in self.values
            ],
        }


@dataclass(slots=True)
class SObject:
    """An object with its fields."""

    name: str
    fields: dict[str, Field] = field(default_factory=dict)
    createable: bool = True

    def add(self, *fields: Field) -> "SObject":
        """Add fields, as an administrator does."""
        self.fields.update({each.name: each for each in fields})
        return self

    def find(self, name: str) -> Field | None:
        """Return a field. Names of fields have no case in the API."""
        found = self.fields.get(name)
        if found is None:
            found = next((each for each in self.fields.values() if each.name.lower() == name.lower()), None)
        return found

    def describe(self, prefix: str) -> dict[str, Any]:
        """Return what describe says about it."""
        return {
            "name": self.name,
            "label": self.name,
            "keyPrefix": prefix,
            "createable": self.createable,
            "updateable": self.createable,
            "deletable": self.createable,
            "queryable": True,
            "replicateable": True,
            "custom": self.name.endswith("__c"),
            "fields": [each.describe() for each in self.fields.values()],
        }


SYSTEM_FIELDS = (
    Field("Id", "id", 18, createable=False, updateable=False),
    Field("IsDeleted", "boolean", default=False, createable=False, updateable=False),
    Field("CreatedDate", "datetime", createable=False, updateable=False),
    Field("CreatedById", "reference", 18, refers_to=("User",), createable=False, updateable=False),
    Field("LastModifiedDate", "datetime", createable=False, updateable=False),
    Field("LastModifiedById", "reference", 18, refers_to=("User",), createable=False, updateable=False),
    Field("SystemModstamp", "datetime", createable=False, updateable=False),
)
"""https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/system_fields.htm"""
