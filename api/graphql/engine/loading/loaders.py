"""The loaders of one request: one query for all rows of a kind that the request needs, instead of one for each."""

from collections.abc import Awaitable, Callable
from functools import cached_property, partial
from typing import Any

from strawberry.dataloader import DataLoader

from api.graphql.engine.loading.loaded_lists import load_together
from api.services.common.lists.batch_reading import BatchReader


def _loader(read: Callable[[BatchReader, list[str]], Awaitable[list[Any]]]) -> cached_property[DataLoader[str, Any]]:
    """Return an attribute that becomes a loader when it is first used. Most requests use few of them."""

    def make(loaders: "Loaders") -> DataLoader[str, Any]:
        return DataLoader(load_fn=partial(read, loaders.reader))

    return cached_property(make)


class Loaders:
    """Finds rows in the caller's workspace alone."""

    def __init__(self, workspace_id: str) -> None:
        self.reader = BatchReader(workspace_id)

    person = _loader(BatchReader.people)
    sender = _loader(BatchReader.senders)
    template = _loader(BatchReader.templates)
    category = _loader(BatchReader.categories)
    campaign = _loader(BatchReader.campaigns)
    group = _loader(BatchReader.groups)
    launch = _loader(BatchReader.launches)
    step = _loader(BatchReader.steps)
    enrollment = _loader(BatchReader.enrollments)
    email = _loader(BatchReader.emails)
    one_off_email = _loader(BatchReader.one_off_emails)
    email_version = _loader(BatchReader.email_versions)
    attachment = _loader(BatchReader.attachments)
    attachments_of_email = _loader(BatchReader.attachments_of_emails)
    engagement = _loader(BatchReader.engagements)
    groups_of_person = _loader(BatchReader.groups_of_people)
    email_of_hand_task = _loader(BatchReader.emails_of_hand_tasks)
    draft_of_task = _loader(BatchReader.drafts_of_tasks)
    crm_of_task = _loader(BatchReader.crm_tasks)
    sent_message = _loader(BatchReader.sent_messages)
    counts_of_campaign = _loader(BatchReader.counts_of_campaigns)
    counts_of_step = _loader(BatchReader.counts_of_steps)
    counts_of_sender = _loader(BatchReader.counts_of_senders)
    counts_of_template = _loader(BatchReader.counts_of_templates)
    reply = _loader(BatchReader.replies)
    event = _loader(BatchReader.events)
    incoming_event = _loader(BatchReader.incoming_events)
    tasks_about_email = _loader(BatchReader.tasks_about_emails)
    replies_to_email = _loader(BatchReader.replies_to_emails)
    task = _loader(BatchReader.tasks)
    suppression = _loader(BatchReader.suppressions)
    suppression_of_address = _loader(BatchReader.suppressions_of_addresses)
    person_of_address = _loader(BatchReader.people_of_addresses)
    crm_record_of_person = _loader(BatchReader.crm_records_of_people)
    suppression_history = _loader(BatchReader.suppression_histories)
    account_pause = _loader(BatchReader.account_pauses)
    held_of_campaign = _loader(BatchReader.held_emails_of_campaigns)
    allowed_times = _loader(BatchReader.allowed_times)
    waiting_of_campaign = _loader(BatchReader.waiting_people_of_campaigns)
    people_to_end_of_campaign = _loader(BatchReader.people_to_end_of_campaigns)
    steps_of_campaign = _loader(BatchReader.steps_of_campaigns)
    every_step_of_campaign = _loader(BatchReader.every_step_of_campaigns)
    emails_of_enrollment = _loader(BatchReader.emails_of_enrollments)
    tasks_of_enrollment = _loader(BatchReader.tasks_of_enrollments)

    @cached_property
    def lists(self) -> dict[str, DataLoader[Any, Any]]:
        """Loaders of the lists of several rows, by the rows' ids and the columns to read. They return ChildColumns."""
        return {
            "steps_of_campaign": DataLoader(load_fn=partial(load_together, self.reader.step_columns_of_campaigns)),
            "suppression_history": DataLoader(load_fn=partial(load_together, self.reader.suppression_history_columns)),
        }
