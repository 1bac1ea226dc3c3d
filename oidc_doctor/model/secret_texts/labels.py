"""Secrets that the name before them shows: password=…, "clientSecret": "…", Cookie: …, <SessionToken>….

Three kinds of names. STRONG names hold nothing but secrets. A COMPOUND name (session_token, secret) may stand in a
sentence as well, and WEAK names (token, signature) name many things: what they hold must look like a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from oidc_doctor.model.secret_texts.forms import is_basic
from oidc_doctor.model.secret_texts.near import matches_near, places_of
from oidc_doctor.model.secret_texts.tokens import Span, end_of_lines, is_mixed, is_random

Strength = Literal["strong", "compound", "weak"]

NEEDLES: Final = (
    "pass",
    "pwd",
    "secret",
    "key",
    "token",
    "auth",
    "cookie",
    "sess",
    "sig",
    "credential",
    ".sid",
    "plaintext",
    "awsalb",
    "sk=",
    "sk =",
    "seed",
    "response=",
    "salt",
    "device",
    "verifier",
    "saml",
    "pat=",
    "pat =",
    "connection",
    "cnonce=",
)

_CORE = (
    r"(?P<strong>passw(?:or)?d|passphrase|passcode|secret[ _.-]?access[ _.-]?key|secret[ _.-]?key"
    r"|secret[_-]?(?:string|binary|value)|api[ _.-]?key|(?<!public)[_-]?access[ _.-]?key"
    r"|(?:private|signing|encryption|master|account|shared|storage|subscription|ssh|deploy|decryption|hmac|data|jwt|cipher)"
    r"[ _.-]?key|(?:client|app|webhook|consumer|shared|signing|api|jwt|hmac|cookie|session)[ _.-]?secret"
    r"|connection[_-]?string)"
    r"|(?P<compound>(?:access|refresh|id|session|security|auth|bearer|oauth2?|csrf|xsrf|federated|subject|identity"
    r"|login|user|bot|deploy|private|ci|job|request|registration|vault|device|sas|api|jwt|install|push|npm|pypi|hub|lab)"
    r"[ _.-]?token|secret|(?:(?<![A-Za-z])|(?<=\\[nrt]))pwd|jsessionid|phpsessid|sess(?:ion)?[_-]?id(?=\s{0,8}=)"
    r"|connect\.sid)"
    r"|(?P<weak>token|signature|(?<![A-Za-z])sig|credentials?|(?:(?<![A-Za-z])|(?<=\\[nrt]))_?auth|plaintext|awsalb(?:cors)?"
    r"|(?:_|(?<![A-Za-z])|(?<=\\[nrt]))(?:sess(?:ion)?|sk|seed|pat)(?=\s{0,8}=)"
    r"|(?<![A-Za-z-])(?:response|cnonce)(?==)|salt"
    r"|device[_-]?code|code[_-]?verifier|saml(?:[_-]?(?:response|request|assertion))"
    r"|(?:app|application|fernet|license|admin|pre[_-]?shared|webhook|session|cookie|service|server|user|write|management)"
    r"[_-]?key)"  # of an Authorization: Digest
)
_SUFFIX = r"(?:s|[ _-]?\d{1,2}|[_-](?:v\d|base|base64|b64|pem|hex|raw|plain|value)(?![A-Za-z0-9_-]))?"
# A quotation mark, an equals sign and a colon, also as JSON, URLs and XML escape them
_Q = r"(?:\\*[\"']|\\+u002[27]|&quot;|&apos;|&#3[49];|%(?:25){0,3}2[27])"
_EQUALS = r"(?:=>|->|→|\\+u2192|:=|=|:|%(?:25){0,3}3[AaDd]|\\+u003[aAdD]|&#(?:58|61);)"
_TYPE = r"(?:\(\w{1,16}\)[ \t]{0,4}|\$(?=')|\[\s{0,8}(?=\\*[\"']))?"  # as (string) of a dump, or $'…' of a shell
_CONTINUED = r"(?:(?:\r?\n|\\+n)[ \t]{1,64}|\\\r?\n[ \t]{0,64}|\\{3,}n[ \t]{0,64})?"  # the value is in the next line
_LABEL = re.compile(  # on a text in small letters: without a choice of case, the search is several times as fast
    rf"(?:{_CORE}){_SUFFIX}(?![A-Za-z0-9_-])"
    r"(?:"
    rf"(?P<listed>{_Q}?,?(?:\s|\\+n){{1,16}}{_Q}?(?:value|content){_Q}?\s{{0,16}}[:=]\s{{0,16}}(?=\\*[\"'\w])"
    rf"|{_Q}\s{{0,16}},\s{{0,16}}{_Q}value{_Q}\s{{0,16}}{_EQUALS}\s{{0,16}})"
    rf"|(?P<sign>{_Q}?\]?(?:[ \t]\[[^\]\r\n]{{0,40}}\])?(?:[ \t]|%20){{0,64}}{_EQUALS}(?:[ \t]|%20){{0,64}}"
    rf"(?:[|>][+-]?[ \t]{{0,8}})?{_TYPE}{_CONTINUED})"
    rf"|(?P<told>[ \t]{{1,8}}(?:is|was|be)[ \t]{{1,8}}|{_Q}?[ \t]{{0,8}}[,;][ \t]{{0,8}})"
    r"|(?P<gap>>|\\+u003[eE]|&gt;|%(?:25){0,3}3[eE]|(?:\\+t)+|[ \t]{0,64}[│┃|][ \t]{0,64}|[ \t]{1,64})"
    r")"
)
_HEADER = re.compile(
    r"(?:(?:proxy-)?authorization|(?:set-)?cookie2?|x-[a-z-]{0,40}(?:key|token|auth|secret))"
    rf"(?P<sign>{_Q}?[ \t]{{0,16}}{_EQUALS}[ \t]{{0,16}}|[ \t]{{0,16}}[│┃|][ \t]{{0,16}})"
    rf"(?:\[\s{{0,8}}(?={_Q}))?(?P<quote>{_Q})?"
)
_REST = re.compile(r"(?>[^\"'\r\n\\]*+(?:\\(?![rn\"'u])[^\"'\r\n\\]*+)*)")  # of a line or a quotation
_LONGEST_HEADER: Final = 8192  # characters of its value
_LONGEST_VALUE: Final = 512  # characters that are looked at to tell whether a value is a secret
_REST_OF_LINE = re.compile(r"[^\r\n\\\"]++")
_SCHEME = re.compile(
    r"(?i:bearer|basic|token|negotiate|digest|ntlm|hmac|api-?key|googlelogin|ssws|aws4-[\w-]+|aws)(?:[ +]|%20)"
)
_QUOTE = re.compile(_Q)
_BARE = re.compile(r"(?>(?:[^\s\"'&<>\\│┃]++|\\(?![nrt\"'\\u]))+)")
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
_NAME_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
_SHORT_NAME = re.compile(r"(?:sk|pat)(?=\s{1,8}=)")
_BEFORE: Final = 64  # characters of a name before its core
_BEFORE_NEEDLE: Final = 16  # characters of a core before its needle: subscription_key
_RANDOM, _LONG_RANDOM, _SHORT, _TOLD = 12, 16, 6, 20
_RANDOM_WORD = re.compile(r"[A-Za-z0-9+/_~-]+={0,2}")


def label_spans(text: str, low: str) -> Iterator[Span]:
    """Yield the spans of the values that stand behind the name of a secret; `low` is the text in small letters."""
    if not any(needle in low for needle in NEEDLES):
        return
    if len(low) != len(text):  # a letter that is two in small letters
        low = "".join(small if len(small := character.lower()) == 1 else character for character in text)
    reached = rest = 0
    if "authorization" in low or "cookie" in low or "x-" in low:
        for header in _HEADER.finditer(low):
            if header.start() < reached:
                continue
            if header.end() >= rest:  # else the value goes to the same end as that of the header before it
                following = _REST.match(text, header.end())
                rest = following.end() if following else header.end()
            span = _header_value(text, header, rest)
            if span is not None:
                reached = span[1]
                yield span
    reached = 0
    runs = _Runs(text)
    for label in _labels(low):
        if label.end() <= reached:
            continue
        span = _value(runs, label)
        if span is not None and not _MARK.match(text, span[0]):
            reached = span[1]
            yield span


def _labels(low: str) -> Iterator[re.Match[str]]:
    """Return the matches of _LABEL in turn. Every name contains a needle near its start."""
    places = places_of(NEEDLES, low) | {name.start() for name in _SHORT_NAME.finditer(low)}
    return matches_near(_LABEL, low, places, _BEFORE_NEEDLE)


def strength_of(name: str) -> Strength | None:
    """Return how certainly a field with this name is a secret; None if it is not."""
    low = name.lower()
    if not any(needle in low for needle in NEEDLES) or len(name) > _LONGEST_NAME:
        return None
    match = _WHOLE_NAME.fullmatch(name)
    if match is None:
        return None
    return "strong" if match["strong"] or match["header"] else "compound" if match["compound"] else "weak"


_LONGEST_NAME: Final = 128
_WHOLE_NAME = re.compile(
    rf"(?i:(?P<header>(?:proxy-)?authorization|(?:set-)?cookies?2?)|.*?(?:{_CORE}){_SUFFIX})", re.DOTALL
)


def holds_secret(name: str, value: str) -> bool:
    """Return whether `value` is a secret because its field is called `name`."""
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


def _value(runs: _Runs, label: re.Match[str]) -> Span | None:
    text, at = runs.text, label.end()
    mark = _MARK.match(text, label.start() - 1) if label.start() else None
    if mark is not None:
        return _behind_mark(runs, mark.end())
    strength = _strength(label)
    quote = _QUOTE.match(text, at)
    if label["told"] is not None or label["gap"] is not None:
        return _behind_gap(runs, label, strength, quote)
    sign = label["sign"] or ""
    if quote:
        start, end = _quoted(text, quote)
        name = label[0][: label.end() - label.start() - len(sign)]
        return (start, end) if is_accepted(strength, runs.value(start, end), certain=True, name=name) else None
    begin, before = _beginning(text, label.start())
    close = sign.endswith(":") and not _QUOTE.match(sign)
    if close and before and before not in " \t\r\n{,;(&?|\"'":
        return None  # a segment of a subject or a path, such as repo:NAME/token:ref:…
    starts_line = before in ("", "\n") and not text.startswith("--", begin)  # of an option, its message follows
    start, end = runs.bare(at)
    if text[start : start + 1] in ("[", "{") or (_QUOTE.match(sign) and _NUMBER.fullmatch(text, start, end)):
        return None  # JSON, in which a mark without quotation marks would be a fault
    if strength == "strong" and starts_line and ":" in sign and text[start:end].strip():
        line = _REST_OF_LINE.match(text, start)
        end = max(end, line.end()) if line else end
        end = start + len(text[start:end].partition(" #")[0].rstrip())
    certain = starts_line or "=" in sign or bool(_QUOTE.match(sign)) or label["listed"] is not None or "%" in sign
    if "%" in sign:
        end = start + len(re.split(r"%(?:25){0,3}2[26Cc]|%(?:25){0,3}7[Dd]|&", text[start:end], maxsplit=1)[0])
    if not is_accepted(strength, runs.value(start, end), certain=certain, name=label[0].rstrip(" \t:=")):
        return None
    return start, end_of_lines(text, start, end)


def _behind_mark(runs: _Runs, at: int) -> Span | None:
    """Return the span of an escaped value whose name went with the secret before it."""
    start, end = runs.bare(at)
    value = runs.value(start, end)
    return (start, end) if value.startswith("%") and len(value) >= _LONG_RANDOM and is_mixed(value) else None


def _behind_gap(runs: _Runs, label: re.Match[str], strength: Strength, quote: re.Match[str] | None) -> Span | None:
    """Return the span of a value behind a blank, a comma, a word, the frame of a table or the start of an element."""
    text, at = runs.text, label.end()
    start, end = _quoted(text, quote) if quote else runs.bare(at)
    value = runs.value(start, end)
    if label["told"] is not None:
        return (start, end_of_lines(text, start, end)) if _is_told(value, strength) else None
    gap = label["gap"]
    is_element = gap.endswith((">", "&gt;", "e", "E"))
    is_option = gap.isspace() and "--" in text[max(label.start() - _BEFORE, 0) : label.start()]
    if is_element or is_option:
        begin, _ = _beginning(text, label.start())
        if is_element and text[max(begin - 2, 0) : begin].endswith("/"):
            return None  # the end of an element
        if is_element or text.startswith("--", begin):
            accepted = is_accepted(strength, value, certain=True) and not value.startswith("-") and not value.isupper()
            return (start, end) if accepted else None
    random = is_mixed(value) and len(value) >= (_RANDOM if strength == "strong" else _LONG_RANDOM)
    if (strength == "weak" and not _is_told(value, strength)) or not random or _PLACE.match(value) or ":" in value:
        return None
    return start, end_of_lines(text, start, end)


class _Runs:
    """The words of a text without a blank, each read once, however many names of secrets stand in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.start = self.end = self.trimmed = 0

    def bare(self, at: int) -> Span:
        """Return the span of the value that begins at `at` without a quotation mark."""
        if not self.start <= at < self.end:
            match = _BARE.match(self.text, at)
            self.start, self.end = at, match.end() if match else at
            self.trimmed = self.end
            while self.trimmed > at and self.text[self.trimmed - 1] in ",;)]}:":
                self.trimmed -= 1
        return at, max(at, self.trimmed)

    def value(self, start: int, end: int) -> str:
        """Return as much of a value as tells what it is."""
        return self.text[start : min(end, start + _LONGEST_VALUE)]


