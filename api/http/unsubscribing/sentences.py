"""The sentences of the unsubscribe page in each language, and the choice of the language by Accept-Language.

``{workspace}`` and ``{address}`` are replaced. A new language is one more entry of SENTENCES.
"""

from dataclasses import dataclass

DEFAULT_LANGUAGE = "en"
MAX_HEADER_CHARACTERS = 1_000
"""How much of an Accept-Language header is read."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """The page in one language."""

    ask_title: str
    ask: str
    unsubscribe: str
    done_title: str
    already_title: str
    done: str
    on_its_way: str
    undo_hint: str
    undo: str
    undone_title: str
    undone: str
    too_late_title: str
    too_late: str
    why: str
    too_many: str
    not_relevant: str
    never_asked: str
    other: str
    comment: str
    send: str
    thanks_title: str
    too_long_title: str
    too_long: str
    wrong_link_title: str
    wrong_link: str
    later_title: str
    later: str


SENTENCES = {
    "en": Sentences(
        "Unsubscribe", "Do you want to receive no more emails from {workspace} at {address}?", "Unsubscribe",
        "You are unsubscribed", "You are already unsubscribed",
        "{address} will receive no more emails from {workspace}.",
        "An email that is being sent at this moment may still arrive.",
        "Was this a mistake? You can undo it for ten minutes. A series of emails that has ended does not start"
        " again.",
        "Undo", "You are subscribed again",
        "{workspace} may send emails to {address} again. A series of emails that has ended does not start again.",
        "This can no longer be undone",
        "Ten minutes have passed, or something else has changed since. To get emails again, please write to the"
        " sender.",
        "Why do you unsubscribe? (optional)", "I get too many emails", "The emails are not relevant to me",
        "I did not ask for these emails", "Another reason", "In your own words (optional)", "Send",
        "Thank you for your answer", "Your text is too long", "Please shorten it to 500 characters.",
        "This link is not valid", "Please use the complete link from the email.", "This is not possible right now",
        "Nothing was changed. Please try again in a few minutes.",
    ),
    "de": Sentences(
        "Abmelden", "Möchten Sie keine E-Mails von {workspace} an {address} mehr erhalten?", "Abmelden",
        "Sie sind abgemeldet", "Sie sind bereits abgemeldet", "{address} erhält keine E-Mails von {workspace} mehr.",
        "Eine E-Mail, die gerade versendet wird, kann noch ankommen.",
        "War das ein Versehen? Sie können es zehn Minuten lang rückgängig machen. Eine beendete E-Mail-Reihe"
        " beginnt nicht von Neuem.",
        "Rückgängig machen", "Sie sind wieder angemeldet",
        "{workspace} darf wieder E-Mails an {address} senden. Eine beendete E-Mail-Reihe beginnt nicht von Neuem.",
        "Das lässt sich nicht mehr rückgängig machen",
        "Zehn Minuten sind vergangen, oder es hat sich inzwischen etwas geändert. Um wieder E-Mails zu erhalten,"
        " schreiben Sie bitte dem Absender.",
        "Warum melden Sie sich ab? (freiwillig)", "Ich bekomme zu viele E-Mails",
        "Die E-Mails sind für mich nicht wichtig", "Ich habe nicht um diese E-Mails gebeten", "Ein anderer Grund",
        "In eigenen Worten (freiwillig)", "Senden", "Danke für Ihre Antwort", "Ihr Text ist zu lang",
        "Bitte kürzen Sie ihn auf 500 Zeichen.", "Dieser Link ist ungültig",
        "Bitte verwenden Sie den vollständigen Link aus der E-Mail.", "Das ist gerade nicht möglich",
        "Es wurde nichts geändert. Bitte versuchen Sie es in einigen Minuten noch einmal.",
    ),
    "fr": Sentences(
        "Se désabonner", "Ne souhaitez-vous plus recevoir d’e-mails de {workspace} à l’adresse {address} ?",
        "Se désabonner", "Vous êtes désabonné", "Vous êtes déjà désabonné",
        "{address} ne recevra plus d’e-mails de {workspace}.", "Un e-mail en cours d’envoi peut encore arriver.",
        "Était-ce une erreur ? Vous pouvez annuler pendant dix minutes. Une série d’e-mails terminée ne reprend pas.",
        "Annuler", "Vous êtes de nouveau abonné",
        "{workspace} peut de nouveau envoyer des e-mails à {address}. Une série d’e-mails terminée ne reprend pas.",
        "L’annulation n’est plus possible",
        "Dix minutes se sont écoulées, ou quelque chose a changé depuis. Pour recevoir de nouveau des e-mails,"
        " veuillez écrire à l’expéditeur.",
        "Pourquoi vous désabonnez-vous ? (facultatif)", "Je reçois trop d’e-mails",
        "Les e-mails ne me concernent pas", "Je n’ai pas demandé ces e-mails", "Une autre raison",
        "Avec vos mots (facultatif)", "Envoyer", "Merci pour votre réponse", "Votre texte est trop long",
        "Veuillez le raccourcir à 500 caractères.", "Ce lien n’est pas valide",
        "Veuillez utiliser le lien complet de l’e-mail.", "C’est impossible pour le moment",
        "Rien n’a été modifié. Veuillez réessayer dans quelques minutes.",
    ),
    "es": Sentences(
        "Darse de baja", "¿Desea no recibir más correos de {workspace} en {address}?", "Darse de baja",
        "Se ha dado de baja", "Ya estaba dado de baja", "{address} no recibirá más correos de {workspace}.",
        "Un correo que se está enviando ahora aún puede llegar.",
        "¿Ha sido un error? Puede deshacerlo durante diez minutos. Una serie de correos terminada no vuelve a"
        " empezar.",
        "Deshacer", "Vuelve a estar suscrito",
        "{workspace} puede volver a enviar correos a {address}. Una serie de correos terminada no vuelve a empezar.",
        "Ya no se puede deshacer",
        "Han pasado diez minutos, o algo ha cambiado desde entonces. Para volver a recibir correos, escriba al"
        " remitente.",
        "¿Por qué se da de baja? (opcional)", "Recibo demasiados correos", "Los correos no me interesan",
        "No pedí estos correos", "Otro motivo", "Con sus palabras (opcional)", "Enviar", "Gracias por su respuesta",
        "Su texto es demasiado largo", "Por favor, redúzcalo a 500 caracteres.", "Este enlace no es válido",
        "Por favor, use el enlace completo del correo.", "No es posible en este momento",
        "No se ha cambiado nada. Por favor, inténtelo de nuevo en unos minutos.",
    ),
    "it": Sentences(
        "Annulla l’iscrizione", "Non vuole più ricevere email da {workspace} all’indirizzo {address}?",
        "Annulla l’iscrizione", "L’iscrizione è annullata", "L’iscrizione era già annullata",
        "{address} non riceverà più email da {workspace}.",
        "Un’email che viene inviata in questo momento può ancora arrivare.",
        "È stato un errore? Può ripristinarla entro dieci minuti. Una serie di email terminata non ricomincia.",
        "Ripristina", "L’iscrizione è di nuovo attiva",
        "{workspace} può di nuovo inviare email a {address}. Una serie di email terminata non ricomincia.",
        "Non è più possibile ripristinare l’iscrizione",
        "Sono passati dieci minuti, o nel frattempo è cambiato qualcosa. Per ricevere di nuovo email, scriva al"
        " mittente.",
        "Perché annulla l’iscrizione? (facoltativo)", "Ricevo troppe email", "Le email non mi interessano",
        "Non ho chiesto queste email", "Un altro motivo", "Con parole sue (facoltativo)", "Invia",
        "Grazie per la risposta", "Il testo è troppo lungo", "Lo riduca a 500 caratteri.",
        "Questo link non è valido", "Usi il link completo dell’email.", "Al momento non è possibile",
        "Non è stato modificato nulla. Riprovi tra qualche minuto.",
    ),
    "pt": Sentences(
        "Cancelar a subscrição", "Deseja não receber mais emails de {workspace} em {address}?",
        "Cancelar a subscrição", "A subscrição foi cancelada", "A subscrição já estava cancelada",
        "{address} não receberá mais emails de {workspace}.",
        "Um email que está a ser enviado neste momento ainda pode chegar.",
        "Foi um engano? Pode desfazer durante dez minutos. Uma série de emails terminada não recomeça.", "Desfazer",
        "A subscrição está de novo ativa",
        "{workspace} pode voltar a enviar emails para {address}. Uma série de emails terminada não recomeça.",
        "Já não é possível desfazer",
        "Passaram dez minutos, ou algo mudou entretanto. Para voltar a receber emails, escreva ao remetente.",
        "Porque cancela a subscrição? (opcional)", "Recebo demasiados emails", "Os emails não me interessam",
        "Não pedi estes emails", "Outro motivo", "Por palavras suas (opcional)", "Enviar",
        "Obrigado pela sua resposta", "O texto é demasiado longo", "Por favor, reduza-o a 500 caracteres.",
        "Este link não é válido", "Por favor, use o link completo do email.", "Não é possível neste momento",
        "Nada foi alterado. Por favor, tente de novo dentro de alguns minutos.",
    ),
    "nl": Sentences(
        "Afmelden", "Wilt u geen e-mails van {workspace} meer ontvangen op {address}?", "Afmelden",
        "U bent afgemeld", "U bent al afgemeld", "{address} ontvangt geen e-mails van {workspace} meer.",
        "Een e-mail die op dit moment wordt verzonden, kan nog aankomen.",
        "Was dit een vergissing? U kunt het tien minuten lang ongedaan maken. Een beëindigde reeks e-mails begint"
        " niet opnieuw.",
        "Ongedaan maken", "U bent weer aangemeld",
        "{workspace} mag weer e-mails sturen naar {address}. Een beëindigde reeks e-mails begint niet opnieuw.",
        "Dit kan niet meer ongedaan worden gemaakt",
        "Er zijn tien minuten voorbij, of er is intussen iets veranderd. Schrijf de afzender als u weer e-mails"
        " wilt ontvangen.",
        "Waarom meldt u zich af? (optioneel)", "Ik krijg te veel e-mails", "De e-mails zijn voor mij niet relevant",
        "Ik heb niet om deze e-mails gevraagd", "Een andere reden", "In uw eigen woorden (optioneel)", "Versturen",
        "Bedankt voor uw antwoord", "Uw tekst is te lang", "Maak hem niet langer dan 500 tekens.",
        "Deze link is niet geldig", "Gebruik de volledige link uit de e-mail.", "Dit is nu niet mogelijk",
        "Er is niets veranderd. Probeer het over enkele minuten opnieuw.",
    ),
    "ja": Sentences(
        "配信停止", "{workspace} から {address} へのメールの配信を停止しますか？", "配信を停止する",
        "配信を停止しました", "配信はすでに停止されています",
        "今後、{workspace} から {address} へメールは送信されません。", "現在送信中のメールは届くことがあります。",
        "間違えた場合は、10分以内であれば取り消せます。終了した一連のメールは再開されません。", "取り消す",
        "配信が再開されました",
        "{workspace} は {address} へ再びメールを送信できます。終了した一連のメールは再開されません。",
        "取り消すことはできなくなりました",
        "10分が過ぎたか、その後に変更がありました。再びメールを受け取るには、送信者にご連絡ください。",
        "配信停止の理由（任意）", "メールが多すぎる", "内容が自分に関係ない", "このメールを希望していない",
        "その他の理由", "ご自由にお書きください（任意）", "送信", "ご回答ありがとうございます", "文章が長すぎます",
        "500文字以内に短くしてください。", "このリンクは無効です", "メールに記載されたリンク全体をお使いください。",
        "現在この操作はできません", "何も変更されていません。数分後にもう一度お試しください。",
    ),
}  # fmt: skip
"""The sentences by language, as a two-letter code of ISO 639."""


def language_of(accept_language: str) -> str:
    """Return the language of the page that an Accept-Language header prefers; English if the page has none of them."""
    best, best_quality = DEFAULT_LANGUAGE, 0.0
    for entry in accept_language[:MAX_HEADER_CHARACTERS].split(","):
        tag, _, parameter = entry.partition(";")
        language = tag.strip().partition("-")[0].lower()
        name, _, value = parameter.partition("=")
        try:
            quality = float(value) if name.strip().lower() == "q" else 1.0
        except ValueError:
            continue
        if language in SENTENCES and best_quality < quality <= 1:
            best, best_quality = language, quality
    return best
