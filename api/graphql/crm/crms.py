"""Installed CRMs, and the ways to connect to them."""

import strawberry

from api.graphql.crm.crm_settings import CrmSettings
from api.graphql.engine.enums.crm_enums import AccessFieldKind
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.language import Language
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import CRM_CHOICES, CRM_FIELDS, CRM_WAYS, CRMS
from api.services.crm.connections.settings import settings_of
from plugins.crms.access import AccessField, ConnectWay
from plugins.crms.contract import Crm as Installed


@strawberry.type(description="A value that a way to connect needs.")
class CrmField:
    field: strawberry.Private[AccessField]

    @strawberry.field(description="Key of the field, such as `client_id`: the `key` in `values` of `other`.")
    def key(self) -> str:
        return self.field.key

    @strawberry.field(description="Kind of the value, which decides how a form asks for it.")
    def kind(self) -> AccessFieldKind:
        return self.field.kind

    @strawberry.field(description="Name of the field for people, such as `Consumer key`.")
    def label(self, language: Language = "en") -> str:
        return self.field.labels.get(language, self.field.labels["en"])

    @strawberry.field(description="Where to find the value, in one sentence. Empty if there is none.")
    def help(self, language: Language = "en") -> str:
        return self.field.help.get(language, self.field.help.get("en", ""))

    @strawberry.field(description="Whether connecting needs a value.")
    def required(self) -> bool:
        return self.field.required

    @strawberry.field(description="Value that is used if none is given. Empty if there is none.")
    def default(self) -> str:
        return self.field.default

    @strawberry.field(metadata=cost(size=CRM_CHOICES), description="The possible values of a field of the kind CHOICE.")
    def choices(self) -> list[str]:
        return list(self.field.choices)


@strawberry.type(description="A way to connect to a CRM, such as by a certificate.")
class CrmWay:
    way: strawberry.Private[ConnectWay]

    @strawberry.field(description="Key of the way, such as `jwt_bearer`.")
    def key(self) -> str:
        return self.way.key

    @strawberry.field(description="Name of the way for people.")
    def label(self, language: Language = "en") -> str:
        return self.way.labels.get(language, self.way.labels["en"])

    @strawberry.field(
        description="True: a user logs in on the CRM's own page and allows the access; use `startCrmConnection`. "
        "False: use `connectCrm`."
    )
    def asks_consent(self) -> bool:
        return self.way.asks_consent

    @strawberry.field(metadata=cost(size=CRM_FIELDS), description="The values that it needs, in the order of a form.")
    def fields(self) -> list[CrmField]:
        return [CrmField(field=field) for field in self.way.fields]


@strawberry.type(description="An installed CRM, such as Salesforce.")
class Crm:
    crm: strawberry.Private[Installed]

    @strawberry.field(description="Key of the CRM, such as `salesforce`.")
    def key(self) -> str:
        return self.crm.key

    @strawberry.field(description="Name of the CRM for people, such as `Salesforce`.")
    def label(self, language: Language = "en") -> str:
        return self.crm.labels.get(language, self.crm.labels["en"])

    @strawberry.field(metadata=cost(size=CRM_WAYS), description="The ways to connect to it, the recommended one first.")
    def ways(self) -> list[CrmWay]:
        return [CrmWay(way=way) for way in self.crm.ways]

    @strawberry.field(
        metadata=cost(100, queries=True),
        description="How the workspace uses this CRM, such as which activities are logged. It can be set before "
        "connecting.",
    )
    async def settings(self, info: Request) -> CrmSettings:
        return from_row(CrmSettings, await settings_of(info.context.workspace_context.workspace_id, self.crm.key))


@strawberry.type
class CrmQuery:
    @strawberry.field(metadata=cost(size=CRMS), description="All CRMs that are installed on the server.")
    def crms(self, info: Request) -> list[Crm]:
        return [Crm(crm=crm) for crm in info.context.workspace_context.installed.crms.values()]
