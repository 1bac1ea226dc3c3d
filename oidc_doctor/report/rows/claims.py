"""A token's claims with their uses: steps, clauses of a trust policy, parts of Google's expressions.

Claims and clauses are untrusted text and are made visible here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.report.parts import sentences as words
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip, columns, cut_in_the_middle, shortened, wrap
from oidc_doctor.report.parts.times import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oidc_doctor.model.report import Cause, Exchange, Read
    from oidc_doctor.report.parts.lines import Sheet

_LONG = 2000  # shown characters of a value
_NAME = 40
_LABEL = 12
_STEPS: dict[str, dict[str, tuple[str, ...]]] = {
    "aws": {
        "iss": ("provider",),
        "aud": ("audience",),
        "azp": ("audience",),
        "iat": ("token",),
        "nbf": ("token",),
        "exp": ("token",),
        "https://aws.amazon.com/tags": ("session-claims",),
        "https://aws.amazon.com/roles": ("session-claims",),
        "https://aws.amazon.com/source_identity": ("session-claims",),
    },
    "gcp": {"iss": ("issuer",), "aud": ("audience",), "iat": ("times",), "nbf": ("times",), "exp": ("times",)},
}
_ORDER = ("iss", "sub", "aud", "azp", "iat", "nbf", "exp")
_SIGNS = {True: ("✓", "green"), False: ("✗", "bad"), None: ("?", "yellow")}


class Use(NamedTuple):
    """A use of a claim by a step, clause or expression, and its answer; None where that is unknown."""

    where: str  # a step, or a clause in the cloud's words
    answer: bool | None
    says: str  # the expected value, or the result
    sign: str = ""  # overrides the sign of the answer: for a step that is assumed or was not reached


class Claim(NamedTuple):
    """A claim as it is shown. All fields but `key` are visible text."""

    name: str
    value: str
    words: str  # the value in words; may be empty
    uses: tuple[Use, ...]
    key: str = ""  # the unescaped name in the token
    spans: tuple[tuple[int, int], ...] = ()  # characters of the value that a refusal is about

    @property
    def worst(self) -> tuple[str, str]:
        """Return sign and style of the worst use; a refusal is the worst."""
        signs = [_sign(use) for use in self.uses]
        order = ("✗", "?", "✓", "=", "~", "–")
        return min(signs, key=lambda sign: order.index(sign[0]), default=("", ""))


def _sign(use: Use) -> tuple[str, str]:
    if use.sign:
        return next((sign, style) for sign, _, style in words.STATES.values() if sign == use.sign)
    return _SIGNS[use.answer]


def claims(exchange: Exchange, causes: list[Cause]) -> list[Claim]:
    """Return the claims of the token, registered ones first, then the claims that a use reads and the token lacks."""
    token = exchange.token
    claims_of_token: dict[str, Any] = token.get("claims") or {}
    times = {row["claim"]: row for row in token.get("times") or ()}
    uses_of = _uses(exchange, causes)
    names = sorted(claims_of_token, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
    listed = []
    for name in names:
        row = times.get(name)
        text = f"{row['words']} · {_moment(row['time'])}" if row else _in_words(name, claims_of_token[name], token)
        listed.append(
            Claim(
                visible(name),
                _text(claims_of_token[name]),
                visible(text),
                tuple(uses_of.pop(name, ())),
                name,
                _spans(claims_of_token[name], causes),
            )
        )
    absent_claims = [(name, uses) for name, uses in uses_of.items() if any(use.answer is not True for use in uses)]
    listed += [
        Claim(visible(name), "", "the token does not have it", tuple(uses), name) for name, uses in absent_claims
    ]
    return listed


def _spans(value: Any, causes: list[Cause]) -> tuple[tuple[int, int], ...]:
    sides = (cause.actual for cause in causes if cause.confidence != "suspected")
    return next((side.spans for side in sides if side is not None and side.spans and side.value == value), ())


def _moment(text: str) -> str:
    instant = parse(text)
    return instant.strftime("%d %b %Y %H:%M:%S UTC") if instant else text


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return visible(text[: 2 * _LONG])


def _in_words(name: str, value: Any, token: dict[str, Any]) -> str:
    if name == "iss":
        return str(token.get("issuer") or "an issuer that oidc-doctor has no profile of")
    if name == "sub" and token.get("subject"):
        return f"{len(token['subject'])} parts"
    if name == "aud" and isinstance(value, list):
        return f"{len(value)} audiences"
    return ""


def _uses(exchange: Exchange, causes: list[Cause]) -> dict[str, list[Use]]:
    """Return the uses by claim: the steps, then the clauses."""
    rows = {step.id: step for step in exchange.steps}
    uses: dict[str, list[Use]] = {}
    azp = "azp" in (exchange.token.get("claims") or {})
    claims_of_token = exchange.token.get("claims") or {}
    for name, steps in _STEPS[exchange.cloud].items():
        if name == "aud" and azp and exchange.cloud == "aws":
            continue
        for step in steps:
            sign, word, _ = words.STATES[rows[step].state]
            causes_of_step = [cause for cause in causes if cause.step == step]
            causes_of_claim = [cause for cause in causes_of_step if _is_about(cause, name)]
            if (causes_of_step or name not in claims_of_token) and not causes_of_claim:
                continue  # the step reads another claim
            sentence = words.reason(causes_of_claim[0]) if causes_of_claim else word
            uses.setdefault(name, []).append(Use(words.title(exchange, step), None, sentence, sign))
    trace = exchange.trace
    if isinstance(trace.get("policy"), dict):
        _policy_uses(trace["policy"], uses)
    mapping = trace.get("mapping")
    mapped = {name: _claims_read(reads) for name, reads in exchange.reads.items() if name}
    for title, name, node in (("attribute condition", "", trace.get("condition")), *_mapping(mapping)):
        if isinstance(node, dict):
            _expression_uses(title, node, exchange.reads.get(name, ()), mapped, uses)
    for cause in causes:
        for name, value in (exchange.token.get("claims") or {}).items():
            is_refused = any(_sign(use)[0] == "✗" for use in uses.get(name, ()))
            if cause.actual is not None and cause.actual.value == value and not is_refused:
                refusing_use = Use(words.title(exchange, cause.step), False, words.reason(cause))
                uses.setdefault(name, []).append(refusing_use)
    return uses


def _is_about(cause: Cause, name: str) -> bool:
    """Return whether a side of the cause was read at this claim or, without a place, whether it names the claim."""
    at = {side.at.claim for side in (cause.expected, cause.actual) if side is not None and side.at is not None}
    at &= {*_ORDER, name}
    refusal = cause.named.refusal
    return name in at if at else name in (refusal.fact("claim"), refusal.where.claim if refusal.where else "")


def _mapping(mapping: Any) -> Iterator[tuple[str, str, Any]]:
    for name, node in mapping.items() if isinstance(mapping, dict) else ():
        yield f"mapping of {visible(str(name))}", name, node


def _claims_read(reads: Sequence[Read]) -> list[str]:
    return [read.keys[1] for read in reads if read.keys[0] == "assertion" and len(read.keys) > 1]


def _policy_uses(policy: dict[str, Any], uses: dict[str, list[Use]]) -> None:
    for statement in policy.get("children") or ():
        for operator in statement.get("children") or ():
            if operator.get("level") != "operator":
                continue
            for key in operator.get("children") or ():
                prefix, mark, claim = str(key.get("name") or "").rpartition(":")
                if key.get("level") != "key" or not mark or prefix.lower() in ("aws", "sts"):
                    continue
                wanted = key.get("expected")
                says = "needs " + ", ".join(str(value) for value in (wanted if isinstance(wanted, list) else [wanted]))
                if key.get("reason") == "key-absent":
                    says += ", and the request has no such key"
                where = f"trust policy, {statement.get('name')} · {operator.get('name')} · {key.get('name')}"
                use = Use(visible(where), key.get("result"), shortened(visible(says), 300))
                uses.setdefault(claim, []).append(use)


def _expression_uses(
    title: str,
    node: dict[str, Any],
    reads: Sequence[Read],
    mapped: dict[str, list[str]],
    uses: dict[str, list[Use]],
) -> None:
    """Add the operands of && and || that read a claim, directly or through a mapped attribute."""
    for part in _deciding(node):
        text = str(part.get("text") or "")
        start, end = part.get("start", 0), part.get("end", 0)
        inside = [read for read in reads if start <= read.start and read.end <= end]
        read = _claims_read(inside)
        for attribute in inside:
            read += mapped.get(".".join(attribute.keys[:2]), [])
        error, value = part.get("error"), part.get("value")
        answer: bool | None
        answer, result = (value, "") if isinstance(value, bool) else (True, f"returns {_text(value)}")
        if isinstance(error, dict):
            answer, result = False, f"error: {visible(str(error.get('message') or error.get('code')))}"
        elif not part.get("evaluated"):
            answer, result = None, "not evaluated"
        says = visible(" ".join(text.split())) + (f"  {result}" if result else "")
        for claim in dict.fromkeys(read):
            uses.setdefault(claim, []).append(Use(title, answer, shortened(says, 300)))


def _deciding(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the operands of && and ||, through all levels."""
    children = [child for child in node.get("children") or () if isinstance(child, dict)]
    if node.get("op") in ("and", "or") and children:
        for child in children:
            yield from _deciding(child)
    else:
        yield node


