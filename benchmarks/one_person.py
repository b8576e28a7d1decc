"""Requests about one person, among many people who are enrolled in the same campaign."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx

from api.clock import system_clock
from api.models import Send, Task, Workspace
from api.states import SendStatus
from api.store.engine.sql import execute
from benchmarks.populated import STEPS, Size, populate, row_id

ERRORS = "errors { code message path }"
LATER = "2190-01-01T09:00:00Z"


@dataclass(frozen=True)
class Request:
    """A request, and what it does."""

    what: str
    document: str


async def crowded(people: int, mark: str) -> tuple[Workspace, str]:
    """Return a workspace with one campaign, in which so many people are enrolled, and the campaign's id.

    Its last step is a task whose email a person sends.
    """
    workspace = await populate(Size(people * STEPS, people_per_campaign=people), mark)
    await execute(
        "INSERT INTO step (id, workspace_id, campaign_id, number, day, type, name, send_option, config, follow_up,"
        " template_id, notes, priority)"
        f" SELECT {row_id('stp', mark, '999999')}, workspace_id, campaign_id, number + 1, day + 1, type, name, 'task',"
        " '{}', follow_up, template_id, notes, priority FROM step WHERE workspace_id = $1 AND number = $2",
        workspace.id,
        STEPS,
    )
    return workspace, f"cmp_{mark}{1:025d}"


class Journey:
    """People who join the campaign, and what then happens to each. Every request is about one of them."""

    def __init__(self, client: httpx.AsyncClient, campaign_id: str) -> None:
        self._client = client
        self._campaign = campaign_id
        self._numbers = count()

    async def ask(self, document: str) -> Any:
        """Send a document, and return its data. Fails on errors."""
        answer = (await self._client.post("/graphql", json={"query": document})).json()
        assert "errors" not in answer, (document, answer)
        assert all(not (each or {}).get("errors") for each in answer["data"].values() if isinstance(each, dict)), answer
        return answer["data"]

    async def requests(self) -> AsyncIterator[Request]:
        """Yield each request. The caller sends it before it asks for the next one."""
        for part in (self._emails, self._sent_task, self._bounced, self._ended, self._refused):
            async for request in part():
                yield request

    async def _join(self) -> tuple[str, str]:
        """Launch the campaign for a new person. Returns the ids of the person and of the enrollment."""
        made = await self.ask(self._created())
        person = made["createPerson"]["person"]["id"]
        launched = await self.ask(self._launched("mutation", "launch", "enrollments { id }", person))
        return person, launched["launch"]["enrollments"][0]["id"]

    def _created(self) -> str:
        email = f"new{next(self._numbers)}@example.com"
        return f'mutation {{ createPerson(input: {{email: "{email}"}}) {{ person {{ id }} {ERRORS} }} }}'

    def _launched(self, kind: str, name: str, selection: str, person: str) -> str:
        errors = f" {ERRORS}" if kind == "mutation" else ""
        given = f'{{campaignId: "{self._campaign}", personIds: ["{person}"]}}'
        return f"{kind} {{ {name}(input: {given}) {{ {selection}{errors} }} }}"

    async def _emails(self) -> AsyncIterator[Request]:
        yield Request("createPerson", self._created())
        made = await self.ask(self._created())
        person = made["createPerson"]["person"]["id"]
        preview = self._launched(
            "query", "launchPreview", "previews { zone planned { __typename } warnings { code } }", person
        )
        yield Request("launchPreview of one person", preview)
        yield Request("launch of one person", self._launched("mutation", "launch", "enrollments { id }", person))
        send = await Send.get(person_id=person, step__number=2)
        yield _change("editEmail", send.id, 'subject: "Hello"')
        yield _change("rescheduleEmail", send.id, f'at: "{LATER}"')
        yield _change("completeTask", (await Task.get(person_id=person)).id)
        enrollment = send.enrollment_id
        yield Request("recordReply", f'mutation {{ recordReply(enrollmentId: "{enrollment}") {{ {ERRORS} }} }}')

    async def _sent_task(self) -> AsyncIterator[Request]:
        person, _ = await self._join()
        task = (await Task.get(person_id=person)).id
        yield Request("composition of a task", f'{{ task(id: "{task}") {{ composition {{ subject }} }} }}')
        yield _change("sendTask", task, f'at: "{LATER}"')
        yield _change("withdrawEmail", (await Send.get(person_id=person, by_hand=True)).id)
        yield _change("skipTask", task)
        name = f"changed{next(self._numbers)}@example.com"
        yield _change("updatePerson", person, f'input: {{email: "{name}"}}')
        yield Request("unsubscribe", f'mutation {{ unsubscribe(personId: "{person}") {{ {ERRORS} }} }}')

    async def _bounced(self) -> AsyncIterator[Request]:
        person, enrollment = await self._join()
        first = await Send.get(person_id=person, step__number=1)
        await Send.filter(id=first.id).update(status=SendStatus.SENT, sent_at=system_clock())
        sent = await Send.filter(enrollment__campaign_id=self._campaign, status=SendStatus.SENT, archived=False).first()
        assert sent is not None
        yield _change("archiveEmail", sent.id)
        yield Request("recordBounce", f'mutation {{ recordBounce(enrollmentId: "{enrollment}") {{ {ERRORS} }} }}')
        yield Request("clearBounce", f'mutation {{ clearBounce(personId: "{person}") {{ {ERRORS} }} }}')

    async def _ended(self) -> AsyncIterator[Request]:
        _, enrollment = await self._join()
        yield _change("endEnrollment", enrollment)

    async def _refused(self) -> AsyncIterator[Request]:
        address = f"other{next(self._numbers)}@example.com"
        for name, more in (("suppressAddress", ""), ("resubscribe", ', reason: "They asked."')):
            yield Request(name, f'mutation {{ {name}(email: "{address}"{more}) {{ {ERRORS} }} }}')


def _change(name: str, row: str, more: str = "") -> Request:
    given = f'id: "{row}"' + (f", {more}" if more else "")
    return Request(name, f"mutation {{ {name}({given}) {{ {ERRORS} }} }}")
