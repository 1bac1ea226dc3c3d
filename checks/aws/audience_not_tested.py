"""Audience not tested

Symptom
    Nothing fails: a token that a workload requested for another service is accepted as well.
Reason
    No condition asks for a value of `aud`, or it accepts any, and the provider's ClientIDList has several client IDs. A
    token that was made for another of them, and handed to that service, can then be exchanged for the role's
    credentials. With one client ID the list itself is the restriction, and there is no finding. An issuer whose tokens
    all have one audience is not affected.
Confirm
    aws iam get-open-id-connect-provider shows ClientIDList; the trust policy has no StringEquals on
    `<issuer>:aud`.
Fix
    Add StringEquals on `<issuer>:aud` with the audience that the workload asks for.
Source
    IAM User Guide, id_roles_providers_create_oidc (audience), and iam-condition-keys for `aud`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, Reach, Side, quoted, weakness


@weakness("AWS077", "audience-not-tested")
def audience_not_tested(reach: Reach) -> Iterator[Finding]:
    """Find statements that accept every audience of the provider."""
    for opening in reach.audiences() if reach.cloud == "aws" else ():
        yield Finding(
            f"{opening.clause} accepts every audience of the provider's ClientIDList: no condition asks for one, and "
            f"{opening.subject} passes with a token for {opening.pattern} as well as for {opening.intended}",
            f"Add StringEquals on the issuer's :aud key with {quoted(opening.intended, 'the audience that is meant')}.",
            actual=Side(opening.pattern, opening.at),
            cloud="aws",
            target=reach.resource,
            opens_to=opening.opens_to,
        )
