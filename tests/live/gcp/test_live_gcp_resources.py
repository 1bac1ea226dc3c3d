"""What the workload reads on Google Cloud: policies of bucket and repository, and Policy Troubleshooter's answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clouds.google import BUCKET, REPOSITORY, with_resources


def test_the_policies_of_bucket_and_repository_are_read(doctor: Any, google: Any) -> None:
    bundle = doctor.collect(target=with_resources())
    outcomes = {path: read["outcome"] for path, read in doctor.reads(bundle).items()}
    assert outcomes["gcp/bucket-policy.json"] == outcomes["gcp/repository-policy.json"] == "ok"
    asked = {path for _, path, _ in google.asked}
    assert f"/storage/v1/b/{BUCKET}/iam" in asked
    assert f"/v1/{REPOSITORY}:getIamPolicy" in asked


def test_policy_troubleshooter_is_asked_on_request(doctor: Any, google: Any) -> None:
    doctor.collect(target=with_resources())
    assert not any("troubleshoot" in path for _, path, _ in google.asked)
    bundle = doctor.collect(target=with_resources(), oracles=True)
    answers = json.loads(bundle.bundle.read("gcp/troubleshooting.json"))["answers"]
    assert [row["accessTuple"]["permission"] for row in answers] == [
        "storage.objects.list",
        "storage.objects.get",
        "artifactregistry.repositories.downloadArtifacts",
    ]
    assert all(row.keys() == {"accessTuple", "overallAccessState"} for row in answers), "no policy that it quotes"


def test_a_bucket_that_is_not_there(doctor: Any) -> None:
    bundle = doctor.collect(target=with_resources("another-bucket"))
    assert doctor.reads(bundle)["gcp/bucket-policy.json"]["outcome"] == "not_found"


@pytest.mark.parametrize("bucket", ["../../v1/projects", "a?b", "${BUCKET}", "x/../y", "-h"])
def test_no_name_of_a_bucket_leaves_its_place(doctor: Any, google: Any, bucket: str) -> None:
    doctor.collect(target=with_resources(bucket))
    assert not any("storage/v1" in path and BUCKET not in path and path.count("/") > 5 for _, path, _ in google.asked)
