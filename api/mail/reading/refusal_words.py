"""Recognizes that a person declines: no program writes so, whatever else the mail says about absences or failures."""

import re

READ_CHARACTERS = 1_000
DECLINES = re.compile(
    r"\b(?:not|n['’]t|no longer|un) ?interest(?:ed)?\b|\bno interest\b|\bno,? (?:thanks|thank you|thx)\b"
    r"|\b(?:remove|delete|unsubscribe) (?:me|us|(?:my|our) (?:e-?mail|address|name|data|contact)\w*)\b"
    r"|\btake (?:me|us|my \w+|our \w+) off\b"
    r"|\bleave (?:me|us) alone\b"
    r"|(?<!to )\bstop (?:writing|e-?mailing|spamming|contacting|bothering|sending (?:me|us)|these|the|your)\b"
    r"|\b(?:do not|don['’]t|never) (?:e-?mail|contact|write|bother|send)(?: to)? (?:me|us)\b"
    r"(?! (?:to|at|by|during|until|while|with|for|on|if|unless|before|in)\b)"
    r"|\bkein(?:erlei)? (?:interesse|bedarf)\b|\b(?:nicht|un)(?: daran)? ?interessiert\b|\bnein,? danke\b"
    r"|\bkeine (?:weiteren )?(?:e-?)?mails? mehr\b|\bkeine weiteren (?:e-?)?mails?\b"
    r"|\baus (?:dem|ihrem|eurem) verteiler"
    r"|\b(?:pas|aucun(?:ement)?|nullement) (?:intéressée?s?|intérêt)\b|\bnon,? merci\b|\bne plus (?:me|nous)\b"
    r"|\bne (?:me|nous) \w+ plus\b|\b(?:désinscrivez|désabonnez|retirez|supprimez)[- ](?:moi|nous)\b"
    r"|\bno (?:me|nos) interesa\b|\bno (?:estoy|estamos) interesad|\bno,? gracias\b"
    r"|\b(?:denme|darme|deme|dadme) de baja\b"
    r"|\bnon (?:sono|siamo) interessat|\bnon (?:mi|ci) interessa\b|\bno,? grazie\b|\bcancella(?:temi|teci|mi)\b"
    r"|\bgeen (?:interesse|belangstelling)\b|\bniet geïnteresseerd\b|\bnee,? (?:dank|bedankt)\b"
    r"|\bnão (?:estou|estamos|tenho|temos) interess|\bsem interesse\b|\bnão,? obrigad|\bremova-(?:me|nos)\b"
    r"|\bnie (?:jestem|jesteśmy) zainteresowan|\bnie,? dzięk|\bproszę nie (?:pisać|kontaktować)"
    r"|\b(?:inte|ikke) interess?er|\bointresserad|\bnej,? ta(?:ck|k)\b|\bnei,? takk\b|\bei kiitos\b|\bei kiinnosta\b"
    r"|\bnemám(?:e)? zájem\b|\bnem érdekel|\bilgilenmiyor|\bnu (?:sunt|suntem|mă) interes"
    r"|не (?:интересно|интересует|пишите)\b|\bотпишите\b|не цікав"
    r"|見送(?:ら|り)|興味(?:は|が)?(?:ありません|ない)|我们?不需要|不感兴趣|不感興趣|没兴趣|不用了|别再"
    r"|관심 ?(?:이 )?없",
    re.IGNORECASE,
)


def words_of_refusal(text: str) -> str:
    """Return the words in the new text of a mail by which a person declines, or an empty text."""
    found = DECLINES.search(" ".join(text[:READ_CHARACTERS].split()))
    return found[0].strip() if found else ""
