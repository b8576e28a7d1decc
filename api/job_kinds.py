"""The table of all kinds of background jobs. api/services/jobs/__init__.py shows how to add one."""

from api.services.campaigns.editing.edit_job import EDIT
from api.services.campaigns.ending.end_job import END
from api.services.campaigns.pausing.hold_job import HOLD
from api.services.enrollments.zones_job import ZONES
from api.services.jobs.job_kind import JobKind
from api.services.launches.launch_job import LAUNCH
from api.services.people.import_job import IMPORT
from api.services.replies.answers_job import ANSWERS

JOB_KINDS: tuple[JobKind, ...] = (
    HOLD,
    EDIT,
    ZONES,
    END,
    IMPORT,
    LAUNCH,
    ANSWERS,
)
