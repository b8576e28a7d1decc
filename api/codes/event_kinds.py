"""The kinds of events in the Live Feed. ``api/codes/__init__.py`` says how to add one."""

from enum import StrEnum, auto


class EventKind(StrEnum):
    """The kind of an event: what happened."""

    description: str
    data: str
    """What the event's `data` contains, as docs/errors.md lists it."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:
        """Give `auto()` the member's name: StrEnum's own is in lower case."""
        return name

    def __new__(cls, value: str, description: str, data: str = "") -> "EventKind":
        """Make a member that is its own name."""
        member = str.__new__(cls, value)
        member._value_, member.description, member.data = value, description, data
        return member

    CAMPAIGN_LAUNCHED = auto(), "A campaign was launched for a person."
    CAMPAIGN_FINISHED = auto(), "A person finished a campaign: every email was sent or failed, and every task is done."
    CAMPAIGN_ENDED = auto(), "A campaign ended early for a person.", "`reason`"
    CAMPAIGN_PAUSED = auto(), "A campaign was paused: its emails are put on hold."
    CAMPAIGN_RESUMED = auto(), "A campaign was resumed: its emails are taken off hold."
    CAMPAIGN_EDITED = (
        auto(),
        "A campaign was edited while people were in it.",
        "`edit`, such as `MOVE_STEP`, and `step`, its number",
    )
    EDIT_NOT_APPLIED = (
        auto(),
        "An edit, or a change of the tz database, could not be applied to a person. Their emails keep their times.",
        "`reason`",
    )
    LAUNCH_FINISHED = auto(), "A background launch is finished.", "`launch`, `enrolled`, `leftOut`"
    LAUNCH_FAILED = (
        auto(),
        "A background launch failed five times and ended. The remaining people are left out.",
        "`launch`, `reason` (a sentence)",
    )
    PEOPLE_IMPORTED = (
        auto(),
        "A CSV import of people is finished. A dry run writes no event.",
        "`import`, `created`, `updated`, `skipped`, `failed`",
    )
    PEOPLE_IMPORT_FAILED = (
        auto(),
        "A CSV import of people failed five times and ended. The rows that it had imported stay.",
        "`import`, `reason` (a sentence)",
    )
    SUPPRESSIONS_IMPORTED = (
        auto(),
        "A CSV file of suppressed addresses was imported. An address that no person has gets no event of its own.",
        "`new`, `known`, `refused`",
    )
    EMAIL_SENT = (
        auto(),
        "An email was sent, or an email in doubt was found to have arrived.",
        "`reason`, `RESTORED`, if `touchline recover` found that it had been sent; `transactional` if its template is",
    )
    EMAIL_DEFERRED = auto(), "The mail server rejected an email for now. It is tried again.", "`reason`"
    EMAIL_FAILED = auto(), "An email was not sent, and is not tried again automatically.", "`reason`"
    EMAIL_IN_DOUBT = auto(), "Nobody can know whether an email was delivered.", "`reason`"
    EMAIL_RETRIED = (
        auto(),
        "A user retried an undelivered email, or the campaign's settings resent an email in doubt.",
        "`automatic`: how often the settings have resent it",
    )
    EMAIL_MOVED = auto(), "An edit changed the time of an email.", "`before`, `after`"
    EMAIL_ADDED = auto(), "An edit scheduled a new email.", "`at`"
    EMAIL_RESCHEDULED = auto(), "A user changed the time of an email.", "`before`, `after`"
    EMAIL_EDITED = auto(), "A user changed the text of an email.", '`parts`, such as `["subject", "html"]`'
    EMAIL_WITHDRAWN = (
        auto(),
        "An edit removed an email, or the email of a task was withdrawn.",
        "`reason`, if completing the task withdrew it",
    )
    TASK_CREATED = (
        auto(),
        "A task was created for a rep, by a campaign or by hand.",
        "`type`, `due`; if it was created by hand, `actor`",
    )
    TASK_CHANGED = (
        auto(),
        "A user changed a task, such as its assignee or due date.",
        '`changes`, by field its old and new value, such as `{"dueDate": ["2026-03-02", "2026-03-05"]}`; `actor`',
    )
    TASK_COMPLETED = (
        auto(),
        "A task was completed, or its email was sent.",
        "`type`; `outcome`, `reason` and `note` (its first 500 characters), if a rep gave them; `actor`",
    )
    TASK_SKIPPED = (
        auto(),
        "A rep skipped a task. If it belongs to a campaign, the campaign continues.",
        "`type`; `note`, if the rep gave one; `actor`",
    )
    TASK_REOPENED = auto(), "A user opened a task again that was created by hand.", "`type`, `due`, `actor`"
    TASK_DELETED = auto(), "A user deleted a task that was created by hand.", "`type`, `name`, `actor`"
    TASK_EXPIRED = auto(), "A task expired, because nobody did it in time.", "`type`"
    TASK_CANCELLED = (
        auto(),
        "A task was cancelled: the person's campaign ended, or the task's step was removed.",
        "`reason`",
    )
    TASK_MOVED = auto(), "An edit changed the due date of a task.", "`before`, `after`"
    TASK_WITHDRAWN = auto(), "An edit removed a task."
    OPENED = (
        auto(),
        "An email was opened: its invisible image was loaded. Only the first open is reported, and one that comes six "
        "hours or more after the last reported one.",
        "`agent`, such as `BROWSER` or `GMAIL_PROXY`; `machine`, the reason why it is no person's open, if it is not",
    )
    CLICKED = (
        auto(),
        "A link of an email was clicked. For each link, the first click is reported, and one that comes six hours or "
        "more after the last reported one.",
        "`url`, `agent`; `machine`, the reason why it is no person's click, if it is not",
    )
    CLICKS_CORRECTED = (
        auto(),
        "Clicks that were reported as a person's turned out to be a machine's: another link of the email was clicked "
        "within seconds.",
        "`urls`, `machine` (the reason)",
    )
    EMAIL_CROSSED = (
        auto(),
        "A reply ended the campaign while this email was being transmitted. It could not be stopped.",
    )
    REPLIED = (
        auto(),
        "A person replied to an email. If `email` is null, they answered in another way.",
        "`reply`, its id; `text`, its first 500 characters; `from`, its sender; `matchedBy`, unless a user recorded "
        "it; `asksToUnsubscribe`, true if the reply says nothing else",
    )
    AUTO_REPLIED = (
        auto(),
        "A program replied to an email, such as an out-of-office notice. The campaign continues.",
        "`reply`, `text`, `from`, `matchedBy`, as for `REPLIED`",
    )
    SENDER_WROTE = (
        auto(),
        "The sender wrote to the person from their own mail program, in answer to an email or within two weeks of it. "
        "The campaign continues.",
        "`subject`; `matchedBy`",
    )
    COMPLAINED = (
        auto(),
        "The recipient marked an email as spam. The address is unsubscribed.",
        "`email`, the address; `matchedBy`",
    )
    BOUNCED = (
        auto(),
        "An email bounced: the recipient's server rejected it for good, it was given up after four days, or it was "
        "returned after it had been sent.",
        "`bounce`, `HARD` or `SOFT`; `reason`; for a returned email also `status`, such as `5.1.1`, `detail` and "
        "`matchedBy`",
    )
    BOUNCE_CLEARED = auto(), "A user allowed emails to an address again after it had bounced."
    UNSUBSCRIBED = (
        auto(),
        "An address unsubscribed from all emails of the workspace. `person` is the person who has the address now.",
        "`email`, `source`",
    )
    RESUBSCRIBED = auto(), "Emails to an unsubscribed address are allowed again.", "`email`, `source`"
    OTHER = auto(), "An event of an installed package, or of a newer release. `rawKind` has its name."

    @classmethod
    def of(cls, raw: str) -> "EventKind":
        """Return the kind of an event in the database: OTHER for a name that is not a member."""
        return cls.__members__.get(raw, cls.OTHER)
