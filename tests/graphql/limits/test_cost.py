"""What operations cost, and what is refused because of it."""

import json
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    GraphQLList,
    GraphQLObjectType,
    OperationDefinitionNode,
    get_introspection_query,
    get_nullable_type,
    get_operation_ast,
    parse,
)
from graphql.type import is_abstract_type

from api.graphiql import example_tabs, first_campaign_tabs
from api.graphql.engine.execution import documents
from api.graphql.limits import list_sizes
from api.graphql.limits.byte_cache import ByteCache
from api.graphql.limits.cost import cost_of
from api.graphql.limits.estimate import Estimate
from api.graphql.people.suppression_mutations import SHOWN_ROWS
from api.graphql.schema import schema
from api.models import Category, PeopleImport
from api.services.campaigns.draft import MAX_STEPS
from api.services.campaigns.editing.edit_tally import MAX_MOVES_PER_STEP
from api.services.workspaces.workspaces import MAX_DOMAINS
from tests import story
from tests.client import Client, new_client, serving
from tests.live import Live
from tests.served import NOW

CORE = schema._schema


def points(query: str, variables: dict[str, Any] | None = None) -> int:
    """Return what a document costs."""
    document = parse(query)
    operation = get_operation_ast(document)
    assert operation is not None
    return Estimate(CORE, document, operation, variables or {}).points


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{ __typename }", 1),
        ("{ workspace { id name } }", 6 + 2),
        ("{ people { nodes { id } } }", 200 + 2 + 50 * (2 + 1)),
        ("{ people(first: 7) { nodes { id email } } }", 200 + 2 + 7 * (2 + 2)),
        ("{ people(first: 7) { edges { cursor node { id } } } }", 200 + 2 + 7 * (2 + 1 + 2 + 1)),
        ("{ people(first: 100000) { nodes { id } } }", 200 + 2 + 200 * 3),
        ("{ people(first: -5) { nodes { id } } }", 200 + 2),
        ("{ people(first: 1) { totalCount } }", 200 + 2_000),
        (
            "{ campaigns(first: 10) { nodes { id steps { id name } } } }",
            200 + 2 + 10 * (2 + 1 + 12 + 100 * 2 + 100 * 2 // 5),
        ),
        (
            "{ campaigns(first: 10) { nodes { days { steps { id } } } } }",
            200 + 2 + 10 * (2 + 100 * (2 + 2 + 2 + 1) + 12),
        ),
        ("{ workspace { blockedDomains } }", 6 + 3 + 10_000 // 5),
        ("{ a: workspace { id } b: workspace { id } }", 2 * 7),
        ("{ workspace { id @include(if: false) } }", 7),
        ("{ ...F ...F } fragment F on Query { workspace { id } }", 2 * 7),
        ('mutation { createCategory(name: "x") { errors { code } } }', 500 + 2 + 2 + 1),
    ],
)
def test_exact_costs(query: str, cost: int) -> None:
    assert points(query) == cost


@pytest.mark.parametrize(
    ("declared", "variables", "items"),
    [
        ("$n: Int!", {"n": 3}, 3),
        ("$n: Int!", {"n": 3.0}, 3),
        ("$n: Int! = 4", {}, 4),
        ("$n: Int! = 4", {"n": 9}, 9),
        ("$n: Int!", {}, 50),
        ("$n: Int!", {"n": "many"}, 1),
        ("$n: Int", {"n": None}, 50),
        ("$n: Int!", {"n": 10**30}, 200),
    ],
)
def test_a_variable_says_how_many(declared: str, variables: dict[str, Any], items: int) -> None:
    assert points(f"query({declared}) {{ people(first: $n) {{ nodes {{ id }} }} }}", variables) == 200 + 2 + 3 * items


def test_the_people_of_a_launch_are_counted() -> None:
    whole = "query($input: LaunchInput!) { launchPreview(input: $input) { previews { zone } } }"
    assert points(whole, {"input": {"personIds": ["a"] * 30}}) == 1_000 + 2 + 30 * (20 + 2 + 1)
    inside = 'query($ids: [ID!]!) { launchPreview(input: {campaignId: "c", personIds: $ids}) { previews { zone } } }'
    assert points(inside, {"ids": ["a"] * 30}) == points(whole, {"input": {"personIds": ["a"] * 30}})
    literal = '{ launchPreview(input: {campaignId: "c", personIds: ["a", "b"]}) { previews { zone } } }'
    assert points(literal) == 1_000 + 2 + 2 * 23
    launch = 'mutation($ids: [ID!]!) { launch(input: {campaignId: "c", personIds: $ids}) { enrollments { id } } }'
    assert points(launch, {"ids": ["a"] * 500}) == 1_000 + 500 * 4 + 2 + 500 * (2 + 1)


