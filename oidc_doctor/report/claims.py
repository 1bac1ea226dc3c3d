"""A token's claims beside what looks at them: steps, clauses of a trust policy, parts of Google's expressions.

Claims are written by whoever made the token, clauses by whoever wrote the policy: all of it is made visible here.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.report import words
from oidc_doctor.report.escape import visible
from oidc_doctor.report.lines import clip, columns, shortened, wrap
from oidc_doctor.report.times import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.model.evidence import Origin
    from oidc_doctor.model.report import Cause, Exchange
    from oidc_doctor.report.lines import Sheet

_LONG = 2000  # characters of one value that are shown
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
_READ = re.compile(r"assertion(?:\.([A-Za-z_]\w*)|\[['\"]([^'\"]+)['\"]\])")
_SIGNS = {True: ("✓", "green"), False: ("✗", "bad"), None: ("?", "yellow")}


class Use(NamedTuple):
    """What looks at a claim, and what it says. `answer` None: it could not be told."""

    where: str  # a step, or a clause in the cloud's words
    answer: bool | None
    says: str  # what it wants, or what it gave
    sign: str = ""  # another sign than the answer's: of a step that is assumed or was not reached


class Claim(NamedTuple):
    """A claim as it is shown. `value` and `words` are visible text."""

    name: str
    value: str
    words: str  # what a person reads in it; may be empty
    uses: tuple[Use, ...]

    @property
    def worst(self) -> tuple[str, str]:
        """Sign and style of what looks at it: of a refusal before all."""
        signs = [_sign(one) for one in self.uses]
        order = ("✗", "?", "✓", "=", "~", "–")
        return min(signs, key=lambda one: order.index(one[0]), default=("", ""))


def _sign(use: Use) -> tuple[str, str]:
    if use.sign:
        return next((sign, style) for sign, _, style in words.STATES.values() if sign == use.sign)
    return _SIGNS[use.answer]


def claims(exchange: Exchange, causes: list[Cause]) -> list[Claim]:
    """The token's claims, the registered ones first; also those that something asks for and the token lacks."""
    token = exchange.token
    given: dict[str, Any] = token.get("claims") or {}
    times = {row["claim"]: row for row in token.get("times") or ()}
    found = _uses(exchange, causes)
    names = sorted(given, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER)))
    made = []
    for name in names:
        row = times.get(name)
        said = f"{row['words']} · {_moment(row['time'])}" if row else _in_words(name, given[name], token)
        made.append(Claim(visible(name), _text(given[name]), visible(said), tuple(found.pop(name, ()))))
    asked = [(name, uses) for name, uses in found.items() if any(use.answer is not True for use in uses)]
    made += [Claim(visible(name), "", "the token does not have it", tuple(uses)) for name, uses in asked]
    return made


def _moment(text: str) -> str:
    found = parse(text)
    return found.strftime("%d %b %Y %H:%M:%S UTC") if found else text


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
    """By claim: the steps that look at it, then the clauses."""
    rows = {step.id: step for step in exchange.steps}
    made: dict[str, list[Use]] = {}
    azp = "azp" in (exchange.token.get("claims") or {})
    for name, steps in _STEPS[exchange.cloud].items():
        if name not in (exchange.token.get("claims") or {}) or (name == "aud" and azp and exchange.cloud == "aws"):
            continue
        for step in steps:
            sign, word, _ = words.STATES[rows[step].state]
            own = [cause for cause in causes if cause.step == step]
            blamed = not own or any(_is_about(cause, name) for cause in own)
            answer = {"✓": True, "=": True, "✗": False if blamed else None}.get(sign)
            shown = sign if not (sign == "✗" and not blamed) else "?"
            said = next((words.reason(cause) for cause in own if _is_about(cause, name)), word)
            made.setdefault(name, []).append(Use(words.title(exchange, step), answer, said, shown))
    trace = exchange.trace
    if isinstance(trace.get("policy"), dict):
        _policy_uses(trace["policy"], made)
    for title, node in (("attribute condition", trace.get("condition")), *_mapping(trace.get("mapping"))):
        if isinstance(node, dict):
            _expression_uses(title, node, made)
    return made


def _is_about(cause: Cause, name: str) -> bool:
    """Whether one of the cause's sides was read at this claim; a cause that was read at no claim is about them all."""
    at = {_claim_at(side.at) for side in (cause.expected, cause.actual) if side is not None and side.at is not None}
    at &= {*_ORDER, name}
    return not at or name in at


def _claim_at(origin: Origin) -> str:
    return origin.file.rpartition(" claim ")[2] if " claim " in origin.file else origin.pointer.rpartition("/")[2]


def _mapping(mapping: Any) -> Iterator[tuple[str, Any]]:
    for name, node in mapping.items() if isinstance(mapping, dict) else ():
        yield f"mapping of {visible(str(name))}", node


def _policy_uses(policy: dict[str, Any], made: dict[str, list[Use]]) -> None:
    for statement in policy.get("children") or ():
        for operator in statement.get("children") or ():
            if operator.get("level") != "operator":
                continue
            for key in operator.get("children") or ():
                prefix, mark, claim = str(key.get("name") or "").rpartition(":")
                if key.get("level") != "key" or not mark or prefix.lower() in ("aws", "sts"):
                    continue
                wanted = key.get("expected")
                says = ", ".join(str(one) for one in (wanted if isinstance(wanted, list) else [wanted]))
                where = f"trust policy, {statement.get('name')} · {operator.get('name')} · {key.get('name')}"
                use = Use(visible(where), key.get("result"), shortened(visible(says), 300))
                made.setdefault(claim, []).append(use)


