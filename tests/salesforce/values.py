"""Checks the values of a record, and writes them as the API writes them.

https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_concepts_core_data_objects.htm lists the
status codes. Datetimes have whole seconds and the zone +0000
(https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/intro_valid_date_formats.htm).
"""

import re
from datetime import UTC, date, datetime
from typing import Any

from tests.salesforce.errors import ApiError
from tests.salesforce.ids import read_id
from tests.salesforce.schema import Field

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
TEXTS = {"string", "combobox", "picklist", "textarea", "email", "phone", "url"}


def write_datetime(instant: datetime) -> str:
    """Return a datetime as answers have it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def read_datetime(text: str) -> datetime:
    """Parse a datetime of a request. Raises ValueError."""
    found = datetime.fromisoformat(re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text))
    if found.tzinfo is None:
        raise ValueError("the zone is missing")
    return found.astimezone(UTC).replace(microsecond=0)


def checked(field: Field, value: Any) -> Any:
    """Return the value as it is stored. Raises ApiError."""
    if value is None or value == "":
        return False if field.type == "boolean" else None
    if field.type in TEXTS:
        return _text(field, value)
    if field.type in {"reference", "id"}:
        found = read_id(value)
        if found is None:
            raise ApiError("MALFORMED_ID", f"{field.name}: id value of incorrect type: {value}", (field.name,))
        return found
    if field.type == "JunctionIdList":
        return [read_id(each) for each in value]
    return _typed(field, value)


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _parser_error(field, value)
    text = value.replace("\r\n", "\n").strip() if field.type != "textarea" else value.rstrip()
    if field.type != "textarea":
        text = re.sub(r"\s*\n\s*", " ", text)
    if field.length and len(text) > field.length:
        raise ApiError(
            "STRING_TOO_LONG",
            f"{field.name}: data value too large: {text[:40]} (max length={field.length})",
            (field.name,),
        )
    if field.type == "email" and not EMAIL.fullmatch(text):
        raise ApiError("INVALID_EMAIL_ADDRESS", f"{field.name}: invalid email address: {text}", (field.name,))
    if field.restricted and text not in field.values:
        raise ApiError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{field.name}: bad value for restricted picklist field: {text}",
            (field.name,),
        )
    return text


def _typed(field: Field, value: Any) -> Any:
    try:
        if field.type == "boolean":
            return {"true": True, "false": False}[str(value).lower()]
        if field.type == "int":
            return int(value)
        if field.type == "date":
            return date.fromisoformat(value[:10]).isoformat()
        if field.type == "datetime":
            return read_datetime(value)
    except (ValueError, TypeError, KeyError):
        raise _parser_error(field, value) from None
    raise AssertionError(f"no type {field.type}")


def _parser_error(field: Field, value: Any) -> ApiError:
    return ApiError(
        "JSON_PARSER_ERROR", f"Cannot deserialize instance of {field.type} from VALUE value {value}", (field.name,)
    )


def shown(value: Any) -> Any:
    """Return a stored value as answers have it."""
    return write_datetime(value) if isinstance(value, datetime) else value
