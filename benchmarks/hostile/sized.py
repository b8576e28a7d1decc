"""Work of the largest size that the limits allow: nobody else may wait for it."""

from collections.abc import Sequence
from typing import Any

from benchmarks.hostile.named import SUPPRESSIONS, Named
from benchmarks.hostile.server import Outcome, Server
from benchmarks.hostile.work import LAUNCH_STATUS, START, Workplace
from tests import story

PEOPLE = 100_000
AT_ONCE = 10_000
STEPS = 20
ADD = (
    "mutation($id: ID!, $input: StepInput!) { addStep(campaignId: $id, input: $input) { step { id } errors { code } } }"
)
MOVE = "mutation($id: ID!, $to: Int!) { moveDay(campaignId: $id, day: 2, to: $to) { errors { code } } }"
EDIT = (
    "query($id: ID!, $to: Int!) { editPreview(edit: {moveDay: {campaignId: $id, day: 2, to: $to}})"
    " { people steps { moving } } }"
)
PREVIEW = "query($input: LaunchInput!) { launchPreview(input: $input) { zone } }"
DOMAINS = "mutation($d: [String!]!) { setBlockedDomains(domains: $d) { errors { code } } }"


def _by_campaign(query: str, **more: Any) -> "Any":
    return lambda server, work: server.ask(query, id=work.long, **more)


class LargeWork(Workplace):
    """The attacker's campaign of many steps, and its many people."""

    def __init__(self, server: Server, people: Sequence[str]) -> None:
        super().__init__(server)
        self.people = list(people)
        saved = server.do(story.TEMPLATE, "template", input={
            "name": "T", "subject": "Hi {{ first_name }}", "html": "<p>Hi {{ first_name }}</p>"})  # fmt: skip
        self.long = self._long(saved)
        self.everyone = self._long(saved)

    def _long(self, template: str) -> str:
        made = self.server.do(story.CAMPAIGN, "campaign", input={"name": "Long", "senderId": self.sender})
        first = {"day": 1, "type": "EMAIL", "sendOption": "choose_at_launch", "templateId": template}
        self.server.do(ADD, "step", id=made, input=first)
        for day in range(2, STEPS + 1):
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
        """Launch for as many people as a launch at once takes, next year."""
        given = {"campaignId": self.long, "personIds": self.people[:AT_ONCE], "sendAt": "2199-03-02T08:00:00Z"}
        return self.server.ask(query, input=given)

    def launch_everyone(self) -> Outcome:
        """Launch for all people by their ids, in the background."""
        given = {"campaignId": self.everyone, "personIds": self.people, "sendAt": "2199-03-02T08:00:00Z"}
        begun = self.server.ask(START, input=given)
        if begun.codes or begun.status != 200:
            return begun
        made = begun.data["startLaunch"]["launch"]["id"]

        def over(data: Any) -> str | None:
            found = data["launch"]
            return f"{found['status']}: {found['enrolled']}" if found["status"] == "FINISHED" else None

        return self.ended(over, LAUNCH_STATUS, made, begun, "goes on")


def sized(work: LargeWork) -> list[Named]:
    """Return the work, in its order."""
    launch = story.LAUNCH
    return [
        Named("`launchPreview` for 10,000 people", lambda *_: work.launch(PREVIEW)),
        Named("`launch` for 10,000 people, 20 steps", lambda *_: work.launch(launch)),
        Named("`editPreview` for them", lambda server, _: server.ask(EDIT, id=work.long, to=5)),
        Named("`moveDay` for them", lambda server, _: server.ask(MOVE, id=work.long, to=3)),
        Named("`pauseCampaign`", lambda server, _: server.ask(
            "mutation($id: ID!) { pauseCampaign(id: $id) { errors { code } } }", id=work.long)),
        Named("`resumePreview`", lambda server, _: server.ask(
            "query($id: ID!) { resumePreview(campaignId: $id) { heldEmails } }", id=work.long)),
        Named("`resumeCampaign`", lambda server, _: server.ask(
            "mutation($id: ID!) { resumeCampaign(id: $id) { errors { code } } }", id=work.long)),
        Named("`endCampaign`", lambda server, _: server.ask(
            "mutation($id: ID!) { endCampaign(id: $id) { ended errors { code } } }", id=work.long)),
        Named("`startLaunch` for 100,000 people by id", lambda *_: work.launch_everyone()),
        Named("a suppression file of 20,000 addresses", lambda server, _: server.ask(
            SUPPRESSIONS, csv="email\n" + "".join(f"s{number}@example.com\n" for number in range(19_999)))),
        Named("`suppressionsCsv`", lambda server, _: server.ask("{ suppressionsCsv }")),
        Named("10,000 blocked domains", lambda server, _: server.ask(
            DOMAINS, d=[f"d{number}.example" for number in range(10_000)])),
        Named("`sendOptions` of 20 steps of 50 campaigns", lambda server, _: server.ask(
            "{ campaigns(first: 50) { nodes { steps { sendOptions { key } } } } }")),
    ]  # fmt: skip
