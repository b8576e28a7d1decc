"""The local Salesforce, for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.salesforce.org import Org
from tests.salesforce.server import SalesforceServer


@pytest.fixture
async def server() -> AsyncIterator[SalesforceServer]:
    async with SalesforceServer(Org(activity_fields=True, enhanced_email=True)).running() as running:
        yield running


@pytest.fixture
async def plain_server() -> AsyncIterator[SalesforceServer]:
    """An org without Touchline's field, custom fields and Enhanced Email."""
    async with SalesforceServer(Org(external_id=False)).running() as running:
        yield running
