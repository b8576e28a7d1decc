"""Opens connections to orgs, and keeps the descriptions of their objects for later sessions."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx

from plugins.crms.access import Consent, CrmAccess, CrmHost
from plugins.crms.salesforce.oauth import OAuthClient, consent_url
from plugins.crms.salesforce.records.description import Descriptions, KnownDescriptions
from plugins.crms.salesforce.rest_api.rest import RestClient
from plugins.crms.salesforce.session import SalesforceSession
from plugins.crms.salesforce.settings import IDENTITY_URL, INSTANCE_URL, read_settings
from plugins.crms.salesforce.transport.http import new_client
from plugins.crms.salesforce.transport.limits import ClientLimits

MAX_DESCRIBED = 1_000
"""Connections whose descriptions are kept."""


class Connections:
    """The connections of this process."""

    def __init__(self, *, loopback: bool, limits: ClientLimits, transport: httpx.AsyncBaseTransport | None) -> None:
        self.loopback, self.limits, self.transport = loopback, limits, transport
        self._descriptions: dict[tuple[str, str], KnownDescriptions] = {}

    @asynccontextmanager
    async def open(self, access: CrmAccess, host: CrmHost) -> AsyncIterator[SalesforceSession]:
        """Open a session, and log in if there is no token. Raises CrmError."""
        async with self._oauth(access) as oauth:
            rest = RestClient(oauth.client, self.limits, oauth, access, host)
            await rest.ensure_token()
            yield SalesforceSession(rest, Descriptions(self._known_of(rest)))

    def consent_url(self, access: CrmAccess, consent: Consent) -> str:
        """Return the URL of the page of approval. Raises CrmError."""
        return consent_url(read_settings(access, loopback=self.loopback), access, consent)

    async def redeem(self, access: CrmAccess, consent: Consent, code: str) -> Mapping[str, str]:
        """Exchange the code of an approval for tokens. Raises CrmError."""
        async with self._oauth(access) as oauth:
            return await oauth.redeem(consent, code)

    async def revoke(self, access: CrmAccess) -> None:
        """Revoke the tokens. Raises CrmError."""
        async with self._oauth(access) as oauth:
            await oauth.revoke()

    @asynccontextmanager
    async def _oauth(self, access: CrmAccess) -> AsyncIterator[OAuthClient]:
        settings = read_settings(access, loopback=self.loopback)
        async with await new_client(self.limits, self.transport, loopback=self.loopback) as client:
            yield OAuthClient(client, self.limits, access, settings, loopback=self.loopback)

    def _known_of(self, rest: RestClient) -> KnownDescriptions:
        """Return the descriptions of a connection. What a user sees depends on the user and the org."""
        key = (rest.secrets.get(INSTANCE_URL, ""), rest.secrets.get(IDENTITY_URL, ""))
        if key not in self._descriptions:
            while len(self._descriptions) >= MAX_DESCRIBED:
                del self._descriptions[next(iter(self._descriptions))]
            self._descriptions[key] = KnownDescriptions()
        return self._descriptions[key]
