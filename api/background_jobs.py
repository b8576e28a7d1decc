"""The table of all kinds of background jobs. api/services/jobs/__init__.py shows how to add one."""

from api.services.bulk.bulk_job import BULK_ACTION
from api.services.campaigns.editing.edit_job import EDIT
from api.services.campaigns.editing.fact_changes_job import FACT_CHANGES
from api.services.campaigns.editing.waiting_job import WAITING_PEOPLE
from api.services.campaigns.ending.end_job import END
from api.services.campaigns.pausing.pause_job import HOLD
from api.services.crm.people.importing import CRM_IMPORT
from api.services.crm.syncing.sync_job import CRM_SYNC
from api.services.enrollments.facts.history_job import HISTORY
from api.services.enrollments.time_zones.zones_job import ZONES
from api.services.jobs.job_kind import JobKind
from api.services.launches.background.launch_job import LAUNCH
from api.services.people.erasing import ERASE
from api.services.people.import_job import IMPORT
from api.services.people.merging import MERGE
from api.services.replies.answers_job import ANSWERS

JOB_KINDS: tuple[JobKind, ...] = (
    HOLD,
    EDIT,
    FACT_CHANGES,
    WAITING_PEOPLE,
    ZONES,
    END,
    IMPORT,
    CRM_IMPORT,
    LAUNCH,
    BULK_ACTION,
    ERASE,
    MERGE,
    ANSWERS,
    CRM_SYNC,
    HISTORY,
)
