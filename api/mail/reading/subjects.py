"""Subjects of answers and of forwarded mails, in the languages of mail programs."""

import re

ANSWER_SUBJECT = re.compile(
    r"^\s{0,5}(?:\[[^\]]{0,40}\]\s{0,3})?(?:re|aw|antw|antwort|sv|vs|odp|rif|r|res|ref|回复|回覆|答复|答覆|返信|회신|ynt"
    r"|atb|vá|отв|на|ats|bls|απ|σχετ|תשובה|השב|رد|ตอบ|trả lời)"
    r"\s{0,2}(?:\[\d{1,3}\]|\^\d{1,3})?\s{0,2}[:：]",
    re.IGNORECASE,
)
FORWARD_SUBJECT = re.compile(
    r"^\s{0,5}(?:fw|fwd|wg|tr|rv|i|enc|doorst|pd|vb|vl|ilt|i̇lt|πρθ|הועבר|إعادة توجيه|转发|轉寄|転送)\s{0,2}[:：]",
    re.IGNORECASE,
)
