"""A CRM whose sessions do what a test says."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from api.models import CrmConnection, Workspace
from api.services.common.crm_environment import CrmEnvironment
from api.services.common.encryption import Encryption
from api.services.common.request_context import WorkspaceContext
from api.services.crm.connections.access_values import GivenValues
from api.services.crm.connections.connecting import connect
from api.services.workspaces.workspaces import create_workspace
from plugins import (
    AccessField,
    AccessFieldKind,
    ApiUse,
    ConnectWay,
    Consent,
    Crm,
    CrmAccess,
    CrmHost,
    CrmIdentity,
    CrmSession,
    RemoteUser,
)
from plugins.loading.extension_points import CRMS
from plugins.loading.manager import load

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
KEY = "kR4vN8bTz1Qw6YpXc3Lm9HsJf2Dg7AeU5oKiVnBtMrE"
OLD_KEY = "Zt5gB9nMx2Ls7KqWe4Vr8CyHu1Pj6DfA3oTiGkRvNbQ"
SECRET = "the-secret-of-the-stub"
IDENTITY = CrmIdentity("ORG1", "Acme", "USER1", "Ada", "ada@example.com", "https://acme.example")
TOKEN = ConnectWay(
    "token",
    {"en": "Token"},
    [
        AccessField("url", AccessFieldKind.URL, {"en": "URL"}, default="https://crm.example"),
        AccessField("token", AccessFieldKind.SECRET, {"en": "Token"}),
    ],
)
LOGIN = ConnectWay("login", {"en": "Login"}, [AccessField("app", AccessFieldKind.TEXT, {"en": "App"})], True)


class Time:
    """A clock that a test moves. It shows a later time at each look, as a real one."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now

    def pass_(self, **delta: float) -> None:
        self.now += timedelta(**delta)


async def not_used(*_: object, **__: object) -> Any:
    raise AssertionError("this test does not call it")


UNUSED = dict.fromkeys(CrmSession.__abstractmethods__, not_used)
Unused: Any = type("Unused", (CrmSession,), UNUSED)


class StubSession(Unused):
    """Calls the CRM once for each method."""

    def __init__(self, crm: "StubCrm", access: CrmAccess, host: CrmHost) -> None:
        self.crm, self.access, self.host = crm, access, host

    async def identify(self) -> CrmIdentity:
        await self.call()
        return self.crm.identity

    async def limits(self) -> ApiUse | None:
        return self.crm.use

    async def find_users(
        self, *, remote_ids: Sequence[str] = (), addresses: Sequence[str] = ()
    ) -> Sequence[RemoteUser]:
        await self.call()
        wanted = {*remote_ids, *(address.lower() for address in addresses)}
        return [each for each in self.crm.users if wanted & {each.remote_id, each.address.lower()}]

    async def call(self) -> None:
        """Make one request."""
        await self.host.before_call()
        self.crm.calls += 1
        await self.crm.during(self)
        if self.crm.use is not None:
            self.crm.use = replace(self.crm.use, used=self.crm.use.used + 1, at=self.host.now())
            self.host.saw_use(self.crm.use)


async def nothing(_: object) -> None:
    """Do nothing."""


@dataclass
class StubCrm(Crm):
    """Accepts every access. ``during`` is called in each request and may raise."""

    key: ClassVar[str] = "stub"
    labels: ClassVar[Mapping[str, str]] = {"en": "Stub"}
    ways: ClassVar[Sequence[ConnectWay]] = (TOKEN, LOGIN)
    identity: CrmIdentity = IDENTITY
    users: list[RemoteUser] = field(default_factory=list)
    use: ApiUse | None = None
    calls: int = 0
    during: Callable[[Any], Awaitable[None]] = nothing
    revoked: list[str] = field(default_factory=list)
    consents: list[Consent] = field(default_factory=list)
    accesses: list[CrmAccess] = field(default_factory=list)

    @asynccontextmanager
    async def open(self, access: CrmAccess, host: CrmHost) -> AsyncIterator[CrmSession]:
        self.accesses.append(access)
        yield StubSession(self, access, host)

    def consent_url(self, access: CrmAccess, consent: Consent) -> str:
        self.consents.append(consent)
        return f"https://crm.example/login?app={access.values['app']}&state={consent.state}"

    async def redeem_consent(self, access: CrmAccess, consent: Consent, code: str) -> Mapping[str, str]:
        assert consent == self.consents[-1]
        return {"refresh_token": f"refresh-of-{code}"}

    async def revoke(self, access: CrmAccess) -> None:
        self.revoked.append(access.way)


async def make_context(crm: StubCrm, clock: Callable[[], datetime] = lambda: NOW, *keys: str) -> WorkspaceContext:
    """Return a workspace with this CRM installed."""
    installed = load({})
    installed = replace(installed, registries={**installed.registries, CRMS.hook: {crm.key: crm}})
    environment = CrmEnvironment(Encryption(keys or (KEY,)), "https://touchline.example")
    workspace: Workspace = await create_workspace("Acme", NOW)
    return WorkspaceContext(workspace, installed, clock, lambda: None, crm=environment)


def given(way: str = "token", **values: str) -> GivenValues:
    """Return values as a client gives them."""
    return GivenValues(way, values, lambda key: ("input", key), ("input", "way"))


async def connected(context: WorkspaceContext) -> CrmConnection:
    """Connect by a token."""
    return await connect(context, "stub", given(token=SECRET))
