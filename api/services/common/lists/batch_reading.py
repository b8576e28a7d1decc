"""Read the rows of many parents or ids by one query each, in the order of the keys, for GraphQL's loaders."""

from collections.abc import Collection
from typing import Any

from tortoise.models import Model

from api.mail.message.sent_message import SentMessage
from api.models import (
    AccountPause,
    Campaign,
    Category,
    Enrollment,
    Event,
    GroupMember,
    IncomingEvent,
    Launch,
    PeopleGroup,
    Person,
    Reply,
    Send,
    Sender,
    Step,
    Suppression,
    SuppressionChange,
    Task,
    Template,
)
from api.services.common.emails.sent_messages import sent_messages
from api.store.campaigns.endings import active_people
from api.store.campaigns.holds import count_held_by_campaign
from api.store.crm.person_records import present_links
from api.store.crm.tasks import LinkAndChange, links_with_changes
from api.store.dispatch import allowed_time_rows
from api.store.emails import attachments, email_versions, one_off_emails
from api.store.emails.attachments import Attachment
from api.store.emails.one_off_emails import OneOffEmail
from api.store.emails.written_texts import WrittenEmail, drafts_of_tasks
from api.store.engagement import NO_ENGAGEMENT, Engagement, engagements
from api.store.engine.rows import ChildRows, by_address_keys, by_ids, child_rows, children, is_possible_id
from api.store.enrollments import waiting_people
from api.store.enrollments.waiting_people import WaitingCount
from api.store.reports.measures import Scope
from api.store.reports.reading import NO_COUNTS, Counts, counts
from strategies.timeline.allowed_times import Ranges

ACTIVE_STEPS = "removed_at IS NULL"


