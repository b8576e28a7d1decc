"""Budgets of tokens, with a clock of the test's own."""

import pytest
from graphql import GraphQLError

from api.graphql.limits.budgets import Budgets


def test_a_budget_refills_evenly_and_says_how_long_to_wait() -> None:
    now = [0.0]
    budgets = Budgets(1_000, 6_000, lambda: now[0])
    budget = budgets.of("wsp_a", "token")
    for _ in range(6):
        budget.spend(1_000, "people")
    assert budget.remaining == 0
    with pytest.raises(GraphQLError) as refused:
        budget.spend(250, "people")
    assert refused.value.extensions == {
        "code": "BUDGET_USED_UP",
        "cost": 250,
        "limit": 6_000,
        "remaining": 0,
        "retryAfter": 3,
    }
    now[0] = 3.0
    budget.spend(250, "people")
    assert budget.remaining == 50
    now[0] = 1_000.0
    assert budget.remaining == 6_000


def test_a_request_has_a_limit_and_costs_nothing_when_it_is_refused() -> None:
    budget = Budgets(1_000, 6_000, lambda: 0.0).of("wsp_a", "token")
    with pytest.raises(GraphQLError, match=r"1,001 points. A request can cost 1,000. Most of the cost is people.nodes"):
        budget.spend(1_001, "people.nodes")
    assert budget.remaining == 6_000


def test_new_tokens_give_a_workspace_no_more_than_its_share() -> None:
    now = [0.0]
    budgets = Budgets(1_000, 1_000, lambda: now[0])
    spent = 0
    with pytest.raises(GraphQLError, match="The tokens of this workspace have 0 of their 5,000 points") as refused:
        for number in range(200):
            budgets.of("wsp_a", f"token {number}").spend(1_000, "")
            spent += 1_000
    assert spent == 5_000
    assert refused.value.extensions == {
        "code": "BUDGET_USED_UP",
        "cost": 1_000,
        "limit": 5_000,
        "remaining": 0,
        "retryAfter": 12,
    }
    assert budgets.of("wsp_a", "one more").remaining == 0
    assert budgets.of("wsp_b", "token").remaining == 1_000
    now[0] = 12.0
    budgets.of("wsp_a", "one more").spend(1_000, "")


def test_each_token_has_its_own_and_they_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.graphql.limits.budgets.MAX_TOKENS_KEPT", 2)
    budgets = Budgets(1_000, 1_000, lambda: 0.0)
    first = budgets.of("wsp_a", "one")
    first.spend(900, "")
    assert budgets.of("wsp_a", "one") is first
    assert budgets.of("wsp_b", "one").remaining == 1_000
    budgets.of("wsp_a", "two")
    assert budgets.of("wsp_a", "one").remaining == 1_000
