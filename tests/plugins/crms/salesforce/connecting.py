"""A host that permits everything, and ways to connect to the local Salesforce."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from plugins.crms.access import ApiUse, CrmAccess, CrmHost
from plugins.crms.salesforce.crm import Salesforce
from plugins.crms.salesforce.session import SalesforceSession
from plugins.crms.salesforce.transport.limits import ClientLimits
from tests.salesforce.org import Org
from tests.salesforce.server import SalesforceServer

LIMITS = ClientLimits(max_bytes=2_000_000, page_records=200)
HURRIED = replace(LIMITS, silence_seconds=0.3, total_seconds=0.6)
"""For stories with answers that never come. On a slow machine others can come too late as well."""


class Host(CrmHost):
    """What a session needs of Touchline, kept in memory."""

    def __init__(self, org: Org, secrets: Mapping[str, str]) -> None:
        self.org, self.secrets = org, dict(secrets)
        self.uses: list[ApiUse] = []
        self.refusal: Exception | None = None
        self.renewals = 0

    async def before_call(self) -> None:
        if self.refusal:
            raise self.refusal

    def saw_use(self, use: ApiUse) -> None:
        self.uses.append(use)

    @asynccontextmanager
    async def renewal(self) -> AsyncIterator[Mapping[str, str]]:
        yield self.secrets

    async def renewed(self, secrets: Mapping[str, str]) -> None:
        self.renewals += 1
        self.secrets |= secrets

    def now(self) -> datetime:
        return self.org.clock.at


@cache
def rsa_key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def access(server: SalesforceServer, way: str = "client_credentials", **more: str) -> CrmAccess:
    """Return an access. Values whose names are those of secrets become secrets."""
    given = {"login_url": server.url, "client_id": server.oauth.app.client_id} | more
    if way != "jwt_bearer":
        given.setdefault("client_secret", server.oauth.app.client_secret)
    secret = {"client_secret", "private_key", "refresh_token", "access_token", "instance_url", "id"}
    values = {name: value for name, value in given.items() if name not in secret}
    return CrmAccess(way, values, {name: value for name, value in given.items() if name in secret})


@asynccontextmanager
async def connected(
    server: SalesforceServer, limits: ClientLimits = LIMITS, **more: str
) -> AsyncIterator[tuple[SalesforceSession, Host]]:
    """Open a session by client credentials."""
    server.oauth.app.run_as = server.oauth.app.run_as or server.org.admin
    found = access(server, **more)
    host = Host(server.org, found.secrets)
    async with Salesforce(loopback=True, limits=limits).open(found, host) as session:
        yield session, host
