"""Set-up incomplete

Symptom
    A set-up script printed an error, and the workload is refused, or would be: a role, provider, binding or policy is
    missing, or is that of an earlier attempt.
Reason
    Set-up scripts end at the first command that fails, and the commands after it never run. Baseten's script for AWS
    goes on if the OIDC provider exists, and ends if the role exists: that role keeps its trust policy, and the policies
    for ECR and S3 are not written. Its script for Google Cloud ends if the service account or the pool exists, and so
    cannot be run twice. A pool that was deleted keeps its name for 30 days. The output of a script does not prove what
    exists now: the cause is only suspected, unless the files of the bundle or the logs show that the resource is
    missing.
Confirm
    Compare the output, or the refused writes in the logs, with the present state of the cloud: aws iam get-role and
    list-role-policies; gcloud iam workload-identity-pools list --show-deleted.
Fix
    Correct what stopped the set-up, then run the rest. oidc-doctor setup prints commands, or Terraform, that create or
    update, so you can run them again.
Source
    Baseten, OIDC, the two scripts; Google Cloud, Manage workload identity pools, on deleted pools.
"""

from __future__ import annotations

from oidc_doctor.checkkit import (
    Kind,
    Refusal,
    Words,
    account_of,
    cause,
    command,
    commands,
    given,
    project_of_account,
    role_name,
)


@cause("ACC031", "setup-incomplete", Kind.SETUP_INCOMPLETE)
def setup_incomplete(refusal: Refusal) -> Words:
    """Name the step that failed, what is there, and how to go on."""
    failed, made = refusal.fact("failed", "a step"), refusal.fact("made")
    code, error = refusal.fact("code"), refusal.fact("error")
    said = f": {code}" if code else f": {error.rstrip('.')}" if 0 < len(error) <= _SHORT else ""
    if refusal.fact("reason") == "exists":
        said = ", which existed already"
    is_missing = given("{} " + _verb(refusal.fact("missing"), "is", "are") + " missing", refusal.fact("missing"))
    may_be = given("{} may be missing", refusal.fact("lacking"))
    exists = given("{} " + _verb(made, "exists", "exist"), made)
    return Words(
        "; ".join(filter(None, (f"the set-up stopped at {failed}{said}", is_missing, may_be, exists))),
        _fix(refusal),
        _commands(refusal),
    )


def _verb(things: str, one: str, several: str) -> str:
    return several if " and " in things else one


_SHORT = 60


def _fix(refusal: Refusal) -> str:
    failed, reason = refusal.fact("failed"), refusal.fact("reason")
    again = "then run the rest of the set-up"
    if reason == "disabled":
        return f"Enable the API that the error names, {again}."
    if "workload identity pool" in failed and reason == "exists":
        return (
            "Check whether the pool is deleted: its name stays reserved for 30 days, and undelete restores it; "
            f"{again}."
        )
    if reason == "exists":
        left = ": the script left it unchanged, and ended there" if refusal.fact("shown_in") == "output" else ""
        return f"Update {failed} instead of creating it, {again}{left}."
    if reason == "denied":
        return f"Run the set-up with credentials that may make {failed}; {again}."
    return f"Correct what the error reports, {again}."


def _commands(refusal: Refusal) -> tuple[str, ...]:
    first = _look(refusal)
    again = _again(refusal)
    return tuple(filter(None, (*first, again)))


def _look(refusal: Refusal) -> tuple[str, ...]:
    """The command that shows, or mends, what stopped the set-up."""
    failed, reason, error = refusal.fact("failed"), refusal.fact("reason"), refusal.fact("error")
    project = project_of_account(refusal.fact("service_account"))
    if reason == "disabled":
        service = next((word.strip(".,/") for word in error.split() if "googleapis.com/" in word), "")
        host = service.rpartition("/api/")[2].partition("/")[0] if "/api/" in service else ""
        return commands("gcloud services enable {} --project={}", host, project)
    if "workload identity pool" in failed and reason == "exists":
        pool = refusal.fact("provider_name").partition("/workloadIdentityPools/")[2].partition("/")[0]
        return commands("gcloud iam workload-identity-pools describe {} --location=global --project={}", pool, project)
    if failed == "the OIDC provider" and reason == "exists":
        return commands("aws iam list-open-id-connect-providers")
    if refusal.cloud == "aws" and reason == "exists":
        return commands("aws iam get-role --role-name {}", role_name(refusal))
    return ()


def _again(refusal: Refusal) -> str:
    """The command that prints the whole set-up, where its ids are known and it is of Baseten."""
    org, team = refusal.fact("org"), refusal.fact("team")
    if refusal.fact("issuer_name") != "baseten" or not (org and team and refusal.fact("anew")):
        return ""
    words = ["oidc-doctor", "setup", refusal.cloud, "--org", org, "--team", team]
    if refusal.cloud == "aws":
        account = account_of(refusal.fact("role_arn"))
        if not account:
            return ""
        words += ["--account", account, "--role-name", role_name(refusal)]
        asked = {"--bucket": "bucket", "--repository": "repository", "--region": "region"}
    else:
        number = refusal.fact("provider_name").partition("projects/")[2].partition("/")[0]
        project = project_of_account(refusal.fact("service_account"))
        if not (number and project):
            return ""
        words += ["--project", project, "--project-number", number]
        asked = {"--bucket": "bucket", "--repository": "repository"}
    values = {option: refusal.fact(name) for option, name in asked.items() if refusal.fact(name)}
    if not {"--bucket", "--repository"} & values.keys():
        return ""
    return command(*words, *(word for pair in values.items() for word in pair))
