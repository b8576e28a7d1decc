"""The enums of CRM connections, with the descriptions that GraphQL shows."""

from api.crm_states import (
    CrmDuplicates,
    CrmNoMatch,
    CrmPersonKind,
    CrmSkippedTask,
    CrmState,
    CrmWaitingChanges,
)
from api.crm_task_states import CrmChangeKind
from api.graphql.engine.enums.table_enums import describe
from plugins.crms.access import AccessFieldKind

DESCRIPTIONS = {
    CrmState: (
        "Whether a connection to a CRM works.",
        {
            "CONNECTED": "It works: changes are sent and fetched.",
            "FAILING": "The last attempt failed; `problem` says why. Touchline tries again automatically.",
            "RECONNECT": "The CRM no longer accepts the access. Nothing is tried until somebody connects again.",
            "PAUSED": "It is paused by `pauseCrm`. Changes wait until `retryCrm`.",
            "DISCONNECTED": "It is disconnected by `disconnectCrm`. Its secrets are deleted.",
        },
    ),
    CrmSkippedTask: (
        "What happens to a task in the CRM when it is skipped here.",
        {
            "COMPLETED": "It is completed there. This is the default.",
            "LEFT": "It stays open there.",
        },
    ),
    CrmDuplicates: (
        "What happens if several records of the CRM have the address of a person.",
        {
            "SKIP": "None is used: the activity is skipped, with the reason.",
            "OLDEST": "The one that was created first is used. This is the default.",
            "LAST_CHANGED": "The one that was changed last is used.",
        },
    ),
    CrmNoMatch: (
        "What happens if no record of the CRM has the address of a person.",
        {
            "SKIP": "The activity is skipped, with the reason. This is the default.",
            "CREATE_LEAD": "A lead is created in the CRM.",
        },
    ),
    CrmWaitingChanges: (
        "What happens to the changes that wait for a CRM when it is disconnected.",
        {
            "KEEP": "They are kept for some days, and sent if the workspace is connected to the same organization in "
            "time.",
            "DROP": "They are deleted.",
        },
    ),
    CrmChangeKind: (
        "What has changed here and waits for the CRM.",
        {
            "TASK": "Work of a rep, such as a call, was created, changed, done or deleted.",
            "ACTIVITY": "A sent email, a reply or a call that is logged.",
            "OPT_OUT": "A person has unsubscribed or resubscribed.",
        },
    ),
}
PLUGIN_DESCRIPTIONS = {
    AccessFieldKind: (
        "CrmFieldKind",
        "What a value is that connecting to a CRM needs.",
        {
            "TEXT": "Words without line breaks, such as a user name.",
            "URL": "An `https` URL of a public host, without a path.",
            "CHOICE": "Exactly one value from the list `choices`.",
            "SECRET": "A secret. It is encrypted in the database and never shown again.",
            "PRIVATE_KEY": "A private RSA key in PEM format. It is encrypted in the database and never shown again.",
        },
    ),
    CrmPersonKind: (
        "CrmPersonKind",
        "Which records of the CRM are people.",
        {
            "LEAD": "Somebody who may become a customer, without an account.",
            "CONTACT": "Somebody at an account: a company that is known.",
        },
    ),
}
"""Enums of the contract of CRMs, with their names in GraphQL."""

for enum, (description, values) in DESCRIPTIONS.items():
    describe(enum, description, values)
for enum, (name, description, values) in PLUGIN_DESCRIPTIONS.items():
    describe(enum, description, values, name)

__all__ = [
    "AccessFieldKind",
    "CrmChangeKind",
    "CrmDuplicates",
    "CrmNoMatch",
    "CrmPersonKind",
    "CrmSkippedTask",
    "CrmState",
    "CrmWaitingChanges",
]
