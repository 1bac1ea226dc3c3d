"""Service account impersonation: members, bindings, the account and the request for its token."""

from __future__ import annotations

import pytest

from tests.conftest import Bundle
from tests.judge.gcp.changes import (
    DENIED,
    NUMBER,
    ONE,
    SET,
    asks,
    member,
)
from tests.judge.rules import Rule, hold

GROUPS = {"google.subject": "assertion.sub", "google.groups": "assertion.groups"}
RULES = {
    "healthy": Rule(lambda b: b, "impersonate", "passed"),
    "nothing but a token": Rule(lambda b: b.only("manifest.json", "token.jwt"), "impersonate", "unknown"),
    "the subject": Rule(member(f"{ONE}/subject/{Bundle.SUBJECT}"), "impersonate", "passed"),
    "all of the pool": Rule(member(f"{SET}/*"), "impersonate", "passed"),
    "the second member": Rule(member("user:a@example.com", Bundle.MEMBER), "impersonate", "passed"),
    "token creator": Rule(member(role="roles/iam.serviceAccountTokenCreator"), "impersonate", "passed"),
    "a custom role": Rule(
        member(role="projects/weights-prod/roles/x"), "impersonate", "impersonation-binding-missing?", DENIED
    ),
    "a role of IAM": Rule(
        member(role="roles/iam.serviceAccountViewer"), "impersonate", "impersonation-binding-missing", DENIED,
        {"role": "roles/iam.serviceAccountViewer"},
    ),
    "a role of storage": Rule(
        member(role="roles/storage.objectViewer"), "impersonate", "role-granted-on-wrong-resource", DENIED,
        {"role": "roles/storage.objectViewer", "resource": Bundle.SERVICE_ACCOUNT},
    ),
    "on the project": Rule(
        lambda b: b.service_account_policy(bindings=[]).project_policy(
            [{"role": "roles/iam.workloadIdentityUser", "members": [b.MEMBER]}]
        ), "impersonate", "passed",
    ),
    "no binding": Rule(
        member(bindings=[]), "impersonate", "impersonation-binding-missing", DENIED,
        {"principal": f"{ONE}/subject/{Bundle.SUBJECT}"},
    ),
    "another subject": Rule(
        member(f"{ONE}/subject/x"), "impersonate", "member-subject-differs", DENIED, {}, ("x", Bundle.SUBJECT)
    ),
    "another team": Rule(
        member(f"{SET}/attribute.team/x"), "impersonate", "member-attribute-differs", DENIED,
        {"attribute": "attribute.team"}, ("x", Bundle.TEAM),
    ),
    "an attribute that is not mapped": Rule(
        member(f"{SET}/attribute.model/x"), "impersonate", "mapping-missing-attribute", DENIED,
        {"attribute": "attribute.model"},
    ),
    "another pool": Rule(
        member(Bundle.MEMBER.replace("baseten-pool", "other")), "impersonate", "member-pool-differs", DENIED
    ),
    "another project": Rule(
        member(Bundle.MEMBER.replace(NUMBER, "111111111111")), "impersonate", "member-pool-differs", DENIED
    ),
    "the project's id": Rule(
        member(Bundle.MEMBER.replace(NUMBER, Bundle.PROJECT_ID)), "impersonate", "member-project-id-for-number", DENIED,
        {"project": Bundle.PROJECT_ID},
    ),
    "deleted": Rule(member("deleted:" + Bundle.MEMBER), "impersonate", "binding-names-deleted-principal", DENIED),
    "a star": Rule(member(f"{ONE}/subject/v=1:*"), "impersonate", "wildcard-in-member", DENIED),
    "principal for a set": Rule(
        member(f"{ONE}/attribute.team/{Bundle.TEAM}"), "impersonate", "member-malformed", DENIED,
        {"reason": "principal:// names one subject; an attribute is principalSet://"},
    ),
    "a set for a subject": Rule(member(f"{SET}/subject/{Bundle.SUBJECT}"), "impersonate", "member-malformed", DENIED),
    "a provider": Rule(member(f"{SET}/providers/baseten-provider"), "impersonate", "member-malformed", DENIED),
    "percent": Rule(member(f"{ONE}/subject/v%3A1"), "impersonate", "member-malformed", DENIED),
    "two attributes": Rule(
        member(f"{SET}/attribute.team/{Bundle.TEAM}/attribute.org/x"), "impersonate", "member-malformed", DENIED
    ),
    "the nearest of two": Rule(
        member(Bundle.MEMBER.replace("baseten-pool", "other"), f"{ONE}/subject/x"), "impersonate",
        "member-subject-differs", DENIED,
    ),
    "a known miss before a nearer one that may match": Rule(
        member(f"{SET}/attribute.team/<team>", f"{SET}/group/g"), "impersonate", "mapping-missing-attribute?", DENIED
    ),
    "a group": Rule(
        lambda b: b.token(b.claims_of(groups=["g"])).gcp_provider(mapping=GROUPS).service_account_policy(
            f"{SET}/group/g"
        ),
        "impersonate", "passed",
    ),
    "another group": Rule(
        lambda b: b.token(b.claims_of(groups=["g"])).gcp_provider(mapping=GROUPS).service_account_policy(
            f"{SET}/group/h"
        ),
        "impersonate", "member-attribute-differs", DENIED, {"attribute": "google.groups"}, ("h", "g"),
    ),
    "a group behind a placeholder": Rule(
        lambda b: b.token(b.claims_of(groups=["g"])).gcp_provider(mapping=GROUPS).service_account_policy(
            f"{SET}/group/<group>"
        ),
        "impersonate", "member-attribute-differs?", DENIED, {"attribute": "google.groups"},
    ),
    "groups not mapped": Rule(member(f"{SET}/group/g"), "impersonate", "mapping-missing-attribute", DENIED),
    "a condition in time": Rule(
        member(condition="request.time < timestamp('2030-01-01T00:00:00Z')"), "impersonate", "passed"
    ),
    "a condition of the past": Rule(
        member(condition="request.time < timestamp('2020-01-01T00:00:00Z')"), "impersonate", "binding-condition-false",
        DENIED, {"condition": "request.time < timestamp('2020-01-01T00:00:00Z')"},
    ),
    "a condition that is not known": Rule(
        member(condition="resource.name == 'x'"), "impersonate", "binding-condition-false?", DENIED
    ),
    "redacted": Rule(member(f"{SET}/attribute.team/<team>"), "impersonate", "member-attribute-differs?", DENIED),
    "account not found": Rule(
        lambda b: b.not_found("gcp/service-account.json"), "impersonate", "service-account-missing",
        f"?NOT_FOUND: Not found; Gaia id not found for email {Bundle.SERVICE_ACCOUNT}",
    ),
    "policy not found": Rule(
        lambda b: b.not_found("gcp/service-account-policy.json"), "impersonate", "service-account-missing", "?NOT_FOUND"
    ),
    "policy denied": Rule(lambda b: b.denied("gcp/service-account-policy.json"), "impersonate", "unknown"),
    "account disabled": Rule(
        lambda b: b.service_account(disabled=True), "impersonate", "service-account-disabled", "?" + DENIED
    ),
    "an hour": Rule(asks(access_token_lifetime=3600), "impersonate", "passed"),
    "more than an hour": Rule(
        asks(access_token_lifetime=3601), "impersonate", "access-token-lifetime-over-limit?", "?INVALID_ARGUMENT: ",
        {"requested": "3601", "limit": "3600"},
    ),
    "no scope": Rule(asks(scopes=[]), "impersonate", "scope-missing", "INVALID_ARGUMENT: Request contains"),
    "API disabled": Rule(
        lambda b: b.write(
            "gcp/services.json", [{"config": {"name": "iamcredentials.googleapis.com"}, "state": "DISABLED"}]
        ), "impersonate", "api-disabled",
        f"?PERMISSION_DENIED: IAM Service Account Credentials API has not been used in project {NUMBER}",
    ),
    "no account": Rule(
        lambda b: asks(service_account=...)(
            b.remove("gcp/service-account.json", "gcp/service-account-policy.json")
        ), "impersonate", "assumed",
    ),
    "no account, refused": Rule(
        lambda b: asks(service_account=...)(
            b.remove("gcp/service-account.json", "gcp/service-account-policy.json")
        ).error("The caller does not have permission"), "impersonate", "impersonation-not-configured?",
        "?PERMISSION_DENIED: The caller does not have permission",
        {"principal": f"{ONE}/subject/{Bundle.SUBJECT}"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(gcp: Bundle, rule: Rule) -> None:
    hold(rule, gcp, "gcp")
