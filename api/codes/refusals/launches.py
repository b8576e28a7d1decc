"""Refusals about launches."""

from strategies.codes import Code, code


class LaunchCode(Code):
    """Refusals about launches."""

    ALREADY_ENROLLED = code(
        "{email} is already in this campaign. Leave this person out.",
        meanwhile="Another launch has just enrolled one of these people. Check the list and launch again.",
        when="The person is already in this campaign, or the launch names them twice.",
        do="Leave the person out, or end the campaign for them first.",
    )
    AUDIENCE_AMBIGUOUS = code(
        "Give only one of personIds, groupId, filter and everyone.",
        when="A background launch is given several audiences.",
        do="Give one of `personIds`, `groupId`, `filter` and `everyone`.",
    )
    AUDIENCE_MISSING = code(
        "Say who is launched: give personIds, groupId or filter, or everyone: true for the whole workspace.",
        when="A background launch is given no audience.",
        do="Give `personIds`, `groupId` or `filter`. For the whole workspace, give `everyone: true`.",
    )
    ENDED_BEFORE = code(
        "This campaign ended for {email} on {date} ({reason}). To launch it for them again, pass `again: true`.",
        when=(
            "This campaign has already ended for the person: by a reply, a bounce or an unsubscribe, or because a user "
            "removed the person. Also why a background launch left people out."
        ),
        do="Pass `again: true` to launch the campaign for them again.",
    )
    FIRST_EMAIL_NOT_WRITTEN = code(
        "Give a subject or html for this person's first email, or leave the person out.",
        when="An entry of `firstEmails` has neither `subject` nor `html`.",
        do="Give one of them.",
    )
    LAUNCH_NOT_PAUSED = code(
        "This launch is not paused.",
        when="The launch is not paused.",
        do="Query its `status`.",
    )
    LAUNCH_NOT_RUNNING = code(
        "This launch is already finished.",
        paused="This launch is already paused or finished.",
        when="The launch is finished, or paused already.",
        do="Query its `status`.",
    )
    NAMED_TWICE = code(
        "{email} is in the list twice. Name each person once.",
        choice="{person!r} has two entries in {argument}. Give one.",
        step="Step {step} has two new times. Give one.",
        when="A person, or a step's new time, is given twice in one launch.",
        do="Name each person and each step once.",
    )
    NO_FIRST_EMAIL = code(
        "The first step of this campaign is not an email that is sent automatically. Leave subject and html out.",
        when=(
            "A launch has a text for a person's first email, but the first step is a task. A rep writes the email of a "
            "task in its compose window."
        ),
        do="Leave `subject` and `html` out.",
    )
    NO_PEOPLE = code(
        "Choose at least one person.",
        or_everyone="Choose at least one person, or everyone.",
        group="Nobody is in this group. Add people to it, or choose others.",
        filter="Nobody meets this filter. Change it, or choose people in another way.",
        when="The launch has no people: none are chosen, the group is empty, or nobody meets the filter.",
        do="Choose at least one person.",
    )
    SEND_AT_AMBIGUOUS = code(
        "Give sendNow or sendAt, not both.",
        local="Give at or atLocal, not both.",
        when="Two send times were given: both sendNow and sendAt, or both at and atLocal.",
        do="Set one of them.",
    )
    TOO_MANY_PEOPLE = code(
        "`launch` takes up to {limit:,} people. Use `startLaunch` for more.",
        elements="This list can have {limit:,} people; it has {length:,}.",
        by_id="One launch takes up to {limit:,} people by id.",
        by_filter="One launch takes up to {limit:,} people of a filter. Choose fewer, or launch for everyone.",
        scheduled=(
            "`launch` schedules up to {limit:,} emails and tasks; this launch has {scheduled:,}. Name fewer people, or "
            "use `startLaunch`."
        ),
        when=(
            "`launch` takes up to 1,000 people and schedules up to 2,000 emails and tasks. `startLaunch` takes up to "
            "200,000 people by id or by filter."
        ),
        do="Use `startLaunch`, or launch for everyone.",
    )
