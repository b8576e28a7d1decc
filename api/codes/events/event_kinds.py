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
        """Make a member whose value is its name, with its description and its `data`."""
        member = str.__new__(cls, value)
        member._value_, member.description, member.data = value, description, data
        return member

    CAMPAIGN_LAUNCHED = auto(), "A campaign was launched for a person."
    CAMPAIGN_FINISHED = auto(), "A person finished a campaign: every email was sent or failed, and every task is done."
    CAMPAIGN_ENDED = (
        auto(),
        "A campaign ended early for a person.",
        "`reason`; `success`, true if it ended as a success",
    )
    CAMPAIGN_PAUSED = auto(), "A campaign was paused: its emails are put on hold."
    CAMPAIGN_RESUMED = auto(), "A campaign was resumed: its emails are taken off hold."
    CAMPAIGN_EDITED = (
        auto(),
        "A campaign was edited while people were in it.",
        "`edit`, such as `MOVE_STEP`, with `step`, its number; or `EDIT_STEPS` with `edits`, how many there were",
    )
    CAMPAIGN_DUPLICATED = auto(), "A campaign was created as a copy of another.", "`from`, the id of the other; `name`"
    CAMPAIGN_ARCHIVED = auto(), "A user moved a campaign to the archive, where it cannot be launched."
    CAMPAIGN_UNARCHIVED = auto(), "A campaign was taken out of the archive."
    CAMPAIGN_DELETED = auto(), "A campaign that was never launched was deleted.", "`name`"
    EDIT_NOT_APPLIED = (
        auto(),
        "An edit, or a change of a person or of the tz database, could not be applied. The emails keep their times.",
        "`reason`",
    )
    STEPS_NOT_PLANNED = (
        auto(),
        "A send option failed when a person's steps were planned, after an edit, a changed fact or a task. Their "
        "emails from that step on wait until the option works.",
        "`reason`, `step` (number of the first step that waits), `option` (its key)",
    )
    SEND_OPTION_MISSING = (
        auto(),
        "A server has started without a send option that a campaign with people in it uses. It is reported once.",
        "`option`, its key",
    )
    SEND_OPTION_RESTORED = auto(), "A send option that was missing for a campaign is installed again.", "`option`"
    LAUNCH_FINISHED = auto(), "A background launch is finished.", "`launch`, `enrolled`, `leftOut`"
    LAUNCH_FAILED = (
        auto(),
        "A background launch failed five times and ended. The remaining people are left out.",
        "`launch`, `reason` (a sentence)",
    )
    SEND_OPTION_PAUSED = (
        auto(),
        "A send option of a package failed too often. The server does not ask it for a while, and refuses requests "
        "that need its answer. Each campaign that uses the option gets this event once, until the option works again.",
        "`option`, `package`, `fault` (a code), `until`, when it is asked again",
    )
    SEND_OPTION_RESUMED = (
        auto(),
        "A paused send option of a package works again.",
        "`option`, `package`",
    )
    PEOPLE_MERGED = auto(), "Two people were merged into one.", "`from`, the id of the deleted person"
    PERSON_ERASED = auto(), "A user erased a person: their personal data was deleted."
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
        "`reason`, `RESTORED`, if `touchline recover` found that it had been sent; `transactional` if its template is;"
        " `refusedCopies`, the addresses in CC and BCC that the mail server rejected; `elsewhere` if"
        " a rep sent it from their own mailbox",
    )
    EMAIL_DEFERRED = (
        auto(),
        "The mail server rejected an email for now. Touchline tries again.",
        "`reason`; `channel` and `package` if the channel of a package failed",
    )
    EMAIL_FAILED = auto(), "An email was not sent, and is not tried again automatically.", "`reason`"
    EMAIL_IN_DOUBT = (
        auto(),
        "Nobody can know whether an email was delivered.",
        "`reason`; `channel` and `package` if the channel of a package failed",
    )
    EMAIL_RETRIED = (
        auto(),
        "A user retried an undelivered email, or the campaign's settings resent an email in doubt.",
        "`automatic`: how often the settings have resent it; `withoutCopies`: the addresses in CC and BCC that have got"
        " the email before, and get no other copy",
    )
    EMAIL_WAITS = (
        auto(),
        "An email that was due waits, because its send option does not allow this time.",
        "`reason`; `until`, when it is due next",
    )
    EMAIL_MOVED = (
        auto(),
        "An edit, a change of the person, or new time zone rules changed the time of an email.",
        "`before`, `after`",
    )
    EMAIL_ADDED = auto(), "An edit scheduled a new email.", "`at`"
    EMAIL_SCHEDULED = auto(), "A user sent or scheduled a one-off email.", "`at`, `withoutCopies`"
    EMAIL_DELETED = auto(), "A user deleted a one-off email that was not sent.", "`subject`"
    EMAIL_RESCHEDULED = auto(), "A user changed the time of an email.", "`before`, `after`, `withoutCopies`"
    EMAIL_EDITED = auto(), "A user changed the text of an email.", '`parts`, such as `["subject", "html"]`'
    EMAIL_WITHDRAWN = (
        auto(),
        "An edit removed an email, the email of a task was withdrawn, or a one-off email is a draft again.",
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
    TASK_MOVED = auto(), "An edit, or resuming the campaign, changed the due date of a task.", "`before`, `after`"
    TASK_CONFLICT = (
        auto(),
        "A task was changed here and in the CRM. The later change counts.",
        "`field`; `here` and `there`, the values, unless they are texts; `wins`, `HERE` or `THERE`",
    )
    TASK_WITHDRAWN = auto(), "An edit removed a task."
    OPENED = (
        auto(),
        "An email was opened: its invisible image was loaded. Only the first open is reported, and one that comes six "
        "hours or more after the last reported one.",
        "`agent`, such as `BROWSER` or `GMAIL_PROXY`; `machine`, the reason why it counts as a program's, if it does",
    )
    CLICKED = (
        auto(),
        "A link of an email was clicked. For each link, the first click is reported, and one that comes six hours or "
        "more after the last reported one.",
        "`url`, `agent`; `machine`, the reason why it counts as a program's, if it does",
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
    COPY_BOUNCED = (
        auto(),
        "A copy of a one-off email (CC or BCC) was returned. The email itself is not affected.",
        "`email` (the address of the copy), `bounce`, `detail`",
    )
    REPLIED = (
        auto(),
        "A person replied to an email. If `email` is null, they answered in another way.",
        "`reply`, its id; `text`, its first 500 characters; `from`, its sender; `matchedBy`, unless a user recorded "
        "it; `asksToUnsubscribe`, true if the reply only asks for that",
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
    TOKEN_CREATED = (
        auto(),
        "A token for the workspace was created with `createToken`.",
        "`token`, its name; `role`",
    )
    TOKEN_REVOKED = auto(), "A token of the workspace was revoked with `revokeToken`.", "`token`, its name; `role`"
    CRM_CONNECTED = (
        auto(),
        "The workspace was connected to a CRM, or its connection got a new login.",
        "`crm`, its key; `organization` and `user`, their names in the CRM",
    )
    CRM_DISCONNECTED = (
        auto(),
        "The workspace was disconnected from a CRM.",
        "`crm`, its key; `organization`, its name in the CRM; `waiting`, how many changes waited; `kept`, whether they "
        "are kept for some days",
    )
    CRM_CONNECTION_LOST = (
        auto(),
        "The CRM no longer accepts the connection, or has failed five times in a row. Changes wait.",
        "`reason`, the code; for a sender's own login `sender`, the id, and `user`, the name in the CRM",
    )
    CRM_CONNECTION_RESTORED = (
        auto(),
        "The connection to the CRM works again after it was lost, or somebody has connected again.",
        "for a sender's own login `sender`, the id, and `user`, the name in the CRM",
    )
    CRM_PERSON_LINKED = (
        auto(),
        "A user linked a person with a record of the CRM.",
        "`to`, the id of the record in the CRM; `kind`; `from`, the id of the earlier one, if there was one",
    )
    CRM_PERSON_UNLINKED = auto(), "A user unlinked a person from a record of the CRM.", "`from`, the id of the record"
    CRM_PERSON_MOVED = (
        auto(),
        "The lead of a person was converted or merged in the CRM. The person is linked with the record that remains.",
        "`from` and `to`, the ids of the records in the CRM; `kind`, `LEAD` or `CONTACT`",
    )
    ACCOUNT_PAUSED = (
        auto(),
        "The account through which senders of the workspace send does not work, so its emails wait. This is reported "
        "once, until the account works again.",
        "`account`, its name; `reason`, the code of the failure; `until`, when it is tried again (UTC); `channel` and"
        " `package`, if its channel is one of a package",
    )
    ACCOUNT_RESUMED = (
        auto(),
        "An account that was paused works again: an email was sent through it, or its pause was ended by hand.",
        "`account`, its name",
    )
    CRM_WRITE_FAILED = (
        auto(),
        "The CRM rejected a write of Touchline. It is not tried again automatically; see `crmFailures`.",
        "`reason`, the code; `count`, how many writes failed with it at the same time",
    )
    OTHER = auto(), "An event of an installed package, or of a newer release. `rawKind` has its name."

    @classmethod
    def of(cls, raw: str) -> "EventKind":
        """Return the kind of an event in the database: OTHER for a name that is not a member."""
        return cls.__members__.get(raw, cls.OTHER)
