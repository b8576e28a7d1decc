"""Errors as the REST API answers them.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm: a list of objects with
``message``, ``errorCode`` and, for fields, ``fields``. Results of collections have ``statusCode`` instead of
``errorCode``.
"""

from dataclasses import dataclass
from typing import Any


@dataclass
class ApiError(Exception):
    """An error of a request, or of one record in it."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    status: int = 400

    def body(self) -> list[dict[str, Any]]:
        """Return the body of an answer for a whole request."""
        found: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields:
            found["fields"] = list(self.fields)
        return [found]

    def of_record(self) -> dict[str, Any]:
        """Return the error as the result of one record lists it."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}


def not_found() -> ApiError:
    """Return the error of a path that does not exist."""
    return ApiError("NOT_FOUND", "The requested resource does not exist", status=404)
