"""What the role of a token allows, and how tokens are created and revoked."""

from typing import Any

import pytest
from graphql import GraphQLObjectType

from api.graphql.engine.payloads import RefusalsAsErrors
from api.graphql.schema import Mutation, schema
from api.models import Token
from api.roles import Role
from api.services.workspaces.tokens import MAX_TOKENS, issue_token
from tests import story
from tests.client import Client
from tests.graphql.events.test_event_actors import events
from tests.http.downloads.test_attachments import headers, refused
from tests.served import NOW

CREATE = """mutation($name: String!, $role: Role!) { createToken(name: $name, role: $role) {
  token { id name role createdAt } secret errors { code path message } } }"""
REVOKE = "mutation($id: ID!) { revokeToken(id: $id) { revokedId errors { code path } } }"
TEMPLATE = (
    """mutation($input: TemplateInput!) { createTemplate(input: $input) { template { id } errors { code path } } }"""
)
CHANGE = """mutation($id: ID!, $input: TemplateChanges!) { updateTemplate(id: $id, input: $input) { template { id }
  errors { code path } } }"""
ADMIN_ONLY = {
    "createToken", "revokeToken", "updateWorkspace", "setBlockedDomains", "connectCrm", "updateCrmSettings",
    "erasePerson", "resubscribe",
}  # fmt: skip
pytestmark = pytest.mark.usefixtures("quiet")


async def as_role(client: Client, role: Role) -> Client:
    return Client(client.http, await issue_token(client.workspace, role.value, NOW, role), client.workspace)


def codes(payload: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(error["code"], error["path"]) for error in payload["errors"]]


def test_every_mutation_needs_a_role() -> None:
    fields = Mutation.__strawberry_definition__.fields  # type: ignore[attr-defined]
    roles = {field.python_name: [each.role for each in field.extensions if isinstance(each, RefusalsAsErrors)]
             for field in fields}  # fmt: skip
    assert {len(each) for each in roles.values()} == {1}
    mutations = schema._schema.mutation_type
    assert isinstance(mutations, GraphQLObjectType)
    said = {name for name, field in mutations.fields.items()
            if (field.description or "").endswith("It needs a token with the role `ADMIN`.")}  # fmt: skip
    assert said == ADMIN_ONLY
    assert sum(each == [Role.ADMIN] for each in roles.values()) == len(ADMIN_ONLY)
    assert {role for each in roles.values() for role in each} == {Role.ADMIN, Role.REP}


async def test_a_token_that_may_only_read_changes_nothing(client: Client) -> None:
    reader = await as_role(client, Role.READ_ONLY)
    assert await reader.ask("{ viewer { name role } }") == {"viewer": {"name": "READ_ONLY", "role": "READ_ONLY"}}
    add = (
        """mutation { createPerson(input: {email: "a@example.com"}) { person { id } errors { code path message } } }"""
    )
    (error,) = (await reader.ask(add))["createPerson"]["errors"]
    assert error == {
        "code": "ROLE_REQUIRED",
        "path": [],
        "message": "This operation needs a token with the role REP. Your token has the role READ_ONLY.",
    }
    assert await client.ask("{ people { totalCount } }") == {"people": {"totalCount": 0}}
    answer = await client.http.post("/attachments?name=a.pdf", content=b"%PDF", headers=headers(reader))
    assert refused(answer) == (403, "ROLE_REQUIRED")
    assert (await client.http.get("/export/people.csv", headers=headers(reader))).status_code == 200


async def test_a_rep_works_and_an_admin_decides(client: Client) -> None:
    rep, ada = await as_role(client, Role.REP), await story.person(client)
    for mutation in (
        """mutation { setBlockedDomains(domains: ["a.example"]) { errors { code path } } }""",
        """mutation { resubscribe(email: "ada@example.com", reason: "asked") { errors { code path } } }""",
        f"""mutation {{ erasePerson(id: "{ada}") {{ errors {{ code path }} }} }}""",
        """mutation { createToken(name: "x", role: ADMIN) { errors { code path } } }""",
        """mutation { pauseCrm { errors { code path } } }""",
        """mutation { disconnectCrm(waiting: DROP) { errors { code path } } }""",
    ):
        (payload,) = (await rep.ask(mutation)).values()
        assert codes(payload) == [("ROLE_REQUIRED", [])], mutation
    sender = await story.sender(rep)
    own = f"""mutation {{ pauseCrm(senderId: "{sender}") {{ errors {{ code path }} }} }}"""
    assert codes((await rep.ask(own))["pauseCrm"]) == [("CRM_NOT_CONNECTED", ["senderId"])]
    await client.do("""mutation { setBlockedDomains(domains: ["a.example"]) { workspace { id } errors { code } } }""",
                    "workspace")  # fmt: skip


