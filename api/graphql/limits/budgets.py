"""Budgets: how many points a token, and all tokens of a workspace, may spend for each request, and in each minute.

The budget of a minute refills evenly. Each process keeps its own budgets, so with N processes behind a proxy
a token has N times the budget.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from api.codes.request_errors.queries import QueryCode
from api.graphql.arguments.coded_error import coded_error

Key = TypeVar("Key", str, tuple[str, str])
MAX_TOKENS_KEPT = 10_000
"""Tokens whose spending is kept. Beyond that, the least recently used ones start with a full budget."""
WORKSPACE_TOKENS = 5
"""The tokens of a workspace share the budget of this many tokens, because a workspace can create tokens itself."""
MINUTE = 60.0
QUERIES_AT_ONCE = 3
"""Fields of one token, such as pages and counts, that query the database at once. Others wait in order."""


@dataclass(slots=True)
class Budget:
    """The budget of one token, or the one that all tokens of a workspace share."""

    request: int
    minute: int
    clock: Callable[[], float]
    shared: "Budget | None" = None
    """The budget of the token's workspace, which is charged as well."""
    queries: asyncio.Semaphore = field(init=False)
    """Bounds the fields of this token that query the database at once."""
    left: float = field(init=False)
    at: float = field(init=False)

    def __post_init__(self) -> None:
        self.queries = asyncio.Semaphore(QUERIES_AT_ONCE)
        self.left = float(self.minute)
        self.at = self.clock()

    @property
    def remaining(self) -> int:
        """Return how many points are left now."""
        own = self._refill()
        return own if self.shared is None else min(own, self.shared.remaining)

    def _refill(self) -> int:
        now = self.clock()
        self.left = min(float(self.minute), self.left + max(now - self.at, 0.0) * self.minute / MINUTE)
        self.at = now
        return int(self.left)

    def spend(self, points: int, dearest: str) -> None:
        """Charge the cost of an operation. Raises GraphQLError QUERY_TOO_EXPENSIVE or BUDGET_USED_UP."""
        if points > self.request:
            message = QueryCode.QUERY_TOO_EXPENSIVE.message(cost=points, limit=self.request)
            if dearest:
                message = QueryCode.QUERY_TOO_EXPENSIVE.message("field", cost=points, limit=self.request, field=dearest)
            raise coded_error(message, cost=points, limit=self.request, dearestField=dearest)
        self._require(points)
        if self.shared is not None:
            self.shared._require(points, of_workspace=True)
            self.shared.left -= points
        self.left -= points

    def _require(self, points: int, *, of_workspace: bool = False) -> None:
        remaining = self._refill()
        if points <= remaining:
            return
        wait = max(math.ceil((points - self.left) * MINUTE / self.minute), 1)
        limit = self.minute
        message = QueryCode.BUDGET_USED_UP.message(cost=points, limit=limit, remaining=remaining, wait=wait)
        if of_workspace:
            message = QueryCode.BUDGET_USED_UP.message(
                "workspace", cost=points, limit=limit, remaining=remaining, wait=wait
            )
        raise coded_error(message, cost=points, limit=limit, remaining=remaining, retryAfter=wait)


@dataclass(slots=True)
class Charge:
    """The cost of one operation, which its token's budget pays once, or for each event of a subscription."""

    budget: Budget
    points: int = 0
    dearest: str = ""

    def spend(self) -> dict[str, int]:
        """Charge the budget, and return the cost as the response reports it. Raises GraphQLError."""
        self.budget.spend(self.points, self.dearest)
        return {"requested": self.points, "limit": self.budget.request, "remaining": self.budget.remaining}


class Budgets:
    """The budgets of all tokens and workspaces."""

    def __init__(self, request: int, minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.request = request
        self.minute = max(minute, request)
        self._clock = clock
        self._of_tokens: OrderedDict[tuple[str, str], Budget] = OrderedDict()
        self._of_workspaces: OrderedDict[str, Budget] = OrderedDict()

    def of(self, workspace_id: str, token: str) -> Budget:
        """Return the budget of a workspace's token, by the token's name."""
        shared = _kept(
            self._of_workspaces,
            workspace_id,
            lambda: Budget(self.request, WORKSPACE_TOKENS * self.minute, self._clock),
        )
        return _kept(
            self._of_tokens,
            (workspace_id, token),
            lambda: Budget(self.request, self.minute, self._clock, shared),
        )


def _kept(known: OrderedDict[Key, Budget], key: Key, make: Callable[[], Budget]) -> Budget:
    """Return the budget with a key, and forget the least recently used one if there are too many."""
    budget = known.get(key)
    if budget is None:
        budget = known[key] = make()
        if len(known) > MAX_TOKENS_KEPT:
            known.popitem(last=False)
    known.move_to_end(key)
    return budget
