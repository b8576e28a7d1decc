"""Check the values with which users connect to a CRM, and find the CRM and the way to connect."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from api.codes.crm.connections import CrmConnectionCode
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from plugins.crms.access import AccessField, AccessFieldKind, ConnectWay, CrmAccess
from plugins.crms.contract import Crm
from plugins.crms.urls import url_fault
from strategies import Refusal
from strategies.errors import RefusalCollector

MAX_VALUE_CHARACTERS = 1_000
MAX_SECRET_CHARACTERS = 10_000
"""Characters of a secret. A private RSA key of 8,192 bits has about 6,400."""
MIN_RSA_BITS = 2_048

Path = tuple[str, ...]


class GivenValues(NamedTuple):
    """The values that a client gave, and where each is in its input."""

    way: str
    values: Mapping[str, str]
    path_of: Callable[[str], Path]
    """Returns the path of a field in the input."""
    way_path: Path
    path: Path = ()
    """The path of the whole login."""


def find_crm(context: WorkspaceContext, key: str, path: Path = ("crm",)) -> Crm:
    """Return an installed CRM. Raises Refusal."""
    crm = context.installed.crms.get(key)
    if crm is None:
        installed = ", ".join(context.installed.crms) or "none"
        raise Refusal.of(CrmConnectionCode.CRM_UNKNOWN, path, crm=key, installed=installed)
    return crm


def find_way(crm: Crm, given: GivenValues, *, asks_consent: bool) -> ConnectWay:
    """Return one way to connect. Raises Refusal if there is none, or if it belongs to the other mutation."""
    label = crm.labels["en"]
    way = next((way for way in crm.ways if way.key == given.way), None)
    if way is None:
        ways = ", ".join(way.key for way in crm.ways if way.asks_consent is asks_consent)
        raise Refusal.of(CrmConnectionCode.CRM_WAY_UNKNOWN, given.way_path, crm=label, way=given.way, ways=ways)
    if way.asks_consent and not asks_consent:
        raise Refusal.of(CrmConnectionCode.CRM_WAY_UNKNOWN, given.way_path, case="consent")
    if asks_consent and not way.asks_consent:
        raise Refusal.of(CrmConnectionCode.CRM_WAY_UNKNOWN, given.way_path, case="no_consent")
    return way


def check_values(context: WorkspaceContext, way: ConnectWay, given: GivenValues) -> CrmAccess:
    """Return the access with which a session is opened. Raises Refusal."""
    refusals, fields = RefusalCollector(), {field.key: field for field in way.fields}
    for key in given.values:
        if key not in fields:
            refusals.add(
                Refusal.of(
                    CrmConnectionCode.CRM_FIELD_UNKNOWN,
                    given.path_of(key),
                    way=way.key,
                    field=key,
                    fields=", ".join(fields),
                )
            )
    values: dict[str, str] = {}
    for key, field in fields.items():
        with refusals:
            value = _checked(context, field, given.values.get(key, "") or field.default, given.path_of(key))
            if value:
                values[key] = value
    refusals.raise_any()
    return CrmAccess(
        way.key,
        {key: value for key, value in values.items() if not fields[key].is_secret},
        {key: value for key, value in values.items() if fields[key].is_secret},
    )


def _checked(context: WorkspaceContext, field: AccessField, value: str, path: Path) -> str:
    label = field.labels["en"]
    if field.is_secret:
        value = inputs.text(value, path, limit=MAX_SECRET_CHARACTERS).strip()
    else:
        value = inputs.line(value, path, limit=MAX_VALUE_CHARACTERS, required=False)
    if not value:
        if field.required:
            raise Refusal.of(CrmConnectionCode.CRM_FIELD_REQUIRED, path, field=label)
        return ""
    if field.kind is AccessFieldKind.CHOICE and value not in field.choices:
        choices = ", ".join(field.choices)
        raise Refusal.of(CrmConnectionCode.CRM_FIELD_INVALID, path, field=label, choices=choices)
    if field.kind is AccessFieldKind.PRIVATE_KEY and not _is_private_key(value):
        raise Refusal.of(CrmConnectionCode.CRM_FIELD_INVALID, path, case="private_key", field=label)
    if field.kind is AccessFieldKind.URL:
        value = value.rstrip("/")
        if fault := url_fault(value, loopback=context.crm.allows_loopback):
            raise Refusal.of(CrmConnectionCode.CRM_URL_INVALID, path, field=label, fault=fault)
    return value


def _is_private_key(pem: str) -> bool:
    """Say whether a text is a private RSA key without a password.

    The parser's message is dropped: it could quote the key.
    """
    try:
        key = load_pem_private_key(pem.encode("utf-8", "replace"), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return isinstance(key, RSAPrivateKey) and key.key_size >= MIN_RSA_BITS
