"""A function of PostgreSQL commits a group of sent emails, and of emails whose transmission begins, in one exchange.

Dispatch needs nine exchanges for it otherwise, and its process and PostgreSQL wait for each other at each of them. The
statements and their order are those of dispatch. Each sees what was committed before it began. With these settings
PostgreSQL plans each statement once for a connection, with look-ups by key, whatever the sizes of the tables are then.
"""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

FUNCTION = """
CREATE FUNCTION commit_email_group(
    sent_ids text[], sent_attempts text[], sent_details text[], sent_times timestamptz[],
    event_ids text[], event_campaigns text[], event_data text[], finish_event_ids text[], event_actor text,
    begin_ids text[], begin_attempts text[], message_ids text[], recipients text[], attempt_dates date[],
    template_ids text[], step_ids text[], new_lease timestamptz,
    content_ids text[], base_ids text[], packed_contents bytea[], content_time timestamptz,
    OUT settled_ids text[], OUT begun_ids text[], OUT finished_campaigns text[]
) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $group$
DECLARE
    enrollment_ids text[];
    finished_ids text[];
    blocked boolean;
BEGIN
    -- Lock emails first, then the rows that belong to them. All transactions use this order.
    IF cardinality(sent_ids) > 0 THEN
        WITH settled AS (
            UPDATE send SET status = 'SENT', held = false, attempt_id = NULL, lease_until = NULL, reason = NULL,
                detail = r.detail, sent_at = r.at
            FROM (SELECT * FROM unnest(sent_ids, sent_attempts, sent_details, sent_times)
                AS u(id, attempt, detail, at) OFFSET 0) AS r
            WHERE send.id = r.id AND send.attempt_id = r.attempt
                AND send.status || '' IN ('CLAIMED', 'TRANSMITTING', 'IN_DOUBT', 'SCHEDULED', 'DEFERRED')
            RETURNING send.id, send.enrollment_id
        )
        SELECT array_agg(id), array_agg(DISTINCT enrollment_id) FILTER (WHERE enrollment_id IS NOT NULL)
        INTO settled_ids, enrollment_ids FROM settled;
    END IF;
    IF cardinality(begin_ids) > 0 THEN
        -- A statement of its own, so that the next one sees a change that held the lock before.
        SELECT coalesce(bool_or(is_blocked), false) INTO blocked FROM (
            SELECT paused_at IS NOT NULL OR editing OR ending_at IS NOT NULL AS is_blocked
            FROM step JOIN campaign ON campaign.id = step.campaign_id WHERE step.id = ANY(step_ids)
            ORDER BY campaign.id FOR SHARE OF campaign
        ) AS locked;
    END IF;
    IF NOT blocked THEN
        WITH begun AS (
            UPDATE send SET status = 'TRANSMITTING', lease_until = new_lease, message_id = r.message_id,
                attempted_on = r.attempted_on, template_id = r.template_id, recipient = r.recipient
            FROM (SELECT * FROM unnest(
                begin_ids, begin_attempts, message_ids, recipients, attempt_dates, template_ids
            ) AS u(id, attempt, message_id, recipient, attempted_on, template_id) OFFSET 0) AS r
            WHERE send.id = r.id AND send.attempt_id = r.attempt AND send.status || '' = 'CLAIMED'
                AND (SELECT r.recipient IN ('', person.email)
                    AND ((SELECT suppression.unsubscribed_at FROM suppression
                        WHERE suppression.workspace_id = person.workspace_id
                        AND suppression.email_key = person.email_key) IS NULL
                        OR (send.subject IS NULL AND send.html IS NULL
                            AND coalesce((SELECT template.transactional FROM step
                            JOIN template ON template.id = step.template_id WHERE step.id = send.step_id), false)))
                    AND bounced_at IS NULL
                    FROM person WHERE person.id = send.person_id)
                AND (send.enrollment_id IS NULL
                    OR (SELECT enrollment.status IN ('ACTIVE', 'FINISHED')
                    AND (enrollment.ended_at IS NOT NULL OR enrollment.revision <> -2)
                    AND (enrollment.waits_from IS NULL OR NOT coalesce(send.attempts = 0 AND NOT send.by_hand
                        AND send.due_at = send.planned_at AND enrollment.ended_at IS NULL
                        AND enrollment.waits_from <= (SELECT number FROM step WHERE step.id = send.step_id), false))
                    FROM enrollment WHERE enrollment.id = send.enrollment_id))
                AND (send.step_id IS NULL OR send.step_id NOT IN
                    (SELECT step.id FROM step WHERE step.id = ANY(step_ids) AND removed_at IS NOT NULL))
            RETURNING send.id
        )
        SELECT array_agg(id) INTO begun_ids FROM begun;
        INSERT INTO sent_content (send_id, base_id, kept_at, packed)
        SELECT u.id, u.base_id, content_time, u.packed
        FROM unnest(content_ids, base_ids, packed_contents) AS u(id, base_id, packed) WHERE u.id = ANY(begun_ids)
        ON CONFLICT (send_id) DO UPDATE SET
            base_id = excluded.base_id, kept_at = excluded.kept_at, packed = excluded.packed;
    END IF;
    IF enrollment_ids IS NOT NULL THEN
        -- Two transactions that each settle one of a person's last two emails would not see each other's change.
        PERFORM id FROM enrollment WHERE id = ANY(enrollment_ids) ORDER BY id FOR NO KEY UPDATE;
        WITH finished AS (
            UPDATE enrollment SET status = 'FINISHED', ended_at = sent_times[1]
            WHERE id = ANY(enrollment_ids) AND status = 'ACTIVE' AND waits_from IS NULL
                AND NOT (SELECT 1 FROM send WHERE send.enrollment_id = enrollment.id
                    AND send.status IN ('SCHEDULED', 'DEFERRED', 'CLAIMED', 'TRANSMITTING') LIMIT 1) IS NOT NULL
                AND NOT (SELECT 1 FROM task WHERE task.enrollment_id = enrollment.id AND task.done_at IS NULL
                    LIMIT 1) IS NOT NULL
                AND revision = (SELECT CASE WHEN campaign.ending_at IS NULL THEN campaign.revision END FROM campaign
                    WHERE campaign.id = enrollment.campaign_id)
            RETURNING id, campaign_id
        )
        SELECT array_agg(id), array_agg(DISTINCT campaign_id) INTO finished_ids, finished_campaigns FROM finished;
    END IF;
    -- Events last: whoever reads the Live Feed waits from here to the commit.
    IF settled_ids IS NOT NULL THEN
        INSERT INTO event (id, workspace_id, kind, at, campaign_id, person_id, enrollment_id, step_id, send_id, data,
            actor, position)
        SELECT u.event_id, send.workspace_id, 'EMAIL_SENT', u.at, u.campaign_id, send.person_id, send.enrollment_id,
            send.step_id, send.id, u.data::jsonb, event_actor,
            (SELECT nextval('event_position') FROM (SELECT pg_advisory_xact_lock_shared(
                6072259672578981888 + last_value) FROM event_position OFFSET 0) AS locked)
        FROM (SELECT * FROM unnest(sent_ids, event_ids, event_campaigns, event_data, sent_times)
            AS u(id, event_id, campaign_id, data, at) OFFSET 0) AS u
        JOIN send ON send.id = u.id WHERE u.id = ANY(settled_ids);
    END IF;
    IF finished_ids IS NOT NULL THEN
        INSERT INTO event (id, workspace_id, kind, at, campaign_id, person_id, enrollment_id, data, actor, position)
        SELECT finish_event_ids[row_number() OVER ()], workspace_id, 'CAMPAIGN_FINISHED', sent_times[1], campaign_id,
            person_id, id, '{}', event_actor,
            (SELECT nextval('event_position') FROM (SELECT pg_advisory_xact_lock_shared(
                6072259672578981888 + last_value) FROM event_position OFFSET 0) AS locked)
        FROM enrollment WHERE id = ANY(finished_ids);
    END IF;
END
$group$
"""


class CreateFunction(ops.RunPython):
    """The function. SQLite, which has no exchanges, needs none."""

    def __init__(self) -> None:
        super().__init__(self._create, self._drop)

    @staticmethod
    def undo(postgres: bool) -> list[str]:
        """Return the statements that drop the function."""
        return ["DROP FUNCTION IF EXISTS commit_email_group"] if postgres else []

    @staticmethod
    async def _create(apps: Any, editor: Any) -> None:
        if editor.client.capabilities.dialect == "postgres":
            await editor.client.execute_script(FUNCTION)

    @classmethod
    async def _drop(cls, apps: Any, editor: Any) -> None:
        for statement in cls.undo(editor.client.capabilities.dialect == "postgres"):
            await editor.client.execute_script(statement)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0092_database_home")]
    initial = False

    operations = [CreateFunction()]
