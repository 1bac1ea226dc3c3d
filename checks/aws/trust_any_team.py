"""Trust in any team

Symptom
    Nothing fails: workloads of the organisation's other teams are let in as well.
Reason
    The subject pattern fixes the organisation and leaves the team open: `v=1:org=O:*`, `v=1:org=O:team=*:…`, or an
    attribute condition on the organisation alone. A wildcard crosses colons, so later parts do not close it again; a
    fixed model or deployment does, since it belongs to one team (inferred).
Confirm
    Read the pattern for a fixed `team=…:`.
Fix
    Add the team, unless every team of the organisation is meant.
Source
    Baseten's OIDC documentation, scoping patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from oidc_doctor.checkkit import (
    CelTest,
    Finding,
    Side,
    TargetEvidence,
    allow_statements,
    bare_issuer,
    is_nobodys,
    loose_tests,
    open_subjects,
    policy_origin,
    quoted,
    trust_documents,
    weakness,
)

_ORG_ONLY = re.compile(r"v=\d+:org=[^:*?]+:(t|te|tea|team|team=)?")
_PINNED = re.compile(r":(team|model|deployment)=[^:*?]+")


def _open_pattern(pattern: str) -> bool:
    fixed = re.split(r"[*?]", pattern, maxsplit=1)[0]
    return fixed != pattern and bool(_ORG_ONLY.fullmatch(fixed)) and not _PINNED.search(pattern)


def _is_org(test: CelTest) -> bool:
    starts = test.claim == "sub" and test.operator == "startsWith"
    return test.claim == "org" or (starts and any(_ORG_ONLY.fullmatch(text) for text in test.values))


def _binds(test: CelTest) -> bool:
    if test.claim == "sub" and test.operator in ("startsWith", "contains", "endsWith"):
        return all(_PINNED.search(":" + text) for text in test.values)
    return test.claim != "org" and not is_nobodys(test.claim)


@weakness("AWS071", "trust-any-team")
def trust_any_team(evidence: TargetEvidence) -> Iterator[Finding]:
    """Find trust in a whole organisation."""
    role, provider = trust_documents(evidence)
    for statement in allow_statements(role):
        for pattern, pointer in open_subjects(statement, _open_pattern, pasted=evidence.target.pasted):
            yield Finding(
                f"{statement.name} lets in every team of the organisation: "
                f"{quoted(pattern, 'its subject pattern')} names no team",
                "Add the team to the pattern, as in …:team=TEAM:*, unless every team is meant.",
                actual=Side(pattern, policy_origin(role, pointer)),
            )
    if provider and provider.condition and bare_issuer(provider.issuer_uri or "") == "oidc.baseten.co":
        tests = loose_tests(provider, _binds)
        if tests and any(_is_org(test) for test in tests):
            yield Finding(
                "the attribute condition lets in every team of the organisation: it names no team",
                "Test the team as well, as in assertion.team == 'TEAM', unless every team is meant.",
                actual=Side(provider.condition, provider.document.at("/attributeCondition")),
            )
