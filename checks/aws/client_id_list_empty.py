"""Client ID list empty

Symptom
    The provider exists and its URL is right; the token may still be refused at the audience: `The web identity token
    provided could not be validated`, in older reports `Incorrect token audience`.
Reason
    A provider created without `--client-id-list`, as some published set-up scripts do, has no client ID (audience) at
    all. IAM accepts that. How STS answers a token through such a provider was never measured: AWS's documentation
    speaks of at least one audience that must match, while the scripts are presented as working. So this is a suspicion,
    and one success through this provider disproves it.
Confirm
    `aws iam get-open-id-connect-provider` shows an empty ClientIDList.
Fix
    Add the token's audience to the provider; this is safe even where it was not needed.
Source
    IAM User Guide, id_roles_providers_create_oidc; recorded calls of the provider API, September 2026; Baseten's
    published AWS script.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands, given, quoted


@cause("AWS013", "client-id-list-empty", Kind.CLIENT_ID_LIST_EMPTY)
def client_id_list_empty(refusal: Refusal) -> Words:
    """Say that the list is empty, and, where no refusal at this step was seen, that its effect is not measured."""
    audience, provider = refusal.fact("audience"), refusal.fact("provider")
    add = "aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {} --client-id {}"
    return Words(
        "the OIDC provider's client ID list is empty"
        + ("" if refusal.certain else "; it is not documented whether STS accepts an empty list"),
        f"Add the token's audience{given(' {}', quoted(audience, ''))} to the client IDs of the OIDC provider.",
        commands(add, provider if provider.startswith("arn:") else "", audience),
    )
