"""Secrets that the name before them shows: password=…, "clientSecret": "…", Cookie: …, <SessionToken>….

Three kinds of names. STRONG names hold nothing but secrets. A COMPOUND name (session_token, secret) may stand in a
sentence as well, and WEAK names (token, signature) name many things: what they hold must look like a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from oidc_doctor.model.secret_texts.forms import is_basic
from oidc_doctor.model.secret_texts.tokens import Span, end_of_lines, is_mixed

Strength = Literal["strong", "compound", "weak"]

NEEDLES: Final = ("pass", "pwd", "secret", "key", "token", "auth", "cookie", "sess", "sig", "credential", ".sid")

_CORE = (
    r"(?P<strong>passw(?:or)?d|passphrase|passcode|secret[ _.-]?access[ _.-]?key|secret[ _.-]?key"
    r"|secret[_-]?(?:string|binary|value)|api[ _.-]?key|(?<!public)[_-]?access[ _.-]?key"
    r"|(?:private|signing|encryption|master|account|shared|storage|subscription|ssh|deploy|decryption)[ _.-]?key"
    r"|(?:client|app|webhook|consumer|shared|signing|api)[ _.-]?secret|connection[_-]?string)"
    r"|(?P<compound>(?:access|refresh|id|session|security|auth|bearer|oauth2?|csrf|xsrf|federated|subject|identity"
    r"|login|user|bot|deploy|private|ci|job|request|registration|vault|device|sas|api|jwt|install|push|npm|pypi|hub|lab)"
    r"[ _.-]?token|secret|(?<![A-Za-z])pwd|jsessionid|phpsessid|sess(?:ion)?[_-]?id(?=\s*=)|connect\.sid)"
    r"|(?P<weak>token|signature|(?<![A-Za-z])sig|credentials?|(?<![A-Za-z])_?auth)"
)
# A quotation mark, an equals sign and a colon, also as JSON, URLs and XML escape them
_Q = r"(?:\\*[\"']|\\+u002[27]|&quot;|&apos;|&#3[49];|%2[27])"
_EQUALS = r"(?:=>|:=|=|:|%3[AaDd]|\\+u003[aAdD])"
_LABEL = re.compile(
    rf"(?i:{_CORE})(?:s|[ _-]?\d{{1,2}})?(?![A-Za-z0-9_-])"
    r"(?:"
    rf"(?P<listed>{_Q}?,?\s{{1,16}}{_Q}?value{_Q}?\s{{0,16}}[:=]\s{{0,16}}(?=\\*[\"'\w])"
    rf"|{_Q}\s{{0,16}},\s{{0,16}}{_Q}value{_Q}\s{{0,16}}{_EQUALS}\s{{0,16}})"
    rf"|(?P<sign>{_Q}?\]?(?:[ \t]|%20){{0,64}}{_EQUALS}(?:[ \t]|%20){{0,64}}"
    r"(?:[|>][+-]?[ \t]*)?(?:\r?\n[ \t]{1,64})?)"
    r"|(?P<gap>>|\\+u003[eE]|&gt;|[ \t]{0,64}[│┃|][ \t]{0,64}|[ \t]{1,64})"
    r")",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"(?i:(?:proxy-)?authorization|(?:set-)?cookie2?|x-[a-z-]{0,40}(?:key|token|auth|secret))"
    rf"(?P<sign>{_Q}?[ \t]{{0,16}}{_EQUALS}[ \t]{{0,16}}|[ \t]{{0,16}}[│┃|][ \t]{{0,16}})(?P<quote>{_Q})?"
)
_REST = re.compile(r"(?:[^\"'\r\n\\]|\\(?![rn\"'u])){1,8192}+")  # of a line or a quotation
_REST_OF_LINE = re.compile(r"[^\r\n\\\"]++")
_SCHEME = re.compile(
    r"(?i:bearer|basic|token|negotiate|digest|ntlm|hmac|api-?key|googlelogin|aws4-[\w-]+|aws)(?:[ +]|%20)"
)
_QUOTE = re.compile(_Q)
_BARE = re.compile(r"(?:[^\s\"'&<>\\│┃]|\\(?![nrt\"'\\u]))++")
_PLAIN = re.compile(
    r"(?:\[(?:secret |token )?removed\].*|\*{3,}|<.*>|\$(?:[{(].*|[A-Z_][A-Z0-9_]*)|%[A-Z_]+%|[xX*.#-]+|…)", re.DOTALL
)
_MARK = re.compile(r"\[(?:secret |token )?removed\]")
_NO_SECRETS = """
    null none nil true false undefined empty unset missing required redacted hidden masked omitted removed secret snip
    yes no string bool boolean invalid expired write read optional default
