"""Decides whether a bounce that a provider reports is hard, by the rules for bounces of mail servers.

A provider's own type is often wider: "permanent" also has mails that a policy or a spam filter rejected. So the answer
of the recipient's server counts more than the type, if the provider passes it on.
"""

from plugins.bounce_classification import Phase, Verdict, classify, enhanced_status
from plugins.bounce_words import POLICY
from plugins.incoming import BounceKind


def bounce_kind(answer: str, status: str = "", code: int | None = None, *, otherwise: BounceKind) -> BounceKind:
    """Return the kind of a bounce. ``otherwise`` is what the provider's type says.

    ``answer`` is the text of the recipient's server. The type decides if the text and the status do not say why.
    """
    if code is not None and not 400 <= code < 600:
        code = None
    verdict = classify(answer, phase=Phase.REPORT, code=code, status=status or None)
    if verdict is Verdict.HARD:
        return BounceKind.HARD
    precise = enhanced_status(answer) or enhanced_status(status)
    if (precise and not precise.endswith(".0.0")) or POLICY.search(answer) or (code is not None and code < 500):
        return BounceKind.SOFT
    return otherwise
