"""Columns that every table has."""

from typing import Any

from tortoise import fields


def key(length: int = 40, **options: Any) -> Any:
    return fields.CharField(max_length=length, **options)


def workspace_key(**options: Any) -> Any:
    return fields.ForeignKeyField("touchline.Workspace", **{"db_index": True, **options})


NO_OWN_INDEX: dict[str, Any] = {"db_index": False}
