"""Edit an allow policy: add a matching member next to the others.

The policy belongs to the service account, or to the bucket or repository that is read.

The order: the member as intended; a mapped attribute that only the workload has; the exact subject if it contains no
deployment; a new attribute that identifies the workload, mapped and bound in one edit; an attribute, then the pool,
shared with others of the team; last the exact subject including its deployment, with a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

from oidc_doctor.findings.fixes.edit import Candidate, Maker, Scope
from oidc_doctor.findings.fixes.gcp_evidence import (
    mapped,
    mapping_of,
    pool_of,
    provider_of,
    saying,
    with_binding,
)
from oidc_doctor.findings.fixes.gcp_mapping import reading
from oidc_doctor.findings.fixes.own_workload import known_subject, own_claims, parts_of, varying_from, without_segments
from oidc_doctor.judge.gcp.members import principal_of
from oidc_doctor.judge.gcp.names import OF_GKE, Member, ProviderName, gke_member, read_member
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case

_WORKLOAD = "attribute.workload"


def _set(pool: ProviderName, rest: str) -> str:
    return f"principalSet://iam.googleapis.com/{pool.pool_name}/{rest}"


def _exact(pool: ProviderName, value: str) -> str:
    """Return the member for a subject; for a GKE cluster's token the pool is not named by project number."""
    if pool.pool.endswith(OF_GKE):
        return gke_member(pool.pool, value) if value.startswith("ns/") else ""
    return principal_of(pool, value)


# --- the member as it was meant --------------------------------------------------------------------------------------


