"""Every place of the schema that takes an id is given ids of another workspace: nothing there is shown or changed.

The places come from the schema, so that a new query or mutation is tried as well.
"""

from typing import Any

from graphql import GraphQLField, OperationType, get_named_type, get_nullable_type, is_leaf_type, is_list_type
from tortoise import Tortoise

from api.clock import system_clock
from api.ids import new_id
from api.models import CrmChange, Enrollment, Workspace
from tests.client import Client, new_client
from tests.graphql.crm.crm_world import CONNECT, World, running
from tests.graphql.filled import ids, named
from tests.graphql.places import GRAPHQL, Place, at_once, places

FITTING = {
    "personId": "Person", "personIds": "Person", "from": "Person", "into": "Person", "senderId": "Sender",
    "assigneeId": "Sender", "campaignId": "Campaign", "stepId": "Step", "templateId": "Template",
    "categoryId": "Category", "groupId": "PeopleGroup", "importId": "PeopleImport", "enrollmentId": "Enrollment",
    "emailId": "Send", "followsEmailId": "Send", "taskId": "Task",
}  # fmt: skip
"""The kind of an argument's ids. ``id`` and ``ids`` get those that the field's name fits, or one of each kind."""
WORDS = {
    "Send": ("email", "send"), "PeopleGroup": ("group",), "SavedFilter": ("filter",), "PeopleImport": ("import",),
    "Person": ("person", "people"), "CrmChange": ("crmwrite", "crmfailure"), "Category": ("categor",),
}  # fmt: skip
"""How a kind is called in the names of fields, if not by its own name."""

ACCEPTED = {
    "saveFilter": "a saved filter names what it finds, and finds nothing",
    "startLaunch": "a background launch leaves people out whom it does not find",
    "taskCounts": "there are none",
}
"""Why a field takes a foreign id and is not refused."""


async def rows(workspace_id: str) -> dict[str, list[dict[str, Any]]]:
    """Return every row of a workspace, by table."""
    found = {}
    for name, model in Tortoise.apps["touchline"].items():
        if "workspace_id" in model._meta.fields_map and "id" in model._meta.fields_map:
            found[name] = await model.filter(workspace_id=workspace_id).order_by("id").values()
    found["Workspace"] = await Workspace.filter(id=workspace_id).values()
    return found


async def filled_workspace(world: World) -> tuple[Client, dict[str, str]]:
    """Return a workspace with rows of many kinds, which is connected to the Salesforce, and the ids of the story."""
    client = await new_client(world.client.http, system_clock(), sandbox=False)
    other = await new_client(world.client.http, system_clock(), sandbox=False)
    given = await ids(client, other)
    await client.do(CONNECT, "connection", input={"login": {"clientCredentials": world.credentials}})
    await client.do('mutation { createCategory(name: "C") { category { id } errors { code } } }', "category")
    await client.do('mutation { createGroup(name: "G") { group { id } errors { code } } }', "group")
    saved = 'mutation { saveFilter(name: "F", filter: {people: {search: "x"}}) { savedFilter { id } errors { code } } }'
    await client.do(saved, "savedFilter")
    imported = 'mutation { importPeople(csv: "email\\nimported@example.com") { peopleImport { id } errors { code } } }'
    await client.do(imported, "peopleImport")
    now = system_clock()
    task = given["$emailTask"]
    await CrmChange.create(
        id=f"TASK:{task}-{new_id('x')}"[:60], workspace_id=client.workspace.id, kind="TASK", object_id=task,
        state="FAILED", category="OTHER", code="X", detail="secret of theirs", attempts=1, changed_at=now, next_at=now,
        failed_at=now,
    )  # fmt: skip
    return client, given


def values_for(place: Place, theirs: dict[str, str]) -> list[str]:
    """Return the foreign ids that a place is given."""
    name = next(part for part in reversed(place.inside) if part != "0")
    if name in FITTING:
        return [theirs[FITTING[name]]]
    field = place.field.lower()
    fitting = [each for each in theirs if any(word in field for word in WORDS.get(each, (each.lower(),)))]
    return [theirs[each] for each in fitting or theirs]


def selection(place: Place, value: str, alias: str, known: dict[str, str]) -> str:
    """Return the selection of a field with a foreign id. Of a list, its objects."""
    text = place.selection(f'"{value}"', alias, known)
    owner = place.around[-1][1].type if place.around else GRAPHQL.get_root_type(OperationType(place.operation))
    kind = get_named_type(get_named_type(owner).fields[place.field].type)  # type: ignore[union-attr, arg-type]
    fields: dict[str, GraphQLField] = getattr(kind, "fields", {})
    if "nodes" in fields:
        return text.replace("{ __typename }", "{ nodes { __typename } }", 1)
    done = fields.get("done") if place.operation == "mutation" else None
    if done is None:
        return text
    inner = "" if is_leaf_type(get_named_type(done.type)) else " { __typename }"
    return text.replace("errors {", f"done{inner} errors {{", 1)


def shows(got: Any) -> bool:
    """Say whether an answer has an object, or a mutation was not refused."""
    if isinstance(got, list):
        return any(shows(each) for each in got)
    if not isinstance(got, dict):
        return False
    for name in ("nodes", "done"):
        if name in got and not got.get("errors"):
            return bool(got[name])
    return not got.get("errors")


async def test_ids_of_another_workspace_show_and_change_nothing(database_url: str) -> None:
    async with running(database_url, TOUCHLINE_REQUEST_COST="1000000000", TOUCHLINE_MINUTE_COST="1000000000") as world:
        mine, known = await filled_workspace(world)
        other, _ = await filled_workspace(world)
        before = await rows(other.workspace.id)
        theirs = {name: found[0]["id"] for name, found in before.items() if found and name not in {"Token", "Event"}}
        assert set(FITTING.values()) <= set(theirs)
        assert len(theirs) > 15
        literals = {name: f'"{value}"' for name, value in named(known).items()}
        trials = [
            (place, value)
            for place in places()
            if get_named_type(place.kind).name == "ID"
            and place.operation in {"query", "mutation"}
            and not is_list_type(get_nullable_type(place.kind))
            for value in values_for(place, theirs)
        ]
        assert len({place.field for place, _ in trials if "crm" in place.field.lower()}) >= 12
        silent: set[str] = set()
        while trials:
            place, _ = trials[0]
            size = next(
                (n for n, (each, _) in enumerate(trials) if each.operation != place.operation or n >= at_once(place)),
                len(trials),
            )
            some, trials = trials[:size], trials[size:]
            asked = "\n".join(selection(each, value, f"a{n}", literals) for n, (each, value) in enumerate(some))
            answer = await mine.raw(f"{place.operation} {{ {asked} }}")
            data = answer.get("data") or {}
            for number, (each, value) in enumerate(some):
                if shows(data.get(f"a{number}")):
                    silent.add(f"{each} {value[:3]}")
        assert await rows(other.workspace.id) == before
        assert {each.split(".")[0] for each in silent} <= set(ACCEPTED), sorted(silent)
        count = f'{{ taskCounts(filters: [{{ personId: "{theirs["Person"]}" }}]) {{ count }} }}'
        assert (await mine.ask(count))["taskCounts"] == [{"count": 0}]
        assert not await Enrollment.filter(workspace_id=mine.workspace.id, person_id=theirs["Person"]).exists()
