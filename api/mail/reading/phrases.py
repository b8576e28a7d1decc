"""The words in which mail servers report that an email failed, is late or arrived, in the languages of many servers."""

import re

from api.mail.reading.headers import Headers

_FAILED_ENGLISH = (
    r"undeliver(?:able|ed)|non-?deliver(?:able|y)|not deliverable|returned? mail|mail returned|returned message"
    r"|returned to (?:the )?sender|returning (?:your )?(?:message|mail) to|failure notice|failure notification"
    r"|(?:mail|message|email) (?:delivery )?(?:failure|failed|error|system error)|delivery (?:has "
    r"|have )?(?:failed|failure|error)"
    r"|delivery to the following .{0,40}failed|delivery status notification ?\(?failure"
    r"|delivery notification: delivery has failed"
    r"|(?:could|can|would|was|were|has|have|is|are)(?: ?not|n['’]t)(?: able to)?(?: been| be)?"
    r" (?:deliver|delivered|sent|reached|reach|accepted|accept|processed|send|transmitted|forwarded)\b"
    r"|(?:unable|not able|failed|impossible|wasn['’]t able|inability) to (?:deliver|send|reach|relay|transmit"
    r"|route|forward|complete)"
    r"|did not reach|not reach(?:ed)? the (?:following|intended)|(?:permanent|fatal"
    r"|permanent fatal) (?:fatal )?errors?\b"
    r"|(?:following|these|this) (?:address|recipient|destination)\S{0,6} (?:has |have |had )?(?:failed|(?:was"
    r"|were) rejected|"
    r"had (?:permanent|delivery|transient))|(?:was|were|been) (?:rejected|refused|blocked|bounced|returned)\b"
    r"|address(?:es|ee)? (?:rejected|unknown)|unknown (?:user|recipient|address)|user unknown|no such user"
    r"|not sent|giving up on"
    r"|error(?:s)? (?:occurred )?(?:in |during |while )?(?:processing|deliver\w+|sending)|transcript of session"
    r"|invalid (?:final delivery )?(?:user|recipient|address|mailbox)|mailbox (?:is )?(?:full|unavailable)|over quota"
    r"|message (?:is |was )?(?:too large|rejected|blocked|expired)|no mailbox here|rejected (?:by|for|because|your)"
    r"|account is disabled|don['’]t have permission to post|not a member of this (?:mailing )?list"
    r"|not allowed to post|not a subscriber|loop alert|mail loop|delivery incomplete"
)
_FAILED_ELSEWHERE = (
    r"unzustellbar|nicht (?:zugestellt|übermittelt|ausgeliefert|gesendet|zustellbar)"
    r"|zustellung .{0,40}(?:fehlgeschlagen|nicht möglich)"
    r"|konnte .{0,80}nicht .{0,40}(?:zugestellt|übermittelt|erreicht|weitergeleitet)"
    r"|fehler bei der (?:zustellung|übermittlung)"
    r"|non (?:remis|distribu|délivr|livr)\w*|n['’]a (?:pas )?pu .{0,20}(?:remis|distribu|délivr|envoy|achemin"
    r"|livr)|échec de .{0,20}"
    r"(?:remise|livraison|distribution|envoi)|impossible de (?:remettre|distribuer|délivrer|livrer)"
    r"|retour(?:né)? à l['’]expéditeur"
    r"|no (?:se )?(?:ha |han )?(?:pudo|podido|puede|pudieron) .{0,30}(?:entreg|envi)|no entregad|fall[oó] (?:en"
    r"|de) (?:la )?entrega"
    r"|error (?:en|de) (?:la )?entrega|imposible entregar|no se (?:ha )?entreg|devuelto al remitente"
    r"|mancat[oa] (?:recapito|consegna)|non (?:è|e'|è) stat[oa] (?:possibile )?(?:recapitat|consegnat|inviat|inoltrat)"
    r"|impossibile (?:recapitare|consegnare|inviare)|messaggio non (?:recapitabile|consegnato)|non recapitabile"
    r"|não (?:foi|pôde|pode|puderam|foram|é) .{0,30}(?:entreg|enviad)|falha (?:na|de|ao) (?:entreg|envi)"
    r"|não entregue|não foi possível .{0,20}(?:entreg|envi)"
    r"|devolvid[ao] ao remetente|niet (?:worden )?(?:bezorgd|afgeleverd|verzonden)|onbestelbaar"
    r"|kan niet .{0,30}(?:bezorg|aflever)|bezorging .{0,20}mislukt"
    r"|nie (?:można|mogł\w|został\w|udało się|moż\w+) .{0,30}(?:dostarcz|doręcz|wysł)|niedostarcz"
    r"|nie dostarczon|niedoręczon"
    r"|не (?:может быть|могло быть|удалось|было|был[аи]?|уда[её]тся|возможно) .{0,30}достав[ил]|не доставлен"
    r"|недоставлен|невозможно доставить"
    r"|(?:ошибка|сбой) (?:при )?доставк|не отправлен|возвращ[её]н отправителю"
    r"|退信|退件|(?:无法|無法|不能|未能|没有|沒有|未)(?:被)?(?:成功)?(?:投递|投遞|送达|送達|发送|傳送|傳遞|传递|寄送|送到)|(?:投递|投遞|发送|傳送|傳遞|传递|递送|遞送)(?:失败|失敗)"
    r"|(?:配信|送信|配送|配達|送達|転送|お届け|届け|送る|伝送)(?:することが|する事が|が)?(?:でき|出来|いたしかね|致しかね)(?:ません|ない|なかった)"
    r"|(?:配信|送信|配送|配達|送達)(?:に|が|を)?(?:失敗|不能|エラー|中止|拒否)|不達|未配信|未配達|宛先不明|送信エラー|メールエラー|受け付けられませんでした"
    r"|(?:見つかり|みつかり|存在し|届き|送られ|受信でき)ません(?:でした)?|リストにありません|受信拒否|転送エラー|容量.{0,10}超え|超過"
    r"|(?:kunde inte|gick inte att) (?:leverera|skicka|nå)|olever"
    r"|kunne ikke (?:leveres|sendes)|ikke leveret|ikke levert"
    r"|ei voi(?:tu|da) toimittaa|toimitus epäonnistui"
    r"|nedoručiteln|nelze doručit|nebyla? doručen|kézbesíthetetlen|nem (?:sikerült )?kézbesít|teslim edilemedi"
    r"|δεν .{0,30}(?:παραδ|παράδ)|nu a (?:putut )?fi livrat|nu a fost livrat|imposibil de livrat|nelivrabil"
    r"|nije (?:moguće )?isporuč|neisporučiv|не (?:можа|може|беше) .{0,20}достав|недостав[ия]"
    r"|לא ניתן .{0,10}(?:למסור|למסירה)|تعذر .{0,10}(?:تسليم|التسليم)|لم يتم تسليم"
    r"|không thể (?:gửi|chuyển|phân phối)|tidak (?:dapat|bisa) (?:di)?kirim|tidak terkirim|ไม่สามารถส่ง"
    r"|iletilemedi|배달(?:하지|되지) 못|전송 ?실패|배달 ?실패|반송"
)
FAILED = re.compile(f"{_FAILED_ENGLISH}|{_FAILED_ELSEWHERE}", re.IGNORECASE)
"""An email was not delivered."""
FAILED_SUBJECT = re.compile(
    rf"{_FAILED_ENGLISH}|{_FAILED_ELSEWHERE}|^(?:mail )?(?:delivery|undelivered) (?:failure|problem|report|error)"
    r"|delivery (?:status )?(?:notification|report)|mail (?:delivery )?(?:problem|system error)|failed mail"
    r"|bounced? (?:mail|message)"
    r"|message status - undeliverable|mail could not be delivered|delivery unsuccessful|rejected (?:mail"
    r"|message)|mail rejected",
    re.IGNORECASE,
)
REJECTED = re.compile(r"\b5\d\d[ -]5\.\d{1,3}\.\d{1,3}\b[^\n]{0,80}")
"""A permanent reply with its enhanced status, which a mail server quotes, whatever its language."""
LATE = re.compile(
    r"\b(?:has |have )?(?:still |yet )?(?:not|n['’]t) (?:yet )?been (?:able to be )?delivered (?:yet|within|for"
    r"|after|in)|(?:not yet|yet not) (?:been )?(?:delivered|sent)|warning ?: .{0,60}\bdelayed\b"
    r"|(?:message|mail|delivery)(?: is| has been| was)? (?:still )?(?:delayed|deferred)\b|delay(?:ed)? delivery"
    r"|delivery delay|notification ?\(delay\)"
    r"|warning ?: (?:could not send|message (?:still )?undelivered|message delayed|delivery|will retry)"
    r"|this is a warning message only"
    r"|(?:you )?(?:do not|don['’]t) need to (?:resend|re-send|do anything)|still (?:be )?(?:trying|attempt\w*"
    r"|undelivered)"
    r"|will (?:continue to |keep |be )?(?:try|trying|retry|retried|attempt)\w* (?:to (?:send|deliver)|again"
    r"|until|for|sending|deliver)"
    r"|delivery attempts will continue|will be re-?tried"
    r"|verzögert|wird weiterhin versucht|noch nicht zugestellt|retard(?:é|ée)\b|n['’]a pas encore été"
    r"|aún no se ha|todavía no|in ritardo"
    r"|non è stato ancora|ainda não foi|vertraagd|nog niet bezorgd|opóźnion|jeszcze nie został|отложен"
    r"|ещ[её] не доставлен|задерж"
    r"|延迟|延遲|尚未送达|尚未送達|遅延|遅れて|まだ配信|försenad|forsinket",
    re.IGNORECASE,
)
"""An email is late, and the server keeps trying."""
GAVE_UP = re.compile(
    r"delivery (?:time )?expired|queue\.expired|too old|maximum (?:queue )?(?:age|time|number of)|"
    r"giv(?:en|ing|e) up|gave up|retry time(?:out)? (?:not reached for any host after|exceeded)"
    r"|will not (?:be )?(?:retr|try|attempt)"
    r"|not going to try again|in the queue too long|(?:message|envelope)(?: has)? (?:expired|timed out)|permanent"
    r"|no more attempts|final attempt",
    re.IGNORECASE,
)
"""The server does not try any more."""
DELIVERED = re.compile(
    r"(?:was|were|been|is) (?:successfully )?(?:delivered|relayed|received)(?: successfully)?"
    r"|successful(?:ly)? (?:mail )?(?:delivery|delivered|relayed)"
    r"|notification ?\((?:success|relay)|erfolgreich zugestellt|remis avec succès|entregado correctamente"
    r"|^delivered:|^relayed:|^zugestellt:",
    re.IGNORECASE,
)
DAEMON = re.compile(
    r"^(?:mailer-?daemon|post_?master|post-master|poostmaster|mdaemon|mail-?daemon|mail[._-]?delivery[\w.-]*"
    r"|mail[._-]?system|mailsystem|daemon"
    r"|microsoftexchange[\w-]*|ndr|undeliverable[\w.-]*|bounces?(?:[+=_.-]\S*)?|mailer|mail-?admin\w*"
    r"|noreply-?dmarc\S*|root|system|listserv|majordomo|[\w.-]{1,60}-(?:admin|owner|request|bounces?|errors))@"
    r"|^(?:mailer-daemon|postmaster)$",
    re.IGNORECASE,
)
"""Addresses of mail servers."""
DAEMON_NAME = re.compile(
    r"mailer[- ]?daemon|mail ?delivery|delivery (?:sub)?system|mail system|postmaster|system administrator"
    r"|systemadministrator"
    r"|mail administrator|administrateur système|administrador del sistema|microsoft outlook|microsoft exchange"
    r"|mail server|mailserver|internet mail",
    re.IGNORECASE,
)
NO_REPLY = re.compile(r"^(?:no-?_?reply|do-?_?not-?_?reply|donotreply|nobody)\b", re.IGNORECASE)

PROGRAM = re.compile(
    r"^(?:no-?_?reply|do-?_?not-?_?reply|mailer-?daemon|mdaemon|mail-?daemon|daemon|ndr|bounces?(?:[+=_.-]\S*)?"
    r"|microsoftexchange[\w-]*|mail[._-]?delivery[\w.-]*|mail[._-]?system|listserv|majordomo)@",
    re.IGNORECASE,
)
"""Addresses from which no person writes."""


def is_daemon(headers: Headers) -> bool:
    """Return whether a mail server wrote a mail, by its sender."""
    sender = headers.addresses("from")
    if sender and DAEMON.match(sender[0]):
        return True
    name = headers.get("from")[:300]
    return bool(DAEMON.match(name[:100]) or DAEMON_NAME.search(name)) or "x-failed-recipients" in headers
