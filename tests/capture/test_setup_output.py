"""The output of a set-up script is redacted, and still says which step failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from oidc_doctor.api import examine
from oidc_doctor.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    from evidence import Bundle

GOOGLE = (
    "Creating service account zephyr...\nCreated service account [zephyr].\n"
    "Granting Artifact Registry reader role...\nGranting Cloud Storage object viewer role...\n"
    "Creating Workload Identity Pool...\nCreating Workload Identity Provider...\n"
    "ERROR: (gcloud.iam.workload-identity-pools.providers.create-oidc) PERMISSION_DENIED: zephyr may not\n"
)
AWS = (
    "Creating OIDC identity provider...\nOIDC provider already exists, continuing...\nCreating IAM role zephyr...\n\n"
    "An error occurred (AccessDenied) when calling the CreateRole operation: User: arn:aws:iam::210987654321:"
    "user/zephyr is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::210987654321:role/zephyr\n"
)


@pytest.mark.parametrize(("cloud", "text"), [("aws", AWS), ("gcp", GOOGLE)])
def test_the_step_that_failed_is_still_named(
    request: pytest.FixtureRequest, cloud: str, text: str, tmp_path: Path
) -> None:
    made: Bundle = request.getfixturevalue(cloud)
    made.write("setup/output.txt", text).only("setup/output.txt", "manifest.json")
    before = examine(made.root)
    copy = tmp_path / "copy"
    assert main(["capture", "--from", str(made.root), "-o", str(copy), "-q"]) == 0
    after = examine(copy)
    assert [cause.named.name for cause in before.causes] == [cause.named.name for cause in after.causes]
    assert [str(cause.clause) for cause in before.causes] == [str(cause.clause) for cause in after.causes]
    assert "setup-incomplete" in {cause.named.name for cause in after.causes}
    assert "zephyr" not in (copy / "setup/output.txt").read_text(encoding="utf-8")
