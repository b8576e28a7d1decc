"""Reads GraphQL requests: their parameters from a JSON body or a query string."""

from typing import Any
from urllib.parse import parse_qsl

from api.codes.request_errors.requests import RequestCode
from api.http.access.trusted_documents import document_id
from api.http.graphql.json_reading import read_json
from strategies import Refusal

PARAMETERS = ("query", "documentId", "operationName", "variables", "extensions")
MAX_PARAMETERS = 20
"""Most parameters of a query string that are read."""


def check_operation(request: object) -> dict[str, Any]:
    """Check the form of a GraphQL request. Returns it. Raises Refusal."""
    if not isinstance(request, dict) or not isinstance(query := request.get("query"), str | None):
        raise Refusal.of(RequestCode.BAD_REQUEST)
    if not isinstance(request.get("variables"), dict | None):
        raise Refusal.of(RequestCode.BAD_REQUEST, case="variables")
    if not isinstance(request.get("operationName"), str | None):
        raise Refusal.of(RequestCode.BAD_REQUEST, case="operation_name")
    if not isinstance(request.get("extensions"), dict | None):
        raise Refusal.of(RequestCode.BAD_REQUEST, case="extensions")
    if not isinstance(request.get("documentId"), str | None):
        raise Refusal.of(RequestCode.BAD_REQUEST, case="document_id")
    if not query:
        if document_id(request) is None:
            raise Refusal.of(RequestCode.BAD_REQUEST)
        request["query"] = ""
    return request


def operation_of_query_string(query_string: bytes) -> dict[str, Any]:
    """Return the parameters of a GET request; ``variables`` and ``extensions`` are JSON. Raises Refusal."""
    request: dict[str, Any] = {}
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except UnicodeDecodeError:
        raise Refusal.of(RequestCode.BAD_REQUEST, case="not_utf8") from None
    except ValueError:
        raise Refusal.of(RequestCode.BAD_REQUEST, case="parameters", limit=MAX_PARAMETERS) from None
    for name, text in pairs:
        if name not in PARAMETERS:
            continue
        if name in request:
            raise Refusal.of(RequestCode.BAD_REQUEST, case="repeated", name=name)
        is_json = name in {"variables", "extensions"}
        request[name] = (read_json(text.encode()) if text else None) if is_json else text
    if not request.get("query") and document_id(request) is None:
        raise Refusal.of(RequestCode.BAD_REQUEST, case="no_query")
    return check_operation(request)
