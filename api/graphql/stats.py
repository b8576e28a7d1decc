"""The numbers of campaigns, steps, templates and senders: types. docs/reports.md defines each number."""

import strawberry

from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import REASONS
from api.services.reports.report_reads import Counts


@strawberry.type(description="How many emails failed, or people ended, for one reason.")
class ReasonCount:
    reason: str = strawberry.field(description="Code of the reason, such as `UNSUBSCRIBED`. docs/errors.md lists them.")
    count: int = strawberry.field(description="Number of emails or people with this reason.")


@strawberry.type(
    description="Numbers of emails, and of answers to them. An email counts once, except in `opens`, `clicks`, "
    "`replies`, `machineOpens` and `machineClicks`, which count events."
)
class EmailStats:
    counts: strawberry.Private[Counts]
    scheduled: int = strawberry.field(description="Emails that wait for their time, or are being sent.")
    sent: int = strawberry.field(
        description="Emails that reached the recipient's mail server: `delivered` and `bounced`."
    )
    delivered: int = strawberry.field(description="Emails that the mail server accepted, and that have not bounced.")
    bounced: int = strawberry.field(description="Emails that bounced: `bouncedHard` and `bouncedSoft`.")
    bounced_hard: int = strawberry.field(description="Emails whose address does not exist or is closed.")
    bounced_soft: int = strawberry.field(description="Emails that bounced for another reason, such as a full mailbox.")
    failed: int = strawberry.field(description="Emails that were not sent. See `failedByReason`.")
    in_doubt: int = strawberry.field(description="Emails that may or may not have been delivered.")
    opened: int = strawberry.field(description="Emails whose invisible image a person loaded, counted once each.")
    opens: int = strawberry.field(description="All opens by people.")
    clicked: int = strawberry.field(description="Emails with a link that a person clicked.")
    clicks: int = strawberry.field(description="All clicks by people.")
    machine_opens: int = strawberry.field(description="All opens by programs, such as scanners.")
    machine_clicks: int = strawberry.field(description="All clicks by programs, such as scanners.")
    replied: int = strawberry.field(description="Emails to which a person replied.")
    replies: int = strawberry.field(description="All replies by people, without automatic ones.")
    unsubscribed: int = strawberry.field(description="Emails whose recipient unsubscribed because of them.")
    complained: int = strawberry.field(description="Emails that their recipient marked as spam.")
    succeeded: int = strawberry.field(
        description="Emails with a reply that ended the campaign as a success, or that a rep marked as one."
    )

    @strawberry.field(
        metadata=cost(size=REASONS),
        description="The number of `failed` by reason, in the order of the reasons. Empty in a report.",
    )
    def failed_by_reason(self) -> list[ReasonCount]:
        return _reasons(self.counts, "failed")


@strawberry.type(
    description="Numbers of tasks by status. A done task counts on the day on which it was done, "
    "others on their due date."
)
class TaskStats:
    open: int = strawberry.field(description="Tasks that are to be done.")
    done: int = strawberry.field(description="Tasks that a rep completed, also by sending their email.")
    skipped: int = strawberry.field(description="Tasks that a rep skipped. The campaign continued.")
    expired: int = strawberry.field(description="Tasks that nobody did in time, in a campaign with `taskExpiryDays`.")
    cancelled: int = strawberry.field(
        description="Tasks that were cancelled, because the campaign ended for their person or the step was removed."
    )


@strawberry.type(description="Numbers of the people in a campaign.")
class PeopleStats:
    counts: strawberry.Private[Counts]
    total: int = strawberry.field(description="People who were launched into the campaign. Each launch counts.")
    active: int = strawberry.field(description="People for whom the campaign runs.")
    finished: int = strawberry.field(description="People for whom the campaign ran to its end.")
    succeeded: int = strawberry.field(description="People for whom the campaign ended as a success.")
    ended: int = strawberry.field(description="People for whom the campaign ended early. See `endedByReason`.")

    @strawberry.field(
        metadata=cost(size=REASONS), description="The number of `ended` by reason, in the order of the reasons."
    )
    def ended_by_reason(self) -> list[ReasonCount]:
        return _reasons(self.counts, "people_ended")


@strawberry.type(description="Numbers of a step, template or sender over all days. docs/reports.md defines each.")
class Stats:
    emails: EmailStats = strawberry.field(description="Emails, and answers to them.")
    tasks: TaskStats = strawberry.field(description="Numbers of tasks by status.")


@strawberry.type(description="Numbers of a campaign over all days. docs/reports.md defines each.")
class CampaignStats:
    emails: EmailStats = strawberry.field(description="Emails of all steps, and answers to them.")
    tasks: TaskStats = strawberry.field(description="Numbers of the tasks of all steps, by status.")
    people: PeopleStats = strawberry.field(description="Numbers of the people in the campaign, by their progress.")


def email_stats(counts: Counts) -> EmailStats:
    """Return the numbers of emails."""
    delivered, hard, soft = map(counts.number, ("delivered", "bounced_hard", "bounced_soft"))
    names = (
        "scheduled", "failed", "in_doubt", "opened", "opens", "clicked", "clicks", "machine_opens", "machine_clicks",
        "replied", "replies", "unsubscribed", "complained", "succeeded",
    )  # fmt: skip
    return EmailStats(
        counts=counts,
        sent=delivered + hard + soft,
        delivered=delivered,
        bounced=hard + soft,
        bounced_hard=hard,
        bounced_soft=soft,
        **{name: counts.number(name) for name in names},
    )


def task_stats(counts: Counts) -> TaskStats:
    """Return the numbers of tasks."""
    names = ("open", "done", "skipped", "expired", "cancelled")
    return TaskStats(**{name: counts.number(f"tasks_{name}") for name in names})


def stats_of(counts: Counts) -> Stats:
    """Return the numbers of a step, template or sender."""
    return Stats(emails=email_stats(counts), tasks=task_stats(counts))


def campaign_stats(counts: Counts) -> CampaignStats:
    """Return the numbers of a campaign."""
    people = {name: counts.number(f"people_{name}") for name in ("active", "finished", "succeeded", "ended")}
    return CampaignStats(
        emails=email_stats(counts),
        tasks=task_stats(counts),
        people=PeopleStats(counts=counts, total=sum(people.values()), **people),
    )


def _reasons(counts: Counts, measure: str) -> list[ReasonCount]:
    found = counts.reasons.get(measure, {})
    return [ReasonCount(reason=reason, count=number) for reason, number in sorted(found.items())]
