"""Inputs with which a CRM is connected. Each way of OAuth has its own; other ways give their values by key."""

from collections.abc import Mapping
from typing import Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from api.codes.crm.connections import CrmConnectionCode
from api.graphql.arguments.given_fields import given_fields
from api.services.crm.connections.access_values import GivenValues
from strategies import Refusal

LOGIN_URL = (
    "URL at which Touchline logs in: `https://login.salesforce.com`, `https://test.salesforce.com` for a sandbox, or "
    "your My Domain, such as `https://acme.my.salesforce.com`."
)
API_VERSION = "Version of the CRM's API, such as `62.0`. If left out, the plugin's default."


@strawberry.input(description="A value of a way to connect, by the key of its field.")
class CrmValueInput:
    key: str = strawberry.field(description="Key of the field, as `crms { ways { fields { key } } }` lists it.")
    value: str = strawberry.field(description="The value. Secrets are encrypted and never shown again.")


@strawberry.input(
    description="OAuth 2.0 JWT bearer (RFC 7523): Touchline signs in with a private key, as one user of the CRM."
)
class CrmJwtBearerInput:
    client_id: str = strawberry.field(description="Consumer key of the app in the CRM.")
    username: str = strawberry.field(description="Name of the CRM user in whose name Touchline acts.")
    private_key: str = strawberry.field(
        description="The private RSA key in PEM format, without a password, whose certificate was uploaded to the app."
    )
    login_url: str | None = strawberry.field(
        default=None, description=f"{LOGIN_URL} If left out, `https://login.salesforce.com`."
    )
    audience: str | None = strawberry.field(
        default=None, description="Audience of the signed token, if it is not the login URL."
    )
    api_version: str | None = strawberry.field(default=None, description=API_VERSION)


@strawberry.input(description="OAuth 2.0 client credentials: Touchline logs in with the secret of the app.")
class CrmClientCredentialsInput:
    login_url: str = strawberry.field(description="URL of your My Domain, such as `https://acme.my.salesforce.com`.")
    client_id: str = strawberry.field(description="Consumer key of the app in the CRM.")
    client_secret: str = strawberry.field(description="Consumer secret of the app.")
    api_version: str | None = strawberry.field(default=None, description=API_VERSION)


@strawberry.input(description="Another way to connect, which a package adds.")
class CrmOtherLoginInput:
    way: str = strawberry.field(description="Key of the way, as `crms { ways { key } }` lists it.")
    values: list[CrmValueInput] = strawberry.field(description="What it needs to log in, each by the key of its field.")


@strawberry.input(one_of=True, description="How Touchline logs in to the CRM. Give exactly one field.")
class CrmLoginInput:
    jwt_bearer: CrmJwtBearerInput | None = strawberry.field(
        default=strawberry.UNSET, description="With a private key, as one user."
    )
    client_credentials: CrmClientCredentialsInput | None = strawberry.field(
        default=strawberry.UNSET, description="With the secret of the app."
    )
    other: CrmOtherLoginInput | None = strawberry.field(
        default=strawberry.UNSET, description="In another way that an installed CRM has."
    )


@strawberry.input(description="The CRM to connect the workspace to, and how Touchline logs in.")
class CrmConnectionInput:
    login: CrmLoginInput = strawberry.field(description="How Touchline logs in.")
    crm: str = strawberry.field(default="salesforce", description="Key of the CRM, as `crms` lists it.")


@strawberry.input(
    description="The CRM to connect by a user's login on its own page: OAuth 2.0 authorization code with PKCE."
)
class CrmUserLoginInput:
    crm: str = strawberry.field(default="salesforce", description="Key of the CRM, as `crms` lists it.")
    sender_id: strawberry.ID | None = strawberry.field(
        default=None,
        description=(
            "`id` of the sender who connects with their own login. Values that are left out are then those of the "
            "workspace's connection. Without `senderId`, the workspace is connected."
        ),
    )
    login_url: str | None = strawberry.field(
        default=None, description=f"{LOGIN_URL} If left out, `https://login.salesforce.com`."
    )
    client_id: str | None = strawberry.field(default=None, description="Consumer key of the app in the CRM.")
    client_secret: str | None = strawberry.field(
        default=None, description="Consumer secret of the app, if it requires one."
    )
    api_version: str | None = strawberry.field(default=None, description=API_VERSION)
    way: str = strawberry.field(
        default="authorization_code", description="Key of the way, as `crms { ways { key } }` lists it."
    )
    values: list[CrmValueInput] | None = strawberry.field(
        default=None, description="Values of other fields that the way has."
    )


def connect_values(given: CrmLoginInput) -> GivenValues:
    """Return the way and the values of a login, and their places in the input."""
    if given.other:
        values, places = _listed(given.other.values, (*OTHER, "values"))
        return GivenValues(
            given.other.way, values, lambda key: places.get(key, (*OTHER, "values")), (*OTHER, "way"), OTHER
        )
    ((name, login),) = [(name, login) for name, login in given_fields(given).items() if login]
    place = ("login", to_camel_case(name))
    return GivenValues(name, _texts(login), lambda key: (*place, to_camel_case(key)), place, place)


OTHER = ("login", "other")


def user_login_values(given: CrmUserLoginInput) -> GivenValues:
    """Return the way and the values of a user's login, and their places in the input."""
    others, places = _listed(given.values or [], ("values",))
    own = {
        name: value
        for name in ("login_url", "client_id", "client_secret", "api_version")
        if (value := getattr(given, name)) is not None
    }
    for key in own.keys() & others.keys():
        raise Refusal.of(CrmConnectionCode.CRM_FIELD_UNKNOWN, places[key], case="twice", field=key)
    return GivenValues(given.way, {**own, **others}, lambda key: places.get(key, (to_camel_case(key),)), ("way",))


def _texts(login: Any) -> Mapping[str, str]:
    return {name: value for name, value in given_fields(login).items() if value is not None}


def _listed(given: list[CrmValueInput], place: tuple[str, ...]) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Return listed values by key, and the place of each. Raises Refusal if a key is given twice."""
    values: dict[str, str] = {}
    places: dict[str, tuple[str, ...]] = {}
    for index, each in enumerate(given):
        if each.key in values:
            path = (*place, str(index), "key")
            raise Refusal.of(CrmConnectionCode.CRM_FIELD_UNKNOWN, path, case="twice", field=each.key)
        values[each.key], places[each.key] = each.value, (*place, str(index), "value")
    return values, places
