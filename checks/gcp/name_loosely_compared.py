"""Name loosely compared

Symptom
    Nothing fails: a name that differs from yours in one character is accepted as well.
Reason
    A period in a pattern of matches() matches any character, so `^acme.io/` also accepts acme-io. Or letters' case is
    removed before the comparison, while the ids of the issuer are case-sensitive (inferred from their mixed case). The
    finding names a synthetic subject with such a name that passes where a wholly different name is refused.
Confirm
    Run oidc-doctor --report BUNDLE --subject SUBJECT with the subject that the finding names.
Fix
    Compare the whole name with ==, or write a period as [.] in the pattern.
Source
    RE2, syntax; CEL specification, matches, lowerAscii.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Bindings, Finding, GcpProvider, Side, quoted, weakness


@weakness("GCP080", "name-loosely-compared")
def name_loosely_compared(gcp_provider: GcpProvider, bindings: Bindings) -> Iterator[Finding]:  # noqa: ARG001
    for opening in bindings.twins():
        text = quoted(opening.pattern, "the condition")
        last = "" if opening.bound else "; only the bindings of the service account are left to refuse it"
        yield Finding(
            f"the attribute condition also accepts another {opening.segment} whose name differs in its case or in one "
            f"character that {text} leaves open: {opening.subject} passes{last}",
            f"Compare the whole {opening.segment} with ==, or write a period in the pattern as [.]",
            actual=Side(opening.pattern, opening.at),
            cloud="gcp",
            target=bindings.resource,
            opens_to=opening.opens_to,
        )
