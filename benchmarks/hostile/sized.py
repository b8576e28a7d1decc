"""Work of the largest size that the limits allow: nobody else may wait for it."""

from collections.abc import Sequence
from typing import Any

from api.services.workspaces.tokens import workspace_by_token
from api.store.engine.database import close_database, open_database
from api.store.engine.sql import execute
from benchmarks.hostile.named import SUPPRESSIONS, Named
from benchmarks.hostile.server import Outcome, Server
from benchmarks.hostile.work import JOB_SECONDS, LAUNCH_STATUS, START, Workplace
from tests import story

PEOPLE = 100_000
AT_ONCE = 1_000
IN_CAMPAIGN = 10_000
STEPS = 20
LATER = "2199-03-02T08:00:00Z"
SLOW_JOB_SECONDS = 300.0
ADD = (
    "mutation($id: ID!, $input: StepInput!) { addStep(campaignId: $id, input: $input) { step { id } errors { code } } }"
)
MOVE = "mutation($id: ID!, $to: Int!) { moveDay(campaignId: $id, day: 2, to: $to) { errors { code } } }"
EDIT = (
    "query($id: ID!, $to: Int!) { editPreview(edit: {moveDay: {campaignId: $id, day: 2, to: $to}})"
    " { people steps { moving } } }"
)
PREVIEW = "query($input: LaunchInput!) { launchPreview(input: $input) { previews { zone } } }"
DOMAINS = "mutation($d: [String!]!) { setBlockedDomains(domains: $d) { errors { code } } }"


async def fill(url: str, token: str) -> list[str]:
    """Write many people into a token's workspace by one statement. Returns their ids."""
    await open_database(url)
    try:
        opened = await workspace_by_token(token)
        assert opened is not None
        await execute(
            "INSERT INTO person (id, workspace_id, email, email_key, first_name, last_name, title, company, own_fields,"
            " created_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)"
            " SELECT 'per_x' || i, $1, 'p' || i || '@example.com', 'p' || i || '@example.com', 'Ada', 'L', '', 'Acme',"
            " '{}', '2026-03-01 00:00:00+00:00' FROM n",
            opened[0].id,
            PEOPLE,
        )
    finally:
        await close_database()
    return [f"per_x{number}" for number in range(1, PEOPLE + 1)]


class LargeWork(Workplace):
    """The attacker's campaign of many steps, and its many people."""

    def __init__(self, server: Server, people: Sequence[str]) -> None:
        super().__init__(server)
        self.people = list(people)
        saved = server.do(story.TEMPLATE, "template", input={
            "name": "T", "subject": "Hi {{ first_name }}", "html": "<p>Hi {{ first_name }}</p>"})  # fmt: skip
        self.long, self.everyone, self.short = self._long(saved, STEPS), self._long(saved, STEPS), self._long(saved, 2)

    def _long(self, template: str, steps: int) -> str:
        made = self.server.do(story.CAMPAIGN, "campaign", input={"name": "Long", "senderId": self.sender})
        first = {"day": 1, "type": "EMAIL", "sendOption": "choose_at_launch", "templateId": template}
        self.server.do(ADD, "step", id=made, input=first)
        for day in range(2, steps + 1):
            later = {
                "day": day,
                "type": "EMAIL",
                "sendOption": "at_time",
                "config": {"at": "09:30"},
                "templateId": template,
            }
            self.server.do(ADD, "step", id=made, input=later)
        return made

    def launch(self, query: str) -> Outcome:
        """Launch for as many people as a launch at once takes, for a year that is far."""
        given = {"campaignId": self.short, "personIds": self.people[:AT_ONCE], "sendAt": LATER}
        return self.server.ask(query, input=given)

    def in_background(self, campaign: str, people: int, seconds: float) -> Outcome:
        """Launch for people by their ids, in the background, and look at it for so many seconds."""
        given = {"campaignId": campaign, "personIds": self.people[:people], "sendAt": LATER}
        begun = self.server.ask(START, input=given)
        if begun.codes or begun.status != 200:
            return begun
        made = begun.data["startLaunch"]["launch"]["id"]

        def over(data: Any) -> str | None:
            found = data["launch"]
            return f"{found['status']}: {found['enrolled']}" if found["status"] == "FINISHED" else None

        return self.ended(over, LAUNCH_STATUS, made, begun, "goes on", seconds)


def sized(work: LargeWork) -> list[Named]:
    """Return the work, in its order."""
    return [
        Named("`launchPreview` for 1,000 people", lambda *_: work.launch(PREVIEW)),
        Named("`launch` for 1,000 people, 2 steps", lambda *_: work.launch(story.LAUNCH)),
        Named("`startLaunch` for 10,000 people, 20 steps", lambda *_: work.in_background(
            work.long, IN_CAMPAIGN, SLOW_JOB_SECONDS)),
        Named("`editPreview` for 10,000 people, 20 steps", lambda server, _: server.ask(EDIT, id=work.long, to=5)),
        Named("`moveDay` for them", lambda server, _: server.ask(MOVE, id=work.long, to=3)),
        Named("`pauseCampaign`", lambda server, _: server.ask(
            "mutation($id: ID!) { pauseCampaign(id: $id) { errors { code } } }", id=work.long)),
        Named("`resumePreview`", lambda server, _: server.ask(
            "query($id: ID!) { resumePreview(campaignId: $id) { heldEmails } }", id=work.long)),
        Named("`resumeCampaign`", lambda server, _: server.ask(
            "mutation($id: ID!) { resumeCampaign(id: $id) { errors { code } } }", id=work.long)),
        Named("`endCampaign`", lambda server, _: server.ask(
            "mutation($id: ID!) { endCampaign(id: $id) { ended errors { code } } }", id=work.long)),
        Named("`startLaunch` for 100,000 people by id", lambda *_: work.in_background(
            work.everyone, PEOPLE, JOB_SECONDS)),
        Named("a suppression file of 20,000 addresses", lambda server, _: server.ask(
            SUPPRESSIONS, csv="email\n" + "".join(f"s{number}@example.com\n" for number in range(19_999)))),
        Named("`suppressionsCsv`", lambda server, _: server.ask("{ suppressionsCsv }")),
        Named("10,000 blocked domains", lambda server, _: server.ask(
            DOMAINS, d=[f"d{number}.example" for number in range(10_000)])),
        Named("`sendOptions` of 20 steps of 50 campaigns", lambda server, _: server.ask(
            "{ campaigns(first: 50) { nodes { steps { sendOptions { key } } } } }")),
    ]  # fmt: skip
