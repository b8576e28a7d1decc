"""What the tests of endings share."""

from collections import Counter
from datetime import datetime

from api.models import Enrollment, Send
from api.services.campaigns.ending.end_job import END
from api.services.jobs.runner import JobRunner
from api.states import EnrollmentStatus
from tests.services.jobs import runners
from tests.services.world import NOW, World


def campaign(world: World) -> str:
    return world.enrollments[0].campaign_id


def runner_of(world: World, now: datetime = NOW) -> JobRunner:
    return runners.runner_of(world, now, [END])


async def ended() -> int:
    return await Enrollment.filter(status=EnrollmentStatus.ENDED, end_reason="CAMPAIGN_ENDED").count()


async def emails() -> Counter[tuple[str, str | None]]:
    return Counter([(str(row.status), row.reason) for row in await Send.all()])
