"""Secrets that a vendor's own form shows: the beginning of a key, or the address of a webhook.

The forms are those that the vendors document: Discord, Microsoft Teams, Zapier, Telegram, New Relic, Grafana, Pulumi,
Laravel, Mailchimp, Square, Stripe, Dropbox, Figma, Postman, Doppler, Notion, Airtable, JFrog, Fly.io, CircleCI,
Buildkite, RubyGems, Tailscale, Mailgun, Azure (Microsoft Entra ID), Google.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from oidc_doctor.model.secret_texts.tokens import BEGINNING, is_mixed

_B = BEGINNING


def _begun(prefix: str, rest: str) -> re.Pattern[str]:
    """Return a pattern of a word that begins with `prefix`: the search for a fixed text is many times as fast."""
    before = "|".join(
        rf"(?<{kind}{prefix})" for kind in (r"![A-Za-z0-9]", r"=\\[nrtfb]", "=%[0-9A-Fa-f]{2}", r"=\\u[0-9A-Fa-f]{4}")
    )
    return re.compile(rf"{prefix}(?:{before}){rest}")


_END = r"(?![\w-])"


class Form(NamedTuple):
    """A pattern of secrets, and what is cheap to look for before it."""

    needles: tuple[str, ...]  # small letters; one of them is in every text that the pattern finds
    pattern: re.Pattern[str]  # the group `secret`, or all of the match, is the secret
    accepts: Callable[[str], bool] = lambda _: True
    goes_on: bool = False  # a base64 value that may be wrapped
    before: int | None = None  # the pattern has a needle at most so many characters behind its start


VENDOR_FORMS: Final = (
    Form(
        ("/webhooks/",),
        re.compile(r"discord(?:app)?\.com/api/(?:v\d{1,2}/)?webhooks/\d{1,24}/(?P<secret>[\w-]{16,})"),
    ),
    Form(("/incomingwebhook/",), re.compile(r"/IncomingWebhook/(?P<secret>[0-9a-fA-F]{16,}(?:/[\w-]{1,64}){0,2})")),
    Form(("hooks.zapier.com",), re.compile(r"hooks\.zapier\.com/hooks/catch/(?P<secret>[\w/-]{6,})")),
    Form((":aa",), re.compile(r"(?:(?<![\w.:-])|(?<=/bot)|(?<=\\[nrt]))\d{6,12}:(?P<secret>AA[\w-]{32,34})" + _END)),
    Form(("nra",), re.compile(_B + r"NRA[KA]-[A-Z0-9]{20,}")),
    Form(("nral",), re.compile(_B + r"[0-9a-f]{36}NRAL" + _END)),
    Form(("glsa_", "glc_"), re.compile(_B + r"(?:glsa|glc)_[\w+/=]{20,}")),
    Form(("pul-",), _begun(r"pul-", r"[0-9a-f]{40}" + _END)),
    Form(("base64:",), re.compile(r"(?i:app_?key)[^\s]{0,8}?base64:(?P<secret>[A-Za-z0-9+/]{43}=)")),
    Form(tuple(f"-us{digit}" for digit in range(1, 10)), re.compile(_B + r"[0-9a-f]{32}-us\d{1,2}" + _END)),
    Form(("sq0",), _begun("sq0", r"(?:atp|csp|idp)-[\w-]{20,}")),
    Form(("whsec_",), _begun(r"whsec_", r"[A-Za-z0-9+/=]{16,}")),
    Form(("sl.u.", "sl.b"), _begun(r"sl\.", r"(?:u\.)?[\w-]{100,}")),
    Form(("figd_",), _begun(r"figd_", r"[\w-]{20,}")),
    Form(("pmak-",), _begun(r"PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}")),
    Form(
        ("dp.pt", "dp.st", "dp.ct", "dp.sa", "dp.scim", "dp.audit"),
        _begun(r"dp\.", r"(?:pt|st|ct|sa|scim|audit)\.(?:[\w-]{1,35}\.)?[A-Za-z0-9]{40,44}" + _END),
    ),
    Form(("secret_",), _begun(r"secret_", r"[A-Za-z0-9]{43}" + _END), is_mixed),
    Form(("ntn_",), _begun(r"ntn_", r"[A-Za-z0-9]{40,}")),
    Form(("pat",), _begun(r"pat", r"[A-Za-z0-9]{14}\.[0-9a-f]{64}" + _END)),
    Form(("akcp",), _begun(r"AKCp", r"[A-Za-z0-9]{60,}")),
    Form(("cmvmdgtu",), _begun(r"cmVmdGtu", r"[A-Za-z0-9]{50,}")),
    Form(("fm1_", "fm2_", "fm1r_", "fm1a_"), re.compile(_B + r"fm(?:1[ar]?|2)_[A-Za-z0-9+/=_-]{40,}")),
    Form(("ccipat_",), _begun(r"CCIPAT_", r"\w{20,}")),
    Form(("bkua_",), _begun(r"bkua_", r"[0-9a-f]{40}" + _END)),
    Form(("rubygems_",), _begun(r"rubygems_", r"[0-9a-f]{48}" + _END)),
    Form(("-",), _begun(r"[0-9a-f]", r"[0-9a-f]{31}-[0-9a-f]{8}-[0-9a-f]{8}" + _END)),
    Form(  # a private key of Mailgun (its documentation, API keys); a kid may look like it
        ("key-",),
        re.compile(
            r"key-(?:(?<![\w-]key-)|(?<=\\[nrtfb]key-)|(?<=%[0-9A-Fa-f]{2}key-)|(?<=\\u[0-9A-Fa-f]{4}key-))"
            r"(?<!kid[ =:]key-)(?<!kid: key-)(?<!kid [\"'`]key-)(?<!kid: [\"']key-)(?<!kid[\"']:[\"']key-)"
            r"(?<!kid[\"']: [\"']key-)(?<!kid\\[\"']: \\[\"']key-)[0-9a-f]{32}" + _END
        ),
    ),
    Form(("tskey-",), _begun(r"tskey-", r"[a-z]{3,12}-[A-Za-z0-9]{8,}(?:-[A-Za-z0-9]{16,})?")),
    Form(("8q~",), re.compile(r"(?<![\w.~-])[\w~.-]{3}8Q~[\w~.-]{31,34}(?![\w~-])")),
    Form(("4/0a",), re.compile(_B + r"4/0A[\w-]{20,}")),  # an authorization code
    Form(  # in a state of Terraform
        ("random_password",),
        re.compile(r"random_password[^}]{0,2000}?result\\*\"\s{0,8}:\s{0,8}\\*\"(?P<secret>[^\"\\]{6,512})"),
    ),
    Form(
        ("docker login",),
        re.compile(r"docker login(?:[ \t][^\s]{1,128}){0,6}?[ \t]-p(?:[ \t]{1,4}|=)?(?P<secret>[^\s\"']{6,8192})"),
    ),
    Form(  # the words of BIP 39
        ("mnemonic", "phrase"),
        re.compile(
            r"(?i:mnemonic|phrase)"
            r"(?:[\s\"'\\:=>,\[]|\bis\b){1,16}(?P<secret>[a-z]{3,8}(?:[ ,\"']{1,4}[a-z]{3,8}){11,23})(?![a-z])"
        ),
        lambda words: not {*words.split()} & {"the", "and", "not", "are", "was", "for"},
    ),
)
