"""Recognizes automatic answers: by their headers (RFC 3834 and older ones), else by their words."""

import re

from api.mail.reading.headers import Headers

ANSWER_HEADERS = (
    "x-autoreply",
    "x-autoreply-from",
    "x-autoreply-domain",
    "x-autorespond",
    "x-autoresponder",
    "x-autoresponder-re",
    "x-auto-reply",
    "x-auto-reply-from",
    "x-mail-autoreply",
    "x-vacation",
    "x-vacation-message",
    "x-ooo",
    "autoresponder",
    "x-fc-machinegenerated",
    "x-apple-action",
    "x-cron-env",
)
"""Headers that only programs write, whatever their value."""
PRECEDENCE = re.compile(r"^auto[_-]?reply", re.IGNORECASE)
BULK_PRECEDENCE = re.compile(r"^(?:bulk|junk|list)\b", re.IGNORECASE)
LIST_HEADERS = ("list-id", "list-unsubscribe", "list-post", "x-mailman-version", "feedback-id", "x-campaign-id")
SUBJECT = re.compile(
    r"^\W{0,10}(?:(?:re|aw|sv|fw|fwd|wg) ?: ?)?\W{0,5}(?:automatic (?:reply|response|answer|email)"
    r"|auto(?:matic)?[- ]?(?:reply|response|responder|answer)\b"
    r"|automatically generated (?:reply|response)|out[- ]of[- ](?:the[- ])?office\b(?= ?(?::|$|re\b|auto|reply"
    r"|notif|message|\W))|ooo ?:|vacation (?:reply|message|response|notice)"
    r"|away from my (?:e-?)?mail\b|(?:away|absence) (?:notice|message|notification)|on (?:vacation|holiday"
    r"|leave)\b\W{0,5}(?:$|:|re:)|auto ?:"
    r"|abwesenheits(?:notiz|nachricht|meldung|assistent|hinweis|benachrichtigung)|abwesenheit ?:|abwesend\b"
    r"|automatische (?:antwort|rückantwort|abwesenheits\w+|reactie)|autoantwort|urlaubs(?:meldung|notiz"
    r"|benachrichtigung)"
    r"|réponse automatique|message d['’]absence|absence (?:du bureau|de bureau)|absen[ct]e? ?:"
    r"|notification d['’]absence"
    r"|respuesta autom[aá]tica|contestaci[oó]n autom[aá]tica|fuera de (?:la )?oficina|mensaje de ausencia"
    r"|ausencia\b ?:?"
    r"|risposta automatica|fuori (?:sede|ufficio)|messaggio di assenza|assenza\b ?:"
    r"|automatisch(?:e)? (?:antwoord|beantwoord|reactie)|afwezig(?:heid)?\w*|niet aanwezig|buiten kantoor"
    r"|resposta autom[aá]tica|fora do escritório|aus[eê]ncia\b ?:?|mensagem de aus[eê]ncia"
    r"|(?:odpowiedź automatyczna|automatyczna odpowiedź|autoodpowiedź|nieobecność|poza biurem)"
    r"|autosvar|automatiskt? svar|frånvaro\w*|ej på kontoret|fravær\w*|automaattinen (?:vastaus|poissa\w+)"
    r"|poissaolo\w*|автоответ\w*|автоматический ответ|вне офиса"
    r"|automatická odpov(?:ěď|eď)|automatikus válasz|otomatik (?:yanıt|cevap)|răspuns automat|αυτόματη απάντηση"
    r"|automatski odgovor|аутоматски одговор|автоматски одговор|автоматична відповідь|автоматичен отговор"
    r"|samodejni odgovor|automaatvastus|automātisk[āa] atbilde|automatinis atsakymas|resposta automàtica"
    r"|erantzun automatikoa|sjálfvirkt svar|balasan otomatis|(?:balasan|jawapan) automatik|(?:thư )?trả lời tự động"
    r"|(?:การ)?ตอบกลับอัตโนมัติ|(?:מענה|תשובה) אוטומטית?|رد تلقائي|پاسخ خودکار|(?:स्वचालित|स्वतः) उत्तर"
    r"|自動(?:返信|応答|回覆|回复)|自动(?:回复|答复)"
    r"|不在(?:通知|連絡|の|の?お知らせ|返信)|休暇(?:中|の?お知らせ)"
    r"|부재중|자동 ?(?:응답|회신))"
    r"|\b(?:is|am|are) (?:currently )?(?:out of (?:the )?office|on vacation|on holiday|on leave)\b"
    r"|\bist (?:außer haus|nicht im (?:büro|haus)|abwesend)\b|est absente?\b",
    re.IGNORECASE,
)
"""Subjects of absence notices."""
ABSENT = re.compile(
    r"\b(?:i|we)(?:['’]m| am| are| will be|['’]ll be| shall be)(?: \w+){0,3} (?:out of (?:the |my )?office"
    r"|away from (?:the |my )?(?:office|desk|email)|on (?:\w+ ){0,2}(?:vacation|holidays?|leave|break)"
    r"|out on (?:\w+ )?leave|travell?ing|absent|unavailable)\b"
    r"|\b(?:currently|presently) (?:out of (?:the )?office|away|on (?:\w+ )?(?:leave|vacation|holiday))"
    r"|\bthis is an auto(?:mated|matic|-?generated)? ?(?:reply|response|message)|\bautomat(?:ed|ic) (?:reply"
    r"|response|message)"
    r"|\bout of (?:the )?office (?:until|from|till|through|with)|\b(?:thank you|thanks) for your (?:e-?mail"
    r"|message)[.,!]{0,3} (?:i|we)(?:['’]m| am| are| will be|['’]ll be)(?: \w+){0,3} (?:out|away|on)\b"
    r"|\bno longer (?:work(?:s|ing)?|employed|with)\b.{0,60}(?:company|here|at\b|for\b)"
    r"|\b(?:ich|wir) (?:bin|sind|werde|befinde mich|habe|komme)\b.{0,60}(?:nicht im (?:büro|haus)|außer haus"
    r"|im urlaub|abwesend|nicht erreichbar|in elternzeit|nicht am platz|unterwegs|urlaub)"
    r"|\bzur ?zeit .{0,40}(?:nicht im|im urlaub|abwesend|außer haus|nicht erreichbar)"
    r"|\bbin ich .{0,60}(?:nicht im (?:büro|haus)|im urlaub|außer haus|abwesend|nicht erreichbar)"
    r"|\bautomatische antwort|\b(?:je suis|je serai|nous sommes|étant)(?: \w+){0,3} (?:absente?s?|en (?:congés?"
    r"|vacances|déplacement)|hors du bureau|indisponible)|\bactuellement (?:absente?|en congés?|en vacances)"
    r"|\bréponse automatique|\bde retour le\b"
    r"|\b(?:estoy|estaré|me encuentro|estamos|estare)(?: \w+){0,3} (?:fuera de (?:la |mi )?oficina"
    r"|de vacaciones|ausente|de viaje)|\b(?:actualmente|hasta el).{0,30}(?:fuera de la oficina|de vacaciones"
    r"|ausente)|\brespuesta automática"
    r"|\b(?:sono|sarò|siamo|mi trovo|saremo)(?: \w+){0,3} (?:fuori (?:ufficio|sede|dall['’]ufficio)|in ferie"
    r"|assente|assenti|in vacanza)|\brisposta automatica|\b(?:ik ben|wij zijn|ik zal)(?: \w+){0,6} (?:afwezig"
    r"|niet aanwezig|op vakantie|met vakantie|niet op kantoor|buiten kantoor|met verlof|vrij)\b"
    r"|\bautomatisch (?:antwoord|bericht)"
    r"|\b(?:estou|estarei|encontro-me|estaremos)(?: \w+){0,3} (?:fora do escrit[oó]rio|ausente|de f[eé]rias"
    r"|em f[eé]rias|de licen[cç]a)|\bresposta autom[aá]tica|\b(?:jestem|będę|przebywam"
    r"|jesteśmy)(?: \w+){0,3} (?:nieobecn\w+|na urlopie|poza biurem|na zwolnieniu)|\bdo \d\S* (?:jestem"
    r"|przebywam)|\b(?:automatyczna odpowiedź|wiadomość automatyczna)"
    r"|\b(?:jag|vi) (?:är|kommer att vara|har)(?: \w+){0,4} (?:på semester|inte på kontoret|frånvarande|ledig"
    r"|tjänstledig|bortrest|föräldraledig|semester)|\b(?:autosvar|automatiskt svar)"
    r"|\b(?:jeg) er(?: \w+){0,4} (?:på ferie|ikke på kontoret|fraværende|bortreist)"
    r"|\bolen(?: \w+){0,3} (?:lomalla|poissa)|\b(?:я|меня)(?: \w+){0,4} (?:в отпуске|отсутств\w+"
    r"|не будет в офисе|вне офиса)|\bнахожусь в отпуске"
    r"|不在(?:に|と|の|で|中|して)|休暇(?:を|中|の|と)|お休みを(?:いただ|頂)|休業(?:と|を|中|期間)"
    r"|自動(?:返信|応答|配信)|出張(?:中|に)|夏季休暇|育児休業|自动回复"
    r"|自動回覆|我(?:正在|目前|将|現在).{0,10}(?:休假|外出|出差)|不在办公室|부재중|휴가",
    re.IGNORECASE,
)
"""The person says that they are away."""
INSTEAD = re.compile(
    r"\burgent|\bemergenc|\bimmediate (?:assistance|attention|help)|\bin my absence|\blimited access"
    r"|\bno access to (?:my )?e-?mail|\bupon my return|\bwhen i (?:return|get back)|\b(?:not"
    r"|n['’]t) (?:be )?(?:checking|reading|monitoring|able to (?:read|respond|reply))"
    r"|dringend|in meiner abwesenheit|nicht weitergeleitet|nach meiner rückkehr|wenden sie sich|vertretung"
    r"|en mon absence|pendant mon absence|en cas d['’]urgence|à mon retour|urgen[tcz]"
    r"|en mi ausencia|a mi regreso|contacte con|in mia assenza|al mio rientro|rivolgersi"
    r"|tijdens mijn afwezigheid|dringende|bij terugkomst|na minha ausência|no meu retorno|w pilnych"
    r"|w sprawach pilnych|po powrocie|w czasie mojej nieobecności|vid brådskande|under min frånvaro"
    r"|när jag är tillbaka"
    r"|お急ぎ|緊急|至急|不在中|休暇明け|戻り次第|急ぎの|紧急|緊急",
    re.IGNORECASE,
)
"""Words that follow in absence notices: whom to ask instead, and when the person reads the mail."""
CONVERSATION = re.compile(
    r"\?|？|\b(?:let['’]?s|talk|call me|speak|chat|meet|schedul\w+|catch up|would be better|works? (?:better"
    r"|for (?:me|us))|interested|sounds|happy to|demo"
    r"|price|pricing|unsubscribe|contract|your (?:offer|proposal|product|price|team)|send (?:me|us)"
    r"|(?:ihr|euer) (?:angebot|vorschlag|produkt)|vertrag|schicken sie|gefällt|votre (?:offre|proposition|produit)"
    r"|(?:su|tu) (?:oferta|propuesta)|(?:vostra|sua) (?:offerta|proposta)|(?:uw|jullie) (?:aanbod|voorstel)"
    r"|sprechen|telefonieren|interesse|treffen|parler|discuter|rappel\w*|hablar|hablamos|llám\w*|parlare"
    r"|sentir\w*|bellen|spreken|falar|conversar|porozmaw\w*|prata|höras?)\b|話し|打ち合わせ|興味",
    re.IGNORECASE,
)
"""Words that a program does not write, because they answer the email."""
DECLARED = re.compile(
    r"(?:\bthis is an? (?:auto(?:mated|matic|matically generated|-?generated)) (?:reply|response|answer|message|e-?mail"
    r"|confirmation|notification)\b"
    r"|\b(?:dies|das|hierbei) (?:ist|handelt es sich um) eine automatisch\w* (?:\w+ )?(?:antwort|nachricht|e-?mail)"
    r"|\bceci est une? (?:réponse|message) automatique|\best[aoe] es una? (?:respuesta|mensaje) automátic"
    r"|\bquest[ao] è una? (?:risposta|messaggio) automatic|\bdit is een automatisch"
    r"|\best[ae] é uma? (?:resposta|mensagem) automática|\bto jest (?:wiadomość )?automatyczn|\bdetta är ett automat)"
    r"(?!,?[^.!?]{0,20}\?)",
    re.IGNORECASE,
)
"""The mail calls itself automatic."""
GUESS = re.compile(
    r"\b(?:assum\w+|guess|think|know|can (?:see|tell)|suppose|believe|suspect|obviously|clearly|looks like|seems"
    r"|nehme an|vermut\w+|glaube|denke|schätze|weiß|pense|crois|suppose|vois|sais|creo|supongo|pienso|veo|sé|penso"
    r"|credo|suppongo|vedo|denk|neem aan|vermoed|zie|acho|creio|suponho|vejo|sei|myślę|sądzę|wiem|tror|antar|vet)\b"
    r"[^.!?:]{0,30}$|\b(?:if|whether|wenn|falls|si|se|als|jeśli|om)\s$",
    re.IGNORECASE,
)
"""Words before such a declaration, by which a person says it about our email."""
RECEIPT = re.compile(
    r"\btype your reply above this line|\byour (?:request|ticket|case|enquiry|inquiry|query)"
    r"(?: \(?#?[\w-]*\d[\w-]*\)?,?)? (?:has been|was) (?:received|logged|registered) (?:and|with|under|as)\b"
    r"|\byour (?:request|ticket|case) \(?#?[\w-]*\d[\w-]*\)? (?:has been|was) (?:received|created|logged"
    r"|registered|opened)"
    r"|\b(?:a (?:new )?|your )(?:support )?(?:ticket|case)\b.{0,40}\b(?:has been|was) (?:created|opened"
    r"|logged|assigned)"
    r"|\b(?:click|follow|reply)\b.{0,80}\b(?:verify|confirm|prove) (?:that )?you(?:r (?:address|message|e-?mail))?\b"
    r"|\bchallenge[- ]response\b|\brequires verification\b|\bto deliver your (?:e-?mail|message),? (?:please|click)"
    r"|\bihre anfrage (?:ist bei uns|wurde) .{0,40}(?:eingegangen|erfasst|registriert)"
    r"|\bticket .{0,40}(?:eröffnet|angelegt)"
    r"|\bvotre demande a (?:bien )?été (?:reçue|enregistrée|prise en compte)"
    r"|\bsu (?:solicitud|consulta) ha sido (?:recibida|registrada)"
    r"|お問い?合わ?せを?(?:受け?付け|受付)|受付番号|工单.{0,10}(?:创建|受理)",
    re.IGNORECASE,
)
"""A program confirms that a mail arrived, or asks its sender for a proof."""
RECEIVED = re.compile(
    r"\byour (?:message|e-?mail)(?: \(?#?[\w-]*\d[\w-]*\)?,?)? (?:has been|was) (?:received|logged|registered)"
    r" (?:and|with|under|as)\b",
    re.IGNORECASE,
)
"""The same about an email. People write it in an answer as well, before they say what they think of it."""
OPENING_CHARACTERS = 600