"""
_WORDS = frozenset(_NO_SECRETS.split())
_NUMBER = re.compile(r"-?\d[\d.eE+-]*")
_PLACE = re.compile(r"arn:|urn:|https?:|file:|s3:|gs:|[./~]|[A-Za-z]:\\|-")
_LOWER = re.compile(r"[A-Za-z]?[a-z]{1,19}")
_TOKEN_LIKE = re.compile(r"[A-Za-z0-9+/=_.~%:-]+")
_BEFORE: Final = 64  # characters of a name before its core
_RANDOM, _LONG_RANDOM, _SHORT = 12, 16, 6


def label_spans(text: str, low: str) -> Iterator[Span]:
    """Yield the spans of the values that stand behind the name of a secret; `low` is the text in small letters."""
    if not any(needle in low for needle in NEEDLES):
        return
    reached = 0
    if "authorization" in low or "cookie" in low or "x-" in low:
        for header in _HEADER.finditer(text):
            if header.start() < reached:
                continue
            span = _header_value(text, header)
            if span is not None:
                reached = span[1]
                yield span
    reached = 0
    for label in _LABEL.finditer(text):
        if label.end() <= reached:
            continue
        span = _value(text, label)
        if span is not None and not _MARK.match(text, span[0]):
            reached = span[1]
            yield span


def strength_of(name: str) -> Strength | None:
    """Return how surely a field of this name holds a secret; None where it does not."""
    low = name.lower()
    if not any(needle in low for needle in NEEDLES) or len(name) > _LONGEST_NAME:
        return None
    match = _WHOLE_NAME.fullmatch(name)
    if match is None:
        return None
    return "strong" if match["strong"] or match["header"] else "compound" if match["compound"] else "weak"


_LONGEST_NAME: Final = 128
_WHOLE_NAME = re.compile(
    rf"(?i:(?P<header>(?:proxy-)?authorization|(?:set-)?cookies?2?)|.*?(?:{_CORE})(?:s|[ _-]?\d{{1,2}})?)", re.DOTALL
)


def holds_secret(name: str, value: str) -> bool:
    """Return whether `value` is a secret because the field that holds it is called `name`."""
    strength = strength_of(name)
    return strength is not None and is_accepted(strength, value, certain=True, name=name)


def is_accepted(strength: Strength, value: str, *, certain: bool, name: str = "") -> bool:
    """Return whether a value is a secret under a name of this strength; `certain` where it surely is the value."""
    bare = value.strip()
    if not bare or _PLAIN.fullmatch(bare) or bare.lower() in _WORDS:
        return False
    if name.lower().endswith("auth") and strength == "weak":
        return is_basic(bare) or (len(bare) >= _LONG_RANDOM and is_mixed(bare) and bool(_TOKEN_LIKE.fullmatch(bare)))
    if strength == "strong":
        return certain or not _LOWER.fullmatch(bare)
    if _PLACE.match(bare):
        return False
    if strength == "compound":
        is_value = len(bare) >= _SHORT and " " not in bare and not _LOWER.fullmatch(bare)
        return is_value and (certain or (len(bare) >= _RANDOM and is_mixed(bare)))
    return len(bare) >= _LONG_RANDOM and is_mixed(bare) and bool(_TOKEN_LIKE.fullmatch(bare)) and ":" not in bare


def _strength(match: re.Match[str]) -> Strength:
    return "strong" if match["strong"] else "compound" if match["compound"] else "weak"


def _value(text: str, label: re.Match[str]) -> Span | None:
    strength = _strength(label)
    at = label.end()
    begin, before = _beginning(text, label.start())
    quote = _QUOTE.match(text, at)
    if label["gap"] and not label["gap"].isspace() and text[max(begin - 2, 0) : begin].endswith("/"):
        return None  # the end of an element
    if label["gap"] is not None:
        is_option = text.startswith("--", begin) and label["gap"].isspace()
        is_element = not label["gap"].isspace() and label["gap"].strip() not in tuple("│┃|")
        start, end = _quoted(text, quote) if quote else _bare(text, at)
        value = text[start:end]
        if is_element or is_option:
            known = is_accepted(strength, value, certain=True) and not value.startswith("-") and not value.isupper()
            return (start, end) if known else None
        random = is_mixed(value) and len(value) >= (_RANDOM if strength == "strong" else _LONG_RANDOM)
        if strength == "weak" or not random or _PLACE.match(value) or ":" in value:
            return None
        return start, end_of_lines(text, start, end)
    sign = label["sign"] or ""
    if quote:
        start, end = _quoted(text, quote)
        return (
            (start, end)
            if is_accepted(
                strength, text[start:end], certain=True, name=label[0][: label.end() - label.start() - len(sign)]
            )
            else None
        )
    close = sign.endswith(":") and not _QUOTE.match(sign)
    if close and before and before not in " \t\r\n{,;(&?|\"'":
        return None  # a segment of a subject or a path, such as repo:NAME/token:ref:…
    starts_line = before in ("", "\n") and not text.startswith("--", begin)  # of an option, its message follows
    start, end = _bare(text, at)
    if text[start : start + 1] in ("[", "{") or (_QUOTE.match(sign) and _NUMBER.fullmatch(text, start, end)):
        return None  # JSON, in which a mark without quotation marks would be a fault
    if strength == "strong" and starts_line and ":" in sign and text[start:end].strip():
        line = _REST_OF_LINE.match(text, start)
        end = max(end, line.end()) if line else end
        end = start + len(text[start:end].partition(" #")[0].rstrip())
    certain = starts_line or "=" in sign or bool(_QUOTE.match(sign)) or label["listed"] is not None or "%" in sign
    if "%" in sign:
        end = start + len(re.split(r"%2[26Cc]|%7[Dd]|&", text[start:end], maxsplit=1)[0])
    if not is_accepted(strength, text[start:end], certain=certain, name=label[0].rstrip(" \t:=")):
        return None
    return start, end_of_lines(text, start, end)


def _beginning(text: str, core: int) -> tuple[int, str]:
    """Return where the name begins, whose last part begins at `core`, and the character before it.

    At the beginning of a line, and behind `export `, `- ` and the like, the character is a line break.
    """
    start = max(core - _BEFORE, 0)
    name = re.search(r"[\w.-]*\Z", text[start:core])
    begin = start + name.start() if name else core
    line = text.rfind("\n", start, begin) + 1
    lead = text[line:begin] if line or not start else "?"
    if re.fullmatch(r"[ \t>|│#+-]*(?:(?:export|set|env|declare -x|\$env:)[ \t]*)?[\"']?", lead) or text[
        line:begin
    ].endswith("\\n"):
        return begin, "\n"
    return begin, text[begin - 1 : begin]


def _quoted(text: str, quote: re.Match[str]) -> Span:
    """Return the content of a quotation that begins with `quote`; to the end of the line where it does not end."""
    mark = quote[0]
    start = quote.end()
    if len(mark) > 1:
        end = text.find(mark, start)
    else:
        match = re.compile(rf"(?:[^{mark}\\\n]|\\.)*+").match(text, start)
        end = match.end() if match else start
    return start, end if end >= 0 else len(text)


def _bare(text: str, at: int) -> Span:
    match = _BARE.match(text, at)
    if match is None:
        return at, at
    return at, at + len(match[0].rstrip(",;)]}:"))


def _header_value(text: str, header: re.Match[str]) -> Span | None:
    quote = header["quote"]
    start = header.end()
    if quote:
        begin, end = _quoted(text, _QUOTE.match(text, header.start("quote")))  # type: ignore[arg-type]
    else:
        rest = _REST.match(text, start)
        begin, end = start, rest.end() if rest else start
    value = text[begin:end].rstrip()
    if not value or _PLAIN.fullmatch(value):
        return None
    is_cookie = "cookie" in header[0].lower()
    scheme = _SCHEME.match(value)
    if scheme:
        rest_of = value[scheme.end() :].strip()
        return None if not rest_of or _PLAIN.fullmatch(rest_of) else (begin + scheme.end(), begin + len(value))
    if is_cookie and "=" in value and not value.partition("=")[2].startswith("["):
        return begin, begin + len(value)
    first = value.partition(" ")[0]
    known = first == value or bool(quote)
    if known and (is_mixed(value) or len(value) >= _LONG_RANDOM or value.isupper()) and not _PLACE.match(value):
        return begin, begin + len(value)
    return None
