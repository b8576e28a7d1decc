"""Random stories of tasks that change here and in Salesforce, with faults, delays and killed processes.

``python -m tests.salesforce.stories 1000`` tells 1,000 stories. Each ends at rest: both sides are equal, nothing is
there twice, and nothing is lost. In half of them, each field is changed on one side only, and must have its last value.
A story that fails is printed with its number, which tells it again.
"""

import asyncio
import random
import sys
import tempfile
import traceback
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.models import Person, Sender
from api.services.workspaces.senders import create_sender
from api.store.crm import task_sync
from api.store.engine.database import close_database, open_database
from tests.databases import migrated
from tests.salesforce.few_values import FewValuesStory
from tests.salesforce.org import Org
from tests.salesforce.server import SalesforceServer
from tests.salesforce.story import DAY, Story
from tests.services.world import make_world


async def tell(number: int, steps: int = 30) -> list[str]:
    """Tell one story. Returns what happened. Raises AssertionError."""
    chance = random.Random(number)
    world = await make_world(2)
    org = Org(external_id=chance.random() < 0.6)
    org.clock.skew = timedelta(minutes=chance.choice((0, 0, -90, 200)))
    await create_sender(world.context, name="H", email="h@example.com", zone="UTC", channel="scripted")
    senders = [row.id for row in await Sender.filter(workspace_id=world.context.workspace_id).order_by("id")]
    people = [row.id for row in await Person.filter(workspace_id=world.context.workspace_id).order_by("id")]
    async with SalesforceServer(org).running() as server:
        contacts = {each: org.create("Contact", {"LastName": each}) for each in people}
        users = {each: org.add_user(f"{each}@acme.example") for each in senders}
        kind = FewValuesStory if chance.random() < 0.5 else Story
        story = kind(chance, server, None, people, senders, contacts, users, f"salesforce:{number}")
        story.context = replace(world.context, clock=lambda: datetime.now(UTC))  # noqa: TID251
        org.now = story.now
        now = story.now()
        skewed = now + org.clock.skew
        await task_sync.turn_on(world.context.workspace_id, story.key, now, skewed - DAY, skewed)
        try:
            for _ in range(chance.randrange(5, steps)):
                await story.step()
            await story.rest()
            await story.check()
        except Exception as problem:
            raise AssertionError(f"story {number}: {' '.join(story.happened)}") from problem
        finally:
            await task_sync.turn_off(world.context.workspace_id, None, now)
        story.happened += [kind for kind, _ in server.faults.happened]
    return story.happened


async def main(count: int, first: int) -> int:
    """Tell stories on an empty SQLite database. Returns how many failed."""
    failed, happened = 0, Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite://{Path(folder) / 'stories.db'}?synchronous=OFF"
        await migrated(url)
        await open_database(url)
        try:
            for number in range(first, first + count):
                try:
                    happened.update(await tell(number))
                except AssertionError:
                    failed += 1
                    traceback.print_exc()
        finally:
            await close_database()
    print(f"{count} stories, {failed} failed; what happened: {dict(happened.most_common())}")
    return failed


if __name__ == "__main__":
    arguments = [int(each) for each in sys.argv[1:]]
    sys.exit(bool(asyncio.run(main(arguments[0] if arguments else 100, arguments[1] if len(arguments) > 1 else 0))))