def header_of_answer(headers: Headers) -> str:
    """Return the header by which a program says that it answers, or an empty text."""
    submitted = headers.get("auto-submitted").strip().lower()
    if submitted.startswith("auto-replied"):
        return "Auto-Submitted: auto-replied"
    for name in ANSWER_HEADERS:
        if name in headers and headers.get(name).strip().lower() not in {"no", "false", "0", "none"}:
            return name.title()
    for name in ("precedence", "x-precedence", "preference", "x-autogenerated", "x-auto-generated"):
        value = headers.get(name).strip().lower()
        if PRECEDENCE.match(value) or (name.endswith("generated") and value.startswith("reply")):
            return f"{name.title()}: {value[:40]}"
    if headers.get("x-post-messageclass").startswith("9") or "autoresponder" in headers.get("delivered-to").lower():
        return "X-POST-MessageClass" if "x-post-messageclass" in headers else "Delivered-To: Autoresponder"
    return ""


def says_automatic(headers: Headers) -> bool:
    """Return whether the header of RFC 3834 says that no person wrote the mail."""
    submitted = headers.get("auto-submitted").strip().lower()
    return bool(submitted) and not submitted.startswith("no")


def header_of_program(headers: Headers) -> str:
    """Return the header by which a program says that it wrote the mail, as an answer or not, or an empty text."""
    if says_automatic(headers):
        return f"Auto-Submitted: {headers.get('auto-submitted').strip().lower()[:40]}"
    if headers.get("return-path").replace(" ", "") == "<>":
        return "Return-Path: <>"
    precedence = headers.get("precedence").strip().lower()
    if BULK_PRECEDENCE.match(precedence) and not any(name in headers for name in LIST_HEADERS):
        return f"Precedence: {precedence[:20]}"
    return ""