def test_the_dearest_field_is_named() -> None:
    document = parse("{ workspace { id } emails(first: 50) { nodes { id composition { html } } } }")
    operation = get_operation_ast(document)
    assert operation is not None
    assert Estimate(CORE, document, operation, {}).dearest == "emails.nodes.composition"


def test_every_list_has_a_bound() -> None:
    unbounded = []
    for kind in CORE.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            for name, field in kind.fields.items():
                cost = cost_of(kind.name, name, field)
                bound = cost.size or cost.sized_by_parent or (cost.sized_by and cost.size_most)
                if isinstance(get_nullable_type(field.type), GraphQLList) and not bound:
                    unbounded.append(f"{kind.name}.{name}")
                if "first" in field.args and not (cost.page_size and cost.size_most):
                    unbounded.append(f"{kind.name}.{name} has pages")
    assert unbounded == []


def test_every_list_is_charged_by_the_table() -> None:
    """Each size is a named constant of api.graphql.limits.list_sizes, or the limit of the list."""
    named = {value for name, value in vars(list_sizes).items() if name.isupper()} | {SHOWN_ROWS}
    sizes = {
        f"{kind.name}.{name}": cost_of(kind.name, name, field).size
        for kind in CORE.type_map.values()
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")
        for name, field in kind.fields.items()
        if isinstance(get_nullable_type(field.type), GraphQLList)
    }
    assert {place: size for place, size in sizes.items() if size is not None and size not in named} == {}
    at_their_limits = {
        "Campaign.steps": MAX_STEPS,
        "Campaign.days": MAX_STEPS,
        "Enrollment.progress": MAX_STEPS,
        "EditPreview.steps": MAX_STEPS,
        "ResumePreview.steps": MAX_STEPS,
        "EditStepPreview.moves": MAX_MOVES_PER_STEP,
        "Workspace.blockedDomains": MAX_DOMAINS,
    }
    assert at_their_limits.items() <= sizes.items()


def test_what_a_builder_asks_of_a_long_campaign_stays_below_the_budget() -> None:
    offer = "key label help languages available reasonCode reason warning configSchema asksSendAt takesTime createsTask"
    step = (
        f"id number day type name sendOption config followUp subject notes priority template {{ id name }} "
        f"followUpAvailable sendOptions {{ {offer} }}"
    )
    assert points(f'{{ campaign(id: "x") {{ id name steps {{ {step} }} }} }}') < 100_000
    assert points(f'{{ campaign(id: "x") {{ id name days {{ number steps {{ {step} }} }} }} }}') < 100_000
    assert points("query($id: ID!)" + story.PROGRESS[story.PROGRESS.index("{") :]) < 100_000
    for tab in first_campaign_tabs() + example_tabs():
        for operation in parse(tab["query"]).definitions:
            assert isinstance(operation, OperationDefinitionNode)
            given = json.loads(tab.get("variables", "{}"))
            assert Estimate(CORE, parse(tab["query"]), operation, given).points < 100_000, operation.name


def test_only_node_is_abstract() -> None:
    """The estimate counts the fragments on all of its types, and fields of all types are merged by their name."""
    assert [kind.name for kind in CORE.type_map.values() if is_abstract_type(kind)] == ["Node"]


async def test_the_cost_is_told(client: Client, live: Live, rep: Client) -> None:
    answer = await client.raw("{ workspace { id } }")
    cost = answer["extensions"]["cost"]
    assert (cost["requested"], cost["limit"]) == (7, 100_000)
    again = (await client.raw("{ workspace { id } }"))["extensions"]["cost"]
    assert cost["remaining"] <= 3_000_000 - 7
    assert again["remaining"] <= 3_000_000 - 7
    async with live.opened(rep.token) as socket:
        await socket.begin("{ workspace { id } }")
        payload = (await socket.hear())["payload"]
    assert payload["extensions"]["cost"]["requested"] == 7


