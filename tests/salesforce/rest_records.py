"""Resources that read and write records: one by one, by external id, and in collections.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_sobject_create.htm, …/dome_upsert.htm,
…/resources_composite_sobjects_collections_create.htm, …_update.htm, …_upsert.htm, …_delete.htm, …_retrieve.htm
"""

from collections.abc import Callable
from typing import Any

from tests.salesforce.errors import ApiError, not_found
from tests.salesforce.faults import Fault, FaultKind
from tests.salesforce.ids import read_id
from tests.salesforce.org import BY_PREFIX, Org, Record
from tests.salesforce.values import shown
from tests.salesforce.wire import Answer, Request

MAX_RECORDS = 200
MAX_CHUNKS = 10
ROLLED_BACK = ApiError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)
FALSE = {"", "false"}


class RecordResources:
    """The resources, of one org."""

    def __init__(self, org: Org) -> None:
        self.org = org

    def create(self, request: Request, user: str, name: str) -> Answer:
        """POST /sobjects/NAME"""
        record_id = self.org.create(name, _object(request.json()), user=user)
        return Answer(201, {"id": record_id, "success": True, "errors": []})

    def read(self, request: Request, user: str, name: str, record_id: str) -> Answer:
        """GET /sobjects/NAME/ID"""
        record = self._existing(name, record_id)
        wanted = request.query.get("fields")
        return Answer(200, self._shown(name, record, wanted.split(",") if wanted else list(record)))

    def update(self, request: Request, user: str, name: str, record_id: str) -> Answer:
        """PATCH /sobjects/NAME/ID"""
        self._existing(name, record_id)
        self.org.update(str(read_id(record_id)), _object(request.json()), user=user)
        return Answer(204)

    def delete(self, request: Request, user: str, name: str, record_id: str) -> Answer:
        """DELETE /sobjects/NAME/ID"""
        self._existing(name, record_id)
        self.org.delete(str(read_id(record_id)))
        return Answer(204)

    def upsert(self, request: Request, user: str, name: str, field: str, value: str) -> Answer:
        """PATCH /sobjects/NAME/FIELD/VALUE: 201 if created, 200 if updated, 300 if the value is not unique."""
        record_id, created = self._upsert(name, field, value, _object(request.json()), user)
        return Answer(201 if created else 200, {"id": record_id, "success": True, "errors": [], "created": created})

    def collection_create(self, request: Request, user: str, fault: Fault | None) -> Answer:
        """POST /composite/sobjects"""

        def write(record: Record) -> Record:
            if record.get("id") or record.get("Id"):
                raise ApiError("INVALID_FIELD", "cannot specify Id in an insert call", ("Id",))
            return {"id": self.org.create(_type(record), _values(record), user=user)}

        return self._collection(request, write, fault)

    def collection_update(self, request: Request, user: str, fault: Fault | None) -> Answer:
        """PATCH /composite/sobjects"""

        def write(record: Record) -> Record:
            given = record.get("id") or record.get("Id")
            if not given:
                raise ApiError("MISSING_ARGUMENT", "Id not specified in an update call", ("Id",))
            whole = self._existing(_type(record), str(given), deleted=True)["Id"]
            self.org.update(whole, _values(record), user=user)
            return {"id": whole}

        return self._collection(request, write, fault)

    def collection_upsert(self, request: Request, user: str, fault: Fault | None, name: str, field: str) -> Answer:
        """PATCH /composite/sobjects/NAME/FIELD"""
        sobject, records = self.org.sobject(name), _object(request.json()).get("records") or []
        external = sobject.find(field)
        if external is None or not (external.external_id or external.name == "Id"):
            raise ApiError(
                "INVALID_FIELD", f"Field name provided, {field} is not an External ID or indexed field for {name}"
            )
        values = [str(record.get(external.name, "")).lower() for record in records]

        def write(record: Record) -> Record:
            value = record.get(external.name)
            if not value:
                raise ApiError("MISSING_ARGUMENT", f"{external.name} not specified")
            if values.count(str(value).lower()) > 1:
                raise ApiError("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", (external.name,))
            if len(self.org.by_value(name, external.name, str(value))) > 1:
                raise ApiError("DUPLICATE_EXTERNAL_ID", f"{external.name}: more than one record found for {value}")
            values_of_record = {key: each for key, each in _values(record).items() if key != external.name}
            record_id, created = self._upsert(name, external.name, value, values_of_record, user)
            return {"id": record_id, "created": created}

        return self._collection(request, write, fault)

    def collection_delete(self, request: Request, user: str, fault: Fault | None) -> Answer:
        """DELETE /composite/sobjects?ids=…"""
        ids = [each for each in request.query.get("ids", "").split(",") if each]

        def write(record: Record) -> Record:
            whole = self.org.writable(record["id"])["Id"]
            self.org.delete(whole)
            return {"id": whole}

        return self._write_all([{"id": each} for each in ids], request.query.get("allOrNone", ""), write, fault)

    def collection_read(self, request: Request, user: str, name: str) -> Answer:
        """GET /composite/sobjects/NAME?ids=…&fields=…: null for each id that does not exist."""
        found: list[Any] = []
        for each in request.query.get("ids", "").split(","):
            record = self.org.find(read_id(each) or "")
            fields = request.query.get("fields", "Id").split(",")
            found.append(self._shown(name, record, fields) if record and not record["IsDeleted"] else None)
        return Answer(200, found)

    def _collection(self, request: Request, write: Callable[[Record], Record], fault: Fault | None) -> Answer:
        body = _object(request.json())
        records = body.get("records")
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise ApiError("JSON_PARSER_ERROR", "records must be a list of objects")
        types = [_type(record) for record in records]
        if sum(1 for one, other in zip([None, *types], types, strict=False) if one != other) > MAX_CHUNKS:
            raise ApiError("INVALID_INPUT", f"a request can have up to {MAX_CHUNKS} chunks of one type")
        return self._write_all(records, str(body.get("allOrNone", "")).lower(), write, fault)

    def _write_all(
        self, records: list[Record], all_or_none: str, write: Callable[[Record], Record], fault: Fault | None
    ) -> Answer:
        if not 0 < len(records) <= MAX_RECORDS:
            raise ApiError("INVALID_INPUT", f"a request can have 1 to {MAX_RECORDS} records")
        fails = set(fault.rows) if fault and fault.kind is FaultKind.FAIL_ROWS else set()
        ids = [whole for record in records if (whole := read_id(record.get("id") or record.get("Id")))]
        restore = None if all_or_none in FALSE else self.org.snapshot(ids)
        results: list[Record] = []
        for row, record in enumerate(records):
            try:
                if row in fails and fault:
                    raise fault.error
                results.append({**write(record), "success": True, "errors": []})
            except ApiError as error:
                results.append({"success": False, "errors": [error.of_record()]})
        if restore and not all(result["success"] for result in results):
            restore()
            rolled_back = {"success": False, "errors": [ROLLED_BACK.of_record()]}
            results = [result if not result["success"] else dict(rolled_back) for result in results]
        return Answer(200, results)

    def _upsert(self, name: str, field: str, value: str, values: Record, user: str) -> tuple[str, bool]:
        external = self.org.sobject(name).find(field)
        if external is None or not external.external_id:
            raise not_found()
        found = self.org.by_value(name, external.name, value)
        if len(found) > 1:
            urls = [f"/services/data/v62.0/sobjects/{name}/{row['Id']}" for row in found]
            raise MultipleChoicesError(urls)
        if found:
            self.org.update(found[0]["Id"], values, user=user)
            return str(found[0]["Id"]), False
        return self.org.create(name, values | {external.name: value}, user=user), True

    def _existing(self, name: str, record_id: str, *, deleted: bool = False) -> Record:
        whole = read_id(record_id)
        if whole is None:
            raise ApiError("MALFORMED_ID", f"{name} ID: id value of incorrect type: {record_id}", status=400)
        if BY_PREFIX.get(whole[:3]) != self.org.sobject(name).name:
            raise not_found()
        record = self.org.find(whole)
        if record is None:
            raise not_found()
        if record["IsDeleted"] and not deleted:
            raise ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404)
        return record

    def _shown(self, name: str, record: Record, fields: list[str]) -> Record:
        found: Record = {"attributes": {"type": name, "url": f"/services/data/v62.0/sobjects/{name}/{record['Id']}"}}
        for each in fields:
            field = self.org.sobject(name).find(each)
            if field is None:
                raise ApiError("INVALID_FIELD", f"No such column '{each}' on entity '{name}'.")
            found[field.name] = shown(record[field.name])
        return found


class MultipleChoicesError(Exception):
    """More than one record has the value of an external id. The answer lists their URLs."""

    def __init__(self, urls: list[str]) -> None:
        self.urls = urls


def _object(body: Any) -> Record:
    if not isinstance(body, dict):
        raise ApiError("JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no entity body.")
    return body


def _type(record: Record) -> str:
    attributes = record.get("attributes")
    if not isinstance(attributes, dict) or not attributes.get("type"):
        raise ApiError("INVALID_FIELD", "attributes must have a type")
    return str(attributes["type"])


def _values(record: Record) -> Record:
    return {name: value for name, value in record.items() if name not in {"attributes", "id", "Id"}}