def header_of_list(headers: Headers) -> str:
    """Return the header of a newsletter or mailing list, or an empty text."""
    for name in LIST_HEADERS:
        if name in headers:
            return name.title()
    precedence = headers.get("precedence").strip().lower()
    return f"Precedence: {precedence[:20]}" if BULK_PRECEDENCE.match(precedence) else ""


def words_of_absence(subject: str, text: str, *, answers: bool, quotes: bool) -> str:
    """Return the words that show an absence notice without a header, or an empty text.

    ``answers`` says that the subject begins with Re, ``quotes`` that the mail quotes ours. People do both, and they
    also write that they are away. Then a mail is a notice only if it reads like one and does not answer the email.
    """
    found = SUBJECT.search(subject[:300])
    if found and not answers:
        return found[0].strip()
    opening = " ".join(text[:OPENING_CHARACTERS].split())
    declared = DECLARED.search(opening)
    if declared and not GUESS.search(opening[max(declared.start() - 60, 0) : declared.start()]):
        return declared[0].strip()
    receipt = RECEIPT.search(subject[:300]) or RECEIPT.search(opening)
    if receipt is None and not answers:
        receipt = RECEIVED.search(opening)
    if receipt and not CONVERSATION.search(opening):
        return receipt[0].strip()
    absent = ABSENT.search(opening)
    if absent is None:
        return ""
    if not answers and not (quotes and CONVERSATION.search(opening)):
        return absent[0].strip()
    is_notice = INSTEAD.search(text[:2_000]) and not quotes and not CONVERSATION.search(opening)
    return absent[0].strip() if is_notice else ""
