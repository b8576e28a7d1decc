"""Arguments that identify an object, by noun."""

from typing import Annotated

import strawberry

AttachmentId = Annotated[
    strawberry.ID,
    strawberry.argument(description="`id` of the attachment: `att_` and 26 lower-case letters and digits."),
]
CampaignId = Annotated[
    strawberry.ID, strawberry.argument(description="`id` of the campaign: `cmp_` and 26 lower-case letters and digits.")
]
CategoryId = Annotated[
    strawberry.ID, strawberry.argument(description="`id` of the category: `cat_` and 26 lower-case letters and digits.")
]
EmailId = Annotated[
    strawberry.ID, strawberry.argument(description="`id` of the email: `snd_` and 26 lower-case letters and digits.")
]
EnrollmentId = Annotated[
    strawberry.ID,
    strawberry.argument(description="`id` of the enrollment: `enr_` and 26 lower-case letters and digits."),
]
GroupId = Annotated[
    strawberry.ID,
    strawberry.argument(description="`id` of the group of people: `grp_` and 26 lower-case letters and digits."),
]
ImportId = Annotated[
    strawberry.ID, strawberry.argument(description="`id` of the import: `imp_` and 26 lower-case letters and digits.")
]
LaunchId = Annotated[
    strawberry.ID,
    strawberry.argument(description="`id` of the background launch: `lau_` and 26 lower-case letters and digits."),
]
PersonId = Annotated[
    strawberry.ID, strawberry.argument(description="`id` of the person: `per_` and 26 lower-case letters and digits.")
]
SenderId = Annotated[
    strawberry.ID, strawberry.argument(description="`id` of the sender: `sdr_` and 26 lower-case letters and digits.")
]
StepId = Annotated[
    strawberry.ID, strawberry.argument(description="`id` of the step: `stp_` and 26 lower-case letters and digits.")
]
TaskId = Annotated[
    strawberry.ID, strawberry.argument(description="`id` of the task: `tsk_` and 26 lower-case letters and digits.")
]
TemplateId = Annotated[
    strawberry.ID,
    strawberry.argument(description="`id` of the template: `tpl_` and 26 lower-case letters and digits."),
]
ReplyId = Annotated[
    strawberry.ID,
    strawberry.argument(description="`id` of the reply: `rpl_` and 26 lower-case letters and digits."),
]
EventId = Annotated[
    strawberry.ID,
    strawberry.argument(description="`id` of the event: `evt_` and 26 lower-case letters and digits."),
]
IncomingEventId = Annotated[
    strawberry.ID,
    strawberry.argument(description="`id` of the incoming event: `inc_` and 26 lower-case letters and digits."),
]
