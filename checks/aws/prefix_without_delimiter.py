"""Prefix without a delimiter

Symptom
    Nothing fails: names that only begin like yours are accepted as well.
Reason
    The wildcard, or the end of a startsWith text, comes directly after a name: `…:team=Tq7LmZ2*`, `repo:acme/app*`,
    startsWith('v=1:org=O:team=T'), or directly before one: `*environment=production*`. Without the separator (`:` or
    `/`) the text is only the beginning or the end of a name, so `repo:acme*` also covers an owner called acme-other and
    `environment=prod*` the environment prod-eu. The finding names a synthetic subject with such a name that the same
    evaluation accepts, where it refuses a wholly different name. Families of names inside one tenant (`app-*`,
    `refs/heads/release*`) are no finding.
Confirm
    Look at the character before each wildcard, and at the last one of each startsWith text.
Fix
    Close the name with its separator: `…:team=TEAM:*`, `repo:ORG/REPO:*`, startsWith('…:team=TEAM:').
Source
    IAM User Guide, condition operators (a wildcard matches any run of characters); Baseten's OIDC documentation, whose
    patterns all close the name.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, Opening, Reach, Side, quoted, weakness


@weakness("AWS073", "prefix-without-delimiter", other="GCP067")
def prefix_without_delimiter(reach: Reach) -> Iterator[Finding]:
    """Find texts that end inside a name."""
    if reach.cloud == "gcp" and not reach.condition:
        return
    for opening in reach.names_alike():
        clause = opening.clause or "the attribute condition"
        text = quoted(opening.pattern, "its pattern")
        begins, ends, after = ("ends", "begins", "before") if opening.who == "before" else ("begins", "ends", "after")
        yield Finding(
            f"{clause} also accepts any other {opening.segment} whose name {begins} like the one in {text}: it {ends} "
            f"without a separator, and {opening.passes}",
            f"Put the separator {after} the {opening.segment}{_example(opening)}.",
            actual=Side(opening.pattern, opening.at),
            cloud=reach.cloud,
            target=reach.resource,
            opens_to=opening.opens_to,
        )


def _example(opening: Opening) -> str:
    """The whole part of the subject, where the trust policy names it."""
    return f": {quoted(opening.intended, opening.intended)} accepts the whole name only" if opening.intended else ""
