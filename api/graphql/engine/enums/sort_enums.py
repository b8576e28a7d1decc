"""What each list can be sorted by, with the descriptions that GraphQL shows."""

from api.graphql.engine.enums.table_enums import describe
from api.sorts import (
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

DESCRIPTIONS = {
    Direction: (
        "The direction of an order. Items without a value, such as emails that were not sent, come last in both.",
        {
            "ASC": "Ascending: the smallest, earliest or alphabetically first comes first.",
            "DESC": "Descending: the largest, latest or alphabetically last comes first.",
        },
    ),
    PersonSort: (
        "What people can be sorted by. Names and companies are compared without the case of the letters A to Z; other "
        "letters come after these. People without a name or company come first in ascending order.",
        {
            "CREATED": "When they were added.",
            "EMAIL": "Their address, in its normal form.",
            "FIRST_NAME": "Their first name, such as `Ada`.",
            "LAST_NAME": "Their last name, such as `Lovelace`.",
            "COMPANY": "Their company, such as `Acme`.",
            "REPLIED_AT": "When they last replied: `repliedAt`. People who have not replied come last.",
        },
    ),
    EmailSort: (
        "What emails can be sorted by.",
        {
            "DUE_AT": "When they are due: `dueAt`.",
            "SENT_AT": "When they were sent: `sentAt`. Emails that were not sent come last.",
            "FAILED_AT": "When they failed: `failedAt`. Emails of other statuses come last.",
            "CREATED_AT": "When they were created: `createdAt`. Sorts up to 1,000 emails.",
        },
    ),
    CampaignSort: (
        "What campaigns can be sorted by.",
        {
            "CREATED": "When they were created.",
            "NAME": "Their name, without the case of the letters A to Z; other letters come after these.",
            "STATUS": "The name of their `status`: ARCHIVED, DRAFT, ENDING, FINISHED, PAUSED, RUNNING.",
        },
    ),
    NamedSort: (
        "What templates, categories and senders can be sorted by.",
        {
            "CREATED": "When they were created.",
            "NAME": "Their name, without the case of the letters A to Z; other letters come after these.",
        },
    ),
    SuppressionSort: (
        "What suppressed addresses can be sorted by.",
        {
            "CREATED": "When they first unsubscribed.",
            "EMAIL": "The address, in its normal form.",
            "UNSUBSCRIBED_AT": "When they last unsubscribed: `unsubscribedAt`.",
        },
    ),
    CrmFailureSort: (
        "What failed writes to the CRM can be sorted by.",
        {"FAILED_AT": "When the last attempt failed: `failedAt`."},
    ),
    CreatedSort: (
        "The only field by which this list can be sorted.",
        {"CREATED": "When the item was created or stored."},
    ),
    TaskSort: (
        "What tasks can be sorted by.",
        {"CREATED": "When they were created.", "DUE_DATE": "The date on which they are due: `dueDate`."},
    ),
}

for enum, (description, values) in DESCRIPTIONS.items():
    describe(enum, description, values)

__all__ = [
    "CampaignSort",
    "CreatedSort",
    "CrmFailureSort",
    "Direction",
    "EmailSort",
    "NamedSort",
    "PersonSort",
    "SuppressionSort",
    "TaskSort",
]
