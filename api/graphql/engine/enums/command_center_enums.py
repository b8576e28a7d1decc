"""The enums of bulk actions and saved filters, with the descriptions that GraphQL shows."""

from api.command_center import BulkActionKind, BulkActionStatus, EmailAction, EmailActivityKind, SavedFilterKind
from api.graphql.engine.enums.table_enums import describe

DESCRIPTIONS = {
    EmailAction: (
        "What a rep can do with an email, and by which mutation.",
        {
            "EDIT": "Change its text: `editEmail`, or `updateEmail` for a one-off email.",
            "SEND": "Send the draft now, or schedule it: `sendEmail`.",
            "RESCHEDULE": "Give it another send time, or send it now: `rescheduleEmail`.",
            "WITHDRAW": "Make it a task or a draft again: `withdrawEmail`.",
            "DELETE": "Remove a one-off email that was not sent: `deleteEmail`.",
            "RETRY": "Send it again at once: `retrySend`.",
            "RESOLVE_IN_DOUBT": "Say whether it has arrived: `resolveInDoubt`.",
            "ARCHIVE": "Move a delivered email out of the way: `archiveEmail`.",
            "UNARCHIVE": "Move it back from the archive: `archiveEmail`.",
            "MARK_SUCCESS": "End the campaign as a success for its person: `markSuccess`.",
            "FOLLOW_UP": "Write an email that quotes and follows it: `createEmail` with `followsEmailId`.",
            "CREATE_TASK": "Plan a call, an InMail or other work about it: `createTask` with `emailId`.",
        },
    ),
    EmailActivityKind: (
        "What can happen to an email that was sent.",
        {
            "SENT": "The mail server accepted it.",
            "OPENED": "A person opened it for the first time.",
            "CLICKED": "A person clicked a link of it for the first time.",
            "REPLIED": "A person replied for the first time.",
            "BOUNCED": "It was rejected, or returned as undeliverable.",
        },
    ),
    SavedFilterKind: (
        "Which list a saved filter filters.",
        {
            "EMAILS": "`emails`, in the folders of the Command Center.",
            "TASKS": "`tasks`, in the Command Center.",
            "PEOPLE": "`people`, such as those of one company.",
        },
    ),
    BulkActionKind: (
        "What a bulk action does with each object.",
        {
            "ARCHIVE_EMAILS": "Moves a delivered email to the archive, as `archiveEmail` does.",
            "UNARCHIVE_EMAILS": "Moves an archived email back.",
            "RETRY_EMAILS": "Sends an undelivered email again, as `retrySend` does.",
            "WITHDRAW_EMAILS": "Withdraws the scheduled email of a task, as `withdrawEmail` does.",
            "SUCCEED_EMAILS": "Ends the email's campaign as a success for its person.",
            "CREATE_TASKS": "Creates a task about the email and its person, as `createTask` does.",
            "COMPLETE_TASKS": "Records a rep's task as done, as `completeTask` does.",
            "SKIP_TASKS": "Closes a task that was not done, as `skipTask` does.",
            "ASSIGN_TASKS": "Gives a task to another sender, as `assignTask` does.",
            "SNOOZE_TASKS": "Moves the due date of a task, as `snoozeTask` does.",
            "DELETE_EMAILS": "Deletes a one-off email that was not sent, as `deleteEmail` does.",
            "DELETE_TASKS": "Deletes a task that was created by hand, as `deleteTask` does.",
            "END_ENROLLMENTS": "Removes a person from a campaign, as `endEnrollment` does.",
            "ADD_TO_GROUP": "Puts a person on this list, as `addPeopleToGroup` does.",
            "REMOVE_FROM_GROUP": "Takes a person off this list, as `removePeopleFromGroup` does.",
            "RETRY_CRM_WRITES": "Tries a failed write to the CRM again, as `retryCrmWrites` does.",
            "DROP_CRM_WRITES": "Gives up a failed write to the CRM, as `dropCrmWrites` does.",
        },
    ),
    BulkActionStatus: (
        "Whether a bulk action in the background runs, or how it ended.",
        {
            "RUNNING": "Some objects are not processed yet.",
            "FINISHED": "All objects are processed.",
            "CANCELLED": "A user stopped the action. Objects that were changed stay changed.",
            "FAILED": "It could not continue; see `problem`. Objects that were changed stay changed.",
        },
    ),
}

for enum, (description, values) in DESCRIPTIONS.items():
    describe(enum, description, values)

__all__ = ["BulkActionKind", "BulkActionStatus", "EmailAction", "EmailActivityKind", "SavedFilterKind"]
