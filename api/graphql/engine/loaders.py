"""One query for all rows that a request needs of a kind, instead of one for each."""

from functools import partial
from typing import Any

from strawberry.dataloader import DataLoader
from tortoise.models import Model

from api.models import (
    AccountPause,
    Campaign,
    Category,
    Enrollment,
    Person,
    Send,
    Sender,
    Step,
    Suppression,
    SuppressionChange,
    Task,
    Template,
)
from api.store.engine.rows import by_address_keys, by_ids, children
from api.store.holds import held_emails


async def _pauses(accounts: list[str]) -> list[AccountPause | None]:
    waits = {row.account: row for row in await AccountPause.filter(account__in=accounts)}
    return [waits.get(account) for account in accounts]


async def _held(campaigns: list[str]) -> list[int]:
    counts = await held_emails(campaigns)
    return [counts.get(campaign, 0) for campaign in campaigns]


async def _by_id(model: type[Model], workspace_id: str, ids: list[str]) -> list[Any]:
    rows = await by_ids(model, workspace_id, ids)
    return [rows.get(key) for key in ids]


async def _by_key(model: type[Model], workspace_id: str, keys: list[str]) -> list[Any]:
    """Return the workspace's rows of these normalised addresses."""
    rows = await by_address_keys(model, workspace_id, keys)
    return [rows.get(key) for key in keys]


class Loaders:
    """The loaders of one request. Rows are found only in the caller's workspace."""

    def __init__(self, workspace_id: str) -> None:
        self.person = DataLoader(load_fn=partial(_by_id, Person, workspace_id))
        self.sender = DataLoader(load_fn=partial(_by_id, Sender, workspace_id))
        self.template = DataLoader(load_fn=partial(_by_id, Template, workspace_id))
        self.category = DataLoader(load_fn=partial(_by_id, Category, workspace_id))
        self.campaign = DataLoader(load_fn=partial(_by_id, Campaign, workspace_id))
        self.step = DataLoader(load_fn=partial(_by_id, Step, workspace_id))
        self.enrollment = DataLoader(load_fn=partial(_by_id, Enrollment, workspace_id))
        self.send = DataLoader(load_fn=partial(_by_id, Send, workspace_id))
        self.task = DataLoader(load_fn=partial(_by_id, Task, workspace_id))
        self.suppression = DataLoader(load_fn=partial(_by_key, Suppression, workspace_id))
        self.person_of_address = DataLoader(load_fn=partial(_by_key, Person, workspace_id))
        history = partial(children, SuppressionChange, workspace_id, "suppression_id", "id")
        self.suppression_history = DataLoader(load_fn=history)
        self.pause = DataLoader(load_fn=_pauses)
        self.held_of_campaign = DataLoader(load_fn=_held)
        current = partial(children, Step, workspace_id, "campaign_id", "number", only="removed_at IS NULL")
        self.steps_of_campaign = DataLoader(load_fn=current)
        self.every_step_of_campaign = DataLoader(load_fn=partial(children, Step, workspace_id, "campaign_id", "number"))
        self.sends_of_enrollment = DataLoader(load_fn=partial(children, Send, workspace_id, "enrollment_id", "id"))
        self.tasks_of_enrollment = DataLoader(load_fn=partial(children, Task, workspace_id, "enrollment_id", "id"))
