"""What the attacker does in several requests: it saves a template and sends it, imports a file, launches."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from benchmarks.hostile.server import Outcome, Server
from tests import story

JOB_SECONDS = 20.0
"""How long a job in the background may take before the table says that it does not end."""
ROW_SECONDS = 0.002
"""How much longer it may take for each row of its file: several times what a row takes."""
POLL_SECONDS = 0.05
IMPORT = f"mutation($csv: String!) {{ importPeople(csv: $csv) {{ peopleImport {{ id }} {story.ERRORS} }} }}"
IMPORT_STATUS = "query($id: ID!) { peopleImport(id: $id) { status created failed refusals { nodes { code } } } }"
START = f"mutation($input: StartLaunchInput!) {{ startLaunch(input: $input) {{ launch {{ id }} {story.ERRORS} }} }}"
LAUNCH_STATUS = "query($id: ID!) { launch(id: $id) { status enrolled leftOut } }"
EMAIL_OF = "query($id: ID!) { enrollment(id: $id) { progress { email { status reason } } } }"


class Workplace:
    """The attacker's sender and campaigns, and how it waits for what it began."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.sender = server.do(story.SENDER, "sender", input={
            "name": "S", "email": f"s{time.monotonic_ns()}@example.com", "zone": "UTC", "channel": "record"})  # fmt: skip
        self._number = 0

    def person(self) -> str:
        """Create one more person."""
        self._number += 1
        given = {"email": f"victim{self._number}-{time.monotonic_ns()}@example.com", "firstName": "Ada"}
        return self.server.do(story.PERSON, "person", input=given)

    def campaign(self, template: str | None = None) -> str:
        """Create a campaign of one email, or of a call."""
        made = self.server.do(story.CAMPAIGN, "campaign", input={"name": "C", "senderId": self.sender})
        step: dict[str, Any] = {"day": 1, "type": "CALL"}
        if template:
            step = {"day": 1, "type": "EMAIL", "sendOption": "choose_at_launch", "templateId": template}
        self.server.do(story.ADD_STEP, "step", campaign=made, input=step)
        return made

    def template(self, html: str, subject: str = "S") -> Outcome:
        """Save a template; where that is possible, send it to one person, and wait for what becomes of the email."""
        saved = self.server.ask(story.TEMPLATE, input={"name": "T", "subject": subject, "html": html})
        if saved.codes or saved.status != 200:
            return saved
        campaign, person = self.campaign(saved.data["createTemplate"]["template"]["id"]), self.person()
        given = {"campaignId": campaign, "personIds": [person], "sendNow": True}
        launched = self.server.ask(story.LAUNCH, input=given)
        if launched.codes or launched.status != 200:
            return slower(saved, launched)
        (enrollment,) = launched.data["launch"]["enrollments"]

        def over(data: Any) -> str | None:
            email = data["enrollment"]["progress"][0]["email"]
            waits = email["status"] in {"SCHEDULED", "CLAIMED", "TRANSMITTING"}
            return None if waits else str(email["reason"] or email["status"])

        ended = self.ended(over, EMAIL_OF, enrollment["id"], slower(saved, launched), "EMAIL_STAYS")
        return replace(ended, codes=tuple(code for code in ended.codes if code != "SENT"))

    def imported(self, csv: str) -> Outcome:
        """Import a file, and wait for the end of the job."""
        begun = self.server.ask(IMPORT, csv=csv)
        if begun.codes or begun.status != 200:
            return begun

        def over(data: Any) -> str | None:
            found = data["peopleImport"]
            codes = {refusal["code"] for refusal in found["refusals"]["nodes"]}
            return (",".join(sorted(codes)) or "FINISHED") if found["status"] != "RUNNING" else None

        made = begun.data["importPeople"]["peopleImport"]["id"]
        seconds = JOB_SECONDS + ROW_SECONDS * csv.count("\n")
        return self.ended(over, IMPORT_STATUS, made, begun, "IMPORT_STAYS_RUNNING", seconds)

    def launched(self, people: list[str]) -> Outcome:
        """Launch for people in the background, and wait for the end of the job."""
        begun = self.server.ask(START, input={"campaignId": self.campaign(), "personIds": people})
        if begun.codes or begun.status != 200:
            return begun

        def over(data: Any) -> str | None:
            found = data["launch"]
            told = f"FINISHED: {found['enrolled']} enrolled, {found['leftOut']} left out"
            return told if found["status"] == "FINISHED" else None

        made = begun.data["startLaunch"]["launch"]["id"]
        seconds = JOB_SECONDS + ROW_SECONDS * len(people)
        return self.ended(over, LAUNCH_STATUS, made, begun, "LAUNCH_STAYS_RUNNING", seconds)

    def ended(
        self,
        over: Callable[[Any], str | None],
        query: str,
        made: str,
        begun: Outcome,
        stuck: str,
        seconds: float = JOB_SECONDS,
    ) -> Outcome:
        """Ask until a job is over. The seconds are those of the slowest answer."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            asked = self.server.ask(query, id=made)
            begun = slower(begun, asked)
            if asked.status != 200 or asked.codes:
                return begun
            if told := over(asked.data):
                return replace(begun, codes=(told,))
            time.sleep(POLL_SECONDS)
        return replace(begun, codes=(stuck,))


def slower(one: Outcome, other: Outcome) -> Outcome:
    """Return the later outcome with the longer time of both."""
    return replace(other, seconds=max(one.seconds, other.seconds))
