"""The size of each text and list is checked before anything converts it."""

from typing import Any

import pytest
from graphql import GraphQLArgument, GraphQLInputField, GraphQLInputObjectType, GraphQLObjectType, parse

from api.graphql.engine.execution.executor import Executor
from api.graphql.limits.sizes import ID_LIMIT, JSON_TEXT_LIMIT, LIST_LIMIT, OBJECT_LIMIT, SIZES, TEXT_LIMIT
from api.graphql.schema import schema
from api.services.launches.background.chosen_people import MAX_IDS
from api.services.launches.launch import MAX_PEOPLE
from tests.client import Client

CORE = schema._schema
MARKS = "e" + "\u0301" * 200_000
PERSON = "mutation($input: PersonInput!) { createPerson(input: $input) { errors { code } } }"
LAUNCH = "mutation($input: LaunchInput!) { launch(input: $input) { errors { code } } }"
START = "mutation($input: StartLaunchInput!) { startLaunch(input: $input) { errors { code } } }"
TIME = {"step": 1, "time": "09:30"}


def built(document: str, **variables: Any) -> Any:
    """Return the executor of a document, or its errors."""
    return Executor.build(CORE, parse(document), None, None, variables, None)


def launch_of(**given: Any) -> dict[str, Any]:
    return {"campaignId": "cam_1", "personIds": ["per_1"]} | given


def own(person: str, times: int = 0) -> dict[str, Any]:
    return {"personId": person, "times": [TIME] * times}


TOO_LARGE = [
    (PERSON, {"email": MARKS}, "TOO_LONG", ["email"]),
    (PERSON, {"email": "a@x.org", "firstName": "x" * (TEXT_LIMIT + 1)}, "TOO_LONG", ["firstName"]),
    (PERSON, {"email": "a@x.org", "zone": "x" * 15_000_000}, "TOO_LONG", ["zone"]),
    (PERSON, {"email": "a@x.org", "fields": {"a": "x" * (JSON_TEXT_LIMIT + 1)}}, "TOO_LONG", ["fields", "a"]),
    (PERSON, {"email": "a@x.org", "fields": {str(key): "x" * 9_000 for key in range(100)}}, "TOO_LONG", ["fields"]),
    (PERSON, {"email": "a@x.org", "fields": {str(key): 1 for key in range(100_000)}}, "TOO_LONG", ["fields"]),
    (PERSON, {"email": "a@x.org", "fields": [[0] * 900, [0] * 900]}, "TOO_LONG", ["fields"]),
    (PERSON, {str(key): 1 for key in range(1_000)}, "INVALID_VALUE", ["input"]),
    (PERSON, {"x" * 1_000_000: 1}, "INVALID_VALUE", ["input"]),
    (LAUNCH, launch_of(campaignId="x" * (ID_LIMIT + 1)), "TOO_LONG", ["campaignId"]),
    (LAUNCH, launch_of(personIds=["x"] * (MAX_PEOPLE + 1)), "TOO_MANY_PEOPLE", ["personIds"]),
    (LAUNCH, launch_of(personIds=["x"] * 50 + ["x" * 201]), "TOO_LONG", ["personIds", "50"]),
    (LAUNCH, launch_of(personIds=["x"] * 50 + [None]), "INVALID_VALUE", ["personIds", "50"]),
    (LAUNCH, launch_of(personIds=["x"] * 50 + [True]), "INVALID_VALUE", ["personIds", "50"]),
    (LAUNCH, launch_of(times=[TIME] * 300_000), "TOO_LONG", ["times"]),
    (LAUNCH, launch_of(sendAt="2" * 1_001), "INVALID_VALUE", ["sendAt"]),
    (LAUNCH, launch_of(perPerson=[own("x")] * 300_000), "TOO_LONG", ["perPerson"]),
    (LAUNCH, launch_of(perPerson=[own("x", 20)] * 50), "TOO_LONG", ["perPerson", "47", "times", "11"]),
    (LAUNCH, launch_of(perPerson=[own("x" * 201)]), "TOO_LONG", ["perPerson", "0", "personId"]),
    (START, launch_of(personIds=["x"] * (MAX_IDS + 1)), "TOO_MANY_PEOPLE", ["personIds"]),
]