def _expression_uses(title: str, node: dict[str, Any], made: dict[str, list[Use]]) -> None:
    """The smallest comparison around each reading of a claim; a mapping's whole expression."""
    seen: set[tuple[str, str]] = set()
    for part in _deciding(node):
        text = str(part.get("text") or "")
        for found in _READ.finditer(text):
            claim = found[1] or found[2]
            if (claim, text) in seen:
                continue
            seen.add((claim, text))
            error, value = part.get("error"), part.get("value")
            answer = False if isinstance(error, dict) else value if isinstance(value, bool) else None
            if not part.get("evaluated") and not error:
                answer, gave = None, "not evaluated"
            elif isinstance(error, dict):
                gave = f"error: {error.get('message') or error.get('code')}"
            else:
                gave = "" if isinstance(value, bool) else f"gives {_text(value)}"
                answer = answer if isinstance(value, bool) else True
            says = visible(" ".join(text.split())) + (f"  {gave}" if gave else "")
            made.setdefault(claim, []).append(Use(title, answer, shortened(says, 300)))


def _deciding(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The operands of && and ||, through all levels."""
    children = [child for child in node.get("children") or () if isinstance(child, dict)]
    if node.get("op") in ("and", "or") and children:
        for child in children:
            yield from _deciding(child)
    else:
        yield node


# On a sheet


def summary(sheet: Sheet, claim: Claim) -> None:
    """One line: the name, the value as far as there is room, the sign of what looks at it, and what it is in words."""
    sign, style = claim.worst
    told = claim.words if claim.words and claim.value else ""
    label = f"{clip(claim.name, max(sheet.width // 3, _LABEL)):<{_LABEL}} "
    room = sheet.width - columns(label) - 2
    value = claim.value or claim.words
    right = f"  {told}" if told and columns(told) + 12 < room else ""
    left = value if columns(value) <= room - columns(right) else _cut(value, room - columns(right) - 1) + "…"
    gap = " " * max(room - columns(left) - columns(right), 0)
    shown = sheet.paint(sign or " ", style) + " " + sheet.paint(label, "bold") + sheet.paint(left, "" if claim.value else "dim")
    sheet.lines.append(shown + gap + sheet.paint(right, "dim"))


def _cut(text: str, room: int) -> str:
    kept, used = "", 0
    for character in text:
        used += columns(character)
        if used > room:
            break
        kept += character
    return kept


def detail(sheet: Sheet, exchange: Exchange, claim: Claim) -> None:
    """Everything about one claim: the whole value, the subject taken apart, and what looks at it."""
    token = exchange.token
    sheet.say(claim.name, bold=True, tag=str(visible(str(token.get("read_at") or ""))))
    for line in wrap(shortened(claim.value, _LONG), max(sheet.width - 2, 1)) if claim.value else ():
        sheet.lines.append(f"  {line}")
    if claim.words:
        sheet.say(claim.words, indent=2)
    if claim.name == "sub":
        subject(sheet, exchange)
    for use in claim.uses:
        sign, style = _sign(use)
        sheet.gap()
        sheet.say(use.where, lead=f"{sign} ", style=style)
        if use.says:
            sheet.say(use.says, indent=2)
    if not claim.uses:
        sheet.gap()
        sheet.say("nothing that was read looks at it")


def subject(sheet: Sheet, exchange: Exchange) -> None:
    """The subject by the issuer's grammar."""
    parts = exchange.token.get("subject") or []
    if not parts:
        return
    sheet.gap()
    form = exchange.token.get("form")
    sheet.say(f"form {visible(str(form))}" if form else "parts", indent=2)
    width = min(max(len(str(part["name"])) for part in parts), _NAME)
    for part in parts:
        name = clip(visible(str(part["name"])), _NAME)
        tail = "" if part.get("known", True) else "  (not a part that this issuer is known to write)"
        sheet.say(shortened(visible(str(part["value"])), _LONG) + tail, indent=4, lead=f"{name:<{width}}  ")


def header(sheet: Sheet, exchange: Exchange) -> None:
    """The header, where the token was read, and what is wrong with it as a whole."""
    token = exchange.token
    told = {"event": "claims from a logged event", "hypothetical": "a subject alone", "decoded": "decoded claims"}
    sheet.row("read at", visible(str(token.get("read_at") or "nowhere")))
    sheet.row("kind", told.get(str(token.get("kind")), "a signed token"))
    found = token.get("header")
    for name, value in found.items() if isinstance(found, dict) else ():
        sheet.row(clip(visible(str(name)), 9), shortened(_text(value), 200))
    if not isinstance(found, dict):
        sheet.row("header", "not given")
    keys = next((step for step in exchange.steps if step.id == "keys"), None)
    if keys is not None:
        sign, word, style = words.STATES[keys.state]
        sheet.row("keys", f"{sign} {word}{': ' + visible(keys.note) if keys.note else ''}", style)
    for text in (token.get("fault"), *(token.get("duplicates") or ())):
        if text:
            sheet.row("fault", visible(str(text)), "bad")
