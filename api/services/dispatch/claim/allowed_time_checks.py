"""Let claimed emails wait if their send option does not allow this time.

An email waits for the next range of time that its send option has allowed. After the last range, the option is called
again. That can take a package seconds, so the caller can postpone it.
"""

from collections.abc import Callable, Sequence

from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.dispatch.claim.allowed_time_waits import postpone, wait_until
from api.services.dispatch.claim.asking_again import ask_again
from api.services.dispatch.claim.bisecting_claim import BisectingClaim
from api.services.dispatch.claim.delivery import Delivery
from api.store.dispatch import allowed_time_rows
from api.store.dispatch.allowed_time_rows import Wait
from strategies.timeline.allowed_times import next_allowed

AskLater = Callable[[Sequence[Delivery], BisectingClaim], None]
"""Takes claimed emails whose send options have to be asked again. It releases them, or lets them fail."""


async def wait_for_allowed_times(
    runtime: DispatchRuntime, deliveries: Sequence[Delivery], claim: BisectingClaim, ask_later: AskLater | None
) -> list[Delivery]:
    """Return the deliveries that can be sent now. The others are released, or fail. ``claim`` counts them.

    Those whose send options have to be asked again go to ``ask_later``. None: they are asked now.
    """
    outside = [delivery for delivery in deliveries if not delivery.is_allowed_at(claim.real_now)]
    if not outside:
        return list(deliveries)
    starts = [next_allowed(delivery.allowed or (), delivery.at(claim.real_now)) for delivery in outside]
    postponed = [(delivery, start) for delivery, start in zip(outside, starts, strict=True) if start]
    too_late = [delivery for delivery, start in zip(outside, starts, strict=True) if not start]
    if postponed:
        explanations = await allowed_time_rows.explanations([delivery.send.id for delivery, _ in postponed])
        waits: list[Wait] = []
        for delivery, start in postponed:
            explanation = explanations.get(delivery.send.id, [])
            waits.append(wait_until(delivery, start, explanation, delivery.send.allowed_times_id))
        await postpone(waits, claim)
    if too_late and ask_later is not None:
        ask_later(too_late, claim)
    elif too_late:
        await ask_again(runtime, too_late, claim)
    ready = {id(delivery) for delivery in deliveries} - {id(delivery) for delivery in outside}
    return [delivery for delivery in deliveries if id(delivery) in ready]
