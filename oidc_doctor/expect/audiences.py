"""The audiences that an expected token may have, and the decision under each of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from oidc_doctor.expect.decide import AUDIENCE_KINDS, Decision, decide, is_assumed
from oidc_doctor.findings.trust_reach_bases import with_audience
from oidc_doctor.findings.trust_reach_traces import claim, keys
from oidc_doctor.issuers.catalogue import normalised
from oidc_doctor.issuers.lookalikes import filled
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.gcp.names import HOST
from oidc_doctor.model.evidence import AwsOidcProvider, GcpProvider
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.steps import CLOUDS

if TYPE_CHECKING:
    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.case import Case

Source = Literal["file", "fixed", "usual", "listed", "policy", ""]
_MOST = 100  # a ClientIDList has no more entries (IAM quotas)
_CLAIM = "aud"
_OF_AUDIENCE = ("accounts.google.com:oaud", "accounts.google.com:aud")  # azp may decide both


class Audience(NamedTuple):
    """An audience, and who names it. `value` is None where no one does: the token's audience is then unknown."""

    value: str | None
    source: Source = ""

    def words(self, case: Case) -> str:
        """Return in words whose value it is."""
        title = case.profile.title if case.profile else "the issuer"
        listed = "ClientIDList" if case.cloud == "aws" else "allowedAudiences"
        return {
            "file": "as expected",
            "fixed": f"fixed by {title}",
            "usual": f"usual for {title} and {CLOUDS[case.cloud]}",
            "listed": f"listed in {listed}",
            "policy": "named by the trust policy",
        }.get(self.source, "")


class Judged(NamedTuple):
    """A decision, and the audience of its token."""

    decision: Decision
    audience: Audience


def audiences_of(case: Case, asked: str = "") -> list[Audience]:
    """Return the audiences that the token may have, the likeliest first; never none.

    The trust policy's own values come last: that a policy names an audience does not show that the token has it.
    """
    own = case.token.claims.get(_CLAIM)
    profile: Profile | None = case.profile
    fixed = profile.audience.fixed if profile else None
    if asked:
        return [Audience(asked, "file")]
    if isinstance(own, str) and own != fixed:
        return [Audience(own, "file")]
    if isinstance(own, list):
        return [Audience(None, "file")]  # the judge reads the list
    if fixed:
        return [Audience(fixed, "fixed")]
    if _has_unnamed_provider(case):
        return [Audience(None)]
    found = [Audience(value, "usual") for value in _usual(case, profile)]
    found += [Audience(value, "listed") for value in _listed(case)]
    found += [Audience(value, "policy") for value in _of_policy(case)]
    distinct = {audience.value: audience for audience in reversed(found)}
    return list(distinct.values())[::-1][: _MOST + 1] or [Audience(None)]


def with_each(case: Case, audiences: Iterable[Audience]) -> Iterator[Judged]:
    """Yield the decision under each audience."""
    for audience in audiences:
        value = audience.value
        yield Judged(decide(case if value is None else with_audience(case, value)), audience)


def accepted_with(case: Case, audiences: list[Audience]) -> Judged:
    """Return the decision under the first audience with which the token is accepted, else the one that says most.

    With an audience that only the trust policy names, a token is accepted only where nothing else says what audiences
    the tokens have; otherwise the decision is refused, and `audience` is the policy's.
    """
    sure = [audience for audience in audiences if audience.source != "policy"] or audiences
    judged = []
    for row in with_each(case, sure):
        if row.decision.prediction == "accepted":
            return row
        judged.append(row)
    unknown = next((row for row in judged if row.decision.prediction == "unknown"), None)
    if unknown is not None:
        return unknown
    for row in with_each(case, [audience for audience in audiences if audience not in sure]):
        if row.decision.prediction == "accepted":
            return Judged(judged[0].decision, row.audience)
        judged.append(row)
    return next((row for row in judged if not is_about_audience(row.decision)), judged[0])


def is_about_audience(decision: Decision) -> bool:
    """Whether a refusal is only about the audience, which of Google's tokens has two condition keys more."""
    return all(
        refusal.kind in AUDIENCE_KINDS or refusal.clause.key.lower() in _OF_AUDIENCE for refusal in decision.refusals
    )


def is_of_unread_list(judged: Judged) -> bool:
    """Whether an entry's own audience, which is not the usual one, is accepted only as the ClientIDList is assumed."""
    case, trace = judged.decision.case, judged.decision.trace
    if judged.audience.source != "file" or not is_assumed(case, trace, "audience"):
        return False
    claims = {name: value for name, value in case.token.claims.items() if name != _CLAIM}
    others = audiences_of(case._replace(token=case.token._replace(claims=claims)))
    return judged.audience.value not in [audience.value for audience in others]


def _usual(case: Case, profile: Profile | None) -> Iterator[str]:
    if profile is None:
        return
    issuer = case.token.claims.get("iss")
    elsewhere = profile.self_hosted and profile.url and normalised(str(issuer)) != normalised(profile.url)
    template = profile.audience.aws if case.cloud == "aws" else profile.audience.google
    template = template or profile.audience.default
    if not template or elsewhere:
        return  # the audience of a server that anyone may run is chosen with it
    subject = case.token.subject
    values = {part.name: part.value for part in profile.parse_subject(subject).segments} if subject else {}
    gcp, request = case.evidence.gcp, case.evidence.target.gcp
    name = gcp.provider.name if gcp and isinstance(gcp.provider, GcpProvider) else None
    name = name or (request.provider if request else None)
    names = re.findall(r"\{(\w+)\}", template)
    filled_in = {**values, **({"provider": f"https:{HOST}{name}"} if name else {})}
    if all(filled_in.get(part) for part in names):
        yield template.format(**filled_in)


def _listed(case: Case) -> list[str]:
    aws, gcp = case.evidence.aws, case.evidence.gcp
    listed: tuple[str, ...] = ()
    if case.cloud == "aws" and aws is not None and isinstance(aws.provider, AwsOidcProvider):
        listed = aws.provider.client_ids if isinstance(aws.provider.client_ids, tuple) else ()
    if case.cloud == "gcp" and gcp is not None and isinstance(gcp.provider, GcpProvider):
        default = (f"https:{HOST}{gcp.provider.name}",) if gcp.provider.name else ()
        listed = gcp.provider.allowed_audiences or default
    return [value for value in listed if not has_placeholder(value)]


def _has_unnamed_provider(case: Case) -> bool:
    """Whether the provider allows the default audience alone, its own name, and the evidence does not have that."""
    gcp, request = case.evidence.gcp, case.evidence.target.gcp
    if case.cloud == "aws" or gcp is None or not isinstance(gcp.provider, GcpProvider):
        return False
    return not gcp.provider.allowed_audiences and not gcp.provider.name and not (request and request.provider)


def _of_policy(case: Case) -> list[str]:
    """Return the audiences that the Allow statements of the trust policy name, wildcards filled in."""
    if case.cloud != "aws":
        return []
    texts = [
        value.expected
        for _, _, node in keys(evaluate(case._replace(explain=False, traced=True)))
        if claim(node) == _CLAIM
        for value in node.children
        if isinstance(value.expected, str) and not has_placeholder(value.expected)
    ]
    return [text for text in map(filled, dict.fromkeys(texts)) if text]
