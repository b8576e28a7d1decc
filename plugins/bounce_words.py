"""The words of mail servers about rejections: who is unknown, which mailbox is full, which host does not exist.

English has the words of many servers. The other languages have the words of servers that write to people: German,
French, Spanish, Italian, Portuguese, Dutch, Polish, Russian, Chinese and Japanese. Gaps have a limit, so that the time
grows with the length of the text.
"""

import re

SENDER = re.compile(
    r"^from:|\b(sender|originator|mail from|from address|return[- ]path|envelope from|my name was rejected|helo)\b",
    re.IGNORECASE,
)
"""The rejection is about the sender."""
SENDER_REJECTED = re.compile(
    r"\bsender('s)?( e-?mail)?( address| domain| name)?( [^\s@]*@\S*)? ?:? ?(was |is |has been )?"
    r"(rejected|refused|denied|unknown|invalid|not (exist|found|valid|verified)|does ?n[o']t exist"
    r"|could not be verified)"
    r"|\b(unknown|invalid|rejected|refused|bad|illegal) sender\b|\bdomain of (the )?sender\b",
    re.IGNORECASE,
)
"""The sender's address or domain does not exist. This counts more than a status about the recipient."""
TO_THE_SENDER = re.compile(
    r"\b(return\w*|sent|send|back|reply|message|mail|notif\w+) (\w+ ){0,4}to (the |its )?(original )?sender\b"
    r"|\b(notify|inform|contact|tell|advise|alert) (the |its )?(original )?sender\b"
    r"|\bretorn\w* al remitente|\b(original|message) sender\b|\bsender of (this|the) (message|mail)\b",
    re.IGNORECASE,
)
"""Words of every bounce and of disclaimers, which are not about a rejected sender."""
SCANNED = re.compile(
    r"\bvirus(es)?[ -](scanned|checked|free)\b|\b(scanned|checked|swept|tested|examined) (\w+ ){0,6}"
    r"(virus(es)?|malware|spam)\b( (and|or|&) (virus(es)?|malware|spam))*"
    r"|\b(no|free (of|from)( any)?) virus(es)?\b( (was |were |has been )?(found|detected))?",
    re.IGNORECASE,
)
"""A line of a filter below a mail. It says that the mail is clean, which cannot be the reason of a rejection."""
POLICY = re.compile(
    r"spam|blacklist|block(ed|ing| ?list)|black ?list|reputation|relay(ing)?\b(?! ?=| recipient table)|policy"
    r"|dmarc|\bspf\b|dkim|virus"
    r"|quota|over ?quota|mailbox (is )?full|too (large|big|many)|rate limit|greylist|authenticat|disabled|suspended"
    r"|temporar(y|ily)|(, |try )again (later|in)|, try again|timed? ?out|\bexpired\b|\bfrozen\b|too many"
    r"|\bloop\b|\binvalid dns\b|\bin (the )?(\S+ )?header\b|\bheader error\b|\breverse (dns|lookup"
    r"|host ?name)\b|\bptr\b|\bclient host\b"
    r"|\byour (\w+ )?(host ?name|ip|server|dns)\b"
    r"|gesperrt|suspendu|suspendid[oa]|sospes[oa]|bloqu[eé]|bloccat|geblokkeerd|заблокирован|спам|垃圾邮件"
    r"|迷惑メール|停止|無効になって",
    re.IGNORECASE,
)
"""The rejection is about this email or this moment, also if it names the recipient."""
FULL = re.compile(
    r"\bquota|\b(mailbox|inbox|account|folder|storage|disk|maildir|user)\b.{0,40}\b(full|exceed\w*|overflow\w*"
    r"|over (its |the )?(limit|size))\b"
    r"|\b(exceed\w*|over|out of|insufficient) .{0,30}(storage|disk space|mailbox size|size limit|space)\b"
    r"|postfach .{0,30}voll|speicherplatz|kontingent|boîte .{0,40}(pleine|saturée)|espace .{0,20}insuffisant"
    r"|buz[oó]n .{0,30}llen|casella .{0,30}piena|caixa .{0,40}(cheia|lotada)|(mailbox|postbus) .{0,20}vol\b"
    r"|skrzynk\w .{0,30}(pełn|przepełn)"
    r"|(ящик|квота)\S{0,4} .{0,30}(переполнен|превышен)|переполнен|превышена квота|(邮箱|郵箱|信箱).{0,10}(已?满|已?滿)"
    r"|空间不足|容量.{0,20}(超|いっぱい|オーバー|不足)"
    r"|メールボックス.{0,10}(いっぱい|一杯|満杯)",
    re.IGNORECASE,
)
"""The mailbox is full."""
LOCAL_FAULT = re.compile(
    r"\b(procmail|maildrop|mail\.local|local mailer)\b|\b(can['o]?n?[o']t|couldn'?t|could not"
    r"|unable to) (create|open|lock|write|chdir)\b"
    r"|\binsufficient permission|\bpermission denied\b|\bI/O error|\bno space left",
    re.IGNORECASE,
)
"""The program that stores mails on the recipient's server failed."""
MAY_NOT_EXIST = re.compile(r"\b(user|account|address|mailbox|domain)( or \w+)? (may|might) not exist\b", re.IGNORECASE)
"""The server's first guess is that the address does not exist, also if other guesses follow."""
NO_SUCH_DOMAIN = re.compile(r"\bnxdomain\b|\bdomain name not found\b|\bno such domain\b", re.IGNORECASE)
"""The DNS itself says that the domain does not exist, which no later attempt changes."""
INACTIVE = re.compile(
    r"\b(user|recipient|mailbox|account|address)\S{0,3}( account)? (is |has been |was )?(\w+ )?(disabled"
    r"|suspended|inactive|locked|frozen)\b"
    r"|(postfach|konto) .{0,40}(gesperrt|deaktiviert)|(compte|boîte) .{0,40}(désactivé|suspendu)|(cuenta"
    r"|buz[oó]n) .{0,40}(suspendid|desactivad)",
    re.IGNORECASE,
)
"""The mailbox exists, and accepts no mail now."""
PERSON = r"(user|recipient|rcpt|mail ?box|address|account|addressee|alias|e-?mail|username|person|customer|entry)(e?s)?"
"""Nouns for the owner of an address."""
_NAME = r"( [^\s]{1,100})?"
"""A word between a noun and its verb, such as an address in "user ann@example.com does not exist"."""
_IS = r"( is| was| are| were| has| could| can| may be)?"
_NO_SUCH = (
    r"(unknown|unrecogni[sz]ed|undefined|unresolvable|no such|invalid|illegal|inexistent|non-? ?existent"
    r"|incorrect|wrong"
    r"|bad( destination)?)"
)
_NOT_THERE = (
    r"(unknown|undefined|invalid|illegal|inexistent|non-? ?existent|incorrect|misspelled|misspelt|mistyped"
    r"|missing|(not|isn't|aren't|wasn't) (in use|on file)|(isn't|wasn't|aren't) (found|known|listed"
    r"|recogni[sz]ed|registered|valid)"
    r"|not (be )?(found|known|exist\w*|recogni[sz]ed|listed|located|resolved|registered)|not here"
    r"|(could |can)not be found|couldn't be found|do(es)? ?n[o']t exist|not an? (known|valid|active|existing"
    r"|local) \w+)"
)
_FIND = r"(find|locate|recogni[sz]e|resolve|look ?up)"
_CANNOT_FIND = (
    rf"((can ?not|can't|could ?n[o']t|unable to|did not|didn't|fail(ed|ure)? to|does ?n[o']t) {_FIND}"
    r"|can ?not be found:?)"
)
_ADDRESS = r"\b[^\s@]{1,64}@[^\s@]{1,250}"
_NO_MAIL = r"(any )?(e-?)?(mails?|messages?)\b(?! (from|at|with|for))"
_UNKNOWN_ENGLISH = (
    rf"\b{_NO_SUCH} (or (illegal|invalid) )?(local )?(\w+ )?{PERSON}\b"
    rf"|\b{PERSON}( (name|address|account|id))?{_NAME}( (that )?you (\w+ ){{1,3}}to( \w+)?)?{_IS} ?{_NOT_THERE}\b"
    rf"|{_ADDRESS}{_IS} {_NOT_THERE}\b"
    rf"|\b{PERSON}\b.{{0,40}}\bno longer (exists|valid|available|on server|in (use|service)|here|active"
    rf"|(accept|receiv)\w+ {_NO_MAIL})"
    r"|\bno longer (employed|works here|with (us|the|this|our))|\bis no longer (at|with) (this|the|our)\b"
    rf"|\b(no ?body|no ?one|no (valid |e-?mail )?{PERSON}|no such \w+) (here|named|called|by (that|this)|of (that|this)"
    r"|with (that|this)|found|at this|on this)\b|\bthere is no (such )?(user|mailbox|account)|\bthere's no such\b"
    rf"|\bnot our (user|customer|mailbox|recipient|address)|\bnot an? ((known|valid|active|existing|local"
    rf"|current) )+{PERSON}"
    rf"|\b{_CANNOT_FIND} (a |an |any |that |this |the |such )?({PERSON}\b|{_ADDRESS})"
    r"|\b(does ?n[o']t have|has no) (an? |any )?(\S+ )?(account|mailbox)\b|\b(don't|do not) know that (user"
    r"|person|address)"
    rf"|\b({PERSON}|{_ADDRESS})( [^\s]{{1,100}})? (\w+ ){{0,3}}(not|isn't|wasn't) (found |listed )?in (the |my |our )"
    r"(\S+ ){0,3}(directory|validrcptto|database|system|list|address book)\b(?! of allowed)"
    r"|\bnot listed in (the )?(\w+ ){0,3}(directory|address book|name (and|&) address)|\bno such entry\b"
    rf"|\bno (match|record|results?) (for|of) (this |that |the )?{PERSON}\b"
    r"|\brecipient address(es)? rejected ?: ?(access denied\b(?! for)|undeliverable)|\brecip(ient)?notfound\b"
    r"|\binactive e-?mail address\b|\bunrouteable address\b|\bunknown local[- ]part\b|\b(has|have) moved\b"
    r"|\bnot local\b(?! host)|\bnot known here\b|\bno (account|mailbox|user) for\b"
    r"|\bname is not (recogni[sz]ed|known|found)\b"
    rf"|\bnot have such an? {PERSON}\b|\binvalid (final delivery )?userid\b|\bno valid recipients?\b"
    r"|\b(account|mailbox|user|address) (\S+ )?(has been |was |is )?(deleted|removed|terminated|closed|cancell?ed"
    r"|discontinued|retired|deactivated permanently)\b"
    rf"|\b(has|have) (left|departed from) (the|this|our) (company|organi[sz]ation)|\baddress (does not|doesn't) "
    rf"(accept|receive) {_NO_MAIL}"
    r"|\b(recipient|user|address|mailbox) (has |was )?(changed|moved) (e-?mail|address|to)"
    r"|\bnew (e-?mail )?address is\b|\bdelivery to \S+ failed: unknown\b"
    r"|\b(account|address|user|mailbox|recipient) or domain may not exist"
)
_UNKNOWN_ELSEWHERE = (
    r"\b(benutzer|empfänger|adressat|adresse|postfach|konto|nutzer|mailbox)\w*\b.{0,80}"
    r"(unbekannt|existiert nicht|nicht gefunden|nicht vorhanden|ungültig|nicht existier|gibt es nicht)"
    r"|\b(unbekannte[rns]?|ungültige[rns]?) (e-?mail-?)?(empfänger|benutzer|adress|postfach)"
    r"|\bno se (ha )?encontr\w+ (el|la|al) (destinatario|usuario|direcci[oó]n|cuenta|buz[oó]n)"
    r"|\bimpossibile trovare (il |l'|la )?(destinatario|utente|indirizzo|casella)"
    r"|\bnie znaleziono (odbiorc|adres|użytkownik|skrzynk)|\bне найден\S{0,2} (получател|пользовател|адрес|ящик)"
    r"|\b(παραλήπτη|διεύθυνση|χρήστη)\w*\b.{0,60}(δεν (βρέθηκε|υπάρχει))"
    r"|\b(destinatar|utilizator|adres)\w*\b.{0,60}(nu (a fost găsit|există)|inexistent)"
    r"|\b(utilisateur|destinataire|adresse|bo[iî]te|compte|usager)\b.{0,80}(inconnue?s?\b|inexistante?|n'existe p"
    r"|introuvable|invalide|non trouvé)"
    r"|\b(usuario|destinatario|direcci[oó]n|buz[oó]n|cuenta)\b.{0,80}(desconocid|no existe|inexistente"
    r"|no (se )?(ha )?encontr|no válid|inválid|no es válid)"
    r"|\b(utente|destinatario|indirizzo|casella)\b.{0,80}(sconosciut|inesistente|non esiste"
    r"|non (è stat[oa] )?trovat|non valid)"
    r"|\b(usuário|utilizador|destinatário|endereço|caixa|conta)\b.{0,80}(desconhecid|não existe|inexistente"
    r"|inválid|não (foi )?encontrad)"
    r"|\b(gebruiker|ontvanger|adres|e-?mailadres|mailbox|postbus|geadresseerde)\b.{0,80}(onbekend|bestaat niet"
    r"|niet gevonden|ongeldig)|\bonbekende (gebruiker|ontvanger)"
    r"|\b(użytkownik|odbiorc|adres|skrzynk|konto)\w*\b.{0,80}(nieznan|nie istnieje|nie znalezion|nieprawidłow)"
    r"|\bnie ma takie\w+ (użytkownik|adres|kont)|\bnieznany (użytkownik|odbiorca|adres)"
    r"|(пользовател|получател|адрес|ящик|абонент|аккаунт)\S{0,6}\b.{0,80}(не существует|не найден|неизвест"
    r"|не зарегистрирован|недействител|удал[её]н)"
    r"|несуществующ\w+ (пользовател|адрес|ящик|получател)|(нет|не существует) такого (пользовател|адрес|ящик"
    r"|получател)|так(ого|ой) (пользовател|адрес"
    r"|ящик)\S{0,4} (нет|не существует)|неизвестн\S+ (пользователь|получатель|адрес)"
    r"|(?:\b|post|mail)(mottagar|användar|adress|konto|brevlåd)\w*\b.{0,60}"
    r"(finns inte|existerar inte|hittades inte|okänd)"
    r"|(?:\b|post|mail)(modtager|mottaker|bruger|bruker|adresse|konto|postkasse|postboks)\w*\b.{0,60}"
    r"((findes|finnes|finst|eksisterer) ikke|ikke (fundet|funnet)|ukendt|ukjent)"
    r"|\b(okänd|ukendt|ukjent) (mottagar|användar|modtager|mottaker|bruger|bruker|adress)"
    r"|\btuntematon (vastaanottaj|käyttäj|osoite)"
    r"|(?:\b|posti)(vastaanottaj|käyttäj|osoit)\w*\b.{0,60}"
    r"(ei löy|ei ole olemassa|tuntematon)"
    r"|\b(uživatel|příjemc|adres|schránk|používateľ|príjemc)\w*\b.{0,60}(neexistuj|nenalezen|neznám|nebyl\w? nalezen)"
    r"|\bneznámý (uživatel|příjemce|adresát)"
    r"|\bismeretlen (felhasználó|címzett)|\b(felhasználó|címzett|postafiók)\w*\b.{0,60}(nem létezik"
    r"|nem található|ismeretlen)"
    r"|\b(kullanıcı|alıcı|adres|hesap|posta kutusu)\w*\b.{0,60}(bulunamadı|mevcut değil|geçersiz)"
    r"|\b(користувач|отримувач|одержувач|адрес)\w*\b.{0,60}(не існує|не знайден|невідом)"
    r"|(사용자|수신자|수신인|주소|계정|메일함).{0,30}(존재하지 않|찾을 수 없|없습니다)"
    r"|존재하지 않는.{0,10}(사용자|수신자|주소|계정|메일)"
    r"|\b(nicht im|nicht in der) \S*(verzeichnis|adressbuch)\w*\b|\b(pas|non) (répertorié|listé"
    r"|trouvé)e? dans l'annuaire"
    r"|\bno (figura|aparece|está) .{0,20}(en )?el directorio|\bnon (è )?(elencat|presente|trovat)\w* nell[a']"
    r"|(用户|用戶|使用者|收件人|邮箱|郵箱|信箱|邮件地址|電子郵件地址|地址|帐号|帳號|账号|帐户"
    r"|帳戶).{0,30}(不存在|未找到|找不到|没有找到|無此|无效|無效)|(不存在|未知|无效"
    r"|無效)的?(用户|用戶|收件人|邮箱|地址)|找不到.{0,20}(用户|收件人|邮箱|信箱|地址)|查无此|查無此|(没有"
    r"|沒有)(这个|這個|此|该|該)(用户|用戶|邮箱|郵箱|地址)"
    r"|(ユーザ|ディレクトリ|アドレス|宛先|あて先|受信者|メールボックス|アカウント).{0,40}(存在(し|いた)"
    r"|見つか(りま|ら)|みつか(りま|ら)|不明|ございません|ありません|登録され)|リストにありません"
    r"|宛先不明|存在しない.{0,10}(アドレス|ユーザ|メール|宛先)|有効なアドレスでは"
)
UNKNOWN = re.compile(f"{_UNKNOWN_ENGLISH}|{_UNKNOWN_ELSEWHERE}", re.IGNORECASE)
"""The address does not exist, or the person has moved."""
UNKNOWN_ELSEWHERE = re.compile(_UNKNOWN_ELSEWHERE, re.IGNORECASE)
"""The same in other languages than English: the words of the reporting server, not those of a reply that it quotes."""
UNAVAILABLE = re.compile(rf"\b{PERSON} (is )?(unavailable|not available)\b(?! or )", re.IGNORECASE)
"""The text of RFC 5321 for 550. It counts only without a precise status and without an alternative, such as "mailbox
unavailable or access denied"."""
NO_HOST = re.compile(
    r"\b(host|domain)( name)?( \S+)? ?(is |was )?(unknown|not found|not reachable|does ?n[o']t exist|doesn't exist)"
    r"|\b(unknown|no such|invalid|non-?existent) (mail )?(host|domain)\b"
    r"|\b(host|domain) (\S+ )?does not (accept|receive) (mail|email)|\b(domain|host) (\S+ )?(does ?n[o']t"
    r"|did not|cannot) (resolve|have an? (mx|mail))"
    r"|\b(there is )?no mail ?(server|host|exchanger) for (the |this )?(domain|host)?"
    r"|\bmail server (for \S+ )?not found"
    r"|\bnull mx\b|\bnxdomain\b"
    r"|\bname or service not known\b|\bdomain must (exist|resolve)\b|\bno such host\b|\bunknown mail server\b"
    rf"|\b{_CANNOT_FIND} (the )?(recipient('s)? )?(mail )?(host|domain)\b"
    rf"|\bdomain \S+ (is )?no longer (hosted|valid|active)"
    r"|\b[\w-]{1,63}\.[\w.-]{1,190} does not (accept|receive) (any )?(e-?)?mail\b(?! (from|at|with))"
    r"|\bno (dns|mx|mail exchanger|a|a or mx)s? (records? )?(found|for)\b|\bmx or srv record indicated no smtp\b"
    r"|\bcouldn't find any host named\b"
    r"|\bunrouteable (mail )?domain\b|\billegal host/domain name|\bdomain name not found"
    r"|\bmx records? point to non-?existent hosts|\bhas no (mx|mail exchanger"
    r"|mail server)|\bhost or domain name not found"
    r"|\bdomain \S+ (is )?not (valid|resolvable|registered)|\b(domain|host) .{0,40}(invalid|nonexistent|non-existent)\b"
    r"|\b(domain|domäne|host|rechner)\b.{0,60}(nicht gefunden|existiert nicht|unbekannt)"
    r"|\bdomaine\b.{0,60}(inexistant|introuvable|n'existe pas|inconnu)"
    r"|\bdomini?o\b.{0,60}(no existe|no se encontr|inesistente|non esiste|sconosciut|desconocid)"
    r"|\bdomínio\b.{0,60}(não existe|inexistente|não encontrad|desconhecid)"
    r"|\bdomein\b.{0,60}(bestaat niet|niet gevonden|onbekend)|\bdomen\w{0,3}\b.{0,60}nie istnieje"
    r"|домен\S{0,3}\b.{0,60}(не существует|не найден)"
    r"|(域名|网域|網域).{0,30}(不存在|无法解析|找不到|無法解析)|(ドメイン|ホスト).{0,40}(存在し|見つか(りま"
    r"|ら)|みつか(りま|ら)|不明)",
    re.IGNORECASE,
)
"""The host does not exist, or accepts no mail."""
