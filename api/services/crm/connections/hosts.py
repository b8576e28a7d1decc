"""The host that a session of a CRM gets: it counts calls, stores new tokens, and has the clock."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from api.clock import Clock
from api.codes.crm.connections import CrmConnectionCode
from api.ids import new_id
from api.services.common.encryption import DecryptionError, Encryption
from api.store.crm import api_use, secrets
from plugins.crms.access import ApiUse, CrmHost
from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError

PROBE_AFTER = timedelta(minutes=15)
"""How long calls wait after the share of the limit was used. Then one call queries the present use."""
RENEWAL_LEASE = timedelta(seconds=90)
"""How long one process may take to get new tokens. After that, another one takes over, because the first was killed."""
RENEWAL_SECONDS = 60.0
"""How long a process tries to get new tokens. It is shorter than the lease."""
RENEWAL_POLL_SECONDS = 0.25
"""The time between two checks whether another process has new tokens."""


def wrong_key() -> CrmError:
    """Return the error of secrets that no key of this process decrypts. Another process may have the key."""
    code, sentence = CrmConnectionCode.ENCRYPTION_KEY_WRONG.message()
    return CrmError(CrmCode.OTHER, sentence, name=code)


class NewConnectionHost(CrmHost):
    """The host of a session that only tries a new access. Nothing is stored until the CRM has accepted it."""

    def __init__(self, given: Mapping[str, str], clock: Clock) -> None:
        self.secrets = dict(given)
        """The given secrets, and the tokens that the session got. Only ``renewed`` changes it."""
        self.use: ApiUse | None = None
        """The API use that the CRM reported last. Only ``saw_use`` writes it."""
        self._clock = clock
        self._lock = asyncio.Lock()

    async def before_call(self) -> None:
        """Allow every call, because a new access needs only a few."""

    def saw_use(self, use: ApiUse) -> None:
        """Keep it for the row of the connection."""
        self.use = use

    @asynccontextmanager
    async def renewal(self) -> AsyncIterator[Mapping[str, str]]:
        """Yield the secrets. No other session has this access, so a lock in this process is enough."""
        async with self._lock:
            yield dict(self.secrets)

    async def renewed(self, secrets: Mapping[str, str]) -> None:
        """Keep the tokens for the row of the connection."""
        self.secrets |= dict(secrets)

    def now(self) -> datetime:
        """Return the present time, UTC."""
        return self._clock()


class ConnectionHost(CrmHost):
    """The host of a session of a stored connection. All processes share its row."""

    def __init__(
        self, connection_id: str, encryption: Encryption, clock: Clock, share: int, counted_in: str | None = None
    ) -> None:
        self._id = connection_id
        self._counted_in = counted_in or connection_id
        """The connection whose row counts the calls. All connections to an organization share its limit."""
        self._encryption = encryption
        self._clock = clock
        self._share = share
        """Percentage of the API limit up to which calls are made."""
        self._owner = new_id("crn")
        self._use: ApiUse | None = None
        """The API use that the CRM reported, until it is stored. ``saw_use`` writes it, and ``store_use`` resets it."""
        self._number: int | None = None
        """The number of the secrets inside ``renewal``; None outside."""
        self._lock = asyncio.Lock()
        self.has_failed_renewal = False
        """Whether the session could not get new tokens. Only ``renewal`` sets it."""

    async def before_call(self) -> None:
        """Count the call in the row of the connection. Raises CrmError."""
        await self.store_use()
        now = self._clock()
        if await api_use.count_call(self._counted_in, self._share, now):
            return
        if not await api_use.is_running(self._counted_in):
            raise CrmError(CrmCode.EXPIRED_ACCESS, "The connection was paused or disconnected.")
        if not await api_use.count_probe(self._counted_in, now, now - PROBE_AFTER):
            raise CrmError(CrmCode.API_SHARE_USED, f"{self._share} percent of the limit are used.")

    def saw_use(self, use: ApiUse) -> None:
        """Keep it until the next call, or the end of the session. Raises TypeError for another type."""
        if not isinstance(use, ApiUse):
            raise TypeError(f"a {type(use).__name__} is not an ApiUse")
        self._use = use

    async def store_use(self) -> None:
        """Store the API use that the CRM reported."""
        if (use := self._use) is not None:
            self._use = None
            await api_use.store_use(self._counted_in, use.used, use.limit, use.at)

    @asynccontextmanager
    async def renewal(self) -> AsyncIterator[Mapping[str, str]]:
        """Take the right to renew in the row of the connection. Waits while another process has it."""
        async with self._lock:
            try:
                async with asyncio.timeout(RENEWAL_LEASE.total_seconds() + RENEWAL_SECONDS):
                    while not await self._take():  # noqa: ASYNC110 - it is another process that ends the wait
                        await asyncio.sleep(RENEWAL_POLL_SECONDS)
                async with asyncio.timeout(RENEWAL_SECONDS):
                    self._number, stored = await self.read_secrets()
                    yield stored
            except CrmError:
                self.has_failed_renewal = True
                raise
            except TimeoutError:
                raise CrmError(CrmCode.UNREACHABLE, "Getting new tokens took too long.") from None
            finally:
                self._number = None
                await secrets.end_renewal(self._id, self._owner)

    async def _take(self) -> bool:
        now = self._clock()
        if await secrets.take_renewal(self._id, self._owner, now, now + RENEWAL_LEASE):
            return True
        if await secrets.secrets_of(self._id) is None:
            raise CrmError(CrmCode.EXPIRED_ACCESS, "The connection was disconnected.")
        return False

    async def renewed(self, secrets_: Mapping[str, str]) -> None:
        """Store new tokens over those that ``renewal`` yielded. Raises CrmError if others were stored meanwhile."""
        number, stored = await self.read_secrets()
        if self._number is not None and number != self._number:
            raise CrmError(CrmCode.EXPIRED_ACCESS, "The connection was made again meanwhile.")
        text = self._encryption.encrypt(self._id, stored | dict(secrets_))
        if not await secrets.replace_secrets(self._id, number, text):
            raise CrmError(CrmCode.EXPIRED_ACCESS, "The connection was made again meanwhile.")
        self._number = None if self._number is None else number + 1

    async def read_secrets(self) -> tuple[int, dict[str, str]]:
        """Return the number of the stored secrets, and the secrets. Raises CrmError."""
        row = await secrets.secrets_of(self._id)
        if row is None:
            raise CrmError(CrmCode.EXPIRED_ACCESS, "The connection was disconnected.")
        try:
            return row["secrets_number"], self._encryption.decrypt(self._id, row["secrets"])
        except DecryptionError as error:
            raise wrong_key() from error

    def now(self) -> datetime:
        """Return the present time, UTC."""
        return self._clock()
