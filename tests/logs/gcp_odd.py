"""Entries of every form that Google's readers know, next to those that only look alike, with hostile values."""

from __future__ import annotations

from random import Random
from typing import Any

import gcp_shapes
from archive_world import HOURS, START


def entry(service: str, method: str, log: str = "data_access", **payload: Any) -> dict[str, Any]:
    rng = Random(f"{service}{method}{payload}")
    at = START + rng.randrange(HOURS * 3600)
    labels = payload.pop("labels", {"project_id": "p1-example"})
    resource = {"type": "service_account", "labels": labels}
    name = payload.pop("resourceName", "projects/p1-example")
    return gcp_shapes.gcp_entry(rng, at, "p1-example", log, service, method, name, payload, resource=resource)


POOL = "projects/1/locations/global/workloadIdentityPools/p"
FEDERATED = f"principal://iam.googleapis.com/{POOL}/subject/o'brien\"`; DROP TABLE x --"
ACCOUNT = "a@p1-example.iam.gserviceaccount.com"
DENIED = {"code": 7, "message": "denied: \\ ' \" ` \N{SNOWMAN} $ @since {x} %s"}
MEMBER = "roles/x"
CALLER = {"principalSubject": FEDERATED}
UNKNOWN = "projects/-/serviceAccounts"
ODD = [
    entry("sts", "google.identity.sts.v1.SecurityTokenService.ExchangeToken", resourceName=f"{POOL}/providers/a",
          authenticationInfo={"principalSubject": "it's `me` \" \\ \n\u2028 ${x} @since"}),
    entry("sts", "google.identity.sts.v1beta.SecurityTokenService.ExchangeToken", status=DENIED,
          request={"audience": f"//iam.googleapis.com/{POOL}/providers/a"}, resourceName=...),
    entry("sts", "ExchangeToken", metadata={"mappedPrincipal": "principal://iam.googleapis.com/locations/global/x"}),
    entry("sts", "google.identity.sts.v1.SecurityTokenService.ExchangeTokens"),
    entry("other", "google.identity.sts.v1.SecurityTokenService.ExchangeToken"),
    entry("iamcredentials", "GenerateAccessToken", labels={"email_id": ACCOUNT},
          authenticationInfo={"principalSubject": FEDERATED},
          metadata={"identityDelegationChain": ["projects/-/serviceAccounts/b@x", f"{UNKNOWN}/{ACCOUNT}"]},
          request={"lifetime": "600s", "name": f"projects/-/serviceAccounts/{ACCOUNT}"}),
    entry("iamcredentials", "google.iam.credentials.v1.IAMCredentials.GenerateIdToken", labels={},
          metadata={"identityDelegationChain": [f"projects/-/serviceAccounts/{ACCOUNT}"]},
          authenticationInfo={"principalEmail": ACCOUNT,
                              "serviceAccountDelegationInfo": [{"principalSubject": FEDERATED}, {}]}),
    entry("iamcredentials", "google.iam.credentials.v1beta1.IAMCredentials.GenerateAccessToken", status=DENIED,
          labels={"email_id": ACCOUNT}),
    entry("iamcredentials", "GenerateAccessToken", labels={"email_id": ACCOUNT},
          authenticationInfo={"principalEmail": "someone@example.com", "principalSubject": "user:someone@example.com"}),
    entry("iamcredentials", "GenerateAccessToken", labels={"email_id": ACCOUNT},
          authenticationInfo={"principalEmail": ACCOUNT}),
    entry("iamcredentials", "GenerateAccessToken", labels={"unique_id": "1"},
          resourceName="projects/-/serviceAccounts/1",
          authenticationInfo={"principalEmail": "b@p2-example.iam.gserviceaccount.com"}),
    entry("iamcredentials", "SignBlob", labels={"email_id": ACCOUNT}, authenticationInfo=CALLER),
    entry("iam", "google.iam.admin.v1.SetIAMPolicy", "activity", labels={"email_id": ACCOUNT},
          request={"policy": {"bindings": [{"role": MEMBER, "members": ["user:x"], "condition": None}]}, "none": None},
          serviceData={"policyDelta": {"bindingDeltas": [
              {"action": "ADD", "role": MEMBER, "member": FEDERATED, "condition": {"expression": "a == 'b'"}}]}}),
    entry("cloudresourcemanager", "SetIamPolicy", "activity", status=DENIED,
          authenticationInfo={"principalSubject": FEDERATED}, request={"policy": {"etag": "x"}}),
    entry("storage", "storage.setIamPermissions", "activity", resourceName="projects/_/buckets/b",
          serviceData={"policyDelta": {"bindingDeltas": [{"action": "REMOVE", "role": MEMBER, "member": "allUsers"}]}}),
    entry("artifactregistry", "google.devtools.artifactregistry.v1.ArtifactRegistry.SetIamPolicy", "activity",
          response={"bindings": []}, metadata={"policyDelta": {"bindingDeltas": []}}),
    entry("run", "google.cloud.run.v1.Services.SetIamPolicy", "activity"),
    entry("iam", "google.iam.v1.WorkloadIdentityPools.UndeleteWorkloadIdentityPool", "activity", resourceName=POOL),
    entry("iam", "google.iam.v1.WorkloadIdentityPools.GetWorkloadIdentityPool", "activity", resourceName=POOL),
    entry("iam", "google.iam.admin.v1.CreateServiceAccount", "activity", request={"account_id": "new-account"},
          resourceName="projects/p1-example", response={"email": ACCOUNT}),
    entry("storage", "storage.objects.get", status=DENIED, authenticationInfo={"principalSubject": FEDERATED}),
    entry("storage", "storage.objects.list", status=DENIED, authenticationInfo={"principalEmail": ACCOUNT,
          "serviceAccountDelegationInfo": [{"principalSubject": FEDERATED}]}),
    entry("storage", "storage.objects.get", status=DENIED, authenticationInfo={"principalEmail": ACCOUNT,
          "serviceAccountDelegationInfo": [{}, {"principalSubject": FEDERATED}]}),
    entry("storage", "storage.objects.get", authenticationInfo={"principalSubject": FEDERATED}),
    entry("storage", "storage.objects.get", "policy", status=DENIED, authenticationInfo=CALLER),
]  # fmt: skip