async def test_only_an_admin_decides_what_unsubscribed_people_get(client: Client) -> None:
    rep, given = await as_role(client, Role.REP), {"name": "Bill", "subject": "Bill", "html": "<p>Yours</p>"}
    assert codes((await rep.ask(TEMPLATE, input=given | {"transactional": True}))["createTemplate"]) == [
        ("ROLE_REQUIRED", ["transactional"])
    ]
    plain = (await rep.do(TEMPLATE, "template", input=given))["id"]
    assert codes((await rep.ask(CHANGE, id=plain, input={"transactional": True}))["updateTemplate"]) == [
        ("ROLE_REQUIRED", ["transactional"])
    ]
    bill = (await client.do(TEMPLATE, "template", input=given | {"transactional": True}))["id"]
    assert codes((await rep.ask(CHANGE, id=bill, input={"html": "<p>Buy!</p>"}))["updateTemplate"]) == [
        ("ROLE_REQUIRED", [])
    ]
    await rep.do(CHANGE, "template", id=bill, input={"name": "Invoice"})
    await client.do(CHANGE, "template", id=bill, input={"html": "<p>Now</p>"})


async def test_a_token_is_created_used_and_revoked(client: Client, stranger: Client) -> None:
    made = (await client.ask(CREATE, name="Ada", role="REP"))["createToken"]
    assert (made["token"]["name"], made["token"]["role"], made["errors"]) == ("Ada", "REP", [])
    ada = Client(client.http, made["secret"], client.workspace)
    assert await ada.ask("{ viewer { id role } }") == {"viewer": {"id": made["token"]["id"], "role": "REP"}}
    names = (await ada.ask("{ tokens { name role } }"))["tokens"]
    assert names == [{"name": "Ada", "role": "REP"}, {"name": "test", "role": "ADMIN"}]
    assert made["secret"] not in str(await Token.all().values())
    assert codes((await client.ask(CREATE, name=" Ada ", role="ADMIN"))["createToken"]) == [("TOKEN_EXISTS", ["name"])]
    assert codes((await stranger.ask(REVOKE, id=made["token"]["id"]))["revokeToken"]) == [("NOT_FOUND", ["id"])]
    assert (await client.ask(REVOKE, id=made["token"]["id"]))["revokeToken"]["revokedId"] == made["token"]["id"]
    answer = await ada.http.post(
        "/graphql", json={"query": "{ viewer { id } }"}, headers=headers(ada, "application/json")
    )
    assert answer.status_code == 401
    found = await events(client)
    assert found["TOKEN_CREATED"]["sentence"] == "A token was created: Ada, with the role REP."
    assert found["TOKEN_REVOKED"]["german"] == "Ein Token wurde widerrufen: Ada."
    assert found["TOKEN_REVOKED"]["actor"] == {"kind": "TOKEN", "name": "test"}


async def test_a_workspace_keeps_an_admin(client: Client) -> None:
    await as_role(client, Role.REP)
    (own,) = [each for each in (await client.ask("{ tokens { id role } }"))["tokens"] if each["role"] == "ADMIN"]
    assert codes((await client.ask(REVOKE, id=own["id"]))["revokeToken"]) == [("LAST_ADMIN_TOKEN", ["id"])]
    await client.ask(CREATE, name="Second", role="ADMIN")
    assert (await client.ask(REVOKE, id=own["id"]))["revokeToken"]["revokedId"] == own["id"]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201])
async def test_names_of_tokens_are_lines(client: Client, name: str) -> None:
    answer = await client.raw(CREATE, {"name": name, "role": "REP"})
    errors = answer.get("errors") or answer["data"]["createToken"]["errors"]
    assert [error.get("path") or error["extensions"] for error in errors] == [["name"]] or "errors" in answer
    assert await Token.filter(workspace_id=client.workspace.id).count() == 1


async def test_the_number_of_tokens_is_limited(client: Client) -> None:
    rows = [Token(id=f"tok_{i}", workspace_id=client.workspace.id, name=f"n{i}", sha256=f"{i}", created_at=NOW)
            for i in range(MAX_TOKENS - 1)]  # fmt: skip
    await Token.bulk_create(rows)
    assert codes((await client.ask(CREATE, name="Ada", role="REP"))["createToken"]) == [("TOO_MANY_TOKENS", [])]