@pytest.mark.parametrize(("document", "given", "code", "path"), TOO_LARGE)
def test_what_is_too_large_is_refused_before_it_is_converted(
    document: str, given: dict[str, Any], code: str, path: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphql.execution.values.coerce_input_value", None)
    (error,) = built(document, input=given)
    assert (error.extensions["code"], error.extensions["path"]) == (code, path)
    assert code == "INVALID_VALUE" or any(character.isdigit() for character in error.message)
    assert len(error.message) < 200


def test_a_long_list_is_not_converted_element_by_element(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [f"per_{number}" for number in range(MAX_IDS)]
    seen: list[str] = []

    def parse_id(value: object, *_: Any) -> str:
        seen.append(str(value))
        return str(value)

    monkeypatch.setattr(CORE.type_map["ID"], "coerce_input_value", parse_id)
    executor = built(START, input=launch_of(personIds=ids))
    assert executor.variable_values.coerced["input"]["personIds"] == ids
    assert len(seen) <= 2


def test_long_lists_keep_what_graphql_makes_of_their_elements() -> None:
    inside = "mutation($ids: [ID!]!) { launch(input: {campaignId: 1, personIds: $ids}) { errors { code } } }"
    numbers = list(range(500))
    assert built(inside, ids=numbers).variable_values.coerced["ids"] == [str(number) for number in numbers]
    given = launch_of(personIds=[*numbers, "x"], perPerson=own("1"))  # one object for a list of one
    coerced = built(LAUNCH, input=given).variable_values.coerced["input"]
    assert coerced["personIds"] == [*map(str, numbers), "x"]
    assert [each["personId"] for each in coerced["perPerson"]] == ["1"]


async def test_a_variable_has_the_strictest_limit_of_its_uses(client: Client) -> None:
    both = "mutation($a: String!) { importPeople(csv: $a) { errors { code } } createCategory(name: $a) { __typename } }"
    answer = await client.raw(both, {"a": "x" * (TEXT_LIMIT + 1)})
    assert answer["errors"][0]["extensions"] == {"code": "TOO_LONG", "path": ["csv"]}
    alone = "mutation($a: String!) { importPeople(csv: $a) { errors { code } } }"
    assert (await client.ask(alone, a="x" * (TEXT_LIMIT + 1)))["importPeople"]["errors"] == [
        {"code": "CSV_NO_EMAIL_COLUMN"}
    ]


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (f'mutation {{ createPerson(input: {{email: "e{chr(0x301) * 5_000}"}}) {{ errors {{ code }} }} }}', ["email"]),
        (f'{{ people(filter: {{email: "{"x" * 1_001}"}}) {{ totalCount }} }}', ["filter", "email"]),
        (f'{{ people(after: "{"x" * 1_001}") {{ totalCount }} }}', ["after"]),
        (f'{{ person(id: "{"x" * 201}") {{ id }} }}', ["id"]),
        (
            f'query($id: ID = "{"x" * 201}") {{ launches(filter: {{campaignId: $id}}) {{ totalCount }} }}',
            ["filter", "campaignId"],
        ),
        (f"mutation {{ setBlockedDomains(domains: {['x'] * 101!r}) {{ errors {{ code }} }} }}".replace("'", '"'), None),
        (
            'mutation { createPerson(input: {email: "a@x.org", fields: {a: ['
            + "1 " * 1_001
            + "]}}) { errors { code } } }",
            ["fields"],
        ),
    ],
)
async def test_literals_have_the_same_limits(client: Client, document: str, path: list[str] | None) -> None:
    answer = await client.raw(document)
    if path is None:  # a list of domains has a limit of its own
        assert answer["data"]["setBlockedDomains"]["errors"] == [{"code": "INVALID_DOMAIN"}] * 100
    else:
        assert answer["errors"][0]["extensions"] == {"code": "TOO_LONG", "path": path}


def test_each_limit_is_of_an_argument_or_field_and_its_description_tells_it() -> None:
    found: dict[str, GraphQLArgument | GraphQLInputField] = {}
    for name, kind in CORE.type_map.items():
        if isinstance(kind, GraphQLInputObjectType):
            found |= {f"{name}.{field}": each for field, each in kind.fields.items()}
        elif isinstance(kind, GraphQLObjectType):
            for field, each in kind.fields.items():
                found |= {f"{name}.{field}.{argument}": given for argument, given in each.args.items()}
    assert set(SIZES) <= set(found)
    for coordinate, size in SIZES.items():
        assert f"Up to {size.most:,} " in str(found[coordinate].description)
    lists = {coordinate for coordinate, each in found.items() if "[" in str(each.type)}
    assert {coordinate for coordinate in lists if "[ID" in str(found[coordinate].type)} <= set(SIZES)
    texts = {coordinate for coordinate in found if coordinate.endswith((".html", ".text", ".signature"))}
    assert texts <= set(SIZES), "the content of an email is longer than other texts"
    assert LIST_LIMIT < OBJECT_LIMIT
