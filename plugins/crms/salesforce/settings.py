"""The settings of a connection to Salesforce, read from the values that an admin gave, and the ways to connect."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from plugins.crms.access import AccessField, AccessFieldKind, ConnectWay, CrmAccess
from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.urls import url_fault

JWT, CREDENTIALS, CODE = "jwt_bearer", "client_credentials", "authorization_code"
LOGIN_URL, API_VERSION, MARKER_FIELD = "https://login.salesforce.com", "62.0", "Touchline_Id__c"
VERSION = re.compile(r"v?(\d{2,3}\.0)", re.ASCII)
OLDEST_VERSION = 46.0
"""The oldest version that was compared with the documentation. sObject Collections came with 42.0."""
OPT_OUT_FIELD = "HasOptedOutOfEmail"
CUSTOM_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,75}__c", re.ASCII)
FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}", re.ASCII)
TOKEN = re.compile(r"[!-~]{1,10000}", re.ASCII)
ACCESS_TOKEN, INSTANCE_URL, IDENTITY_URL, REFRESH_TOKEN = "access_token", "instance_url", "id", "refresh_token"
"""The names of values in Salesforce's answers, and of the stored secrets."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The checked settings of a connection."""

    login_url: str
    version: str
    marker_field: str
    """The custom field of tasks for Touchline's id."""
    opt_out_field: str
    """The field of leads and contacts that says that a person wants no emails."""

    @property
    def data_path(self) -> str:
        """The path of the REST API."""
        return f"/services/data/v{self.version}"


def read_settings(access: CrmAccess, *, loopback: bool) -> Settings:
    """Return the settings of an access. Raises CrmError."""
    login_url = checked_url(access.values.get("login_url") or LOGIN_URL, loopback=loopback)
    version = VERSION.fullmatch((access.values.get("api_version") or API_VERSION).strip())
    if version is None or float(version[1]) < OLDEST_VERSION:
        raise CrmError(CrmCode.REQUEST_INVALID, f"the API version must be a number such as {API_VERSION}, from 46.0")
    marker_field = (access.values.get("marker_field") or MARKER_FIELD).strip()
    if not CUSTOM_FIELD.fullmatch(marker_field):
        raise CrmError(CrmCode.INVALID_FIELD, "the marker field must be the API name of a custom field, ending in __c")
    opt_out_field = (access.values.get("opt_out_field") or OPT_OUT_FIELD).strip()
    if not FIELD.fullmatch(opt_out_field):
        raise CrmError(CrmCode.INVALID_FIELD, "the opt-out field must be the API name of a field")
    return Settings(login_url, version[1], marker_field, opt_out_field)


def checked_url(url: str, *, loopback: bool) -> str:
    """Return a URL without a slash at its end. Raises CrmError if this server may not call it."""
    fault = url_fault(url, loopback=loopback)
    if fault:
        raise CrmError(CrmCode.URL_INVALID, f"{url[:200]}: {fault}")
    return url.rstrip("/")


def checked_token(value: object) -> str:
    """Return a token that can be in a header. Raises CrmError."""
    if not isinstance(value, str) or not TOKEN.fullmatch(value):
        raise CrmError(CrmCode.ANSWER_INVALID, "the token endpoint answered no access token")
    return value


def _field(
    key: str, kind: AccessFieldKind, en: str, de: str, en_help: str, de_help: str, **more: object
) -> AccessField:
    return AccessField(key, kind, {"en": en, "de": de}, {"en": en_help, "de": de_help}, **more)  # type: ignore[arg-type]


def _texts(en: str, de: str) -> Mapping[str, str]:
    return {"en": en, "de": de}


_CLIENT_ID = _field(
    "client_id",
    AccessFieldKind.TEXT,
    "Consumer key",
    "Consumer Key",
    "In Salesforce: the app's settings, OAuth, Consumer Key and Secret.",
    "In Salesforce: Einstellungen der App, OAuth, Consumer Key und Secret.",
)
_CLIENT_SECRET = _field(
    "client_secret",
    AccessFieldKind.SECRET,
    "Consumer secret",
    "Consumer Secret",
    "In Salesforce: beside the consumer key.",
    "In Salesforce: neben dem Consumer Key.",
)
_COMMON = (
    _field(
        "api_version",
        AccessFieldKind.TEXT,
        "API version",
        "API-Version",
        "The version of the REST API, from 46.0.",
        "Die Version der REST-API, ab 46.0.",
        required=False,
        default=API_VERSION,
    ),
)
_LOGIN_URL = _field(
    "login_url",
    AccessFieldKind.URL,
    "Login URL",
    "Login-URL",
    "The URL of My Domain, https://login.salesforce.com, or https://test.salesforce.com for a sandbox.",
    "Die URL von My Domain, https://login.salesforce.com, oder https://test.salesforce.com für eine Sandbox.",
    default=LOGIN_URL,
)
WAYS = (
    ConnectWay(
        JWT,
        _texts("A certificate (JWT bearer)", "Ein Zertifikat (JWT Bearer)"),
        (
            _LOGIN_URL,
            _CLIENT_ID,
            _field(
                "username",
                AccessFieldKind.TEXT,
                "User name",
                "Benutzername",
                "The user name of the user whom Touchline acts as. The app must be pre-authorized for this user.",
                "Der Benutzername des Benutzers, für den Touchline handelt. Die App muss für ihn vorab genehmigt sein.",
            ),
            _field(
                "private_key",
                AccessFieldKind.PRIVATE_KEY,
                "Private key",
                "Privater Schlüssel",
                "The RSA key in PEM format whose certificate was uploaded to the app.",
                "Der RSA-Schlüssel im PEM-Format, dessen Zertifikat in die App hochgeladen wurde.",
            ),
            _field(
                "audience",
                AccessFieldKind.URL,
                "Audience",
                "Audience",
                "Only if it differs from the login URL, such as https://test.salesforce.com.",
                "Nur wenn sie von der Login-URL abweicht, etwa https://test.salesforce.com.",
                required=False,
            ),
            *_COMMON,
        ),
    ),
    ConnectWay(
        CREDENTIALS,
        _texts("A secret of the app (client credentials)", "Ein Geheimnis der App (Client Credentials)"),
        (
            _field(
                "login_url",
                AccessFieldKind.URL,
                "URL of My Domain",
                "URL von My Domain",
                "Such as https://acme.my.salesforce.com. This way does not work with login.salesforce.com.",
                "Etwa https://acme.my.salesforce.com. Mit login.salesforce.com funktioniert dieser Weg nicht.",
            ),
            _CLIENT_ID,
            _CLIENT_SECRET,
            *_COMMON,
        ),
    ),
    ConnectWay(
        CODE,
        _texts("A user's approval in the browser", "Die Zustimmung eines Benutzers im Browser"),
        (
            _LOGIN_URL,
            _CLIENT_ID,
            _field(
                "client_secret",
                AccessFieldKind.SECRET,
                "Consumer secret",
                "Consumer Secret",
                "Leave it empty if the app requires no secret for the web server flow.",
                "Leer lassen, wenn die App für den Web Server Flow kein Geheimnis verlangt.",
                required=False,
            ),
            *_COMMON,
        ),
        asks_consent=True,
    ),
)
