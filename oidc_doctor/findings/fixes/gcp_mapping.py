"""Edit the attribute mapping.

A custom attribute whose claim is absent is left unset (inferred), so a new attribute refuses no token; it is still
guarded by has() if the issuer does not put the claim into every token.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from oidc_doctor import cel
from oidc_doctor.findings.fixes import cel_text
from oidc_doctor.findings.fixes.edit import Candidate, Maker, Scope
from oidc_doctor.findings.fixes.gcp_condition import near_attribute, repaired
from oidc_doctor.findings.fixes.gcp_evidence import edited_provider, mapped, mapping_of, provider_of
from oidc_doctor.findings.fixes.own_workload import known_subject, parts_of, without_segments
from oidc_doctor.judge.gcp.mapped_values import SUBJECT_LIMIT
from oidc_doctor.model.evidence import AllowPolicy
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal
from oidc_doctor.model.report import FixKind

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case

SUBJECT = "google.subject"
_NEAR = 0.8  # minimum similarity of a name and its misspelling
_LONGEST_CLAIM = 400  # characters of a claim that an attribute can be mapped from


def edited_mapping(
    case: Case, kind: FixKind, changed: dict[str, str], scope: Scope = "declared"
) -> Iterator[Candidate]:
    """Yield the mapping with these entries; nothing if it was not read."""
    mapping = mapping_of(case)
    if mapping is not None:
        yield from edited_provider(case, kind, scope, mapping=mapping | changed)


def reading(case: Case, claim: str) -> str:
    """Return the expression that maps a claim, guarded by has() if other tokens may lack it."""
    path = f"assertion.{claim}" if claim.isidentifier() else f"assertion[{cel.quote(claim)}]"
    if not claim.isidentifier() or claim in ("sub", "iss", "aud") or _is_in_every_token(case, claim):
        return path
    return f"has({path}) ? {path} : ''"


def _is_in_every_token(case: Case, claim: str) -> bool:
    profile = case.profile
    template = dict(profile.implied).get(claim) if profile is not None else None
    if profile is None or template is None:
        return False
    names = set(re.findall(r"\{(\w+)\}", template))
    return all(names <= set(form.segments) for form in profile.grammar.forms)


# --- google.subject --------------------------------------------------------------------------------------------------


def subject_added(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
    """Add the missing entry: map google.subject from sub."""
    yield from edited_mapping(case, "add", {SUBJECT: "assertion.sub"})


def subject_shortened(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
    """Shorten the subject by what each deployment changes, only for tokens with a too long subject."""
    mapping, subject = mapping_of(case) or {}, known_subject(case)
    now = mapping.get(SUBJECT, "")
    if not subject or not now:
        return
    short = [(expression, text) for expression, text in without_segments(case) if expression]
    short += [(f"assertion.{name}", str(case.token.claims[name])) for name in _names_of_workload(case)]
    for expression, text in short:
        if text and len(text.encode("utf-8", "surrogatepass")) <= SUBJECT_LIMIT:
            whole = now if cel_text.parsed(now) is not None and "?" not in now else f"({now})"
            chosen = f"size({whole}) <= {SUBJECT_LIMIT} ? {whole} : {expression}"
            yield from edited_provider(case, "correct", "declared", mapping=mapping | {SUBJECT: chosen})


def _names_of_workload(case: Case) -> list[str]:
    """Return claims that repeat segments of the subject, the longest value first."""
    subject, profile = known_subject(case), case.profile
    implied = profile.implied_claims(subject) if profile is not None else {}
    names = [name for name, value in implied.items() if case.token.claims.get(name) == value and name.isidentifier()]
    return sorted(names, key=lambda name: -len(implied[name]))


def claim_guarded(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Correct the claim that google.subject misspells; else use the token's sub if the claim is absent."""
    mapping, claim, name = mapping_of(case) or {}, refusal.fact("claim"), refusal.fact("attribute") or SUBJECT
    now = mapping.get(name, "")
    tree = cel_text.parsed(now)
    if tree is None:
        return
    near = difflib.get_close_matches(claim, list(case.token.claims), n=1, cutoff=_NEAR)
    if near and near[0].isidentifier():
        text = now
        for part in reversed(list(cel_text.walk(tree))):
            if part.op == "select" and part.name == claim:
                text = cel_text.put(text, *part.name_at, near[0])
        yield from edited_mapping(case, "correct", {name: text})
    if claim.isidentifier():
        yield from edited_mapping(case, "correct", {name: f"has(assertion.{claim}) ? {now} : assertion.sub"})


