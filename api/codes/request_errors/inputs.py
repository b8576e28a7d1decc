"""Refusals about values that any request can have."""

from strategies.codes import Code, code


class InputCode(Code):
    """Refusals about values that any request can have."""

    CHANGED_MEANWHILE = code(
        campaign="Someone has changed this campaign. Load it again.",
        campaign_edited="Someone has just edited this campaign. Load it again and repeat the request.",
        email="Another request has just changed this email. Load it again.",
        email_edited="Someone else has just edited this email. Load it again.",
        database="Another request has just changed an object that this request refers to. Load it again.",
        deleted="This email has just been deleted.",
        person="The person of this email has just been merged with another person. Load the email again.",
        withdrawn="This email has just been withdrawn. Load its task again.",
        when="Another request changed the same object, or one that it refers to.",
        do="Load the object again and repeat the request.",
    )
    EMPTY_DATE_RANGE = code(
        "`{end}` ({last}) is before `{start}` ({first}), so no {what} can be between them.",
        instants="`{end}` ({last}) is not after `{start}` ({first}), so no {what} can be between them.",
        when="The end of a range of dates in a filter is before its beginning.",
        do="Swap the two dates, or leave one out.",
    )
    INVALID_CONFIG = code(
        "{fault}.",
        pattern="{value} does not match {pattern}",
        described="{fault}. {description}",
        described_pattern="{value} is not valid. {description}",
        endless="The JSON Schema of the configuration refers to itself without end.",
        unknown="{name} is not a property of this configuration. Its properties are {names}.",
        unknown_none="{name} is not a property of this configuration. It has no properties.",
        not_email="Only email steps have a configuration. Leave it out.",
        when="The configuration does not match its JSON Schema.",
        do="Read the message. `sendOptions` and `channels` have the schema.",
    )
    INVALID_INSTANT = code(
        "Dates and times must be between the years 2000 and 2200.",
        sent="Give the time at which the email was sent. It must be in the last 365 days.",
        backup_order=(
            "The time of the backup ({as_of}) must be before the end of the lost database ({until}). Neither can be in "
            "the future."
        ),
        backup_too_early=(
            "This database has an event of {newest}, so the backup was made later than {as_of}. Give the moment of the "
            "backup, and make sure that this is the restored database."
        ),
        when="The date or time is not between the years 2000 and 2200, or not usable here. The message says why.",
        do="Choose another date or time.",
    )
    INVALID_PAGE = code(
        "`{argument}` must be between 1 and {limit}.",
        both="`first` and `last` exclude each other. Give one of them.",
        cursor="`{argument}` is not a valid cursor. Use a cursor of an earlier page of the same list.",
        order="`{argument}` is a cursor of another list or order. Use one of the same list and the same `orderBy`.",
        when=(
            "`first` or `last` is outside its limits, both are given, or `after` or `before` is not a cursor of a list "
            "in this order."
        ),
        do=(
            "Set either `first` or `last` to 1 to 200, and `after` or `before` to a cursor of an earlier page of the "
            "same list in the same order."
        ),
    )
    INVALID_PERIOD = code(
        "The first day, {first}, must not be after the last day, {last}.",
        when="The first day of a report is after its last day.",
        do="Swap `from` and `to`.",
    )
    INVALID_TEXT = code(
        "This text must be a single line without line breaks or control characters.",
        message_id="This is not a Message-ID. Use the header of the email, such as <abc@mail.example.com>.",
        signature="A signature is not a template. Remove {{{{, {{% and {{#.",
        nul="This text has a NUL character. Remove it.",
        surrogate="This text has broken Unicode (a lone surrogate), which an email cannot contain. Remove it.",
        tab="The name of a workspace must not contain tabs.",
        when="The text contains line breaks, control characters or broken Unicode that are not allowed there.",
        do="Remove these characters.",
    )
    INVALID_TIME = code(
        "{value!r} is not a valid time of day. Use 24-hour time, such as 09:30.",
        when="The text is not a valid time of day.",
        do="Use 24-hour time, such as 09:30.",
    )
    INVALID_URL = code(
        "{value!r} is not a link. Use an address that begins with https:// or http://.",
        when="The text is not the address of a link.",
        do="Use an address that begins with `https://` or `http://`.",
    )
    KEY_REUSED = code(
        "Another request with this key was carried out, with another input. Make a new key for each request.",
        deleted="The request with this key was carried out, but what it created has been deleted since.",
        when="A request has the `key` of an earlier one and another input, or what that request created is deleted.",
        do="Make a new key for each request, such as a UUID. Use a key again only to repeat the same request.",
    )
    NOT_FOUND = code(
        "There is no {kind} {id!r} in this workspace.",
        not_chosen="{id!r} is not in personIds.",
        other_campaign="{id!r} is a step of another campaign.",
        other_enrollment="{id!r} is not an email of this enrollment.",
        other_kind="{id!r} is the id of {other}. Give the id of {kind}.",
        workspace="There is no workspace {name!r}.",
        when="The workspace has no such object.",
        do="Check the id.",
    )
    REQUIRED = code(
        "{argument} must not be empty.",
        answer="Give enrollmentId or emailId.",
        content="The email is empty. Write its content.",
        null="{argument} cannot be null. Leave it out to keep the value.",
        part="Give a new subject or html for the email.",
        row="This row has no address.",
        when="A required value is missing.",
        do="Set the value.",
    )
    TOO_LONG = code(
        "{argument} can have {limit:,} characters; this has {length:,}.",
        cell="This cell can have {limit:,} characters; it has {length:,}.",
        domains="A workspace can block up to {limit} domains.",
        domains_together="The domains that a workspace blocks can have {limit:,} characters together.",
        export="There are more than {limit:,} addresses. Page through suppressions, or use the command line.",
        file="{name} is larger than {limit:,} bytes. Split the file.",
        elements="This list can have {limit:,} elements; it has {length:,}.",
        json="JSON can have {limit:,} values and names here; this has more.",
        json_text="A text in JSON can have {limit:,} characters; this has {length:,}.",
        json_texts="The texts in JSON can have {limit:,} characters together; these have {length:,}.",
        objects="A request can have {limit:,} input objects.",
        text="This text can have {limit:,} characters; it has {length:,}.",
        import_file="An import takes up to {limit:,} characters. Split the file.",
        when=(
            "A text, a list, a JSON argument or all input objects together are too long. A text can have 1,000 "
            "characters, an id 200, a list 100 elements, and JSON 1,000 values and 200,000 characters, unless the "
            "description of the argument says otherwise. If a value is over its limit, the error is in the top-level "
            "`errors`, and no part of the request is executed."
        ),
        do="Shorten the value. The message has the limit.",
    )
    VERSION_CONFLICT = code(
        "This {kind} has been changed meanwhile: its version is {version}, not {expected}. Load it again.",
        when="The object has another version than `ifVersion`, because someone has changed it.",
        do="Load the object again, and repeat the change with its `version`. `currentVersion` of the error has it.",
    )
    TOO_MANY_TO_SORT = code(
        "More than {limit:,} rows meet this filter. That is too many to sort in this order. Narrow the filter, or use "
        "another `orderBy`.",
        search="More than {limit:,} rows match this text. Enter a longer text.",
        rare="Too few of the {limit:,} rows at this place of the list meet this filter. Narrow it, for example by "
        "dates, a campaign or a person, or begin at another place.",
        when=(
            "A list is not kept in this order for this filter, so its rows are sorted when they are read, and there "
            "are too many of them. Or a search text matches too many rows. Or no index has a condition, such as "
            "`clicked: false`, and 10,000 rows were read without enough that meet it. graphql.md says which orders "
            "have no limit."
        ),
        do="Narrow the filter, leave out `orderBy`, or enter a longer search text.",
    )
