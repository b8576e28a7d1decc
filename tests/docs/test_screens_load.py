"""Each screen of docs/screens.md loads in the stated number of requests, after the day of docs/story.md."""

import re
from itertools import takewhile
from typing import Any

import pytest

from api.clock import system_clock
from api.models import CrmChange, CrmConnection
from tests.client import Client
from tests.docs.storybook import SETTINGS, play
from tests.docs.test_screens import SCREENS

DAY = {"dueFrom": "2030-03-04", "dueTo": "2030-03-13"}
INPUT = {"campaignId": "$copy", "personIds": ["$ada"], "sendAt": "2030-03-21T09:00:00Z", "senderId": "$mia"}
VARIABLES: dict[str, dict[str, Any]] = {
    "Compose window": {"task": "$open"},
    "Compose window: one-off": {"email": "$draft"},
    "Sent email": {"email": "$firstOfAda"},
    "Template editor": {"id": "$introduction", "preview": {"templateId": "$introduction", "personId": "$ada"}},
    "Tasks": {"filter": DAY, "order": {"field": "DUE_DATE"}, "badges": [{"due": "TODAY"}, {"status": ["OPEN"]}]},
    "Command Center": {"filter": {"folder": "SENT"}, "order": {"field": "SENT_AT", "direction": "DESC"}, "first": 50},
    "Live Feed": {"filter": {"campaignId": "$campaign"}},
    "Campaign": {"id": "$campaign", "day": 2},
    "Changes of a campaign": {"id": "$campaign", "edits": [{"move": {"id": "$step6", "day": 9}}]},
    "People of a campaign": {"id": "$campaign", "filter": {"status": ["FINISHED", "ENDED"]}},
    "Campaigns": {"status": ["FINISHED"]},
    "Launch": {"input": INPUT},
    "People": {"filter": {"search": "lovelace"}, "order": {"field": "LAST_NAME"}},
    "Group": {"group": "$group"},
    "Person": {"id": "$ada"},
    "Import of people": {"id": "$import"},
    "Templates": {"archived": False},
    "Reports": {"from": "2030-03-04", "to": "2030-03-13", "filter": {"campaignId": "$campaign"}},
    "Report of a campaign": {"id": "$campaign"},
    "Settings": {},
    "CRM": {"category": ["OTHER"]},
    "Unsubscribed addresses": {"order": {"field": "UNSUBSCRIBED_AT", "direction": "DESC"}},
}


@pytest.fixture
def environment() -> dict[str, str]:
    """The settings of the server in the story."""
    return SETTINGS


def documents(screen: str) -> list[str]:
    """Return the documents of a screen."""
    return re.findall(r"```graphql\n(.*?)```", screen, re.DOTALL)


def operation(name: str) -> str:
    """Return a document by the name of its operation."""
    (found,) = [text for screen in SCREENS for text in documents(screen) if re.match(rf"\w+ {name}\b", text)]
    return found


async def filled(rep: Client) -> Any:
    """Play the story, and fill the screens that it leaves empty. Returns the ids."""
    names = await play(rep)
    known = names.values

    async def do(document: str, of: str, /, **variables: Any) -> str:
        return str((await rep.do(operation(document), of, **names.filled(variables)))["id"])

    known["$group"] = await do("CreateGroup", "group", name="Spring")
    await do("CreateCategory", "category", name="Sales")
    csv = "email\nmargaret@apollo.example\nnobody\n"
    known["$import"] = await do("ImportPeople", "peopleImport", csv=csv, group="$group")
    await rep.do(operation("AddPeopleToGroup"), "done", group=known["$group"], ids=[known["$ada"]])
    known["$copy"] = await do("DuplicateCampaign", "campaign", id="$campaign", name="Summer")
    task = {"personId": "$ada", "assigneeId": "$mia", "type": "EMAIL", "name": "Write", "dueDate": "2030-03-21"}
    known["$open"] = await do("PlanCall", "task", input=task)
    email = {"personId": "$ada", "senderId": "$mia", "html": "<p>Hello</p>"}
    known["$draft"] = await do("CreateEmail", "email", input=email)
    workspace_id, now = rep.workspace.id, system_clock()
    about: dict[str, Any] = {"workspace_id": workspace_id, "crm": "salesforce", "way": "jwt_bearer"}
    await CrmConnection.create(id="crm_screens", state="CONNECTED", created_at=now, connected_at=now, **about)
    failed: dict[str, Any] = {"state": "FAILED", "category": "OTHER", "code": "UNKNOWN_EXCEPTION", "attempts": 1}
    times = dict.fromkeys(("changed_at", "next_at", "failed_at"), now)
    change = {"id": f"TASK:{known['$open']}", "workspace_id": workspace_id, "kind": "TASK", "object_id": known["$open"]}
    await CrmChange.create(**change, **failed, **times)
    return names


def empty(data: dict[str, Any]) -> list[str]:
    """Return the fields of an answer without anything in them, apart from mailboxes, of which the story has none."""

    def is_empty(value: Any) -> bool:
        return value is None or value in ([], {}) or (isinstance(value, dict) and value.get("nodes") == [])

    return [field for field, value in data.items() if is_empty(value) and field != "mailboxes"]


async def test_each_screen_loads_in_the_stated_number_of_requests(rep: Client) -> None:
    names, loaded = await filled(rep), {}
    for screen in SCREENS:
        title = screen.split("\n", 1)[0]
        queries = takewhile(lambda text: not text.startswith("mutation"), documents(screen))
        requests = [text for text in queries if text.startswith("query")]
        for text in requests:
            data = await rep.ask(text, **names.filled(VARIABLES[title]))
            assert empty(data) == [], title
        loaded[title] = len(requests)
    stated = {screen.split("\n", 1)[0]: int(re.findall(r"^Round trips: (\d+)$", screen, re.M)[0]) for screen in SCREENS}
    assert loaded == stated
    assert loaded.keys() == VARIABLES.keys()
