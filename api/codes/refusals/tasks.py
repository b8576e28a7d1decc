"""Refusals about tasks that are created by hand, and about changes of tasks."""

from strategies.codes import Code, code


class TaskCode(Code):
    """Refusals about tasks that are created by hand, and about changes of tasks."""

    DUE_DATE_IN_PAST = code(
        "{date} has passed. It is already {today} in {zone}. Choose {today} or a later date.",
        when="The due date of a new or changed task is before today, by the task's time zone.",
        do="Choose today or a later date.",
    )
    EMAIL_OF_ANOTHER_PERSON = code(
        "This email was written to another person. Choose an email to the person of the task.",
        when="The email that a new task is about was written to another person.",
        do="Choose an email to the person of the task, or leave `emailId` out.",
    )
    INVALID_CALL_LIST = code(
        "{name!r} is in the list twice. Upper and lower case count as the same.",
        many="This list can have {limit} entries; it has {length}.",
        when="A workspace's list of call outcomes or call reasons has an entry twice, or too many entries.",
        do="Shorten the list.",
    )
    NOT_A_CALL_TASK = code(
        "This task has the type {type}. Only a CALL task has an outcome and a reason. Write a note instead.",
        when="Only a CALL task is completed with an outcome and a reason.",
        do="Leave out `outcome` and `reason`. `note` can be given for every task.",
    )
    TASK_OF_CAMPAIGN = code(
        "This task belongs to a campaign, so its {field} comes from the campaign's step. Change the step instead.",
        delete="This task belongs to a campaign, so it cannot be deleted. Skip it instead.",
        reopen="This task belongs to a campaign, which has continued since. It cannot be opened again.",
        when=(
            "The task belongs to a campaign. Its type, person, name, details and priority come from its step. It "
            "cannot be deleted or opened again, because the campaign waits for it or has continued."
        ),
        do="Change the step by `changeStep`, or skip the task. Assignee and due date can be changed.",
    )
    UNKNOWN_CALL_RESULT = code(
        "{value!r} is not in the workspace's list. Choose one of: {names}.",
        empty="{value!r} is not in the workspace's list, which is empty. Leave the value out.",
        when="The outcome or the reason of a call is not in the workspace's list.",
        do="Choose one of `workspace.callOutcomes` or `workspace.callReasons`, or add it by `updateWorkspace`.",
    )
