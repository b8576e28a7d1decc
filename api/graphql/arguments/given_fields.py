"""The fields of an input object that a client gave."""

from typing import Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from api.codes.request_errors.inputs import InputCode
from strategies import Refusal
from strategies.errors import RefusalCollector

NOT_NULL = {
    "assignee_id",
    "config",
    "details",
    "due_date",
    "follow_up",
    "in_doubt_resends",
    "name",
    "notes",
    "on_reply",
    "on_task_expiry",
    "person_id",
    "priority",
    "remove_on_bounce",
    "sender_id",
    "skip_weekends",
    "tracking",
    "type",
    "use_recipient_zone",
}
"""Fields of campaigns, steps and tasks that a client may leave out of its changes, but not set to null."""


def given_fields(given: Any) -> dict[str, Any]:
    """Return the fields that a client gave, those that it set to null as well."""
    return {
        name: value for name in given.__dataclass_fields__ if (value := getattr(given, name)) is not strawberry.UNSET
    }


def given_fields_not_null(given: Any) -> dict[str, Any]:
    """Return the fields that a client gave. Raises Refusal REQUIRED where it set one to null that needs a value."""
    values, refusals = given_fields(given), RefusalCollector()
    for name, value in values.items():
        if value is not None or name not in NOT_NULL:
            continue
        if name == "config":
            values[name] = {}
        else:
            path = to_camel_case(name)
            refusals.add(Refusal.of(InputCode.REQUIRED, (path,), case="null", argument=path))
    refusals.raise_any()
    return values
