"""Name without a beginning

Symptom
    Nothing fails: names that only end like yours are accepted as well.
Reason
    The text begins inside a name: endsWith('acme'), matches('acme/.*') without ^. matches() looks for its pattern
    anywhere in the value (RE2), so x-acme is found as well. The finding names a synthetic subject whose owner or team
    ends like the intended one, and that passes where a wholly different name is refused.
Confirm
    Run oidc-doctor --report BUNDLE --subject SUBJECT with the subject that the finding names.
Fix
    Compare the whole value with ==, or begin the pattern with ^ or with the separator before the name.
Source
    CEL specification, matches and endsWith; Google Cloud, Workload Identity Federation, attribute conditions.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Bindings, Finding, GcpProvider, Side, quoted, weakness


@weakness("GCP078", "name-without-beginning")
def name_without_beginning(gcp_provider: GcpProvider, bindings: Bindings) -> Iterator[Finding]:  # noqa: ARG001
    for opening in bindings.names_ending_alike():
        text = quoted(opening.pattern, "the condition")
        last = "" if opening.bound else "; only the bindings of the service account are left to refuse it"
        yield Finding(
            f"the attribute condition also accepts any other {opening.segment} whose name ends like the one in {text}: "
            f"{opening.subject} passes{last}",
            f"Compare the whole {opening.segment}, or begin the text with the separator that comes before it.",
            actual=Side(opening.pattern, opening.at),
            cloud="gcp",
            target=bindings.resource,
            opens_to=opening.opens_to,
        )
