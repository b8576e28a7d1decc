"""Calls the REST API with a token: permission, limit header, clock, and one new token after a 401.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_api_usage.htm (Sforce-Limit-Info)
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx

from plugins.crms.access import ApiUse, CrmAccess, CrmHost
from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.salesforce.oauth import OAuthClient
from plugins.crms.salesforce.settings import (
    ACCESS_TOKEN,
    IDENTITY_URL,
    INSTANCE_URL,
    Settings,
    checked_token,
    checked_url,
)
from plugins.crms.salesforce.transport.errors import error_of_reply, without_secrets
from plugins.crms.salesforce.transport.http import Reply, send
from plugins.crms.salesforce.transport.json_reading import read_json
from plugins.crms.salesforce.transport.limits import ClientLimits

USAGE = re.compile(r"(?<![\w-])api-usage=(\d{1,12})/(\d{1,12})", re.ASCII)
UNAUTHORIZED = 401
REDIRECTS = {301, 302, 307, 308}
MAX_SKEW = timedelta(days=1)
"""A clock that differs more is ignored."""
MAX_RENEWALS = 2
"""The first renewal can find the token of another session, which has expired as well."""


class RestClient:
    """The REST API of one connection. One job at a time uses it."""

    def __init__(
        self, client: httpx.AsyncClient, limits: ClientLimits, oauth: OAuthClient, access: CrmAccess, host: CrmHost
    ) -> None:
        self.client, self.limits, self.oauth, self.host = client, limits, oauth, host
        self.settings: Settings = oauth.settings
        self.secrets: dict[str, str] = dict(access.secrets)
        """The tokens, and what gets new ones."""
        self.skew = timedelta(0)
        """Salesforce's clock minus the host's."""
        self.knows_time = False
        """Whether an answer of this session or of an earlier one has shown Salesforce's clock."""

    @property
    def instance_url(self) -> str:
        """The URL of the org, as the token endpoint said."""
        return self.secrets.get(INSTANCE_URL, "")

    @property
    def identity(self) -> tuple[str, str]:
        """The ids of the organization and the user, from the token's identity URL …/id/ORG/USER. Can be empty."""
        parts = self.secrets.get(IDENTITY_URL, "").split("/")
        return (parts[-2], parts[-1]) if len(parts) > 2 else ("", "")

    def server_time(self) -> datetime:
        """Return the present time by Salesforce's clock."""
        return self.host.now() + self.skew

    def saw_time(self, moment: datetime) -> None:
        """Correct the clock by a time that Salesforce has written into a record: its clock cannot be earlier."""
        ahead = moment - self.host.now()
        self.skew = ahead if self.skew < ahead <= MAX_SKEW else self.skew

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """Read a resource. ``path`` begins after the version, or with "/services/". Raises CrmError."""
        paging = {"Sforce-Query-Options": f"batchSize={self.limits.page_records}"}
        try:
            reply = await self._call("GET", path, writes=False, params=query, headers=paging)
            return read_json(reply.body)
        except CrmError as error:
            raise self.without_secrets(error) from None

    async def write(
        self, method: str, path: str, body: object | None = None, query: Mapping[str, str] | None = None
    ) -> Any:
        """Write by a resource and return its answer. Raises CrmError, which may be ``in_doubt``."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if content is not None else {}
        try:
            reply = await self._call(method, path, writes=True, params=query, content=content, headers=headers)
            return read_json(reply.body, in_doubt=True)
        except CrmError as error:
            raise self.without_secrets(error) from None

    def without_secrets(self, error: CrmError) -> CrmError:
        """Return an error without the secrets of the connection, which an answer may repeat."""
        return without_secrets(error, self.secrets)

    async def ensure_token(self) -> None:
        """Get a token if there is none. Raises CrmError."""
        if not (self.secrets.get(ACCESS_TOKEN) and self.instance_url):
            await self._renew()

    async def _call(self, method: str, path: str, *, writes: bool, **options: Any) -> Reply:
        await self.ensure_token()
        reply = await self._send(method, path, writes=writes, **options)
        for _ in range(MAX_RENEWALS):
            if reply.status != UNAUTHORIZED:
                break
            await self._renew()
            reply = await self._send(method, path, writes=writes, **options)
        if not 200 <= reply.status < 300:
            raise error_of_reply(reply, writes=writes)
        return reply

    async def _send(self, method: str, path: str, *, writes: bool, **options: Any) -> Reply:
        """Send a request. A read follows one redirect to another path of the org, such as one without a last slash."""
        reply = await self._send_once(method, path, writes=writes, **options)
        target = urlsplit(reply.headers.get("location", "")) if reply.status in REDIRECTS and not writes else None
        if (
            target
            and target.path.startswith("/services/")
            and f"{target.scheme}://{target.netloc}" == self.instance_url
        ):
            reply = await self._send_once(method, target.path, writes=writes, **options)
        return reply

    async def _send_once(self, method: str, path: str, *, writes: bool, **options: Any) -> Reply:
        url = f"{checked_url(self.instance_url, loopback=self.oauth.loopback)}{self._whole(path)}"
        token = checked_token(self.secrets.get(ACCESS_TOKEN))
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers")}
        await self.host.before_call()
        reply = await send(self.client, self.limits, method, url, writes=writes, headers=headers, **options)
        now = self.host.now()
        ahead = reply.date - now if reply.date else self.skew
        self.skew = ahead if abs(ahead) <= MAX_SKEW else self.skew
        self.knows_time = self.knows_time or reply.date is not None
        usage = USAGE.search(reply.headers.get("sforce-limit-info", ""))
        if usage:
            self.host.saw_use(ApiUse(int(usage[1]), int(usage[2]), now))
        return reply

    def _whole(self, path: str) -> str:
        return path if path.startswith("/services/") else f"{self.settings.data_path}/{path}"

    async def _renew(self) -> None:
        """Get new tokens, unless another session has got some meanwhile."""
        async with self.host.renewal() as current:
            other = current.get(ACCESS_TOKEN)
            if other and other != self.secrets.get(ACCESS_TOKEN) and current.get(INSTANCE_URL):
                self.secrets = dict(current)
                return
            fresh = await self.oauth.tokens({**self.secrets, **current}, self.host.now())
            await self.host.renewed(fresh)
            self.secrets |= {**current, **fresh}


def refused(error: CrmError) -> bool:
    """Say whether the error means that the user cannot see the requested object or record."""
    return error.code in {CrmCode.INVALID_FIELD, CrmCode.INVALID_TYPE, CrmCode.INSUFFICIENT_ACCESS_OR_READONLY}
