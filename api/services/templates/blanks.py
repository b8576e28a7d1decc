"""Emails for compose windows: each field without a value is shown as a field prompt."""

from collections.abc import Awaitable, Callable, Mapping

from api.codes.reasons.outcome_reasons import ReasonCode
from api.mail.message.compose import ComposedEmail
from api.mail.templates.liquid import TemplateProblem, UnresolvedFieldError
from api.mail.templates.prompts import find_remaining_prompts
from api.models import Person
from api.services.common.inputs.inputs import Path
from strategies import Refusal

MAX_UNRESOLVED_FIELDS = 25
"""Most fields without a value that a compose window shows. Each costs one more rendering."""


async def composed_with_blanks(
    compose: Callable[[Mapping[str, str]], Awaitable[ComposedEmail]], person: Person, path: Path
) -> tuple[ComposedEmail, list[str]]:
    """Compose an email with a field prompt in place of each field that has no value. Returns these fields too.

    ``compose`` gets the prompts by field, and composes the email once more. Raises Refusal with ``path``.
    """
    blanks: dict[str, str] = {}
    try:
        while True:
            try:
                return await compose(blanks), list(blanks)
            except UnresolvedFieldError as problem:
                if problem.field in blanks or len(blanks) == MAX_UNRESOLVED_FIELDS:
                    raise unresolved(problem, person, path) from None
                blanks[problem.field] = f"{{{{! {problem.field} }}}}"
    except TemplateProblem as problem:
        raise Refusal(*problem.message, path) from None


def prompts_with_blanks(email: ComposedEmail, person: Person) -> tuple[str, ...]:
    """Return the field prompts in an email, also those in place of fields without a value."""
    columns = (person.first_name, person.last_name, person.title, person.company, *person.own_fields.values())
    values = [str(value) for value in columns if value is not None]
    in_subject = find_remaining_prompts(email.subject, values, html=False)
    return tuple(dict.fromkeys([*in_subject, *find_remaining_prompts(email.body_html, values, html=True)]))


def unresolved(problem: UnresolvedFieldError, person: Person, path: Path) -> Refusal:
    """Return the refusal of an email with a field that has no value."""
    return Refusal.of(ReasonCode.UNRESOLVED_FIELD, path, case="compose", field=problem.field, email=person.email)
