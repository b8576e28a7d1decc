"""The send options that are available for a step."""

from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from api.graphql.arguments.ids import CampaignId
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.language import Language
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import LANGUAGES, OPTIONS_OF_DAY, READS
from api.graphql.plugins.plugin_health import PluginHealth
from api.services.campaigns import campaign_reads
from api.services.campaigns.option_offers import OptionOffers
from api.services.common.request_context import WorkspaceContext
from plugins.loading.extension_points import SEND_OPTIONS
from plugins.loading.manager import Package
from strategies import Availability, Note, Position, Reads, SendOption, WarningNote, step_checks
from strategies.sentences.sentences import has_sentence, sentence

Number = Annotated[
    int | None,
    strawberry.argument(
        description="Position among the steps of the day, counted from 1. If left out, after the last."
    ),
]


@strawberry.type(
    description="A send option at a place in a campaign: everything a form needs to offer it, or to "
    "say why it is not offered."
)
class SendOptionOffer:
    option: strawberry.Private[SendOption]
    owner: strawberry.Private[Package]
    availability: strawberry.Private[OptionOffers]

    async def offer(self) -> Availability:
        """Return whether the option is available at the position."""
        return await self.availability.of(self.option.key)

    @strawberry.field(description="Key of the option, such as `at_time`. Use it as a step's `sendOption`.")
    def key(self) -> str:
        return self.option.key

    @strawberry.field(description='Name of the option for reps, such as "Send this email at the following time".')
    def label(self, language: Language = "en") -> str:
        return self.option.labels.get(language, self.option.labels["en"])

    @strawberry.field(description="One or two sentences that explain the option to reps.")
    def help(self, language: Language = "en") -> str:
        return self.option.help.get(language, self.option.help["en"])

    @strawberry.field(
        metadata=cost(size=LANGUAGES), description="Codes of the languages in which label and help exist, such as `en`."
    )
    def languages(self) -> list[str]:
        return sorted(self.option.labels)

    @strawberry.field(metadata=cost(10), description="Whether an email step can use the option at this place.")
    async def available(self) -> bool:
        return (await self.offer()).available

    @strawberry.field(
        metadata=cost(10),
        description="Error code with which a step would be refused here, such as `NO_EARLIER_EMAIL`; "
        "null if the option is available.",
    )
    async def reason_code(self) -> str | None:
        return (await self.offer()).code

    @strawberry.field(metadata=cost(10), description="Why the option is not available here, for reps; null if it is.")
    async def reason(self, language: Language = "en") -> str | None:
        offer = await self.offer()
        if offer.code is None or offer.reason is None:
            return offer.reason
        note = Note(offer.code, {**offer.values, "step": self.availability.at.number, "option": self.option.key})
        return _in_language(self.option, note, offer.reason, language)

    @strawberry.field(
        metadata=cost(10),
        description='What to consider before choosing the option here, such as "not recommended"; null if nothing.',
    )
    async def warning(self, language: Language = "en") -> str | None:
        offer = await self.offer()
        if offer.warning_code is None or offer.warning is None:
            return offer.warning
        about: dict[str, str | int] = {
            "step": self.availability.at.number,
            "option": self.option.key,
            "warning": offer.warning,
        }
        note = WarningNote(offer.warning_code, {**offer.values, **about})
        return _in_language(self.option, note, offer.warning, language)

    @strawberry.field(
        metadata=cost(10),
        description="Code of the warning, such as `IMMEDIATE_ON_DAY_1`; null if there is no warning, or none with a "
        "code of its own.",
    )
    async def warning_code(self) -> str | None:
        return (await self.offer()).warning_code

    @strawberry.field(metadata=cost(20), description="JSON Schema of the step's `config` for this option.")
    def config_schema(self) -> JSON:
        return JSON(dict(self.option.config_schema))

    @strawberry.field(description="Whether launching must say when the email is sent: `sendNow` or `sendAt`.")
    def asks_send_at(self) -> bool:
        return self.option.asks_send_at

    @strawberry.field(description="Whether a launch may set another time of day for the step, with `times`.")
    def takes_time(self) -> bool:
        return self.option.takes_time

    @strawberry.field(description="Whether a rep sends the email, from a task.")
    def creates_task(self) -> bool:
        return self.option.creates_task

    @strawberry.field(description="Name of the Python package that provides the option, such as `touchline`.")
    def package(self) -> str:
        return self.owner.distribution

    @strawberry.field(description="Version of that package, such as `1.0.0`.")
    def version(self) -> str:
        return self.owner.version

    @strawberry.field(
        description="Version of the contract for which the package was written, such as `1.0`. See `contractVersion`."
    )
    def contract(self) -> str:
        return self.owner.contract

    @strawberry.field(
        metadata=cost(size=READS),
        description="What the option reads of the person and the campaign, beside the step itself.",
    )
    def reads(self) -> list[Reads]:
        return [each for each in Reads if each in self.option.reads]

    @strawberry.field(metadata=cost(10), description="Whether the option works, and its last fault.")
    async def health(self, info: Request) -> PluginHealth:
        return from_row(PluginHealth, await info.context.option_health.load(self.option.key))


@strawberry.type(description="Whether a step at a place in a campaign can be a follow-up.")
class FollowUpOffer:
    available: bool = strawberry.field(
        description="Whether the step directly before this place is an email, so that a follow-up can quote it."
    )


@strawberry.type
class SendOptionQuery:
    @strawberry.field(
        metadata=cost(300, size=OPTIONS_OF_DAY, queries=True),
        description="Every installed send option, and whether an email step could use it at a place in a "
        "campaign. For a form that adds a step.",
    )
    async def send_options(
        self,
        info: Request,
        campaign_id: CampaignId,
        day: Annotated[int, strawberry.argument(description="The day on which the step would be, 1 to 365.")],
        position: Number = None,
    ) -> list[SendOptionOffer]:
        context = info.context.workspace_context
        return offers(context, await campaign_reads.place_of_new_email(context, campaign_id, day, position))

    @strawberry.field(
        metadata=cost(300, queries=True),
        description="Whether an email step at a place in a campaign could be a follow-up. For a form that adds a step.",
    )
    async def follow_up(
        self,
        info: Request,
        campaign_id: CampaignId,
        day: Annotated[int, strawberry.argument(description="The day on which the step would be, 1 to 365.")],
        position: Number = None,
    ) -> FollowUpOffer:
        place = await campaign_reads.place_of_new_email(info.context.workspace_context, campaign_id, day, position)
        return FollowUpOffer(available=step_checks.follow_up_offered(place))


def _in_language(option: SendOption, note: Note | WarningNote, text: str, language: str) -> str:
    """Return the sentence of an option's code in a language; without one, the text that the option has returned."""
    if language == "en" or not has_sentence(note, language, option):
        return text
    return sentence(note, language, [option])


def offers(context: WorkspaceContext, at: Position) -> list[SendOptionOffer]:
    """Return every installed option with its availability at a position."""
    installed = context.installed
    availability = OptionOffers(installed.send_options, at)
    return [
        SendOptionOffer(option=option, owner=installed.package_of(SEND_OPTIONS, key), availability=availability)
        for key, option in installed.send_options.items()
    ]
