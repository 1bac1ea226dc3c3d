"""Provider interrupted by a plan

Symptom
    None yet: the plan is not applied. While it is applied, or from then on, AWS refuses every token of the issuer.
Reason
    The plan deletes or replaces the OIDC provider that the role trusts, and keeps the role. A trust policy names the
    provider by its ARN, which ends with the issuer's URL. Deleted first, the provider is missing until it exists
    again. Created first, the new provider is refused with EntityAlreadyExists: an account has one provider for a URL.
    Terraform replaces a provider when its url changes, when it is tainted, and when -replace asks for it.
Confirm
    Run terraform show PLAN and look for the provider's address: "must be replaced", "will be destroyed".
Fix
    Keep the provider. If only its address in the configuration changed, add a moved block, or run terraform state mv.
    If another configuration manages it from now on, remove it from the state alone, with a removed block. For another
    URL, add the new provider and trust it in one apply, and remove the old one in a later apply.
Source
    Terraform, Plans, and The lifecycle Meta-Argument; Terraform Registry, hashicorp/aws, Resource
    aws_iam_openid_connect_provider; AWS, IAM API, CreateOpenIDConnectProvider and DeleteOpenIDConnectProvider.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, PlannedChange, Side, Target, commands, weakness

_TYPE = "aws_iam_openid_connect_provider"
_ROLE = "aws_iam_role"


@weakness("AWS102", "provider-interrupted-by-plan", about="change")
def provider_interrupted_by_plan(planned: tuple[PlannedChange, ...], target: Target) -> Iterator[Finding]:
    """Report each provider that the role trusts and that the plan deletes or replaces."""
    if any(change.type == _ROLE and change.is_deletion for change in planned):
        return  # the role goes as well, so nothing is interrupted that stays
    for change in planned:
        if change.type == _TYPE and (change.is_deletion or change.is_replacement):
            new = next((other for other in planned if _is_same_elsewhere(other, change)), None)
            message, fix, lines = _moved(change, new) if new else _of_one(change)
            yield Finding(
                message,
                fix,
                Side(change.before),
                Side(f"{change.address} ({', '.join(change.actions)})"),
                cloud="aws",
                target=(target.aws.role_arn if target.aws else None) or "",
                commands=lines,
            )


def _is_same_elsewhere(other: PlannedChange, change: PlannedChange) -> bool:
    created = other.type == _TYPE and other.actions == ("create",)
    return created and other.address != change.address and other.after == change.before and bool(other.after)


def _moved(change: PlannedChange, new: PlannedChange) -> tuple[str, str, tuple[str, ...]]:
    return (
        (
            f"the plan deletes {change.address} and creates {new.address} for the same URL, in either order: "
            "IAM refuses the second provider for a URL, or AWS refuses the tokens in between"
        ),
        f"Keep the provider: add a moved block from {change.address} to {new.address}, and plan again.",
        commands("terraform state mv {} {}", change.address, new.address),
    )


def _of_one(change: PlannedChange) -> tuple[str, str, tuple[str, ...]]:
    url = change.before or "its issuer"
    if change.is_deletion:
        return (
            f"the plan deletes {change.address}, which the role trusts: AWS refuses every token of {url} after apply",
            (
                "Keep the provider; if another configuration manages it, forget it with a removed block "
                "(destroy = false) instead of deleting it."
            ),
            (),
        )
    if change.after != change.before:
        return (
            (
                f"the plan replaces {change.address} ({', '.join(change.actions)}): AWS refuses every token of {url} "
                "once the old provider is deleted"
            ),
            (
                "Add the provider of the new URL under another address and trust both in one apply; remove the old "
                "one in a later apply."
            ),
            (),
        )
    if change.creates_first:
        return (
            (
                f"the plan creates {change.address} before it deletes the old one, for the same URL {url}: IAM "
                "refuses a second provider for a URL (EntityAlreadyExists), so the apply fails"
            ),
            change.in_place,
            _untaint(change),
        )
    return (
        f"the plan deletes {change.address} and then creates it again: AWS refuses every token of {url} in between",
        change.in_place,
        _untaint(change),
    )


def _untaint(change: PlannedChange) -> tuple[str, ...]:
    return commands("terraform untaint {}", change.address) if change.is_tainted else ()
