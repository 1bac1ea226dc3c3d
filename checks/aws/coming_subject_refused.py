"""Coming subject refused

Symptom
    None yet. One day the exchange is refused, although the cloud's configuration did not change: AWS answers `Not
    authorized to perform sts:AssumeRoleWithWebIdentity`, Google Cloud `The given credential is rejected by the
    attribute condition.` or a denied iam.serviceAccounts.getAccessToken.
Reason
    The issuer writes its subjects in a new form, and this workload's still have the old one. GitHub puts the ids of
    owner and repository into them: repo:OWNER@ID/REPOSITORY@ID:… is the default for repositories created, renamed or
    transferred after 15 July 2026, and optional for older ones; not on GitHub Enterprise Server. The subject of the
    token, or one that the logs of the last 30 days show as accepted, passes now; the same evaluation refuses it in the
    new form, with the ids of the token's claims or of a logged subject. An id that nothing names is a placeholder to
    fill in, never a wildcard. After a rename the names in the lines change too.
Confirm
    Run oidc-doctor --report BUNDLE --subject SUBJECT with the coming subject that the finding names.
Fix
    Add the lines that the finding names, next to the present ones, before the switch. They are proven: with them,
    synthetic tokens of other names, ids, issuers and audiences are still refused. Remove the old lines when no
    token of the old form is left: someone else can claim a released name.
Source
    GitHub's OIDC reference; public reports with confirmed fixes.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Coming, ComingSubject, Finding, Side, listed, warning

LIMIT = 127  # bytes of google.subject


@warning("AWS091", "coming-subject-refused", other="GCP096")
def coming_subject_refused(coming: Coming) -> Iterator[Finding]:
    broken = coming.refused()
    if broken is None:
        return
    more = f"; {broken.more} more subjects in the logs are refused likewise" if broken.more > 1 else ""
    more = "; another subject in the logs is refused likewise" if broken.more == 1 else more
    yield Finding(
        f"the {broken.refuses} will refuse this workload once {broken.when} ({broken.issuer}, since {broken.since}): "
        f"{_size(broken)}the {broken.seen_in} subject is then {broken.coming}{more}",
        _fix(broken),
        broken.wanted,
        broken.accepts if broken.accepts.value else Side(broken.subject, broken.accepts.at),
        cloud=coming.cloud,
        target=coming.resource,
        commands=broken.find,
    )


def _size(broken: ComingSubject) -> str:
    if not broken.size:
        return ""
    return f"google.subject is then {broken.size} long, and Google's limit is {LIMIT}; "


def _fix(broken: ComingSubject) -> str:
    if broken.size:
        return (
            "Map a shorter value to google.subject before then, such as a claim that names the workload, and change "
            "the members that name the subject accordingly."
        )
    if not broken.lines:
        return (
            f"Accept {broken.coming} in the {broken.refuses} before then, next to the present value: no edit of "
            "it could be proven."
        )
    places: dict[str, list[str]] = {}
    for line in broken.lines:
        places.setdefault(line.place, []).append(line.text)
    added = "; add ".join(f"{listed(texts)} to {place}" for place, texts in places.items())
    if not broken.unknown:
        return f"Add {added}."
    return f"Fill in {listed(broken.unknown)}, and add {added}."
