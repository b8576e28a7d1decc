"""Turns Salesforce's errors into codes.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm (HTTP status),
https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_concepts_core_data_objects.htm (codes)
and https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flow_errors.htm (OAuth)
"""

import json
from collections.abc import Mapping
from typing import Any

from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.salesforce.settings import IDENTITY_URL, INSTANCE_URL
from plugins.crms.salesforce.transport.http import Reply
from plugins.crms.salesforce.transport.json_reading import inner, text

OTHER_NAMES = {
    "INVALID_SESSION_ID": CrmCode.EXPIRED_ACCESS,
    "INVALID_AUTH_HEADER": CrmCode.EXPIRED_ACCESS,
    "INVALID_OAUTH_TOKEN": CrmCode.EXPIRED_ACCESS,
    "INVALID_LOGIN": CrmCode.AUTHENTICATION_FAILURE,
    "ORG_LOCKED": CrmCode.INACTIVE_ORGANIZATION,
    "API_DISABLED_FOR_ORG": CrmCode.API_CURRENTLY_DISABLED,
    "FUNCTIONALITY_NOT_ENABLED": CrmCode.API_CURRENTLY_DISABLED,
    "INVALID_OPERATION_WITH_EXPIRED_PASSWORD": CrmCode.AUTHENTICATION_FAILURE,
    "CANNOT_EXECUTE_FLOW_TRIGGER": CrmCode.CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY,
    "APEX_ERROR": CrmCode.CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY,
    "DUPLICATE_EXTERNAL_ID": CrmCode.DUPLICATE_VALUE,
    "INACTIVE_OWNER_OR_USER": CrmCode.FIELD_INTEGRITY_EXCEPTION,
    "INVALID_EMAIL_ADDRESS": CrmCode.FIELD_INTEGRITY_EXCEPTION,
    "NUMBER_OUTSIDE_VALID_RANGE": CrmCode.FIELD_INTEGRITY_EXCEPTION,
    "BAD_CUSTOM_ENTITY_PARENT_DOMAIN": CrmCode.FIELD_INTEGRITY_EXCEPTION,
    "INSUFFICIENT_ACCESS": CrmCode.INSUFFICIENT_ACCESS_OR_READONLY,
    "TRANSFER_REQUIRES_READ": CrmCode.INSUFFICIENT_ACCESS_OR_READONLY,
    "FORBIDDEN": CrmCode.INSUFFICIENT_ACCESS_OR_READONLY,
    "MALFORMED_ID": CrmCode.INVALID_CROSS_REFERENCE_KEY,
    "INVALID_CROSS_REFERENCE_TYPE_FOR_FIELD": CrmCode.INVALID_CROSS_REFERENCE_KEY,
    "INVALID_ID_FIELD": CrmCode.INVALID_CROSS_REFERENCE_KEY,
    "INVALID_REPLICATION_DATE": CrmCode.DELETIONS_EXPIRED,
    "EXCEEDED_ID_LIMIT": CrmCode.DELETIONS_EXPIRED,
    "JSON_PARSER_ERROR": CrmCode.REQUEST_INVALID,
    "INVALID_QUERY_FILTER_OPERATOR": CrmCode.REQUEST_INVALID,
    "INVALID_QUERY_LOCATOR": CrmCode.REQUEST_INVALID,
    "MALFORMED_QUERY": CrmCode.REQUEST_INVALID,
    "METHOD_NOT_ALLOWED": CrmCode.REQUEST_INVALID,
    "MISSING_ARGUMENT": CrmCode.REQUEST_INVALID,
    "QUERY_TOO_COMPLICATED": CrmCode.REQUEST_INVALID,
    "OPERATION_TOO_LARGE": CrmCode.REQUEST_INVALID,
    "UNSUPPORTED_API_VERSION": CrmCode.REQUEST_INVALID,
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": CrmCode.FAILED_WRITE,
    "TXN_SECURITY_METERING_ERROR": CrmCode.FAILED_WRITE,
    "REQUEST_RUNNING_TOO_LONG": CrmCode.QUERY_TIMEOUT,
    "PROCESSING_HALTED": CrmCode.FAILED_WRITE,
    "CONCURRENT_REQUESTS_LIMIT_EXCEEDED": CrmCode.REQUEST_LIMIT_EXCEEDED,
    "TOO_MANY_APEX_REQUESTS": CrmCode.REQUEST_LIMIT_EXCEEDED,
}
"""Names of Salesforce that have the meaning of a code with another name."""
BY_STATUS = {
    401: CrmCode.EXPIRED_ACCESS,
    403: CrmCode.INSUFFICIENT_ACCESS_OR_READONLY,
    404: CrmCode.NOT_FOUND,
    408: CrmCode.QUERY_TIMEOUT,
    420: CrmCode.REQUEST_LIMIT_EXCEEDED,
    429: CrmCode.REQUEST_LIMIT_EXCEEDED,
}
"""Codes of answers whose body names no error."""
OAUTH_CODES = {
    "inactive_org": CrmCode.INACTIVE_ORGANIZATION,
    "inactive_user": CrmCode.INACTIVE_USER,
    "invalid_app_access": CrmCode.INVALID_GRANT,
    "access_denied": CrmCode.INVALID_GRANT,
    "rate_limit_exceeded": CrmCode.REQUEST_LIMIT_EXCEEDED,
    "server_error": CrmCode.SERVER_UNAVAILABLE,
    "temporarily_unavailable": CrmCode.SERVER_UNAVAILABLE,
    "unknown_error": CrmCode.SERVER_UNAVAILABLE,
}
GRANT_CODES = (
    ("ip restricted", CrmCode.INVALID_GRANT),
    ("approved", CrmCode.INVALID_GRANT),
    ("credentials user", CrmCode.INVALID_GRANT),
    ("inactive user", CrmCode.INACTIVE_USER),
    ("inactive org", CrmCode.INACTIVE_ORGANIZATION),
    ("rate exceeded", CrmCode.REQUEST_LIMIT_EXCEEDED),
    ("expired", CrmCode.EXPIRED_ACCESS),
    ("authentication failure", CrmCode.AUTHENTICATION_FAILURE),
    ("audience", CrmCode.AUTHENTICATION_FAILURE),
    ("assertion", CrmCode.AUTHENTICATION_FAILURE),
    ("credentials", CrmCode.AUTHENTICATION_FAILURE),
)
"""Words in the description of an invalid_grant, and the code that they mean."""
PUBLIC = frozenset({INSTANCE_URL, IDENTITY_URL})
"""Names of values that are stored with the secrets and are not secret."""
MIN_SECRET_CHARACTERS = 4
"""Shorter secrets are not removed from texts, because ordinary words can contain them."""
UNCERTAIN_STATUS = {500, 502, 504}
"""After these, a write may have been carried out: a gateway timed out, or the server failed after the write."""


