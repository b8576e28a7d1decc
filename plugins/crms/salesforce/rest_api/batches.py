"""Writes up to 200 records in one request, and reads the result of each.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections_create.htm,
…_update.htm and …_delete.htm: one call of the API, allOrNone=false, results in the order of the records.

Records are never upserted. Salesforce can carry out a request long after its answer was lost. An upsert would then
write its old values over newer ones. A creation is refused (DUPLICATE_VALUE) if the record is there by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.salesforce.rest_api.rest import RestClient
from plugins.crms.salesforce.transport.errors import error_of
from plugins.crms.salesforce.transport.ids import whole_id
from plugins.crms.salesforce.transport.json_reading import inner, invalid, records, text
from plugins.crms.tasks import WriteResult

MAX_RECORDS = 200
PATH = "composite/sobjects"


@dataclass(frozen=True, slots=True)
class Write:
    """One record of a request."""

    key: str
    """The key of its result."""
    sobject: str
    fields: dict[str, Any]
    remote_id: str = ""
    """The id of a record that exists. Empty: create it."""


async def write_batches(rest: RestClient, *batches: Sequence[Write]) -> list[WriteResult]:
    """Write all batches, and return a result for each record. The records of a batch all exist, or none of them does.

    Raises CrmError if all requests failed and none of several is in doubt. Otherwise the records of a failed request
    have its error, so that the results of the other requests are kept.
    """
    results: list[WriteResult] = []
    failures: list[CrmError] = []
    chunks = [batch[start : start + MAX_RECORDS] for batch in batches for start in range(0, len(batch), MAX_RECORDS)]
    for chunk in chunks:
        try:
            results += [_without_secrets(rest, result) for result in await _write(rest, chunk)]
        except CrmError as error:
            failures.append(error)
            results += [WriteResult(write.key, error=error) for write in chunk]
    certain = len(chunks) == 1 or not any(error.in_doubt for error in failures)
    if failures and len(failures) == len(chunks) and certain:
        raise failures[0]
    return results


def _without_secrets(rest: RestClient, result: WriteResult) -> WriteResult:
    return result if result.error is None else replace(result, error=rest.without_secrets(result.error))


async def delete_records(rest: RestClient, remote_ids: Sequence[str]) -> list[WriteResult]:
    """Delete records, and return a result for each. One that is gone counts as deleted. Raises CrmError."""
    results: list[WriteResult] = []
    valid = {each: whole for each in remote_ids if (whole := whole_id(each))}
    for start in range(0, len(valid), MAX_RECORDS):
        chunk = dict(list(valid.items())[start : start + MAX_RECORDS])
        query = {"ids": ",".join(chunk.values()), "allOrNone": "false"}
        rows = _rows(await rest.write("DELETE", PATH, query=query), len(chunk))
        for (key, whole), row in zip(chunk.items(), rows, strict=True):
            result = _result(Write(key, "", {}, whole), row)
            gone = result.error and result.error.code in GONE
            results.append(WriteResult(key, remote_id=whole) if gone else _without_secrets(rest, result))
    unknown = CrmError(CrmCode.NOT_FOUND, "this is not an id of Salesforce")
    return results + [WriteResult(each, error=unknown) for each in dict.fromkeys(remote_ids) if each not in valid]


GONE = {CrmCode.ENTITY_IS_DELETED, CrmCode.NOT_FOUND, CrmCode.INVALID_CROSS_REFERENCE_KEY}
"""Codes of a deletion whose record does not exist any more."""


async def _write(rest: RestClient, batch: Sequence[Write]) -> list[WriteResult]:
    body = {"allOrNone": False, "records": [_body(write) for write in batch]}
    rows = _rows(await rest.write("PATCH" if batch[0].remote_id else "POST", PATH, body), len(batch))
    return [_result(write, row) for write, row in zip(batch, rows, strict=True)]


def _body(write: Write) -> dict[str, Any]:
    found: dict[str, Any] = {"attributes": {"type": write.sobject}}
    if write.remote_id:
        found["id"] = write.remote_id
    return found | write.fields


def _rows(answer: object, number: int) -> list[dict[str, Any]]:
    rows = records(answer, in_doubt=True)
    if len(rows) != number:
        raise invalid(f"it has {len(rows)} results for {number} records", in_doubt=True)
    return rows


def _result(write: Write, row: dict[str, Any]) -> WriteResult:
    if row.get("success") is True:
        remote_id = whole_id(row.get("id")) or whole_id(write.remote_id)
        if remote_id is None:
            return WriteResult(write.key, error=invalid("a saved record has no id", in_doubt=True))
        return WriteResult(write.key, remote_id=remote_id, created=not write.remote_id)
    errors = row.get("errors")
    first = inner(errors[0]) if isinstance(errors, list) and errors else {}
    name = text(first.get("statusCode")) or text(first.get("errorCode"))
    message = text(first.get("message"))
    if not name and row.get("success") is not False:
        return WriteResult(write.key, error=invalid("a result says neither success nor an error", in_doubt=True))
    error = error_of(name or CrmCode.UNKNOWN_EXCEPTION, message or "no reason was given", first.get("fields"))
    return WriteResult(write.key, error=error)
