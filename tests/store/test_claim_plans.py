"""Statements about claimed emails read the small index of emails on their way, however many emails there are."""

import typing
from datetime import timedelta

import pytest

from api.clock import system_clock
from api.store.dispatch import backlog, claims, transmissions
from benchmarks.populated import Size, populate, refresh_statistics
from tests.store.plans import problems, recorded

SIZE = Size(20_000)


@pytest.fixture
async def populated(database: str) -> None:
    """A workspace of 20,000 emails."""
    await populate(SIZE, "a")
    await refresh_statistics()


@pytest.mark.usefixtures("populated")
async def test_no_statement_about_claims_scans_the_emails(caplog: pytest.LogCaptureFixture) -> None:
    now = system_clock()
    with recorded(caplog) as statements:
        for column in typing.get_args(claims.ClaimColumn):
            await claims.release_claims(column, ["none"])
            await claims._release_where(f"send.{column} = $1", "none")
        await claims.release_expired_claims(now)
        await claims.release_expired_claims(now, ["none"])
        await claims.release_expired_claims(now, excluded_ids=["none"])
        await transmissions.renew_leases(["none"], now + timedelta(minutes=1))
        await backlog.backlog_numbers(now)
    assert len(statements) > 10
    assert await problems(statements) == set()


@pytest.mark.usefixtures("database")
async def test_a_change_without_claims_writes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """So on SQLite it does not wait for the transactions of jobs and of dispatch."""
    with recorded(caplog) as statements:
        assert await claims.release_claims("person_id", ["none"]) == 0
    assert [statement.split()[0] for statement in statements] == ["SELECT"]
