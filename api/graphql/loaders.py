"""One query for all rows that a request needs of a kind, instead of one for each."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from strawberry.dataloader import DataLoader
from tortoise.models import Model

from api.models import AccountPause, Campaign, Category, Enrollment, Person, Send, Sender, Step, Task, Template
from api.store.holds import held_emails
from api.store.rows import by_ids


async def _pauses(accounts: list[str]) -> list[AccountPause | None]:
    waits = {row.account: row for row in await AccountPause.filter(account__in=accounts)}
    return [waits.get(account) for account in accounts]


async def _held(campaigns: list[str]) -> list[int]:
    counts = await held_emails(campaigns)
    return [counts.get(campaign, 0) for campaign in campaigns]


class Loaders:
    """The loaders of one request. Rows are found only in the caller's workspace."""

    def __init__(self, workspace_id: str) -> None:
        self.workspace_id = workspace_id
        self.person = DataLoader(load_fn=self._by_id(Person))
        self.sender = DataLoader(load_fn=self._by_id(Sender))
        self.template = DataLoader(load_fn=self._by_id(Template))
        self.category = DataLoader(load_fn=self._by_id(Category))
        self.campaign = DataLoader(load_fn=self._by_id(Campaign))
        self.step = DataLoader(load_fn=self._by_id(Step))
        self.enrollment = DataLoader(load_fn=self._by_id(Enrollment))
        self.send = DataLoader(load_fn=self._by_id(Send))
        self.task = DataLoader(load_fn=self._by_id(Task))
        self.pause = DataLoader(load_fn=_pauses)
        self.held_of_campaign = DataLoader(load_fn=_held)
        self.steps_of_campaign = DataLoader(load_fn=self._children(Step, "campaign_id", "number", removed_at=None))
        self.every_step_of_campaign = DataLoader(load_fn=self._children(Step, "campaign_id", "number"))
        self.sends_of_enrollment = DataLoader(load_fn=self._children(Send, "enrollment_id", "id"))
        self.tasks_of_enrollment = DataLoader(load_fn=self._children(Task, "enrollment_id", "id"))

    def _by_id(self, model: type[Model]) -> Callable[[list[str]], Awaitable[list[Any]]]:
        async def load(ids: list[str]) -> list[Any]:
            rows = await by_ids(model, self.workspace_id, ids)
            return [rows.get(key) for key in ids]

        return load

    def _children(
        self, model: type[Model], parent: str, order: str, **only: Any
    ) -> Callable[[list[str]], Awaitable[list[Any]]]:
        async def load(ids: list[str]) -> list[Any]:
            found: dict[str, list[Any]] = defaultdict(list)
            query = model.filter(workspace_id=self.workspace_id, **{f"{parent}__in": ids}, **only)
            for row in await query.order_by(order):
                found[getattr(row, parent)].append(row)
            return [found[key] for key in ids]

        return load
