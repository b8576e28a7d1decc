"""How a workspace connects to a CRM: the ways, their fields, the stored access, and the data that the CRM returns."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from plugins.crms.checks import MAX_USER_ID_CHARACTERS, check_ids, check_instants, clean_texts

MAX_CALLS = 10**12
"""The largest number of API calls that is stored."""


class AccessFieldKind(StrEnum):
    """The kind of an access field's value, from which a frontend builds the form."""

    TEXT = "TEXT"
    URL = "URL"
    """An https URL, such as https://login.salesforce.com."""
    CHOICE = "CHOICE"
    """One of ``AccessField.choices``."""
    SECRET = "SECRET"  # noqa: S105
    """A password, a token or a client secret. It is encrypted at rest and never shown again."""
    PRIVATE_KEY = "PRIVATE_KEY"
    """A private key in PEM format, several lines. It is encrypted at rest and never shown again."""


@dataclass(frozen=True, slots=True)
class AccessField:
    """One value that a way to connect needs."""

    key: str
    """Its name, such as "client_id"."""
    kind: AccessFieldKind
    labels: Mapping[str, str]
    """The name that users read, by language code; "en" is required."""
    help: Mapping[str, str] = field(default_factory=dict)
    """One sentence that says where to find the value, by language code."""
    required: bool = True
    default: str = ""
    choices: Sequence[str] = ()

    @property
    def is_secret(self) -> bool:
        """Whether the value is encrypted and never shown again."""
        return self.kind in {AccessFieldKind.SECRET, AccessFieldKind.PRIVATE_KEY}


@dataclass(frozen=True, slots=True)
class ConnectWay:
    """One way to connect to a CRM, such as "OAuth with a JWT"."""

    key: str
    """Its name, unique in the CRM, such as "jwt_bearer"."""
    labels: Mapping[str, str]
    fields: Sequence[AccessField]
    asks_consent: bool = False
    """Whether a user approves the access in the browser (OAuth authorization code).

    Then Touchline calls ``Crm.consent_url`` and ``Crm.redeem_consent``. HubSpot and Pipedrive have this way too, with
    a client secret; Salesforce adds PKCE (RFC 7636).
    """


@dataclass(frozen=True, slots=True)
class CrmAccess:
    """The stored access of one connection: the values that the admin gave, and the tokens that the CRM issued."""

    way: str
    """The key of the ConnectWay."""
    values: Mapping[str, str]
    """The values of the fields that are not secret."""
    secrets: Mapping[str, str] = field(repr=False)
    """The values of the secret fields, and the tokens that the CRM gave, such as "refresh_token"."""


@dataclass(frozen=True, slots=True)
class Consent:
    """One approval of the access by a user, on the CRM's own page."""

    redirect_uri: str
    """Where the CRM sends the browser afterwards. The same in both calls."""
    state: str
    """A random text. The CRM returns it, so that Touchline recognizes an approval that it has started."""
    code_verifier: str = field(repr=False)
    """The secret of PKCE. The URL has only its SHA-256."""


@dataclass(frozen=True, slots=True)
class CrmIdentity:
    """The user and the organization of a connection in the CRM."""

    organization_id: str
    """Touchline stops a connection whose organization changes: its ids would be those of other records."""
    organization_name: str
    user_id: str
    user_name: str
    user_address: str = ""
    url: str = ""
    """The URL at which users open the CRM."""
    is_sandbox: bool = False

    def __post_init__(self) -> None:
        """Refuse ids that cannot be stored; clean texts."""
        check_ids(self, "organization_id", "user_id", limit=MAX_USER_ID_CHARACTERS)
        clean_texts(self, "organization_name", "user_name", "user_address", "url")


@dataclass(frozen=True, slots=True)
class ApiUse:
    """How many API calls the organization has made and may make. Salesforce counts those of a rolling 24 hours.

    Salesforce returns it with each answer (header Sforce-Limit-Info). HubSpot has the headers
    X-HubSpot-RateLimit-Daily and -Daily-Remaining, Pipedrive x-daily-ratelimit-token-limit and -remaining.
    """

    used: int
    limit: int
    at: datetime
    """When the CRM reported the numbers (UTC)."""

    def __post_init__(self) -> None:
        """Refuse numbers and times that make no sense. A number that is too large becomes the largest one."""
        check_instants(self, "at")
        if self.used < 0 or self.limit < 0:
            raise ValueError("used and limit cannot be negative")
        for name in ("used", "limit"):
            object.__setattr__(self, name, min(int(getattr(self, name)), MAX_CALLS))


@dataclass(frozen=True, slots=True)
class CrmCapabilities:
    """The capabilities of the organization's CRM for the user of the connection."""

    marker_is_unique: bool
    """Whether tasks have a unique field for the marker: the CRM refuses a value that another task has.

    Salesforce: a text field that is an external id and unique. HubSpot: a property with hasUniqueValue. Pipedrive:
    none, custom fields are not unique. Emails that are logged as ``email_objects`` count as not unique in any case:
    Touchline looks for them before it logs them again.
    """
    has_marker_field: bool = False
    """Whether tasks have a field for the marker, unique or not. Else the marker is a last line of the details."""
    activity_types: frozenset[str] = frozenset()
    """The types that the CRM offers for logged activities: "Email", "Call", "Reply"."""
    activity_fields: frozenset[str] = frozenset()
    """The custom activity fields of ``ActivityField`` that the organization has."""
    email_objects: bool = False
    """Whether sent emails can be logged as emails of their own (Salesforce: Enhanced Email)."""
    opt_out_fields: frozenset[str] = frozenset()
    """The kinds of people (``PersonKind``) whose opt-out can be written."""
    problems: tuple[str, ...] = ()
    """Sentences for the admin: what is missing in the CRM, and what Touchline therefore does not do."""


class CrmHost(ABC):
    """The services of Touchline for a session: permission to call, a place for renewed secrets, and the clock."""

    @abstractmethod
    async def before_call(self) -> None:
        """Await it before each HTTP request to the API. Raises CrmError (API_SHARE_USED): then make no request."""

    @abstractmethod
    def saw_use(self, use: ApiUse) -> None:
        """Report the use of the CRM's API limit. Call it after each answer that has the numbers."""

    @abstractmethod
    def renewal(self) -> AbstractAsyncContextManager[Mapping[str, str]]:
        """Enter it before you get new tokens, and leave it after ``renewed``. It yields the stored secrets.

        One session of a connection at a time is inside, in all processes. If the yielded secrets are not those that
        the session has, another session has got new tokens meanwhile: use them, and get none. So a refresh token that
        the CRM exchanges at each use (RFC 6749, 6) is never used twice. Be done within 60 seconds. Raises CrmError.
        """

    @abstractmethod
    async def renewed(self, secrets: Mapping[str, str]) -> None:
        """Store new tokens, inside ``renewal`` and before the first request with them. Others stay as they are."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the present time by this server's clock (UTC)."""
