"""The doctor as a library."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor import api
from oidc_doctor.bundle.files import BundleError

if TYPE_CHECKING:
    from tests.conftest import Bundle

ROOT = Path(__file__).resolve().parent.parent
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ELEMENTS = st.sampled_from(["Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition", "Resource"])


def policy(action: str = "sts:AssumeRoleWithWebIdentity") -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": "arn:aws:iam::210987654321:oidc-provider/oidc.example.org"},
        "Action": action,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_a_bundle_is_examined(aws: Bundle) -> None:
    report = api.examine(aws.condition(aws.subject("v=1:org=other:*")).root)
    assert report.verdict == "refused"
    data = api.to_json(report)
    assert data["schema"] == "oidc-doctor.report/1"
    assert data["exchanges"][0]["prediction"] == "refused"
    json.dumps(data)


def test_the_options_are_those_of_the_command_line(aws: Bundle) -> None:
    bundle = aws.remove("token.jwt").root
    assert api.examine(bundle, subject=aws.SUBJECT, at=aws.NOW).exchanges[0].claims_from == "hypothetical"
    claims = json.dumps(aws.claims_of(sub="v=1:org=other"))
    assert api.examine(bundle, token=claims, at=aws.NOW).exchanges[0].prediction == "refused"
    seen = api.examine(error="Not authorized to perform sts:AssumeRoleWithWebIdentity", skip=("trust-*",))
    assert seen.observed


def test_nothing_to_examine(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing to examine"):
        api.examine()
    with pytest.raises(BundleError):
        api.examine(tmp_path / "absent")


def test_a_trust_policy_that_iam_stores() -> None:
    assert api.save_refusal(policy()) is None
    assert api.save_refusal(json.dumps(policy())) is None


def test_a_trust_policy_that_iam_refuses() -> None:
    refused = "AssumeRole policy may only specify STS AssumeRole actions."
    assert api.save_refusal(policy("sts:*")) == api.save_refusal(json.dumps(policy("sts:*"))) == refused
    assert api.save_refusal("{") == "the trust policy is not JSON"
    assert api.save_refusal({}) == api.save_refusal("[]") == "IAM stores no trust policy without a Statement"


@given(JSON | st.fixed_dictionaries({"Statement": JSON | st.lists(st.dictionaries(ELEMENTS, JSON), max_size=3)}))
def test_any_json_has_an_answer(document: Any) -> None:
    answer = api.save_refusal(json.dumps(document))
    assert answer is None or answer
    if isinstance(document, dict):
        assert api.save_refusal(document) == answer


def test_the_page_about_the_library_is_so() -> None:
    page = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    assert {*re.findall(r"api\.(\w+)\(", page)} <= {*vars(api)}
    example = re.findall(r"```python\n(from oidc_doctor\.iam.*?)```", page, re.DOTALL)[0]
    imported, _, call = example.strip().partition("\n\n")
    expression, _, answer = call.partition("  # ")
    code = f"{imported}\nprint({expression})"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == answer


def test_it_loads_no_cloud_sdk() -> None:
    code = "import sys; from oidc_doctor import api; api.save_refusal({}); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"boto3", "botocore", "google", "pandas", "textual"} & {*run.stdout.split()}