def as_text(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Return an attribute's value as a string."""
    mapping, name, kind = mapping_of(case) or {}, refusal.fact("attribute"), refusal.fact("type")
    now = mapping.get(name, "")
    if not now:
        return
    path = now if re.fullmatch(r"[\w.\[\]'()]+", now) else f"({now})"
    if name == "google.groups":
        if kind == "string":
            yield from edited_mapping(case, "correct", {name: f"[{now}]"})
        return
    times = ("assertion.iat", "assertion.exp", "assertion.nbf")
    if name == SUBJECT and (kind in ("bool", "list", "map") or now in times):
        yield from edited_mapping(case, "correct", {name: "assertion.sub"})  # a truth value or a time names no workload
    elif kind in ("int", "double", "bool", "uint"):
        yield from edited_mapping(case, "correct", {name: f"string({now})"})
    elif kind == "list":
        yield from edited_mapping(case, "correct", {name: f"{path}.join(',')"})


def repaired_mapping(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Correct the typo of an entry that is no valid expression."""
    mapping, name = mapping_of(case) or {}, refusal.fact("which")
    if name in mapping:
        for new in dict.fromkeys(repaired(mapping[name])):
            if new != mapping[name] and cel_text.parsed(new) is not None:
                yield from edited_mapping(case, "correct", {name: new})


def attribute_repaired(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Correct the failing expression of an attribute that a member reads: its typo, or a misspelled claim."""
    mapping, name = mapping_of(case) or {}, refusal.fact("attribute")
    now = mapping.get(name, "")
    if not now or name in mapped(case):
        return
    for new in dict.fromkeys(repaired(now)):
        if new != now and cel_text.parsed(new) is not None:
            yield from edited_mapping(case, "correct", {name: new})
    match = re.fullmatch(r"assertion\.(\w+)", now)
    near = difflib.get_close_matches(match[1], list(case.token.claims), n=1, cutoff=_NEAR) if match else []
    for claim in near:
        yield from edited_mapping(case, "correct", {name: reading(case, claim)})


# --- the keys --------------------------------------------------------------------------------------------------------


def key_renamed(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Rename a key to a valid one: google.subject, google.groups, or attribute.NAME."""
    mapping, key = mapping_of(case) or {}, refusal.fact("key")
    if key not in mapping:
        return
    bare = re.sub(r"^(?:attributes?|assertion|google|custom)\.", "", key.strip(), flags=re.IGNORECASE)
    name = re.sub(r"[^a-z0-9_]+", "_", bare.lower()).strip("_")[:100]
    for new in (refusal.fact("near"), f"attribute.{name}" if name else ""):
        if new and new not in mapping:
            renamed = {new if attribute == key else attribute: text for attribute, text in mapping.items()}
            yield from edited_provider(case, "correct", "declared", mapping=renamed)
    without = {attribute: text for attribute, text in mapping.items() if attribute != key}
    if refusal.fact("near") in without or f"attribute.{name}" in without:
        yield from edited_provider(case, "correct", "declared", mapping=without)  # the right key is mapped already


def attribute_added(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Map the attribute that a condition or member reads, from the claim with its name or with the bound value."""
    mapping, attribute = mapping_of(case), refusal.fact("attribute")
    if mapping is None or attribute in mapping:
        return
    if attribute == SUBJECT:
        yield from subject_added(case, refusal)
        return
    if not re.fullmatch(r"attribute\.[a-z0-9_]{1,100}", attribute):
        return
    name = attribute.removeprefix("attribute.")
    claims = {claim: value for claim, value in case.token.claims.items() if isinstance(value, str)}
    wanted = _bound_value(refusal, attribute)
    if wanted == case.token.subject and len(parts_of(case)) > 1:
        return  # the member names a deployment, which the next one changes
    named = [claim for claim in claims if claim == name]
    named += difflib.get_close_matches(name, [claim for claim in claims if claim not in named], n=1, cutoff=_NEAR)
    equal = [claim for claim, value in claims.items() if value == wanted and len(value) <= _LONGEST_CLAIM]
    for claim in dict.fromkeys([*(claim_name for claim_name in named if claim_name in equal), *equal, *named]):
        yield from edited_mapping(case, "add", {attribute: reading(case, claim)})


def _bound_value(refusal: Refusal, attribute: str) -> str:
    """Return the attribute value that a member names."""
    return refusal.fact("member").partition(f"/{attribute}/")[2]


def without_quotes(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Replace a quoted claim name by the claim."""
    mapping, attribute, unquoted = mapping_of(case) or {}, refusal.fact("attribute"), refusal.fact("unquoted")
    if unquoted and attribute in mapping:
        yield from edited_mapping(case, "correct", {attribute: unquoted})


def unused_dropped(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
    """Remove the largest attribute that neither the condition nor a member reads."""
    mapping, provider, gcp = mapping_of(case) or {}, provider_of(case), case.evidence.gcp
    if provider is None or gcp is None:
        return
    policies = (gcp.service_account_policy, gcp.project_policy, gcp.folder_policy, gcp.organization_policy)
    read = provider.condition or ""
    read += "".join(str(policy.bindings) for policy in policies if isinstance(policy, AllowPolicy))
    sizes = {name: len(value) for name, value in mapped(case).items() if name.startswith("attribute.")}
    for name in sorted(sizes, key=lambda attribute: -sizes[attribute])[:3]:
        if name not in read:
            rest = {attribute: text for attribute, text in mapping.items() if attribute != name}
            yield from edited_provider(case, "correct", "declared", mapping=rest)


MAPPING_EDITS: dict[Kind, tuple[Maker, ...]] = {
    Kind.MAPPING_MISSING_SUBJECT: (subject_added,),
    Kind.SUBJECT_OVER_LIMIT: (subject_shortened,),
    Kind.ATTRIBUTES_OVER_LIMIT: (unused_dropped,),
    Kind.MAPPING_CLAIM_MISSING: (claim_guarded,),
    Kind.MAPPED_ATTRIBUTE_NOT_STRING: (as_text,),
    Kind.MAPPING_KEY_INVALID: (key_renamed,),
    Kind.MAPPING_CONSTANT: (without_quotes,),
    Kind.MAPPING_MISSING_ATTRIBUTE: (near_attribute, attribute_added),
}