def _is_told(value: str, strength: Strength) -> bool:
    """Return whether a value is random enough to be a secret where only a word, a comma or a blank is before it."""
    enough = _RANDOM if strength == "strong" else _TOLD
    return len(value) >= enough and bool(_RANDOM_WORD.fullmatch(value)) and is_random(value)


def _beginning(text: str, core: int) -> tuple[int, str]:
    """Return where the name begins, whose last part begins at `core`, and the character before it.

    At the beginning of a line, and behind `export `, `- ` and the like, the character is a line break.
    """
    start = max(core - _BEFORE, 0)
    begin = start + len(text[start:core].rstrip(_NAME_CHARACTERS))
    if begin < core and text[begin - 1 : begin] == "\\" and text[begin] in "nrt":  # an escaped line break
        return begin + 1, "\n"
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
        match = re.compile(rf"(?>(?:[^{mark}\\\n]++|\\.)*)").match(text, start)
        end = match.end() if match else start
    return start, end if end >= 0 else len(text)


def _header_value(text: str, header: re.Match[str], rest: int) -> Span | None:
    quote = header["quote"]
    start = header.end()
    if quote:
        begin, end = _quoted(text, _QUOTE.match(text, header.start("quote")))  # type: ignore[arg-type]
    else:
        begin, end = start, min(rest, start + _LONGEST_HEADER)
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
    is_value = first == value or bool(quote)
    if is_value and (is_mixed(value) or len(value) >= _LONG_RANDOM or value.isupper()) and not _PLACE.match(value):
        return begin, begin + len(value)
    return None
