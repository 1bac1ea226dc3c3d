"""Workspace differs

Symptom
    None by itself. The ids of truss whoami are written into policies, and the token has other ids.
Reason
    truss whoami --show-oidc prints the organization and the teams of the API key that it runs with. A workload that was
    pushed with another key, or from another workspace, has tokens with other ids; a policy written from this output
    refuses them.
Confirm
    Compare the org and team of the token's subject with the output of truss whoami --show-oidc.
Fix
    Run truss whoami --show-oidc with the key that the workload is pushed with, and write the ids that it prints.
Source
    The published truss package, 0.18.36, read: only these ids come from the server. Baseten, OIDC, on the subject.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oidc_doctor.checkkit import Finding, Missing, NotReadError, Side, TargetEvidence, Token, listed, weakness


@weakness("TOK019", "workspace-differs", "note")
def workspace_differs(token: Token, evidence: TargetEvidence, profile: Any) -> Iterator[Finding]:
    """Compare the organization and the team of the token with those that the command printed."""
    whoami = evidence.whoami
    if isinstance(whoami, Missing) or not whoami.value.get("org_id"):
        msg = "truss/whoami.txt was not read, or has no Org ID"
        raise NotReadError(msg)
    if token.origin.file == whoami.file:
        return  # a token that was supposed from these ids
    if profile.name != "baseten":
        msg = "the ids of truss whoami are those of Baseten's tokens, and this one is not of Baseten"
        raise NotReadError(msg)
    segments = profile.parse_subject(token.subject or "").segments
    own = {segment.name: segment.value for segment in segments if segment.known}
    printed = {"org": [whoami.value["org_id"]], "team": [team["id"] for team in whoami.value.get("teams") or ()]}
    for name, ids in printed.items():
        value = own.get(name)
        if not value or not ids or value in ids or any(not part.isalnum() for part in (value, *ids)):
            continue  # not known, the same, or redacted
        yield Finding(
            f"the token is of the {name} {value}, and truss whoami names {listed(ids)}",
            "Run truss whoami --show-oidc with the key that the workload is pushed with, and write those ids into the "
            "policy.",
            Side(", ".join(ids), whoami.at("/org_id" if name == "org" else "/teams")),
            Side(value, token.origin),
        )
        return
