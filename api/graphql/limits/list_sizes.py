"""The number of items for which a list without `first` is charged.

Where a service bounds a list, its limit is used. Sizes without a limit, or far below it, are marked as estimates.
"""

from api.mail.templates.tag_limits import MAX_TAGS
from api.services.campaigns.draft import MAX_STEPS
from api.services.campaigns.editing.edit_tally import MAX_MOVES_PER_STEP
from api.services.one_off_emails.attached import MAX_ATTACHMENTS
from api.services.one_off_emails.recipients import MAX_RECIPIENTS
from api.services.simulations.simulations import MAX_EVENTS
from api.services.templates.blanks import MAX_UNRESOLVED_FIELDS
from api.services.workspaces.call_lists import MAX_NAMES
from api.services.workspaces.tokens import MAX_TOKENS
from api.services.workspaces.workspaces import MAX_DOMAINS

STEPS = MAX_STEPS
"""Steps of a campaign, a preview of an edit or a resume, and an enrollment's progress. Removed ones are free."""
DAYS = MAX_STEPS
"""Days of a campaign that have steps: at most one for each step."""
STEPS_OF_DAY = 1
"""Steps of a day. As ``DAYS`` is the largest number of days, each day can have one step on average."""
MOVES = MAX_MOVES_PER_STEP
"""Pairs of old and new time of one step in an edit's preview."""
DOMAINS = MAX_DOMAINS
"""Blocked domains of a workspace."""
PROMPTS = MAX_TAGS
"""Field prompts of an email: each is a tag of its template."""
UNRESOLVED_FIELDS = MAX_UNRESOLVED_FIELDS
"""Fields without a value that a compose window shows."""
TOKENS = MAX_TOKENS
"""Tokens of a workspace."""
CALL_LISTS = MAX_NAMES
"""Outcomes, and reasons, of calls."""
REASONS = 8
"""Reasons of failed emails, or of ended people. An estimate: there are about 30."""
COPIES = MAX_RECIPIENTS - 1
"""Addresses in CC or BCC of an email."""
ATTACHMENTS = MAX_ATTACHMENTS
"""Attachments of an email."""
EMAIL_ACTIONS = 12
"""What a rep can do with an email."""
GROUPS_OF_PERSON = 5
"""Groups of a person. An estimate."""
TASKS_OF_EMAIL = 2
"""Tasks that were created about an email. An estimate."""
FOLDERS = 11
"""Folders of the Command Center."""
EXPLANATION = 16
"""Lines of an explanation, with the notes of Touchline's own send options. A package's may have more."""
WARNINGS = 2 * MAX_STEPS
"""Warnings of a campaign or its preview: about two for each step."""
WARNINGS_OF_PERSON = 20
"""Warnings of one person's launch preview. An estimate: a long campaign may have more."""
PLANNED = 20
"""Steps that launching schedules at once for one person, or that a task blocks. An estimate."""
ACCOUNTS = 100
"""Accounts that a workspace may use. An estimate: the operator sets them."""
SIMULATED_EVENTS = MAX_EVENTS
"""Events that one simulated answer wrote to the Live Feed."""
LANGUAGES = 10
"""Languages of a text in a package. An estimate: packages are installed by the operator."""
HISTORY = 20
"""Changes of one suppression. An estimate: each resubscribing adds two."""
ALLOWED_TIMES = 30
"""Ranges of time in which an email can be sent. An estimate: one for each day of some weeks. The most are 400."""
REPLIES = 5
"""Replies to one email. An estimate: each out-of-office notice is one."""
EMAIL_HEADERS = 15
"""Headers of one email that Touchline built."""
RECIPIENTS = 2
"""Addresses in one header of an email. An estimate: nearly all have one."""
LEFT_OUT_CODES = 20
"""Codes with which a launch leaves people out. An estimate."""
PATH_PARTS = 10
"""Parts of the path of an error: a configuration is rarely nested deeper."""
ERRORS = 1
"""Mistakes of a mutation. An estimate: up to 100 are listed, but then the answer has nothing else."""
OPTIONS_OF_STEP, OPTIONS_OF_DAY = 6, 8
"""Installed send options. An estimate: Touchline's own are four."""
MAILBOXES = 20
"""Mailboxes of the server. An estimate: the operator sets them."""
MAILBOX_FOLDERS = 3
"""Folders of a mailbox: inbox, spam and sent."""
CHANNELS = 10
"""Installed channels. An estimate: Touchline's own are three."""
CRM_CONFLICTS = 2
"""Conflicts of a task with its task in the CRM. An estimate: up to 20 are kept, and most tasks have none."""
CRMS = 3
"""Installed CRMs. An estimate: Touchline's own is one."""
CRM_WAYS, CRM_FIELDS, CRM_CHOICES = 4, 8, 5
"""Ways to connect to a CRM, fields of a way, and choices of a field. Estimates: packages have few."""
CRM_KINDS = 3
"""Kinds of changes that wait for a CRM."""
CRM_USERS = 50
"""Senders of a workspace with a user in the CRM. An estimate: up to 200 are looked up."""
READS = 2
"""Kinds of facts that a send option reads. An estimate: most read none, and there are five."""
OPTION_PROBLEMS = 2
"""Problems with the send options of a campaign's steps. An estimate: nearly all campaigns have none."""
PLUGINS, PLUGIN_ENTRIES = 20, 5
"""Packages and modules that are installed, and what one registers. Estimates: Touchline's own are about fifteen."""
