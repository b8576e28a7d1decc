"""The loaders of one request: one query for all rows of a kind that the request needs, instead of one for each."""

from functools import partial
from typing import Any

from strawberry.dataloader import DataLoader

from api.graphql.engine.loaded_lists import load_together
from api.services.common.batch_reading import BatchReader


class Loaders:
    """Finds rows in the caller's workspace alone."""

    def __init__(self, workspace_id: str) -> None:
        reader = BatchReader(workspace_id)
        self.lists: dict[str, DataLoader[Any, Any]] = {
            "steps_of_campaign": DataLoader(load_fn=partial(load_together, reader.step_columns_of_campaigns)),
            "suppression_history": DataLoader(load_fn=partial(load_together, reader.suppression_history_columns)),
        }
        """Loaders of the lists of several rows, by the rows' ids and the columns to read. They return ChildColumns."""
        self.person = DataLoader[str, Any](load_fn=reader.people)
        self.sender = DataLoader[str, Any](load_fn=reader.senders)
        self.template = DataLoader[str, Any](load_fn=reader.templates)
        self.category = DataLoader[str, Any](load_fn=reader.categories)
        self.campaign = DataLoader[str, Any](load_fn=reader.campaigns)
        self.step = DataLoader[str, Any](load_fn=reader.steps)
        self.enrollment = DataLoader[str, Any](load_fn=reader.enrollments)
        self.email = DataLoader[str, Any](load_fn=reader.emails)
        self.engagement = DataLoader[str, Any](load_fn=reader.engagements)
        self.reply = DataLoader[str, Any](load_fn=reader.replies)
        self.replies_to_email = DataLoader[str, list[Any]](load_fn=reader.replies_to_emails)
        self.task = DataLoader[str, Any](load_fn=reader.tasks)
        self.suppression = DataLoader[str, Any](load_fn=reader.suppressions)
        self.person_of_address = DataLoader[str, Any](load_fn=reader.people_of_addresses)
        self.suppression_history = DataLoader[str, list[Any]](load_fn=reader.suppression_histories)
        self.account_pause = DataLoader[str, Any](load_fn=reader.account_pauses)
        self.held_of_campaign = DataLoader[str, int](load_fn=reader.held_emails_of_campaigns)
        self.people_to_end_of_campaign = DataLoader[str, int](load_fn=reader.people_to_end_of_campaigns)
        self.steps_of_campaign = DataLoader[str, list[Any]](load_fn=reader.steps_of_campaigns)
        self.every_step_of_campaign = DataLoader[str, list[Any]](load_fn=reader.every_step_of_campaigns)
        self.emails_of_enrollment = DataLoader[str, list[Any]](load_fn=reader.emails_of_enrollments)
        self.tasks_of_enrollment = DataLoader[str, list[Any]](load_fn=reader.tasks_of_enrollments)