# On a sheet


def summary(sheet: Sheet, claim: Claim) -> None:
    """Write a line: the name, as much of the value as fits, the sign of the worst use, and the value in words."""
    sign, style = claim.worst
    label = f"{clip(claim.name, max(sheet.width // 3, _LABEL)):<{_LABEL}} "
    room = sheet.width - columns(label) - 2
    value = claim.value or claim.words
    needed = min(columns(value), room // 2)
    short = claim.words.partition(" · ")[0]
    fitting = [text for text in (claim.words, short, short.partition(", ")[0]) if columns(text) + 2 + needed <= room]
    right = f"  {fitting[0]}" if fitting and fitting[0] and claim.value else ""
    left = cut_in_the_middle(value, room - columns(right))
    lead = sheet.paint(sign or " ", style) + " " + sheet.paint(label, "bold")
    sheet.lines.append(lead + sheet.paint(left, "" if claim.value else "dim") + sheet.paint(right, "dim"))


def detail(sheet: Sheet, exchange: Exchange, claim: Claim) -> None:
    """Write the details of a claim: the full value, the parts of the subject, and the uses."""
    token = exchange.token
    name = clip(claim.name, _NAME)
    sheet.say(name, bold=True, tag=clip(visible(str(token.get("read_at") or "")), max(sheet.width - len(name) - 6, 1)))
    for line in wrap(shortened(claim.value, _LONG), max(sheet.width - 2, 1)) if claim.value else ():
        sheet.lines.append(f"  {line}")
    failing = [use for use in claim.uses if _sign(use)[0] == "✗"]
    _say_uses(sheet, failing)
    if claim.key == "sub" and token.get("subject"):
        subject(sheet, exchange, claim)
    elif claim.words:
        sheet.gap()
        sheet.say(claim.words, indent=2)
    _say_uses(sheet, [use for use in claim.uses if use not in failing])
    if not claim.uses:
        sheet.gap()
        sheet.say("No policy, condition or mapping reads it.")


def _say_uses(sheet: Sheet, uses: list[Use]) -> None:
    for use in uses:
        sign, style = _sign(use)
        sheet.gap()
        sheet.say(use.where, lead=f"{sign} ", style=style)
        if use.says:
            sheet.say(use.says, indent=2)


def subject(sheet: Sheet, exchange: Exchange, claim: Claim) -> None:
    """Write the subject by the issuer's grammar; the refused parts are marked."""
    parts = exchange.token.get("subject") or []
    if not parts:
        return
    sheet.gap()
    form = exchange.token.get("form")
    sheet.say(f"Its parts, of the form {visible(str(form))}:" if form else "Its parts:", indent=2)
    width = min(max(len(str(part["name"])) for part in parts), _NAME)
    for part in parts:
        name = clip(visible(str(part["name"])), _NAME)
        tail = "" if part.get("known", True) else "  (not a part that this issuer is known to write)"
        wrong = any(start < part["end"] and part["start"] < max(end, start + 1) for start, end in claim.spans)
        lead = f"{'✗' if wrong else ' '} {name:<{width}}  "
        sheet.say(
            shortened(visible(str(part["value"])), _LONG) + tail, indent=2, lead=lead, style="bad" if wrong else ""
        )


def header(sheet: Sheet, exchange: Exchange) -> None:
    """Write the header, the place of the token, and the fault of the token, if any."""
    token = exchange.token
    kinds = {"event": "claims from a logged event", "hypothetical": "a subject alone", "decoded": "decoded claims"}
    if exchange.missing_token is not None:
        sheet.row("token", "not given")
    else:
        sheet.row("read at", visible(str(token.get("read_at") or "nowhere")))
        sheet.row("kind", kinds.get(str(token.get("kind")), "a signed token"))
    members = token.get("header")
    for name, value in members.items() if isinstance(members, dict) else ():
        sheet.row(clip(visible(str(name)), 9), shortened(_text(value), 200))
    if not isinstance(members, dict):
        sheet.row("header", "not given")
    keys = next((step for step in exchange.steps if step.id == "keys"), None)
    if keys is not None:
        sign, word, style = words.STATES[keys.state]
        sheet.row("keys", f"{sign} {word}{': ' + visible(keys.note) if keys.note else ''}", style)
    for text in (token.get("fault"), *(token.get("duplicates") or ())):
        if text:
            sheet.row("fault", visible(str(text)), "bad")
