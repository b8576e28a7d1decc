"""Workspaces and their settings."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from api.codes.refusals.people import PersonCode
from api.codes.refusals.workspaces import WorkspaceCode
from api.codes.request_errors.inputs import InputCode
from api.ids import new_id
from api.mail.address import AddressProblem
from api.mail.domains import normalize_domain
from api.mail.message.unsubscribe_line import MAX_LINE_CHARACTERS, line_fault
from api.models import Workspace
from api.services.common.emails.claim_release import release_claimed
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.services.workspaces.call_lists import checked_outcomes, checked_reasons
from strategies import Refusal
from strategies.errors import RefusalCollector

MAX_DOMAINS = 10_000
MAX_DOMAINS_CHARACTERS = 250_000
"""Characters of all blocked domains of a workspace together. Every request reads them."""
MAX_UNSUBSCRIBE_HTML_CHARACTERS = MAX_LINE_CHARACTERS
MAX_PAGE_TEXT_CHARACTERS = 1_000
"""Characters of a workspace's own text on the unsubscribe page."""
DOMAINS_PER_TURN = 10
"""Domains that are checked before other tasks of the event loop run."""


async def create_workspace(name: str, now: datetime, *, sandbox: bool = False) -> Workspace:
    """Create a workspace. A sandbox's clock starts at ``now``."""
    return await Workspace.create(
        id=new_id("wsp"), name=name, sandbox=sandbox, virtual_now=now if sandbox else None, created_at=now
    )


async def set_blocked_domains(context: WorkspaceContext, domains: list[str]) -> Workspace:
    """Set the domains to which this workspace sends no emails. Their subdomains are blocked as well."""
    if len(domains) > MAX_DOMAINS:
        raise Refusal.of(InputCode.TOO_LONG, ("domains",), case="domains", limit=MAX_DOMAINS)
    if sum(map(len, domains)) > MAX_DOMAINS_CHARACTERS:
        raise Refusal.of(InputCode.TOO_LONG, ("domains",), case="domains_together", limit=MAX_DOMAINS_CHARACTERS)
    cleaned, refusals = [], RefusalCollector()
    for index, domain in enumerate(domains):
        if not index % DOMAINS_PER_TURN:
            await asyncio.sleep(0)
        try:
            cleaned.append(normalize_domain(domain))
        except AddressProblem:
            refusals.add(Refusal.of(PersonCode.INVALID_DOMAIN, ("domains", str(index)), domain=domain[:60]))
    refusals.raise_any()
    context.workspace.blocked_domains = list(dict.fromkeys(cleaned))
    await context.workspace.save(update_fields=["blocked_domains"])
    await release_claimed(context, "workspace_id", context.workspace_id)
    return context.workspace


async def update_workspace(context: WorkspaceContext, **values: Any) -> Workspace:
    """Change the given values: texts for unsubscribing, and the lists for calls. None restores the default.

    Unsent emails use the new unsubscribe line. Raises Refusal.
    """
    checks: dict[str, Callable[[Any], Any]] = {
        "unsubscribe_html": _unsubscribe_html,
        "unsubscribe_page_text": _page_text,
        "call_outcomes": lambda outcomes: checked_outcomes(outcomes, "callOutcomes"),
        "call_reasons": lambda reasons: checked_reasons(reasons, "callReasons"),
    }
    columns: dict[str, Any] = {}
    refusals = RefusalCollector()
    for name, value in values.items():
        with refusals:
            columns[name] = None if value is None else checks[name](value)
    refusals.raise_any()
    if columns:
        context.workspace.update_from_dict(columns)
        await context.workspace.save(update_fields=[*columns])
    if "unsubscribe_html" in columns:
        await release_claimed(context, "workspace_id", context.workspace_id)
    return context.workspace


def _page_text(value: str) -> str | None:
    return inputs.text(value, ("unsubscribePageText",), limit=MAX_PAGE_TEXT_CHARACTERS).strip() or None


def _unsubscribe_html(value: str) -> str:
    path = ("unsubscribeHtml",)
    html = inputs.text(value, path, limit=MAX_UNSUBSCRIBE_HTML_CHARACTERS)
    if fault := line_fault(html):
        raise Refusal.of(WorkspaceCode.INVALID_UNSUBSCRIBE_LINE, path, fault=fault)
    return html
