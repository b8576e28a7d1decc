"""Mutations that play answers in a sandbox."""

from typing import Annotated

import strawberry

from api.graphql.arguments.ids import EmailId
from api.graphql.emails.emails import Email
from api.graphql.engine.enums.table_enums import BounceKind, IncomingResult
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.events.events import Event
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import SIMULATED_EVENTS
from api.services.simulations.simulations import Simulation, Simulator

SIMULATION = cost(5_000)

UserAgent = Annotated[
    str | None,
    strawberry.argument(
        description="The User-Agent of the program, such as `Mozilla/5.0` for Apple's privacy proxy. If left out, a "
        "browser's."
    ),
]


@strawberry.type(description="Result of the mutations that play an answer in a sandbox, or errors.")
class SimulationPayload(Payload):
    email: Email | None = strawberry.field(
        default=None,
        description="The email after the answer. `enrollment` and `person` show the effects on the campaign and the "
        "person. Null if there are errors.",
    )
    kind: str | None = strawberry.field(
        default=None,
        description="How the answer was classified: REPLY, AUTO_REPLY, BOUNCE, COMPLAINT, OPENED, CLICKED or "
        "UNSUBSCRIBED. Null if there are errors.",
    )
    result: IncomingResult | None = strawberry.field(
        default=None,
        description="Whether the answer changed anything. Null if it waits, because the email is being transmitted, "
        "and if there are errors.",
    )
    reason: str | None = strawberry.field(
        default=None,
        description=(
            "Why the mail was classified as this kind, and why it changed nothing, for people. Null if there are "
            "errors."
        ),
    )
    mail: str | None = strawberry.field(
        default=None,
        description="The mail that was read, with its headers. Null for opens, clicks and unsubscribes, which come "
        "without a mail.",
    )
    events: list[Event] = strawberry.field(
        metadata=cost(size=SIMULATED_EVENTS),
        default_factory=list,
        description="What the answer wrote to the Live Feed, in this order.",
    )


def _simulator(info: Request) -> Simulator:
    return Simulator(info.context.workspace_context, info.context.runtime)


def _payload(info: Request, done: Simulation) -> SimulationPayload:
    info.context.forget()
    return SimulationPayload(
        email=from_row(Email, done.send),
        kind=done.kind,
        result=done.result,
        reason=done.reason,
        mail=done.mail,
        events=[from_row(Event, row) for row in done.events],
    )


@strawberry.type
class SimulationMutation:
    @mutation(
        metadata=SIMULATION,
        description="Play a reply to an email, in a sandbox only. A whole mail is made, read, matched and applied as "
        "a real one would be, at the time of the sandbox's clock.",
    )
    async def simulate_reply(
        self,
        info: Request,
        email_id: EmailId,
        text: Annotated[
            str,
            strawberry.argument(
                description="The text of the reply, such as `Yes, call me tomorrow.` The reply quotes the email "
                "below it."
            ),
        ],
        from_: Annotated[
            str | None,
            strawberry.argument(
                name="from",
                description="Address from which the reply comes, such as `assistant@example.com`. If left out, the "
                "recipient's.",
            ),
        ] = None,
    ) -> SimulationPayload:
        return _payload(info, await _simulator(info).reply(email_id, text, from_))

    @mutation(
        metadata=SIMULATION,
        description="Play an automatic reply to an email, such as an out-of-office notice, in a sandbox only. It ends "
        "no campaign.",
    )
    async def simulate_auto_reply(
        self,
        info: Request,
        email_id: EmailId,
        text: Annotated[
            str, strawberry.argument(description="The text of the notice.")
        ] = "I am out of the office and will answer next week.",
        from_: Annotated[
            str | None,
            strawberry.argument(
                name="from", description="Address from which the notice comes. If left out, the recipient's."
            ),
        ] = None,
    ) -> SimulationPayload:
        return _payload(info, await _simulator(info).reply(email_id, text, from_, automatic=True))

    @mutation(
        metadata=SIMULATION,
        description="Play a bounce of an email, in a sandbox only: a mail server returns it with a delivery report.",
    )
    async def simulate_bounce(
        self,
        info: Request,
        email_id: EmailId,
        kind: Annotated[
            BounceKind,
            strawberry.argument(description="HARD: there is no such user. SOFT: the mailbox is full."),
        ] = BounceKind.HARD,
        diagnostic: Annotated[
            str | None,
            strawberry.argument(
                description="What the mail server says, such as `550 5.7.1 blocked by policy`, in one line of up to "
                "1,000 characters. It is read as a real answer is, and counts more than `kind`. If left out, a text "
                "that fits `kind`."
            ),
        ] = None,
    ) -> SimulationPayload:
        return _payload(info, await _simulator(info).bounce(email_id, kind, diagnostic))

    @mutation(
        metadata=SIMULATION,
        description="Play a complaint about an email, in a sandbox only: the recipient marks it as spam, and the "
        "provider sends a feedback report.",
    )
    async def simulate_complaint(self, info: Request, email_id: EmailId) -> SimulationPayload:
        return _payload(info, await _simulator(info).complaint(email_id))

    @mutation(
        metadata=SIMULATION,
        description="Play an open of an email, in a sandbox only, as a provider reports it. The campaign's tracking "
        "need not be on.",
    )
    async def simulate_open(self, info: Request, email_id: EmailId, user_agent: UserAgent = None) -> SimulationPayload:
        return _payload(info, await _simulator(info).open(email_id, user_agent))

    @mutation(
        metadata=SIMULATION,
        description="Play a click on a link of an email, in a sandbox only, as a provider reports it. The campaign's "
        "tracking need not be on.",
    )
    async def simulate_click(
        self,
        info: Request,
        email_id: EmailId,
        url: Annotated[
            str,
            strawberry.argument(
                description="The link, such as `https://example.com/offer`, of up to 1,000 characters. The email need "
                "not contain it."
            ),
        ],
        user_agent: UserAgent = None,
    ) -> SimulationPayload:
        return _payload(info, await _simulator(info).click(email_id, url, user_agent))

    @mutation(
        metadata=SIMULATION,
        description="Play a recipient who unsubscribes, in a sandbox only, as a provider reports it.",
    )
    async def simulate_unsubscribe(self, info: Request, email_id: EmailId) -> SimulationPayload:
        return _payload(info, await _simulator(info).unsubscribe(email_id))