def error_of(name: str, message: str, fields: object = (), *, in_doubt: bool = False) -> CrmError:
    """Return the error of a name of Salesforce, such as UNABLE_TO_LOCK_ROW."""
    code = OTHER_NAMES.get(name) or CrmCode.of(name)
    if code is CrmCode.INVALID_FIELD and "timed out" in message.lower():
        code = CrmCode.QUERY_TIMEOUT
    names = [field for field in fields if isinstance(field, str)] if isinstance(fields, list) else []
    unnamed = [field for field in names if field not in message]
    detail = f"{message} ({', '.join(unnamed)})" if unnamed else message
    return CrmError(code, detail, name=name, in_doubt=in_doubt)


def error_of_reply(reply: Reply, *, writes: bool) -> CrmError:
    """Return the error of an answer with a status that is not a success."""
    error = _error_of_status(reply, writes=writes)
    wait = reply.retry_after
    return CrmError(error.code, error.detail, name=error.name, in_doubt=error.in_doubt, retry_after=wait)


def _error_of_status(reply: Reply, *, writes: bool) -> CrmError:
    in_doubt = writes and reply.status in UNCERTAIN_STATUS
    body = _body(reply)
    first = body[0] if isinstance(body, list) and body else body
    name = text(inner(first).get("errorCode"))
    message = text(inner(first).get("message")) or f"HTTP {reply.status}"
    if name:
        return error_of(name, message, inner(first).get("fields"), in_doubt=in_doubt)
    if reply.status in BY_STATUS:
        return CrmError(BY_STATUS[reply.status], message)
    if 400 <= reply.status < 500:
        return CrmError(CrmCode.REQUEST_INVALID, message)
    if reply.status >= 500:
        return CrmError(CrmCode.SERVER_UNAVAILABLE, message, in_doubt=writes)
    return CrmError(CrmCode.ANSWER_INVALID, f"HTTP {reply.status}")


def without_secrets(error: CrmError, secrets: Mapping[str, str]) -> CrmError:
    """Return an error whose detail has none of these secrets, such as one that repeats the request."""
    detail, name = error.detail, error.name
    hidden = [value for key, value in secrets.items() if key not in PUBLIC and len(value) >= MIN_SECRET_CHARACTERS]
    for secret in sorted(hidden, key=len, reverse=True):
        detail, name = detail.replace(secret, "…"), name.replace(secret, "…")
    return CrmError(error.code, detail, name=name, in_doubt=error.in_doubt, retry_after=error.retry_after)


def oauth_error(reply: Reply) -> CrmError:
    """Return the error of a token endpoint (RFC 6749, 5.2)."""
    body = inner(_body(reply))
    error, description = text(body.get("error")), text(body.get("error_description"))
    detail = ": ".join(part for part in (error, description) if part) or f"HTTP {reply.status}"
    if reply.status == 429:
        return CrmError(CrmCode.REQUEST_LIMIT_EXCEEDED, detail, retry_after=reply.retry_after)
    if error in OAUTH_CODES:
        return CrmError(OAUTH_CODES[error], detail, name=error)
    if error == "invalid_grant":
        lower = description.lower()
        code = next((code for part, code in GRANT_CODES if part in lower), CrmCode.INVALID_GRANT)
        return CrmError(code, detail, name=error)
    if error:
        return CrmError(CrmCode.AUTHENTICATION_FAILURE, detail, name=error)
    if reply.status >= 500:
        return CrmError(CrmCode.SERVER_UNAVAILABLE, detail, retry_after=reply.retry_after)
    return CrmError(CrmCode.ANSWER_INVALID, f"the token endpoint answered {detail}")


def _body(reply: Reply) -> Any:
    try:
        return json.loads(reply.body[:100_000])
    except (ValueError, RecursionError):
        return None
