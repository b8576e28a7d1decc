"""Edits, pauses and resumes of a campaign with three people read no rows of the campaign with 2,000 beside it."""

from collections.abc import AsyncIterator

import pytest

from api.models import Workspace
from api.store.engine.database import is_postgres
from benchmarks.lists import client_of
from benchmarks.one_person import ERRORS, Journey, crowded
from benchmarks.populated import refresh_statistics
from tests.store.row_costs import Costs, costs_of

PEOPLE = 2_000
MAX_ROWS = 60
"""Rows of a statement: those of three people with their emails and tasks, and of the steps."""
MAX_STEPS = 8_000
"""Instructions of SQLite. A scan of the large campaign's 2,000 people needs about 10,000.

A preview of a resume needs 3,950 or more for the facts of three people, and twice that if it is read in two slices.
"""


async def changes(journey: Journey, workspace: Workspace) -> AsyncIterator[tuple[str, str]]:
    """Yield each request, and what it does. The caller sends it before it asks for the next one."""
    template, sender = f"tpl_a{1:025d}", f"sdr_a{1:025d}"
    given = f'{{name: "Small", senderId: "{sender}"}}'
    made = await journey.ask(f"mutation {{ createCampaign(input: {given}) {{ campaign {{ id }} {ERRORS} }} }}")
    campaign = made["createCampaign"]["campaign"]["id"]
    email = f'type: EMAIL, templateId: "{template}", sendOption: "at_time", config: {{at: "10:00"}}'

    async def add(day: int) -> str:
        given = f'campaignId: "{campaign}", input: {{day: {day}, {email}}}'
        step = await journey.ask(f"mutation {{ addStep({given}) {{ step {{ id }} {ERRORS} }} }}")
        return str(step["addStep"]["step"]["id"])

    steps = [await add(day) for day in (1, 2, 3, 4)]
    yield "remove a step of a draft", f'mutation {{ removeStep(id: "{steps.pop()}") {{ {ERRORS} }} }}'
    for number in range(3):
        person = await journey.ask(
            f'mutation {{ createPerson(input: {{email: "s{number}@example.com"}}) {{ person {{ id }} {ERRORS} }} }}'
        )
        given = f'{{campaignId: "{campaign}", personIds: ["{person["createPerson"]["person"]["id"]}"]}}'
        await journey.ask(f"mutation {{ launch(input: {given}) {{ {ERRORS} }} }}")
    more = await add(9)
    yield "preview an edit", f'{{ editPreview(edit: {{moveStep: {{id: "{steps[2]}", day: 5}}}}) {{ people }} }}'
    yield "move a step", f'mutation {{ moveStep(id: "{steps[2]}", day: 5) {{ {ERRORS} }} }}'
    asks = 'input: {sendOption: "choose_at_launch", config: {}}'
    yield (
        "change the first step",
        f'mutation {{ changeStep(id: "{steps[0]}", {asks}) {{ refused: errors {{ code }} }} }}',
    )
    yield "remove a step", f'mutation {{ removeStep(id: "{more}") {{ {ERRORS} }} }}'
    yield "pause", f'mutation {{ pauseCampaign(id: "{campaign}") {{ {ERRORS} }} }}'
    yield "preview a resume", f'{{ resumePreview(campaignId: "{campaign}") {{ people }} }}'
    yield "resume", f'mutation {{ resumeCampaign(id: "{campaign}") {{ {ERRORS} }} }}'
    yield "end", f'mutation {{ endCampaign(id: "{campaign}") {{ {ERRORS} }} }}'


async def test_a_small_campaign_beside_a_large_one(database: str, caplog: pytest.LogCaptureFixture) -> None:
    workspace, _ = await crowded(PEOPLE, "a")
    await refresh_statistics()
    costs = Costs()
    async with client_of(workspace) as client:
        journey = Journey(client, "")
        async for what, document in changes(journey, workspace):
            for statement, cost in (await costs_of(database, journey, document, caplog)).items():
                costs[what, statement] = cost
    assert len(costs) > 60
    most = MAX_ROWS if is_postgres() else MAX_STEPS
    assert {key: cost for key, cost in costs.items() if cost > most} == {}
