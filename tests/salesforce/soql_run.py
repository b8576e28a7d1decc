"""Runs a parsed query over the records of an org.

Texts are compared without case, ids and booleans exactly, NULL equals NULL only
(https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/
sforce_api_calls_soql_select_comparisonoperators.htm). OFFSET goes up to 2,000
(…/sforce_api_calls_soql_select_offset.htm).
"""

import operator
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Protocol

from tests.salesforce.errors import ApiError
from tests.salesforce.ids import read_id
from tests.salesforce.schema import Field, SObject
from tests.salesforce.soql_parser import Comparison, Junction, Query
from tests.salesforce.values import shown

MAX_OFFSET = 2_000
MAX_QUERY_CHARACTERS = 100_000
ORDERED = {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}
Record = dict[str, Any]


class Tables(Protocol):
    """What a query needs of an org."""

    objects: dict[str, SObject]

    def rows(self, name: str) -> Iterable[Record]: ...

    def find(self, record_id: str) -> Record | None: ...


def run(tables: Tables, query: Query, deleted: bool) -> tuple[list[Record], int | None]:
    """Return the records as answers have them, or their number for COUNT(). Raises ApiError."""
    name = next((each for each in tables.objects if each.lower() == query.name.lower()), None)
    if name is None:
        raise ApiError("INVALID_TYPE", f"sObject type '{query.name}' is not supported.")
    reader = _Reader(tables, tables.objects[name])
    accepts = reader.compiled(query.condition)
    rows = [row for row in tables.rows(name) if (deleted or not row["IsDeleted"]) and accepts(row)]
    rows.sort(key=lambda row: row["Id"])
    for path, down in reversed(query.order):
        exact = reader.field(path).type in {"id", "reference"}
        rows.sort(key=lambda row: _sortable(reader.read(row, path), exact), reverse=down)
    if query.offset > MAX_OFFSET:
        raise ApiError("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
    rows = rows[query.offset :]
    rows = rows if query.limit is None else rows[: query.limit]
    if query.fields == ("COUNT()",):
        return [], len(rows)
    for path in query.fields:
        reader.field(path)
    return [reader.show(row, query.fields) for row in rows], None


class _Reader:
    def __init__(self, tables: Tables, sobject: SObject) -> None:
        self.tables, self.sobject = tables, sobject

    def field(self, path: str) -> Field:
        """Return the field of a path. Raises ApiError."""
        sobject, names = self.sobject, path.split(".")
        for relationship in names[:-1]:
            through = next(
                (f for f in sobject.fields.values() if (f.relationship or "").lower() == relationship.lower()), None
            )
            if through is None or len(through.refers_to) != 1:
                raise ApiError(
                    "INVALID_FIELD", f"Didn't understand relationship '{relationship}' in field path '{path}'."
                )
            sobject = self.tables.objects[through.refers_to[0]]
        found = sobject.find(names[-1])
        if found is None:
            raise ApiError("INVALID_FIELD", f"No such column '{names[-1]}' on entity '{sobject.name}'.")
        return found

    def read(self, row: Record | None, path: str) -> Any:
        """Return the value of a path in a record."""
        sobject, names = self.sobject, path.split(".")
        for relationship in names[:-1]:
            through = next(f for f in sobject.fields.values() if (f.relationship or "").lower() == relationship.lower())
            row = self.tables.find(row[through.name]) if row and row[through.name] else None
            sobject = self.tables.objects[through.refers_to[0]]
        field = sobject.find(names[-1])
        return row[field.name] if row and field else None

    def show(self, row: Record, paths: Iterable[str]) -> Record:
        """Return a record as answers have it."""
        url = f"/services/data/v62.0/sobjects/{self.sobject.name}/{row['Id']}"
        found: Record = {"attributes": {"type": self.sobject.name, "url": url}}
        for path in paths:
            *relationships, last = path.split(".")
            place: Record = found
            for depth, relationship in enumerate(relationships):
                identity = ".".join([*relationships[: depth + 1], "Id"])
                if self.read(row, identity) is None:
                    place[relationship] = None
                    break
                place = place.setdefault(relationship, {"attributes": {"type": relationship}})
            else:
                field = self.field(path)
                place[field.name if not relationships else last] = shown(self.read(row, path))
        return found

    def compiled(self, condition: Comparison | Junction | None) -> Callable[[Record], bool]:
        """Return a function that says whether a record fulfils a condition. Raises ApiError."""
        if condition is None:
            return lambda row: True
        if isinstance(condition, Comparison):
            return self._comparison(condition)
        inner = [self.compiled(each) for each in condition.conditions]
        if condition.operator == "NOT":
            return lambda row: not inner[0](row)
        join = all if condition.operator == "AND" else any
        return lambda row: join(accepts(row) for accepts in inner)

    def _comparison(self, condition: Comparison) -> Callable[[Record], bool]:
        field = self.field(condition.field)
        if not field.filterable:
            raise ApiError("INVALID_FIELD", f"field '{field.name}' can not be filtered in a query call")
        wanted = condition.value
        values = wanted if isinstance(wanted, list) else [wanted]
        compared = [_comparable(field, value) for value in values]
        among = frozenset(compared)
        if condition.operator == "LIKE":
            pattern = _pattern(wanted)
            return lambda row: bool(pattern.fullmatch(str(self.read(row, condition.field) or "")))

        def accepts(row: Record) -> bool:
            found = _comparable(field, self.read(row, condition.field), stored=True)
            if condition.operator in {"=", "IN"}:
                return found in among
            if condition.operator in {"!=", "NOT IN"}:
                return found not in among
            if found is None or compared[0] is None:
                return False
            return bool(ORDERED[condition.operator](found, compared[0]))

        return accepts


def _comparable(field: Field, value: Any, stored: bool = False) -> Any:
    if value is None:
        return None
    if field.type in {"id", "reference"}:
        found = read_id(value)
        if found is None:
            raise ApiError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value}")
        return found
    fits = {"datetime": datetime, "boolean": bool, "int": int}.get(field.type, str)
    if not stored and not isinstance(value, fits):
        raise ApiError(
            "INVALID_FIELD",
            f"value of filter criterion for field '{field.name}' must be of type {field.type}",
        )
    return value.lower() if isinstance(value, str) else value


def _pattern(text: Any) -> re.Pattern[str]:
    parts = re.findall(r"\\.|.", str(text), re.DOTALL)
    signs = {"%": ".*", "_": "."}
    return re.compile(
        "".join(re.escape(part[1]) if part.startswith("\\") else signs.get(part, re.escape(part)) for part in parts),
        re.IGNORECASE | re.DOTALL,
    )


def _sortable(value: Any, exact: bool) -> tuple[bool, Any]:
    """Return what a value is sorted by: NULL first, texts without case, ids with it."""
    if value is None:
        return False, 0
    return True, value.lower() if isinstance(value, str) and not exact else value
