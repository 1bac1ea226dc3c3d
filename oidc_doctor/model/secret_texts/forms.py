"""Secrets that their own form shows: private keys, tokens with a vendor's prefix, passwords in URLs, bearer tokens.

The prefixes are those that the vendors document: GitHub, GitLab, Slack, Hugging Face, OpenAI, Stripe, Google, npm,
PyPI, Docker, SendGrid, HashiCorp Vault, DigitalOcean, Shopify. AWS does not document the beginning of a session token;
those here were observed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from oidc_doctor.model.secret_texts.near import matches_near, places_of
from oidc_doctor.model.secret_texts.private_keys import key_line_spans
from oidc_doctor.model.secret_texts.tokens import BEGINNING, Span, end_of_lines, is_mixed, is_random
from oidc_doctor.model.secret_texts.vendors import VENDOR_FORMS, Form

_B = BEGINNING  # an underscore may stand before it


def form_spans(text: str, low: str) -> Iterator[Span]:
    """Yield the spans of secrets of a known form; `low` is the text in small letters."""
    hinted = [number for needle, number in _NEEDLES if needle in low]  # mostly none
    for number in sorted({*hinted}):
        form = _ALL[number]
        for match in _matches(form, text, low):
            start, end = match.span("secret") if "secret" in form.pattern.groupindex else match.span()
            if end > start and not text.startswith(_MARKS, start) and form.accepts(text[start:end]):
                yield start, end_of_lines(text, start, end) if form.goes_on else end
    if "private" in low:
        yield from key_line_spans(text)


def _matches(form: Form, text: str, low: str) -> Iterator[re.Match[str]]:
    if form.before is None or len(low) != len(text):  # a letter may be two in small letters
        return form.pattern.finditer(text)
    return matches_near(form.pattern, text, places_of(form.needles, low), form.before)


def is_basic(value: str) -> bool:
    """Return whether `value` is base64 of NAME:PASSWORD."""
    from binascii import Error, a2b_base64

    try:
        data = a2b_base64(value.replace("-", "+").replace("_", "/").rstrip("=") + "===")
        return ":" in data.decode()
    except (Error, ValueError):
        return False


_LONG_ENOUGH: Final = 20
_MARKS: Final = ("[secret removed", "[token removed", "[removed")

_GAP = r"(?:[ +_]|%20|\r?\n[ \t]{0,16}|\\n)"  # between the words of a PEM label
_LINE = r"(?:(?<![^\s\"'])|(?<=\\[nrt]))"  # the beginning of a word in a line

_FORMS: Final = (
    Form(
        ("private",),
        re.compile(
            rf"-{{5}}BEGIN{_GAP}(?:[A-Z0-9]{{1,12}}{_GAP}){{0,4}}PRIVATE{_GAP}KEY(?:{_GAP}BLOCK)?-{{5}}"
            r"(?:(?>[^\"'{}<-]*+(?:-(?!-{4})[^\"'{}<-]*+)*)-{5}END(?:[ +_A-Z0-9]|%20){1,60}-{5}"
            r"|(?:(?>(?:\s++|\\+[nr]|%0[AaDd])*)[A-Za-z0-9+/=%]{12,})*)"
        ),
    ),
    Form(("private",), re.compile(r"(?<=PuTTY-User-Key-File)-[23]:[^\"'{}<]*+")),
    Form(
        ("ls0tls1crudjti",),
        re.compile(r"LS0tLS1CRUdJTi(?!BDRVJUSUZJQ0FUR|BQVUJMSUM)[A-Za-z0-9+/=_-]{20,}"),
        goes_on=True,
    ),
    Form(("zxlk",), re.compile(_B + r"ZXlK[A-Za-z0-9+/=_-]{80,}"), goes_on=True),  # base64 of a JWT
    Form(
        ("iqoj", "fwog", "fqog", "aqod"),
        re.compile(_B + r"(?:IQoJ|FwoG|FQoG|AQoD)[A-Za-z0-9+/=_%-]{16,}"),
        goes_on=True,
    ),
    Form(
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        re.compile(_B + r"(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,})"),
    ),
    Form(
        ("glpat-", "glcbt-", "gldt-", "glrt-", "glptt-", "glsoat-", "glft-", "glimt-", "glagent-", "gloas-", "glffct-"),
        re.compile(_B + r"gl(?:pat|cbt|dt|rt|ptt|soat|ft|imt|agent|oas|ffct)-[\w.-]{16,}"),
    ),
    Form(("xox", "xapp-"), re.compile(_B + r"(?:xox[a-z](?:\.xox[a-z])?|xapp)-[\w-]{10,}")),
    Form(
        ("hooks.slack.com",), re.compile(r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[\w/-]{16,})")
    ),
    Form(("hf_",), re.compile(_B + r"hf_[A-Za-z0-9]{16,}")),
    Form(("sk-", "sk_", "rk_", "pk-"), re.compile(_B + r"(?:[sp]k-|[sr]k_(?:live|test)_)[A-Za-z0-9_-]{16,}"), is_mixed),
    Form(("aiza",), re.compile(_B + r"AIza[\w-]{20,}")),
    Form(("ya29",), re.compile(_B + r"ya29\.[\w.%/-]{10,}")),
    Form(("gocspx-",), re.compile(_B + r"GOCSPX-[\w-]{16,}")),
    Form(("1//0",), re.compile(_B + r"1//0[\w-]{20,}")),  # a refresh token of Google
    Form(
        ("npm_", "pypi-", "dckr_", "dop_v1_", "doo_v1_"),
        re.compile(_B + r"(?:npm_|pypi-|dckr_(?:pat|oat)_|do[opr]_v1_)[\w-]{16,}"),
    ),
    Form(("sg.",), re.compile(_B + r"SG\.[\w-]{16,}\.[\w-]{16,}")),
    Form(("hvs.", "hvb.", "hvr."), re.compile(_B + r"hv[sbr]\.[\w-]{16,}")),
    Form(
        ("shpat_", "shpss_", "shpca_", "atlasv1", "lin_api_", "nvapi-", "gsk_", "r8_", "dapi"),
        re.compile(
            _B + r"(?:shp(?:at|ss|ca)_[\w]{16,}|[\w-]{8,20}\.atlasv1\.[\w-]{16,}|lin_api_\w{16,}"
            r"|nvapi-[\w-]{16,}|gsk_\w{20,}|r8_\w{30,}|dapi[0-9a-f]{32})"
        ),
    ),
    # a key of Baseten's API: eight characters, a full stop, 32 characters
    Form((".",), re.compile(r"(?<![\w.-])[A-Za-z0-9]{8}\.[A-Za-z0-9]{32}(?![\w.-])"), lambda key: is_random(key[9:])),
    Form(
        ("api-key",),
        re.compile(r"(?i:\b|(?<=\\[nrt]))(?i:api-key)[ \t]+(?P<secret>[A-Za-z0-9._~+/=-]{8,})"),
        is_mixed,
    ),
    Form(
        ("bearer",),
        re.compile(_B + r"(?i:bearer)(?:[ \t]++|%20|\+|[ \t]*+[:=][ \t]*+[\"']?)(?P<secret>[A-Za-z0-9._~+/%-]{8,}=*)"),
        lambda value: is_mixed(value) or len(value) >= _LONG_ENOUGH or value.isupper(),
        goes_on=True,
    ),
    Form(("basic",), re.compile(_B + r"(?i:basic)(?:[ \t]++|%20)(?P<secret>[A-Za-z0-9+/_-]{6,}=*)"), is_basic),
    Form(
        ("://",),
        re.compile(r"://[^\s/:@\"'<>]{0,256}:(?P<secret>[^\s/@\"'<>]{1,512})@(?=[\w\[])"),
        lambda value: not value.startswith("["),
    ),
    Form(("%3a%2f%2f",), re.compile(r"(?i:%3a%2f%2f)[\w.~-]{0,256}(?i:%3a)(?P<secret>[^\s\"'&]{1,256}?)(?i:%40)")),
    Form(("://",), re.compile(r"://(?P<secret>[^\s/:@\"'<>]{16,256}):?@(?=[\w\[])"), is_mixed),
    Form(  # options of curl and wget, of clients of databases, and of openssl
        ("-u", "--user", "--proxy-user"),
        re.compile(
            r"(?<![\w-])(?:-u|--(?:proxy-)?user)(?:[ \t=]{1,4})[\"']?[^\s:\"'/@]{1,64}:(?P<secret>[^\s\"']{4,256})"
        ),
        lambda value: not value.isdigit(),
        before=0,
    ),
    Form(("sshpass",), re.compile(_LINE + r"sshpass[ \t]{1,4}-p[ \t]{0,4}[\"']?(?P<secret>[^\s\"']{4,256})")),
    Form(
        ("redis-cli",), re.compile(r"redis-cli(?:[ \t][^\s]{1,64}){0,6}?[ \t]-a[ \t]{1,4}(?P<secret>[^\s\"']{4,256})")
    ),
    Form(
        ("mysql", "mariadb"),
        re.compile(r"(?:mysql\w{0,8}|mariadb)(?:[ \t][^\s]{1,64}){0,6}?[ \t]-p(?P<secret>[^\s\"']{4,256})"),
    ),
    Form(("pass:",), re.compile(r"-pass(?:in|out)?[ \t]{1,4}pass:(?P<secret>[^\s\"']{4,256})")),
    Form(  # a line of ~/.pgpass, or of a socket's folder (PostgreSQL, The Password File)
        (*(f":{digit}" for digit in range(1, 10)), ":*:"),
        re.compile(
            _LINE + r"[\w./*-]{1,128}:(?:\d{1,5}|\*):[A-Za-z_*][\w*-]{0,63}:[\w*-]{1,64}:"
            r"(?P<secret>(?:[^\s:\"'\\]|\\{1,2}:|\\\\){6,128})(?![^\s\"'\\])"
        ),
        is_mixed,
    ),
    Form(  # what the parameters of an address hold
        ("code=", "key=", "sid=", "ticket=", "assertion=", "response=", "request="),
        re.compile(
            r"[?&](?:code|key|sid|ticket|assertion|client_assertion|saml(?:response|request))=(?P<secret>[\w.~%+/-]{16,8192})",
            re.IGNORECASE,
        ),
        is_mixed,
    ),
    Form(  # a short number that only its name tells
        ("pin", "otp", "mfa", "token"),
        re.compile(
            r"(?:(?<![A-Za-z0-9.-])|(?<=\\[nrt]))(?i:pin|t?otp|(?:mfa|otp|token)[_-]?code)"
            r"(?:[ \t]{0,8}=[ \t]{0,8}|:[ \t]{1,8}|\\*[\"'][ \t]{0,8}[:=][ \t]{0,8}|>|[ \t]{1,8}is[ \t]{1,8})\\*[\"']?"
            r"(?P<secret>\d{4,12})(?![\w.-])"
        ),
        before=1,
    ),
    Form(("--token-code",), re.compile(r"--token-code(?:[ \t]{1,8}|=)[\"']?(?P<secret>\d{6,8})(?!\w)")),
    Form(
        ("client-key-data",),
        re.compile(r"client-key-data\\*[\"']?[ \t]{0,8}:[ \t]{0,8}\\*[\"']?(?P<secret>[\w+/=-]{16,})"),
    ),
    Form(  # a line of ~/.netrc, or its lines
        ("login",),
        re.compile(
            r"\blogin[ \t]{1,8}[^\s\"'\\]{1,128}(?:\s|\\[nr]){1,16}password[ \t]{1,8}(?P<secret>[^\s\"'\\]{4,256})"
        ),
        lambda value: not (value.isalpha() and value.islower()),  # as in: login bob password expired
    ),
    Form(  # what Ansible Vault writes: encrypted, and open to guesses of its password
        ("$ansible_vault;",),
        re.compile(r"\$ANSIBLE_VAULT;[\w.;-]{1,128}(?P<secret>(?:(?:\s|\\[nr]){1,64}[0-9a-fA-F]{2,})+)"),
    ),
    Form(("age-secret-key-",), re.compile(r"AGE-SECRET-KEY-1\w{20,}", re.IGNORECASE)),
    Form(("$",), re.compile(r"\$(?:[156]|apr1|2[abxy]|y|argon2id?)\$[\w./+=,$-]{20,}")),  # a hash of a password
    Form(
        ("ssm", "secretsmanager"), re.compile(r"--(?:value|secret-string)[ \t=]{1,4}[\"']?(?P<secret>[^\s\"']{6,512})")
    ),
    Form(
        ("x-amz-", "x-goog-"),
        re.compile(
            r"(?i:x-(?:amz|goog)-(?:signature|security-token|credential))"
            r"(?:=|%3D|%253D|\\*[\"']?[ \t]*[:=][ \t]*\\*[\"']?)"
            r"(?P<secret>[^\s\"'&<>\\\[]{4,})"
        ),
    ),
)
_ALL: Final = (*_FORMS, *VENDOR_FORMS)
_NEEDLES: Final = tuple((needle, number) for number, form in enumerate(_ALL) for needle in form.needles)

_KEY_ID = re.compile(r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))A[KS]IA[A-Z0-9]{12,28}(?![A-Za-z0-9])")
_SECRET_KEY = re.compile(r"(?:(?<![A-Za-z0-9/+=])|(?<=[ \t,;]/)|(?<=\\[nrt]))[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_BESIDE: Final = 256  # characters between the id of a key and the secret key


def secret_key_spans(text: str, low: str) -> Iterator[Span]:
    """Yield the spans of AWS secret keys that stand near the id of an access key, in a table, a list or a sentence."""
    if "akia" not in low and "asia" not in low:
        return
    from bisect import bisect_left

    ids = [match.start() for match in _KEY_ID.finditer(text)]
    for match in _SECRET_KEY.finditer(text) if ids else ():
        nearest = bisect_left(ids, match.start())
        is_near = any(abs(place - match.start()) < _BESIDE for place in ids[max(nearest - 1, 0) : nearest + 1])
        if is_near and is_random(match[0]):
            yield match.span()


_VALUE_FIRST = re.compile(
    r"\bvalue\\*[\"']?\s{0,8}[:=]\s{0,8}\\*(?P<quote>[\"']?)(?P<secret>[^\s\"'\\,]{6,4096})\\*(?P=quote)"
    r"(?:,|\\+n|\s)\s{0,64}\\*[\"']?(?:name|key)\\*[\"']?\s{0,8}[:=]\s{0,8}\\*[\"']?(?P<called>[\w.-]{1,64})",
    re.IGNORECASE,
)


def value_first_spans(text: str, low: str) -> Iterator[tuple[str, Span]]:
    """Yield the values of pairs with the value before the name, each with the name."""
    if "value" in low:
        for match in _VALUE_FIRST.finditer(text):
            if not match["secret"].startswith("["):
                yield match["called"], match.span("secret")


_JWK_MEMBER = re.compile(
    r"(?P<quote>[\"'])(?:d|p|q|dp|dq|qi|k|r|t)\\*(?P=quote)\s{0,64}:\s{0,64}\\*[\"'](?P<secret>[^\"'\\]+)"
)
_YAML_MEMBER = re.compile(
    r"(?:^|(?<=[\s,{])|(?<=\\n))(?:d|p|q|dp|dq|qi|k)[ \t]{0,8}:[ \t]{1,8}(?P<secret>[A-Za-z0-9_-]{16,})", re.MULTILINE
)
_KTY = re.compile(r"kty(?P<quote>\\*[\"'])?\s{0,8}:")
_NEAR: Final = 8192  # characters between the kty of a key and its members


def jwk_spans(text: str) -> Iterator[Span]:
    """Yield the spans of the private members of JSON Web Keys (RFC 7518, section 6) in a text."""
    if "kty" not in text:
        return
    from bisect import bisect_left

    keys = list(_KTY.finditer(text))
    places = [match.start() for match in keys]
    forms = [_JWK_MEMBER] if all(match["quote"] for match in keys) else [_JWK_MEMBER, _YAML_MEMBER]
    for match in (match for form in forms for match in form.finditer(text)):
        nearest = bisect_left(places, match.start())
        is_near = any(abs(place - match.start()) < _NEAR for place in places[max(nearest - 1, 0) : nearest + 1])
        if is_near and not match["secret"].startswith("["):
            yield match.span("secret")
