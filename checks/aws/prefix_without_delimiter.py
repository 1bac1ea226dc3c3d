"""Prefix without a delimiter

Symptom
    Nothing fails: names that merely begin like yours are let in as well.
Reason
    The wildcard, or the end of a startsWith text, stands directly after a name: `…:team=Tq7LmZ2*`, `repo:acme/app*`,
    startsWith('v=1:org=O:team=T'). Without the separator (`:` or `/`) the text is only the beginning of a name, so
    `repo:acme*` also covers an owner called acme-other.
Confirm
    Look at the character before each wildcard, and at the last one of each startsWith text.
Fix
    Close the name with its separator: `…:team=TEAM:*`, `repo:ORG/REPO:*`, startsWith('…:team=TEAM:').
Source
    IAM User Guide, condition operators (a wildcard stands for any run of characters); Baseten's OIDC documentation,
    whose patterns all close the name.
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
    is_nobodys,
    loose_tests,
    open_subjects,
    policy_origin,
    quoted,
    trust_documents,
    weakness,
)

# The text before a wildcard, where that text ends inside a name: (what is named, the unfinished name).
_UNCLOSED = re.compile(
    r"""(?:^|:)(?P<id>org|team|model|deployment)=[^:*?]+$
    |^repo:(?P<owner>[^/:*?]+)$ |^repo:[^:]*/(?P<repository>[^/:*?]+)$
    |^project_path:(?P<group>[^/:*?]+)$ |^project_path:[^:]*/(?P<project>[^/:*?]+)$
    |^system:serviceaccount:(?P<namespace>[^:*?]+)$
    |^spiffe://(?P<domain>[^/*?]+)$
    |(?:^|:)(?P<tenant>organization|owner|workspace_id|repository_owner):[^:*?]+$ |^(?P<org>org)/[^/*?]+$
    |^(?:organization|owner|modal)\b.*:(?P<inner>project|workspace|pipeline|app_name):[^:*?]+$
    |^org/[^/]+/(?P<part>project)/[^/*?]+$""",
    re.VERBOSE,
)
_WHOLE_CLAIM = {"repository": "repo:", "repository_owner": "repository_owner:", "project_path": "project_path:"}
_NARROWER = ("repository", "project", "inner", "part")  # inside one owner `app-*` is a naming scheme rather than a slip
_LONGEST = 2048  # characters; IAM's default quota for a whole trust policy


def _unclosed(text: str) -> str:
    """What kind of name `text` ends in without its separator, or nothing."""
    match = _UNCLOSED.search(text)
    if match is None or (match.lastgroup in _NARROWER and text[-1] in "-_."):
        return ""
    said = match["id"] or match["tenant"] or match["inner"] or match["part"] or match.lastgroup or ""
    return said.replace("_", " ")


def _open_pattern(pattern: str) -> str:
    stars = (at for at, char in enumerate(pattern[:_LONGEST]) if char == "*")
    return next((kind for at in stars if (kind := _unclosed(pattern[:at]))), "")


def _open_test(test: CelTest) -> str:
    before = "" if test.claim == "sub" else _WHOLE_CLAIM.get(test.claim)
    if before is None or test.operator != "startsWith":
        return ""
    return next((kind for text in test.values if (kind := _unclosed(before + text))), "")


def _binds(test: CelTest) -> bool:
    return test.operator in ("==", "in", "matches") and not is_nobodys(test.claim)


@weakness("AWS073", "prefix-without-delimiter")
def prefix_without_delimiter(evidence: TargetEvidence) -> Iterator[Finding]:
    """Find patterns that end inside a name."""
    role, provider = trust_documents(evidence)
    for statement in allow_statements(role):
        for pattern, pointer in open_subjects(statement, _open_pattern, pasted=evidence.target.pasted):
            kind = _open_pattern(pattern)
            yield Finding(
                f"{statement.name} also lets in any other {kind} whose name begins like the one in "
                f"{quoted(pattern, 'its subject pattern')}: the wildcard stands directly after the name",
                f"Put the separator between the {kind} and the wildcard.",
                actual=Side(pattern, policy_origin(role, pointer)),
            )
    for test in (loose_tests(provider, _binds) or ()) if provider and provider.condition else ():
        if provider and (kind := _open_test(test)):
            yield Finding(
                f"the attribute condition also lets in any other {kind} whose name begins like the one in "
                f"{quoted(test.text, 'its startsWith text')}: the text ends without a separator",
                f"End the startsWith text with the separator after the {kind}.",
                actual=Side(test.text, provider.document.at("/attributeCondition")),
            )
