"""What a client gave in an input object, by field."""

from typing import Any

import strawberry

from strategies import Refusal


def given(changes: Any) -> dict[str, Any]:
    """Return the fields of an input that the client gave; null counts as empty for text."""
    return {
        name: value
        for name in changes.__dataclass_fields__
        if (value := getattr(changes, name)) is not strawberry.UNSET
    }


NOT_NULL = {"name", "sender_id", "skip_weekends", "remove_on_bounce", "on_reply", "use_recipient_zone"}


NOT_NULL |= {"on_task_expiry", "follow_up", "notes", "priority", "config", "in_doubt_resends"}


def content_of(changes: Any) -> dict[str, Any]:
    """Return what the client gave. Raises Refusal where it gave null and a value is needed."""
    values = given(changes)
    for name in NOT_NULL & values.keys():
        if values[name] is None:
            if name == "config":
                values[name] = {}
                continue
            first, *rest = name.split("_")
            path = first + "".join(word.capitalize() for word in rest)
            raise Refusal("REQUIRED", f"{path} cannot be null. Leave it out to keep it.", (path,))
    return values