def member_corrected(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Add the present member with matching form, pool and project, next to it."""
    pool, text = pool_of(case), refusal.fact("member")
    if pool is None or not text:
        return
    for member in dict.fromkeys(_meant(pool, text)):
        read = read_member(member)
        if member != text and read is not None and not read.fault and not _holds_deployment(case, read.value):
            scope: Scope = "own" if read.form == "subject" else "declared"
            yield from with_binding(case, refusal, member, scope)


def _meant(pool: ProviderName, text: str) -> Iterator[str]:
    bare = re.sub(r"\?uid=\d+$", "", text.removeprefix("deleted:"))
    if pool.pool.endswith(OF_GKE):
        return
    read = read_member(bare)
    rest = bare.partition("/workloadIdentityPools/")[2].partition("/")[2]
    if read is None or not rest:
        return
    rest = re.sub(r"^providers/[^/]+/", "", rest)
    rest = re.sub(r"^(?:google\.subject|subjects)/", "subject/", rest)
    rest = re.sub(r"^(?:google\.groups?|groups)/", "group/", rest)
    rest = re.sub(r"^attributes[./]", "attribute.", rest)
    prefixes = ("subject/", "group/", "attribute.", "*")
    if not rest.startswith(prefixes) and re.match(r"[a-z0-9_]+/", rest):
        rest = f"attribute.{rest}"
    for part in dict.fromkeys((rest, unquote(rest))):
        yield (
            f"principal://iam.googleapis.com/{pool.pool_name}/{part}"
            if part.startswith("subject/")
            else _set(pool, part)
        )


def same_member(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Grant the impersonation role to a member with another role in the account's policy."""
    member = read_member(refusal.fact("member"))
    if member is not None and not member.fault and not _holds_deployment(case, member.value):
        yield from with_binding(case, refusal, member.text, "declared")


def near_member(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Add the member's value under the mapped attribute that its attribute misspells."""
    pool, near, text = pool_of(case), refusal.fact("near"), refusal.fact("member")
    value = text.partition(f"/{refusal.fact('attribute')}/")[2]
    if pool is not None and near.startswith("attribute.") and value:
        yield from with_binding(case, refusal, _set(pool, f"{near}/{value}"), "declared")


# --- the ladder ------------------------------------------------------------------------------------------------------


def _attributes(scope: Scope) -> Maker:
    def make(case: Case, refusal: Refusal) -> Iterator[Candidate]:
        pool = pool_of(case)
        values = {} if pool is None else mapped(case)
        names = [name for name, value in values.items() if name.startswith("attribute.") and value]
        for name in sorted(names, key=lambda candidate: -len(values[candidate])):
            if pool is not None and name != "attribute.aud":
                yield from with_binding(case, refusal, _set(pool, f"{name}/{values[name]}"), scope)

    return make


def _exact_subject(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    pool, subject = pool_of(case), mapped(case).get("google.subject", "")
    if pool is None or not subject or _names_a_deployment(case, subject):
        return
    yield from with_binding(case, refusal, _exact(pool, subject), "own")


def _holds_deployment(case: Case, value: str) -> bool:
    """Whether a bound value is the subject, part of which the next deployment or run changes."""
    return value == case.token.subject and _names_a_deployment(case, value)


def _names_a_deployment(case: Case, subject: str) -> bool:
    """Whether the mapped subject contains a part that the next deployment or run changes."""
    profile = case.profile
    if profile is None or len(parts_of(case)) <= 1:
        return False
    varying = [
        segment.value
        for segment in profile.parse_subject(known_subject(case)).segments
        if varying_from(segment, profile) is not None
    ]
    return any(value in subject for value in varying)


def _new_attribute(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Add an attribute that identifies the workload, mapped in the provider and bound on the account."""
    pool, mapping = pool_of(case), mapping_of(case)
    if pool is None or mapping is None or len(parts_of(case)) <= 1:
        return
    for name, expression, value in _names_of_workload(case):
        if name in mapping and mapping[name] != expression:
            continue
        provider = provider_of(case)
        gcp = case.evidence.gcp
        if provider is None or gcp is None:
            return
        edited = case.evidence._replace(
            gcp=gcp._replace(provider=provider._replace(mapping=mapping | {name: expression}))
        )
        yield from with_binding(case._replace(evidence=edited), refusal, _set(pool, f"{name}/{value}"), "own")


def _names_of_workload(case: Case) -> Iterator[tuple[str, str, str]]:
    """Yield attributes that identify the workload: key, expression and the token's value; the simplest first."""
    tenancy = case.profile.tenancy if case.profile is not None else None
    owners = (tenancy.tenant, tenancy.team) if tenancy is not None else ()  # left to the provider's condition
    lower = {name: value for name, value in own_claims(case).items() if name not in owners}
    for name, value in lower.items():
        yield f"attribute.{name}", reading(case, name), value
    if len(lower) > 1:
        guards = " && ".join(f"has(assertion.{name})" for name in lower if "has(" in reading(case, name))
        text = " + '/' + ".join(f"assertion.{name}" for name in lower)
        yield _WORKLOAD, f"{guards} ? {text} : ''" if guards else text, "/".join(lower.values())
    for expression, value in without_segments(case):
        if expression and not _names_a_deployment(case, value):
            yield _WORKLOAD, expression, value
            return


def _whole_pool(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    pool = pool_of(case)
    if pool is not None and not pool.pool.endswith(OF_GKE):
        yield from with_binding(case, refusal, _set(pool, "*"), "declared")


def _pinned_subject(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    pool, subject = pool_of(case), mapped(case).get("google.subject", "")
    if pool is None or not subject or not _names_a_deployment(case, subject):
        return
    yield from with_binding(case, refusal, _exact(pool, subject), "own", "the deployment in the subject")


def _account(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Bind the service account on the bucket or repository that it reads."""
    if refusal.fact("holder").startswith("serviceAccount:"):
        yield from with_binding(case, refusal, refusal.fact("holder"), "declared")


LADDER: tuple[Maker, ...] = (
    saying("Bind the mapped attribute that only this workload has.", _attributes("own")),
    saying("Bind this workload's subject next to the present members.", _exact_subject),
    saying("Map an attribute that names this workload, and bind it.", _new_attribute),
    saying("Bind a mapped attribute of this token next to the present members.", _attributes("declared")),
    saying("Bind the pool: all that the provider's attribute condition admits.", _whole_pool),
    saying("Bind this subject; the next deployment needs another binding.", _pinned_subject),
)


def later_deadline(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Add the member under the same condition with a later date, if only its date has passed."""
    text, member = refusal.fact("condition"), refusal.fact("member")
    match = re.fullmatch(r"""\s*request\.time\s*<=?\s*timestamp\((['"])([^'"]+)\1\)\s*""", text)
    read: Member | None = read_member(member)
    if match is None or ((read is None or read.fault) and member != refusal.fact("holder")):
        return
    from datetime import UTC, datetime, timedelta  # late: few conditions have a date

    until = (datetime.fromtimestamp(case.at, UTC) + timedelta(days=30)).strftime("%Y-%m-%dT00:00:00Z")
    condition = {"title": f"until_{until[:10]}", "expression": f'request.time < timestamp("{until}")'}
    yield from with_binding(case, refusal, member, "declared", condition=condition)


_SAME = "Grant roles/iam.workloadIdentityUser to the member that has another role on the account."
_OF_ACCOUNT = "Grant the service account the smallest role that reads it."
_CORRECTED = "Bind the intended member next to the one that matches no workload."
MEMBER_EDITS: dict[Kind, tuple[Maker, ...]] = {
    Kind.IMPERSONATION_BINDING_MISSING: (saying(_SAME, same_member), *LADDER),
    Kind.ROLE_GRANTED_ON_WRONG_RESOURCE: LADDER,
    Kind.MEMBER_MALFORMED: (saying(_CORRECTED, member_corrected), *LADDER),
    Kind.MEMBER_POOL_DIFFERS: (saying(_CORRECTED, member_corrected), *LADDER),
    Kind.MEMBER_PROJECT_ID_FOR_NUMBER: (saying(_CORRECTED, member_corrected), *LADDER),
    Kind.BINDING_NAMES_DELETED_PRINCIPAL: (
        saying(_OF_ACCOUNT, _account),
        saying(_CORRECTED, member_corrected),
        *LADDER,
    ),
    Kind.PERMISSION_MISSING: (saying(_OF_ACCOUNT, _account), *LADDER),
    Kind.MEMBER_SUBJECT_DIFFERS: LADDER,
    Kind.MEMBER_ATTRIBUTE_DIFFERS: LADDER,
    Kind.WILDCARD_IN_MEMBER: LADDER,
    Kind.BINDING_CONDITION_FALSE: (later_deadline,),
}