class BatchReader:
    """Reads rows of one workspace. A method returns one entry for each key: None if no row has the key."""

    def __init__(self, workspace_id: str) -> None:
        self._workspace_id = workspace_id

    async def people(self, ids: list[str]) -> list[Any]:
        """Return people by id."""
        return await self._by_id(Person, ids)

    async def senders(self, ids: list[str]) -> list[Any]:
        """Return senders by id."""
        return await self._by_id(Sender, ids)

    async def templates(self, ids: list[str]) -> list[Any]:
        """Return templates by id."""
        return await self._by_id(Template, ids)

    async def categories(self, ids: list[str]) -> list[Any]:
        """Return categories by id."""
        return await self._by_id(Category, ids)

    async def groups(self, ids: list[str]) -> list[Any]:
        """Return groups of people by id."""
        return await self._by_id(PeopleGroup, ids)

    async def campaigns(self, ids: list[str]) -> list[Any]:
        """Return campaigns by id."""
        return await self._by_id(Campaign, ids)

    async def launches(self, ids: list[str]) -> list[Any]:
        """Return background launches by id."""
        return await self._by_id(Launch, ids)

    async def steps(self, ids: list[str]) -> list[Any]:
        """Return steps by id, removed ones as well."""
        return await self._by_id(Step, ids)

    async def enrollments(self, ids: list[str]) -> list[Any]:
        """Return enrollments by id."""
        return await self._by_id(Enrollment, ids)

    async def emails(self, ids: list[str]) -> list[Any]:
        """Return emails by id."""
        return await self._by_id(Send, ids)

    async def tasks(self, ids: list[str]) -> list[Any]:
        """Return tasks by id."""
        return await self._by_id(Task, ids)

    async def suppressions(self, ids: list[str]) -> list[Any]:
        """Return suppressions by id."""
        return await self._by_id(Suppression, ids)

    async def events(self, ids: list[str]) -> list[Any]:
        """Return events of the Live Feed by id."""
        return await self._by_id(Event, ids)

    async def incoming_events(self, ids: list[str]) -> list[Any]:
        """Return incoming mails and events by id."""
        return await self._by_id(IncomingEvent, ids)

    async def suppressions_of_addresses(self, address_keys: list[str]) -> list[Any]:
        """Return suppressions by the normal form of their address."""
        return await self._by_address(Suppression, address_keys)

    async def people_of_addresses(self, address_keys: list[str]) -> list[Any]:
        """Return people by the normal form of their address."""
        return await self._by_address(Person, address_keys)

    async def crm_records_of_people(self, person_ids: list[str]) -> list[Any]:
        """Return the records of people in the connected CRM."""
        rows = await present_links(self._workspace_id, person_ids)
        return [rows.get(person_id) for person_id in person_ids]

    async def suppression_histories(self, suppression_ids: list[str]) -> list[list[Any]]:
        """Return the changes of each suppression, the oldest first."""
        return await self._children(SuppressionChange, "suppression_id", "id", suppression_ids)

    async def suppression_history_columns(self, suppression_ids: list[str], columns: Collection[str]) -> ChildRows:
        """Return some columns of the same rows."""
        order = ("suppression_id", "id", suppression_ids)
        return await child_rows(SuppressionChange, self._workspace_id, *order, columns=columns)

    async def steps_of_campaigns(self, campaign_ids: list[str]) -> list[list[Any]]:
        """Return the steps of each campaign in order, without removed ones."""
        return await self._children(Step, "campaign_id", "number", campaign_ids, only=ACTIVE_STEPS)

    async def step_columns_of_campaigns(self, campaign_ids: list[str], columns: Collection[str]) -> ChildRows:
        """Return some columns of the same rows."""
        order = ("campaign_id", "number", campaign_ids)
        return await child_rows(Step, self._workspace_id, *order, columns=columns, only=ACTIVE_STEPS)

    async def every_step_of_campaigns(self, campaign_ids: list[str]) -> list[list[Any]]:
        """Return the steps of each campaign in order, with removed ones."""
        return await self._children(Step, "campaign_id", "number", campaign_ids)

    async def emails_of_enrollments(self, enrollment_ids: list[str]) -> list[list[Any]]:
        """Return the emails of each enrollment, the oldest first."""
        return await self._children(Send, "enrollment_id", "id", enrollment_ids)

    async def replies(self, ids: list[str]) -> list[Any]:
        """Return replies by id."""
        return await self._by_id(Reply, ids)

    async def replies_to_emails(self, email_ids: list[str]) -> list[list[Any]]:
        """Return the replies to each email, the oldest first."""
        return await self._children(Reply, "send_id", "id", email_ids)

    async def tasks_about_emails(self, email_ids: list[str]) -> list[list[Any]]:
        """Return the tasks that were created by hand about each email, the oldest first."""
        return await self._children(Task, "about_send_id", "about_send_id, id", email_ids)

    async def tasks_of_enrollments(self, enrollment_ids: list[str]) -> list[list[Any]]:
        """Return the tasks of each enrollment, the oldest first."""
        return await self._children(Task, "enrollment_id", "id", enrollment_ids)

    async def held_emails_of_campaigns(self, campaign_ids: list[str]) -> list[int]:
        """Count the emails on hold of each campaign."""
        counts = await count_held_by_campaign(campaign_ids)
        return [counts.get(campaign_id, 0) for campaign_id in campaign_ids]

    async def allowed_times(self, ids: list[str]) -> list[Ranges]:
        """Return the ranges of time of these rows."""
        found = await allowed_time_rows.find(ids)
        return [found.get(each, ()) for each in ids]

    async def waiting_people_of_campaigns(self, campaign_ids: list[str]) -> list[list[WaitingCount]]:
        """Return for each campaign how many people wait for a send option, by step and code."""
        counts = await waiting_people.count(campaign_ids)
        return [counts[campaign_id] for campaign_id in campaign_ids]

    async def people_to_end_of_campaigns(self, campaign_ids: list[str]) -> list[int]:
        """Count the people of each campaign for whom it has not been ended yet. 0 if it is not being ended."""
        counts = await active_people(campaign_ids)
        return [counts.get(campaign_id, 0) for campaign_id in campaign_ids]

    async def one_off_emails(self, email_ids: list[str]) -> list[OneOffEmail | None]:
        """Return the columns of one-off emails, for emails of the workspace."""
        found = await one_off_emails.find(email_ids)
        return [found.get(email_id) for email_id in email_ids]

    async def email_versions(self, email_ids: list[str]) -> list[int]:
        """Return the version of each email."""
        found = await email_versions.versions(email_ids)
        return [found[email_id] for email_id in email_ids]

    async def attachments(self, ids: list[str]) -> list[Attachment | None]:
        """Return attachments by id."""
        found = await attachments.find(self._workspace_id, [each for each in ids if is_possible_id(each)])
        return [found.get(attachment_id) for attachment_id in ids]

    async def attachments_of_emails(self, email_ids: list[str]) -> list[list[Attachment]]:
        """Return the attachments of each email of the workspace, in their order."""
        found = await attachments.of_emails(email_ids)
        return [found.get(email_id, []) for email_id in email_ids]

    async def engagements(self, email_ids: list[str]) -> list[Engagement]:
        """Return the opens and clicks of each email."""
        found = await engagements(self._workspace_id, email_ids)
        return [found.get(email_id, NO_ENGAGEMENT) for email_id in email_ids]

    async def groups_of_people(self, person_ids: list[str]) -> list[list[Any]]:
        """Return the groups of each person, as they joined them."""
        members = await self._children(GroupMember, "person_id", "id", person_ids)
        group_ids = [[member.people_group_id for member in of_person] for of_person in members]
        found = await self.groups(list({group_id for of_person in group_ids for group_id in of_person}))
        groups = {group.id: group for group in found if group is not None}
        return [[groups[group_id] for group_id in of_person if group_id in groups] for of_person in group_ids]

    async def emails_of_hand_tasks(self, task_ids: list[str]) -> list[Any]:
        """Return the email of each task that was created by hand."""
        ids = await one_off_emails.emails_of_tasks(task_ids)
        emails = await by_ids(Send, self._workspace_id, list(ids.values()))
        return [emails.get(ids.get(task_id, "")) for task_id in task_ids]

    async def drafts_of_tasks(self, task_ids: list[str]) -> list[WrittenEmail | None]:
        """Return the draft of each task's email."""
        found = await drafts_of_tasks(self._workspace_id, task_ids)
        return [found.get(task_id) for task_id in task_ids]

    async def crm_tasks(self, task_ids: list[str]) -> list[LinkAndChange | None]:
        """Return each task's row of the CRM sync, with its waiting change."""
        found = await links_with_changes(self._workspace_id, task_ids)
        return [found.get(task_id) for task_id in task_ids]

    async def sent_messages(self, email_ids: list[str]) -> list[SentMessage | None]:
        """Return the message of each email as it was sent."""
        found = await sent_messages(self._workspace_id, email_ids)
        return [found.get(email_id) for email_id in email_ids]

    async def counts_of_campaigns(self, ids: list[str]) -> list[Counts]:
        """Return the counts of each campaign."""
        return await self._counts(Scope.CAMPAIGN, ids)

    async def counts_of_steps(self, ids: list[str]) -> list[Counts]:
        """Return the counts of each step."""
        return await self._counts(Scope.STEP, ids)

    async def counts_of_senders(self, ids: list[str]) -> list[Counts]:
        """Return the counts of each sender."""
        return await self._counts(Scope.SENDER, ids)

    async def counts_of_templates(self, ids: list[str]) -> list[Counts]:
        """Return the counts of each template."""
        return await self._counts(Scope.TEMPLATE, ids)

    async def _counts(self, scope: Scope, ids: list[str]) -> list[Counts]:
        found = await counts(self._workspace_id, scope, ids)
        return [found.get(row_id, NO_COUNTS) for row_id in ids]

    async def account_pauses(self, accounts: list[str]) -> list[Any]:
        """Return the pause of each account of a channel."""
        pauses = {row.account: row for row in await AccountPause.filter(account__in=accounts)}
        return [pauses.get(account) for account in accounts]

    async def _by_id(self, model: type[Model], ids: list[str]) -> list[Any]:
        rows = await by_ids(model, self._workspace_id, ids)
        return [rows.get(row_id) for row_id in ids]

    async def _by_address(self, model: type[Model], address_keys: list[str]) -> list[Any]:
        rows = await by_address_keys(model, self._workspace_id, address_keys)
        return [rows.get(address_key) for address_key in address_keys]

    async def _children(
        self, model: type[Model], parent: str, order: str, ids: list[str], only: str = "TRUE"
    ) -> list[list[Any]]:
        return await children(model, self._workspace_id, parent, order, ids, only=only)
