"""Salesforce as a CRM of Touchline. The HTTP client is imported at the first connection, because that takes 0.1 s."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from plugins.crms.access import ConnectWay, Consent, CrmAccess, CrmHost
from plugins.crms.contract import Crm
from plugins.crms.salesforce.settings import WAYS
from plugins.crms.salesforce.transport.limits import ClientLimits
from plugins.crms.urls import allows_loopback
from strategies import hookimpl

if TYPE_CHECKING:
    import httpx

    from plugins.crms.salesforce.connection import Connections
    from plugins.crms.salesforce.session import SalesforceSession


class Salesforce(Crm):
    """Salesforce, by its REST API."""

    key: ClassVar[str] = "salesforce"
    labels: ClassVar[Mapping[str, str]] = {"en": "Salesforce", "de": "Salesforce"}
    ways: ClassVar[tuple[ConnectWay, ...]] = WAYS

    def __init__(
        self,
        *,
        loopback: bool = False,
        limits: ClientLimits | None = None,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self.loopback, self.limits, self.transport = loopback, limits or ClientLimits(), transport

    @asynccontextmanager
    async def open(self, access: CrmAccess, host: CrmHost) -> "AsyncIterator[SalesforceSession]":
        """Open a session, and log in if there is no token. Raises CrmError."""
        async with self._connections.open(access, host) as session:
            yield session

    def consent_url(self, access: CrmAccess, consent: Consent) -> str:
        """Return the URL of the page of approval. Raises CrmError."""
        return self._connections.consent_url(access, consent)

    async def redeem_consent(self, access: CrmAccess, consent: Consent, code: str) -> Mapping[str, str]:
        """Exchange the code of an approval for tokens. Raises CrmError."""
        return await self._connections.redeem(access, consent, code)

    async def revoke(self, access: CrmAccess) -> None:
        """Revoke the tokens. Raises CrmError."""
        await self._connections.revoke(access)

    @cached_property
    def _connections(self) -> "Connections":
        from plugins.crms.salesforce.connection import Connections

        return Connections(loopback=self.loopback, limits=self.limits, transport=self.transport)


@hookimpl
def touchline_register_crms(environment: Mapping[str, str]) -> Iterable[Crm]:
    """Register Salesforce."""
    return [Salesforce(loopback=allows_loopback(environment))]
