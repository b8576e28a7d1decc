"""Preview of a launch."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, cast

import strawberry

from api.graphql.emails.email_previews import EmailPreview, preview_of
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.language import Language
from api.graphql.engine.payloads import UserError, user_errors
from api.graphql.engine.rows import from_row
from api.graphql.enrollments.explanations import ExplanationLine, explain
from api.graphql.launches.launch_inputs import (
    LaunchInput,
    StartLaunchInput,
    audience_of,
    in_request,
    launch_request,
    request_paths,
)
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import ERRORS, EXPLANATION, LEFT_OUT_CODES, PLANNED, WARNINGS_OF_PERSON
from api.graphql.people.people import Person
from api.graphql.warnings import WarningLine, warning_lines
from api.graphql.workspaces.senders import Sender
from api.services.enrollments.timelines.explanations import notes_to_json
from api.services.launches.launch_people import MAX_PEOPLE
from api.services.launches.preview import launch_preview, launch_summary
from api.services.launches.preview.first_email_previews import FirstEmail, FirstEmailPreviews
from strategies import Refusal
from strategies.errors import MAX_ERRORS, Refusals
from strategies.timeline.records import Planned, PlannedSend


@strawberry.type(description="What launching would schedule: an email with a send time, or a task with a due date.")
class PlannedStep:
    step: int = strawberry.field(description="Number of the step in the campaign, counted from 1.")
    send_at: datetime | None = strawberry.field(description="When the email would be sent, UTC; null for a task.")
    due_date: date | None = strawberry.field(
        description="When the task would be due, in the preview's `zone`; null for an email."
    )
    planned: strawberry.Private[Planned]

    @strawberry.field(
        metadata=cost(30, size=EXPLANATION), description="How the send time or due date was calculated, step by step."
    )
    def explanation(self, info: Request, language: Language = "en") -> list[ExplanationLine]:
        return explain(info, notes_to_json(self.planned.notes), language)


@strawberry.type(description="What launching would do for one person. Nothing is written.")
class LaunchPreview:
    person: Person = strawberry.field(description="The person who would be enrolled.")
    sender: Sender = strawberry.field(description="Who would send the emails and get the tasks.")
    zone: str = strawberry.field(
        description="IANA time zone of the person's days and times of day, such as `Europe/Berlin`."
    )
    planned: list[PlannedStep] = strawberry.field(
        metadata=cost(size=PLANNED, plain_at=5), description="The emails and tasks that would be scheduled at once."
    )
    waiting: list[int] = strawberry.field(
        metadata=cost(size=PLANNED),
        description="Numbers of the steps that would be scheduled only once an earlier task is done.",
    )
    warnings: list[WarningLine] = strawberry.field(
        metadata=cost(size=WARNINGS_OF_PERSON), description="What to consider before launching for this person."
    )
    first: strawberry.Private[FirstEmail | None]
    first_emails: strawberry.Private[FirstEmailPreviews]

    @strawberry.field(
        metadata=cost(300),
        description="The first email as the person would read it at its send time, to check or edit it before "
        "launching. Null if a task comes before the first email.",
    )
    async def first_email(self) -> EmailPreview | None:
        if self.first is None:
            return None
        person, sender = cast(Any, self.person), cast(Any, self.sender)
        return preview_of(await self.first_emails.preview(self.first, person, sender, self.zone))


@strawberry.type(description="A person whom a launch would refuse, so that it would enroll nobody.")
class RefusedPerson:
    person_id: strawberry.ID = strawberry.field(description="`id` of the person, as it was given.")
    person: Person | None = strawberry.field(description="The person; null if the workspace has no such person.")
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), description="Why the launch would refuse the person: all reasons that were found."
    )


@strawberry.type(
    description="What launching would do. Nothing is written. `launch` enrolls everyone or nobody: the people of "
    "`previews` if `refused` and `errors` are empty. Each of the first 1,000 people in `personIds` is either in "
    "`previews` or in `refused`. A mistake in the choices for everyone, such as a `sendAt` in the past, is in "
    "`errors`, and in `refused` for each person without choices of their own."
)
class LaunchPreviews:
    previews: list[LaunchPreview] = strawberry.field(
        metadata=cost(sized_by_parent=True),
        description="The people who could be enrolled, in the order of `personIds`.",
    )
    refused: list[RefusedPerson] = strawberry.field(
        metadata=cost(sized_by_parent=True),
        description="The people who would be refused, in the order of `personIds`.",
    )
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS),
        description="Why the launch would be refused for everyone: up to 100 mistakes that concern no single person.",
    )
    more_errors: int = strawberry.field(
        description="Number of mistakes that are not in `errors`, because there are more than 100."
    )
    accepted_count: int = strawberry.field(description="Number of people in `previews`.")
    refused_count: int = strawberry.field(description="Number of people in `refused`.")


@strawberry.type(description="The people whom a launch would leave out for one reason.")
class LeftOutPreview:
    code: str = strawberry.field(
        description="The reason: UNSUBSCRIBED, BOUNCED, ENDED_BEFORE, ALREADY_ENROLLED or NOT_FOUND."
    )
    people: int = strawberry.field(description="Number of people who would be left out for this reason.")
    ids: strawberry.Private[list[str]]

    @strawberry.field(
        metadata=cost(size=launch_summary.EXAMPLES),
        description="Up to five of them. Ids without a person are left out.",
    )
    async def examples(self, info: Request) -> list[Person]:
        people = await info.context.loaders.person.load_many(self.ids)
        return [person for person in people if person is not None]


@strawberry.type(description="What `startLaunch` would do with its audience as it is now. Nothing is written.")
class LaunchSummary:
    people: int = strawberry.field(description="Number of people in the audience: `enrolled`, and those left out.")
    enrolled: int = strawberry.field(description="Number of people who would be enrolled.")
    exact: bool = strawberry.field(
        description="Whether everyone was checked. If not, the audience has more than 200,000 people, and the numbers "
        "are those of the first 200,000."
    )
    left_out: list[LeftOutPreview] = strawberry.field(
        metadata=cost(size=LEFT_OUT_CODES),
        description="The people who would be left out, by reason, the most frequent first.",
    )
    example: LaunchPreview | None = strawberry.field(
        description="The timeline of the first person who would be enrolled, with its warnings; null if there is none, "
        "or if there are errors."
    )
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), description="Why `startLaunch` would be refused: all mistakes, up to 100."
    )
    more_errors: int = strawberry.field(
        description="Number of mistakes that are not in `errors`, because there are more than 100."
    )


@strawberry.type
class LaunchPreviewQuery:
    @strawberry.field(
        metadata=cost(5_000, queries=True),
        description="What `startLaunch` would do: how many people it would enroll, whom it would leave out and why, "
        "and an example. Nothing is written. The audience is fixed only when the launch starts, so the numbers may "
        "differ then.",
    )
    async def start_launch_preview(
        self,
        info: Request,
        input: Annotated[
            StartLaunchInput,
            strawberry.argument(
                description="The campaign, people and times of the launch, as `startLaunch` would get them."
            ),
        ],
    ) -> LaunchSummary:
        return await summary(info, input)

    @strawberry.field(
        metadata=cost(1_000, sized_by=("input", "personIds"), size_most=MAX_PEOPLE, each=20, queries=True),
        description="What launching would do, person by person, and which people it would refuse. Nothing is written.",
    )
    async def launch_preview(
        self,
        info: Request,
        input: Annotated[
            LaunchInput,
            strawberry.argument(
                description="The campaign, people and times of the launch, as `launch` would get them."
            ),
        ],
    ) -> LaunchPreviews:
        return await previews(info, input)


async def previews(info: Request, input: LaunchInput) -> LaunchPreviews:
    """Calculate what a launch would schedule, and what it would refuse."""
    given = launch_request(input)
    found = await launch_preview.preview(
        info.context.workspace_context,
        given.campaign_id,
        [str(person) for person in input.person_ids],
        given.choice,
        given.per_person,
        again=input.again,
        mistakes=given.mistakes,
        texts=given.texts,
    )
    mistakes = _errors(input, found.mistakes)
    return LaunchPreviews(
        previews=[_person(preview, found.first_emails) for preview in found.people],
        refused=[
            RefusedPerson(
                person_id=strawberry.ID(each.person_id),
                person=from_row(Person, each.person),
                errors=_errors(input, each.refusals),
            )
            for each in found.refused
        ],
        errors=mistakes[:MAX_ERRORS],
        more_errors=max(0, len(mistakes) - MAX_ERRORS),
        accepted_count=len(found.people),
        refused_count=len(found.refused),
    )


async def summary(info: Request, input: StartLaunchInput) -> LaunchSummary:
    """Calculate what a background launch would do."""
    given = launch_request(input)
    with request_paths(input):
        people = await audience_of(info, input)
    found = await launch_summary.summary(
        info.context.workspace_context,
        given.campaign_id,
        people,
        given.choice,
        again=input.again,
        mistakes=given.mistakes,
        texts=given.texts,
        per_person=given.per_person,
    )
    mistakes = _errors(input, found.mistakes)
    return LaunchSummary(
        people=found.people,
        enrolled=found.enrolled,
        exact=found.exact,
        left_out=[
            LeftOutPreview(code=code, people=each.people, ids=each.person_ids) for code, each in found.left_out.items()
        ],
        example=None if found.example is None else _person(found.example.people[0], found.example.first_emails),
        errors=mistakes[:MAX_ERRORS],
        more_errors=max(0, len(mistakes) - MAX_ERRORS),
    )


def _errors(input: LaunchInput | StartLaunchInput, refusals: Sequence[Refusal]) -> list[UserError]:
    return user_errors(in_request(input, Refusals(refusals)), {"input": input}) if refusals else []


def _person(preview: launch_preview.Preview, first_emails: FirstEmailPreviews) -> LaunchPreview:
    return LaunchPreview(
        person=from_row(Person, preview.person),
        sender=from_row(Sender, preview.sender),
        zone=preview.zone,
        planned=[_planned(planned) for planned in preview.planned],
        waiting=list(preview.waiting),
        warnings=warning_lines(preview.warnings),
        first=preview.first_email,
        first_emails=first_emails,
    )


def _planned(planned: Planned) -> PlannedStep:
    if isinstance(planned, PlannedSend):
        return PlannedStep(step=planned.number, send_at=planned.instant, due_date=None, planned=planned)
    return PlannedStep(step=planned.number, send_at=None, due_date=planned.due, planned=planned)
