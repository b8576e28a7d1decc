"""The settings of a workspace for its CRM."""

from collections.abc import Callable, Mapping
from typing import Any

from api.codes.crm.connections import CrmConnectionCode
from api.crm_states import CrmDuplicates, CrmNoMatch, CrmPersonKind, CrmSkippedTask
from api.ids import new_id
from api.models import CrmSettings
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.services.crm.activities.subjects import DEFAULT_PATTERN, checked_pattern
from api.services.crm.connections.access_values import find_crm
from api.services.crm.tasks.switching import refresh_sync
from api.store.crm import settings as store
from api.store.crm import task_sync
from api.store.crm.connections import connection_of, last_disconnected
from api.store.engine.transactions import transaction
from strategies import Refusal
from strategies.errors import RefusalCollector

MIN_API_SHARE, MAX_API_SHARE, DEFAULT_API_SHARE = 1, 100, 80
"""Percentages of the CRM's API limit."""
MAX_FIELD_CHARACTERS = 80
DEFAULT_CRM = "salesforce"
"""The CRM whose settings change if none is named and none is connected."""


async def settings_of(workspace_id: str, crm: str) -> CrmSettings:
    """Return the settings of a workspace. If it has changed none, they are the defaults."""
    return await store.settings_row(workspace_id, crm) or CrmSettings(
        id=new_id("crs"),
        workspace_id=workspace_id,
        crm=crm,
        api_share=DEFAULT_API_SHARE,
        sync_tasks=False,
        subject_pattern=DEFAULT_PATTERN,
        skipped_tasks=CrmSkippedTask.COMPLETED,
        first_kind=CrmPersonKind.CONTACT,
        on_duplicates=CrmDuplicates.OLDEST,
        on_no_match=CrmNoMatch.SKIP,
    )


async def update_settings(context: WorkspaceContext, crm_key: str | None, values: Mapping[str, Any]) -> CrmSettings:
    """Change the given settings. Null restores the default. Raises Refusal.

    Without a key, the settings are those of the CRM to which the workspace is connected, or was connected last.
    """
    if crm_key is None:
        workspace_id = context.workspace_id
        connection = await connection_of(workspace_id) or await last_disconnected(workspace_id)
        crm_key = connection.crm if connection is not None else DEFAULT_CRM
    crm = find_crm(context, crm_key)
    row = await settings_of(context.workspace_id, crm.key)
    checks: dict[str, Callable[[Any], Any]] = {
        "api_share": _share,
        "subject_pattern": _pattern,
        "marker_field": lambda value: _field_name(value, "markerField"),
        "opt_out_field": lambda value: _field_name(value, "optOutField"),
    }
    changed: dict[str, Any] = {}
    refusals = RefusalCollector()
    for name, value in values.items():
        with refusals:
            default = DEFAULTS.get(name, CrmSettings._meta.fields_map[name].default)
            changed[name] = default if value is None else checks.get(name, lambda given: given)(value)
    refusals.raise_any()
    if changed:
        async with transaction():
            await store.save_settings(row, changed)
            await refresh_sync(context.workspace_id, context.clock())
            if {"opt_out_field", "sync_opt_outs"} & changed.keys():
                await task_sync.read_all_opt_outs(context.workspace_id)
        context.wake()
    return row


DEFAULTS: Mapping[str, Any] = {"subject_pattern": DEFAULT_PATTERN}
"""The defaults that the table does not have."""


def _share(value: int) -> int:
    if not MIN_API_SHARE <= value <= MAX_API_SHARE:
        raise Refusal.of(CrmConnectionCode.CRM_SHARE_INVALID, ("apiShare",), least=MIN_API_SHARE, most=MAX_API_SHARE)
    return value


def _pattern(value: str) -> str:
    return checked_pattern(value, ("subjectPattern",))


def _field_name(value: str, path: str) -> str:
    """Return the API name of a field in the CRM. It becomes part of queries there, so it has no other characters."""
    inputs.check_length(value, (path,), MAX_FIELD_CHARACTERS)
    value = value.strip()
    if value and not (value.isascii() and value.replace("_", "a").isalnum() and not value[0].isdigit()):
        raise Refusal.of(CrmConnectionCode.CRM_FIELD_INVALID, (path,), case="name", field=path)
    return value
