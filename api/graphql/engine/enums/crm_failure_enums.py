"""The enums of people and failed writes in a CRM, with the descriptions that GraphQL shows."""

from api.crm_records import CrmMatchedBy
from api.graphql.engine.enums.table_enums import describe
from plugins.crms.codes import CrmCategory
from plugins.crms.people_and_activities import SourceKind

DESCRIPTIONS = {
    CrmMatchedBy: (
        "How the record of a person in the CRM was found.",
        {
            "REMOTE_ID": "By the id of the record, which a client gave.",
            "ADDRESS": "By the person's address.",
            "IMPORT": "The person was imported from the CRM.",
            "CREATED": "Touchline created a lead, because the CRM had no record with the address.",
            "CONVERTED": "The lead was converted or merged in the CRM, and the link followed it.",
            "MANUAL": "A user linked the person with `linkCrmPerson`.",
        },
    ),
    CrmCategory: (
        "What kind of failure an error of the CRM is, which decides what happens next.",
        {
            "AUTHENTICATION": "The connection does not work. Everything waits until somebody connects again.",
            "VALIDATION": "The CRM rejects the record or the access. Correct it in the CRM, then retry.",
            "INTERMITTENT": "The cause is temporary. Touchline tries again automatically, at growing intervals.",
            "OTHER": "The kind is not known, or the record cannot change. Read the detail, then retry or drop.",
        },
    ),
}

SOURCE_KINDS = (
    "Where people are imported from in the CRM.",
    {
        "REPORT": "A report. `reference` is its id.",
        "LIST_VIEW": "A list view of leads or contacts. `reference` is its id.",
        "QUERY": "A query in the CRM's language, such as SOQL for Salesforce. `reference` is its text.",
    },
)

for enum, (description, values) in DESCRIPTIONS.items():
    describe(enum, description, values)
describe(SourceKind, *SOURCE_KINDS, "CrmSourceKind")

__all__ = ["CrmCategory", "CrmMatchedBy", "SourceKind"]