async def test_what_is_too_expensive_is_not_executed(client: Client) -> None:
    query = "{" + " ".join(f"a{n}: people(first: 200) {{ totalCount nodes {{ id }} }}" for n in range(40)) + "}"
    error = (await client.raw(query))["errors"][0]
    assert error["extensions"] == {
        "code": "QUERY_TOO_EXPENSIVE",
        "cost": 40 * (200 + 2_000 + 2 + 200 * 3),
        "limit": 100_000,
        "dearestField": "people.totalCount",
    }
    lists = "{ campaigns(first: 200) { nodes { steps { sendOptions { key label } } } } }"
    assert (await client.raw(lists))["errors"][0]["extensions"]["code"] == "QUERY_TOO_EXPENSIVE"


async def test_a_token_has_a_budget_for_a_minute(database_url: str) -> None:
    costs = {"TOUCHLINE_REQUEST_COST": "1000", "TOUCHLINE_MINUTE_COST": "1000"}
    async with serving(database_url, costs) as http:
        spender, other = await new_client(http, NOW), await new_client(http, NOW)
        mutation = 'mutation { createCategory(name: "x") { errors { code } } }'
        assert "errors" not in await spender.raw(mutation)
        headers = {"Authorization": f"Bearer {spender.token}"}
        refused = await http.post("/graphql", json={"query": mutation.replace("x", "y")}, headers=headers)
        assert refused.status_code == 429
        facts = refused.json()["errors"][0]["extensions"]
        assert (facts["code"], facts["cost"], facts["limit"]) == ("BUDGET_USED_UP", 505, 1_000)
        assert refused.headers["retry-after"] == str(facts["retryAfter"]) == "1"
        assert await Category.all().count() == 1
        assert "errors" not in await other.raw(mutation), "another tenant's budget is its own"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (
            "mutation {"
            + " ".join(f'a{n}: createCategory(name: "{n}") {{ errors {{ code }} }}' for n in range(11))
            + "}",
            "10",
        ),
        (
            "mutation {"
            + " ".join(f'a{n}: importPeople(csv: "email") {{ errors {{ code }} }}' for n in range(4))
            + "}",
            "3",
        ),
        (
            'mutation { ...A ... { b: importSuppressions(csv: "email") { new } } } '
            'fragment A on Mutation { a: importSuppressions(csv: "email") { new } }',
            "1",
        ),
    ],
)
async def test_mutations_are_counted(client: Client, query: str, told: str) -> None:
    error = (await client.raw(query))["errors"][0]
    assert error["extensions"]["code"] == "TOO_MANY_MUTATIONS"
    assert told in error["message"]
    assert await Category.all().count() == await PeopleImport.all().count() == 0


async def test_usual_requests_pass(client: Client, campaign: str) -> None:
    answer = await client.raw(get_introspection_query(input_value_deprecation=True, schema_description=True))
    assert "errors" not in answer
    page = """query($after: String) { people(first: 200, after: $after) { pageInfo { endCursor hasNextPage }
        nodes { id email firstName lastName title company zone createdAt unsubscribedAt fields } } }"""
    each = (await client.raw(page))["extensions"]["cost"]["requested"]
    assert each * 100_000 / 200 <= 3_000_000, "100,000 people can be read within a minute's budget"
    shown = """{ campaigns(first: 50) { totalCount nodes { id name pausedAt createdAt sender { id name } heldEmails
        category { id name } steps { id number day type name sendOption config followUp template { id name } } } }
        launches(first: 50) { nodes { id status total processed enrolled leftOut campaign { id name } } } }"""
    answer = await client.raw(shown)
    assert "errors" not in answer
    assert answer["extensions"]["cost"]["requested"] <= 90_000
    assert answer["data"]["campaigns"]["nodes"][0]["id"] == campaign


async def test_valid_documents_are_kept_by_bytes(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # A cache of its own: that of the process may hold the documents of other tests, and would keep these large ones.
    # It is a fifth as large, because filling the whole one takes long.
    limit = documents.CACHE_BYTES // 5
    cache: ByteCache[DocumentNode] = ByteCache(limit)
    monkeypatch.setattr(documents, "_valid", cache)
    before = cache.get("{ workspace { id name sandbox } }")
    await client.ask("{ workspace { id name sandbox } }")
    assert before is None
    assert cache.get("{ workspace { id name sandbox } }") is not None
    used = cache.used
    await client.raw("{ workspace { nothing } }")
    await client.raw("{ workspace { id")
    assert cache.used == used, "what is refused is not kept"
    for number in range(12):
        await client.ask(f"# {number} {'x' * 40_000}\n{{" + " ".join(f"a{n}: __typename" for n in range(990)) + "}")
    assert used < cache.used <= limit
    assert len(cache) < 12, "the oldest are dropped"
    assert await story.person(client, "still@example.com")
