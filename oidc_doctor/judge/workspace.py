"""Compare the ids of `truss whoami` with the token's ids and with those that a policy requires.

The organization and the teams of `truss whoami --show-oidc` and of `baseten org describe` come from Baseten's API; the
rest of what they print is constant (truss 0.18.36, read). They belong to the user who ran the command: a token may come
from another workspace, so they explain refusals but never cause one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.documents.token import hypothetical
from oidc_doctor.issuers import profile_for
from oidc_doctor.model.document import Missing, Origin
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder

if TYPE_CHECKING:
    from oidc_doctor.issuers import Profile
    from oidc_doctor.judge.exchange import ExchangeBuilder
    from oidc_doctor.model.document import Document
    from oidc_doctor.model.evidence import TargetEvidence, Token

# Refusals that compare a configured value with the token's subject, or with part of it.
_COMPARED = frozenset(
    {
        *(Kind.SUBJECT_SEGMENT_DIFFERS, Kind.SUBJECT_CASE_DIFFERS, Kind.ATTRIBUTE_CONDITION_FALSE),
        *(Kind.MEMBER_SUBJECT_DIFFERS, Kind.MEMBER_ATTRIBUTE_DIFFERS),
    }
)


class Workspace(NamedTuple):
    """An organization and its teams, by id and name."""

    org: str
    org_name: str
    teams: dict[str, str]  # id → name; empty if none was printed


def workspace_of(whoami: Document | Missing) -> Workspace | None:
    """Parse the workspace from `truss whoami`; None if the output has no organization id."""
    value = {} if isinstance(whoami, Missing) else whoami.value
    org = value.get("org_id")
    if not isinstance(org, str) or not org or has_placeholder(org):
        return None
    return Workspace(org, value.get("org_name") or "", {team["id"]: team["name"] for team in value.get("teams") or ()})


def is_of_workspace(profile: Profile | None) -> bool:
    """Whether an issuer's tokens contain the ids that truss whoami prints: only Baseten's do."""
    return profile is not None and profile.name == "baseten"


def tokens_of(evidence: TargetEvidence) -> tuple[Token, ...]:
    """Return a hypothetical token for each team of the workspace: only the two ids of its subject are known."""
    workspace = workspace_of(evidence.whoami)
    profile = profile_for(evidence.target.issuer, None)
    if workspace is None or profile is None or not is_of_workspace(profile):
        return ()
    form = profile.grammar.forms[0]
    assert not isinstance(evidence.whoami, Missing)  # noqa: S101 - it has a workspace
    at = Origin(evidence.whoami.file)
    subjects = []
    for team in workspace.teams or {"<team>": ""}:
        values = {"v": "1", "org": workspace.org, "team": team}
        subjects.append(":".join(f"{name}={values.get(name, f'<{name}>')}" for name in form.segments))
    return tuple(hypothetical(subject, origin=at, name="whoami") for subject in subjects)


def explain_by_workspace(exchange: ExchangeBuilder) -> None:
    """Add what the ids show to each refusal that compares a subject: swapped ids, a name instead of an id, another org.

    Call after all steps are settled.
    """
    profile = exchange.case.profile
    workspace = workspace_of(exchange.case.evidence.whoami) if is_of_workspace(profile) else None
    for result in exchange.results.values():
        for index, refusal in enumerate(result.refusals):
            if refusal.kind not in _COMPARED or refusal.expected is None:
                continue
            note = _note(refusal.expected.value, exchange.token.subject, profile, workspace)
            if note:
                facts = {"workspace": note, "workspace_ids": _own_ids(exchange.token.subject, profile, workspace)}
                result.refusals[index] = refusal._replace(facts={**refusal.facts, **facts})


def _own_ids(subject: str | None, profile: Profile | None, workspace: Workspace | None) -> str:
    """Describe the ids of truss whoami if they may be the token's: a policy for other ids would not match it."""
    if workspace is None or profile is None:
        return ""
    own = _ids(subject or "", profile).get("org") or ""
    if own and not has_placeholder(own) and own != workspace.org:
        return ""
    team = f" and team {next(iter(workspace.teams))}" if len(workspace.teams) == 1 else ""
    return f"org {workspace.org}{team}"


def _note(wanted: str, subject: str | None, profile: Profile | None, workspace: Workspace | None) -> str:
    if profile is None or not (profile.tenancy.tenant and profile.tenancy.team):
        return ""
    tenant, team = profile.tenancy.tenant, profile.tenancy.team
    asked = _ids(wanted, profile)
    own = _ids(subject or "", profile)
    pair = (own.get(tenant), own.get(team))
    if all(pair) and pair[0] != pair[1] and (asked.get(team), asked.get(tenant)) == pair:
        return f"{tenant} and {team} are swapped in it"
    if not asked:  # a value of one claim
        owner = next((name for name in (tenant, team) if wanted == own.get(name)), "")
        if owner:
            return f"{wanted} is the id of the token's {owner}"
    if workspace is None:
        return ""
    if asked.get(tenant) in workspace.teams and asked.get(team) == workspace.org:
        return f"{tenant} and {team} are swapped in it"
    for value in [*asked.values()] or [wanted]:
        named = _named(value, workspace)
        if named:
            return named
    token_org = own.get(tenant)
    if token_org and not has_placeholder(token_org) and token_org != workspace.org:
        if asked.get(tenant) == workspace.org:
            return f"it is for the {tenant} of truss whoami, and the token is another's"
        if asked.get(tenant) == token_org:
            return f"truss whoami names another {tenant}, {workspace.org}"
        return f"truss whoami names a third {tenant}, {workspace.org}" if asked.get(tenant) else ""
    if asked.get(tenant) and asked[tenant] != workspace.org:
        return f"truss whoami names the {tenant} {workspace.org}"
    asked_team = asked.get(team)
    if asked_team and workspace.teams and asked_team != own.get(team):
        name = workspace.teams.get(asked_team)
        return f"{asked_team} is the {team} {name}" if name else _no_team(asked_team, team, workspace)
    return ""


def _no_team(asked: str, team: str, workspace: Workspace) -> str:
    return "" if asked in workspace.teams else f"truss whoami names no {team} {asked}"


def _ids(text: str, profile: Profile) -> dict[str, str]:
    """Return tenant and team of a subject or subject pattern, if they are spelled out."""
    wanted = (profile.tenancy.tenant, profile.tenancy.team)
    segments = profile.parse_subject(text).segments
    return {
        segment.name: segment.value
        for segment in segments
        if segment.known and segment.name in wanted and segment.value and not set(segment.value) & set("*?'\"() ,")
    }


def _named(value: str, workspace: Workspace) -> str:
    """Return the sentence about a name used instead of an id."""
    names = {name: f"the team whose id is {key}" for key, name in workspace.teams.items() if name and name != key}
    if workspace.org_name and workspace.org_name != workspace.org:
        names.setdefault(workspace.org_name, f"the org whose id is {workspace.org}")
    ids = {workspace.org, *workspace.teams}
    of = next((words for name, words in names.items() if _slug(name) == _slug(value) and value not in ids), None)
    return f"{value} is the name of {of}" if of else ""


def _slug(name: str) -> str:
    """Normalise a name for comparison: only letters and digits count."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())
