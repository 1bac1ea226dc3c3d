"""The doctor as a library."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor import api
from oidc_doctor.bundle.files import BundleError
from oidc_doctor.cli.main import main
from oidc_doctor.report.formats import EXPECT_FORMATS, FORMATS
from plan_text import new_role_and_provider

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


def test_documents_are_recognised_by_their_content(aws: Bundle, gcp: Bundle) -> None:
    """A token against a trust policy, or a provider, alone: in one call, without files."""
    claims = aws.claims_of(sub="v=1:org=other:team=x:model=m:environment=e:type=model_container")
    role = json.loads((aws.root / "aws/role.json").read_text())
    trust_policy = role["Role"]["AssumeRolePolicyDocument"]
    for document in (role, trust_policy, json.dumps(trust_policy), [trust_policy]):
        report = api.examine(documents=document, token=claims, at=aws.NOW)
        assert (report.verdict, report.exchanges[0].step) == ("refused", "authorise")
    provider = json.loads((gcp.root / "gcp/provider.json").read_text())
    report = api.examine(documents=provider | {"attributeCondition": "false"}, token=gcp.claims_of(), at=gcp.NOW)
    assert (report.verdict, report.exchanges[0].step) == ("refused", "condition")


def test_a_trust_policy_alone_is_no_pass(aws: Bundle) -> None:
    """The provider was not read: the answer is unknown, and names what is missing."""
    role = json.loads((aws.root / "aws/role.json").read_text())
    report = api.examine(documents=role, token=aws.claims_of(), at=aws.NOW)
    assert (report.verdict, report.exit_code) == ("unknown", 3)
    assert {step.id: step.state for step in report.exchanges[0].steps}["authorise"] == "passed"
    assert "aws/oidc-provider.json" in {row.what for row in report.coverage if row.status == "missing"}


def test_documents_lie_beside_things(aws: Bundle) -> None:
    role = aws.root / "aws/role.json"
    provider = json.loads((aws.root / "aws/oidc-provider.json").read_text())
    report = api.examine([role], documents=[provider], token=aws.claims_of(), at=aws.NOW)
    assert {row.what for row in report.coverage if row.status == "read"} >= {"role.json", "document 1"}
    with pytest.raises(BundleError, match="both an IAM role"):
        api.examine([role], documents=policy())
    with pytest.raises(BundleError, match="document 2: not a role"):
        api.examine(documents=[provider, {"nothing": "known"}])
    with pytest.raises(ValueError, match="not JSON"):
        api.examine(documents={"Version": object()})


def test_several_tokens_are_judged_each_on_its_own(aws: Bundle) -> None:
    bundle = aws.remove("token.jwt").root
    tokens = [aws.claims_of(), json.dumps(aws.claims_of(sub="v=1:org=other"))]
    report = api.examine(bundle, token=tokens, at=aws.NOW)
    assert sorted(exchange.prediction for exchange in report.exchanges) == ["accepted", "refused"]


def test_an_instant_has_a_zone(aws: Bundle) -> None:
    at = datetime.fromtimestamp(aws.NOW, UTC)
    assert api.examine(aws.root, at=at).evaluated_at == api.examine(aws.root, at=aws.NOW).evaluated_at
    with pytest.raises(ValueError, match="at: a datetime without a zone"):
        api.examine(aws.root, at=at.replace(tzinfo=None))
    for wrong in (float("nan"), float("inf"), 1e15):
        with pytest.raises(ValueError, match="since: "):
            api.examine(aws.root, since=wrong)


def test_the_target_is_named_as_on_the_command_line(aws: Bundle) -> None:
    named = api.examine(aws.root, role="arn:aws:iam::210987654321:role/Another", at=aws.NOW)
    assert named.exchanges[0].resource == "arn:aws:iam::210987654321:role/Another"


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_is_rendered_without_its_token(aws: Bundle, form: api.Form) -> None:
    token = (aws.root / "token.jwt").read_text()
    text = api.render(api.examine(aws.remove("token.jwt").root, token=token, at=aws.NOW), form)
    assert text
    assert not any(part in text for part in token.strip().split("."))


def test_there_is_no_other_format(aws: Bundle) -> None:
    assert set(get_args(api.Form)) == {*FORMATS, *EXPECT_FORMATS}
    with pytest.raises(ValueError, match="'pdf' is no format"):
        api.render(api.examine(aws.root), "pdf")  # type: ignore[arg-type]


def test_a_page_is_found_by_code_and_name(capsys: pytest.CaptureFixture[str]) -> None:
    page = api.explain("aws025")
    assert page == api.explain("subject-segment-differs")
    assert (page.code, page.effect) == ("AWS025", "blocks")
    assert main(["explain", "AWS025"]) == 0
    assert capsys.readouterr().out == page.text + "\n"
    with pytest.raises(ValueError, match="'nothing' is no code"):
        api.explain("nothing")


def test_every_check_has_a_page() -> None:
    pages = api.checks()
    assert [page.code for page in pages] == sorted(page.code for page in pages)
    assert {page.effect for page in pages} == {"blocks", "weakens", "note"}
    assert all(page.title and page.title in page.text for page in pages)


def test_a_capture_keeps_the_diagnosis_and_no_name(aws: Bundle, tmp_path: Path) -> None:
    bundle = aws.condition(aws.subject("v=1:org=other:*")).root
    copy = api.capture(tmp_path / "copy", bundle, at=aws.NOW)
    assert not copy.differs
    assert "aws/role.json" in copy.files
    assert [cause.code for cause in api.examine(copy.place).causes] == [
        cause.code for cause in api.examine(bundle, at=aws.NOW).causes
    ]
    assert Path(copy.map or "").stat().st_mode & 0o777 == 0o600
    with pytest.raises(api.CaptureError, match="already exists"):
        api.capture(copy.place, bundle)
    assert api.capture(tmp_path / "full.tar.gz", bundle, redact=False).map is None
    with pytest.raises(ValueError, match="nothing to examine"):
        api.capture(tmp_path / "empty")


def reached(annotation: Any, seen: set[type]) -> None:
    """Add the classes of ours that a value of this annotation leads to by its public fields and properties."""
    for argument in get_args(annotation):
        reached(argument, seen)
    if not isinstance(annotation, type) or not annotation.__module__.startswith("oidc_doctor") or annotation in seen:
        return
    seen.add(annotation)
    names = [name for name in annotation.__dict__ if not name.startswith("_")]
    getters = [each.fget for name in names if isinstance(each := getattr(annotation, name), property)]
    for part in (annotation, *getters):
        for name, hint in get_type_hints(part).items():
            if name not in INSIDE:
                reached(hint, seen)


# of a cause, which has properties for what a program needs of them, and of a broken expectation, which has its words
INSIDE = ("named", "timing", "cause")


def test_every_type_that_a_program_meets_has_a_public_name() -> None:
    seen: set[type] = set()
    functions = [getattr(api, name) for name in api.__all__ if inspect.isfunction(getattr(api, name))]
    assert len(functions) == 8
    for function in functions:
        for hint in get_type_hints(function).values():
            reached(hint, seen)
    assert {kind.__name__ for kind in seen} - set(api.__all__) == set()
    assert api.__all__ == sorted(api.__all__)


def test_every_function_is_typed_and_described() -> None:
    described = str(api.examine.__doc__)
    assert [name for name in inspect.signature(api.examine).parameters if f"`{name}`" not in described] == []
    for name in api.__all__:
        value = getattr(api, name)
        if inspect.isfunction(value) or (isinstance(value, type) and value.__module__.startswith("oidc_doctor")):
            assert value.__doc__, name
        if inspect.isfunction(value):
            assert "Any" not in " ".join(map(str, inspect.signature(value).parameters.values())), name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = api.nothing  # type: ignore[attr-defined]


@given(JSON | st.text(max_size=60), JSON | st.text(max_size=60))
@settings(max_examples=share_of(200), deadline=None)
def test_no_input_ends_in_another_exception(document: Any, token: Any) -> None:
    with suppress(BundleError, ValueError):
        api.examine(documents=document if isinstance(document, str | dict) else json.dumps(document))
    with suppress(ValueError):
        api.examine(token=token if isinstance(token, str | dict) else json.dumps(token))


def test_a_typed_program_of_a_user_runs(aws: Bundle, tmp_path: Path) -> None:
    """Mypy checks its types with ours: pyproject.toml names it."""
    claims = tmp_path / "claims.json"
    at = int(datetime(2026, 11, 22, 13, tzinfo=UTC).timestamp())  # as in the program
    subject = aws.SUBJECT.replace("team=", "team=x")
    claims.write_text(json.dumps(aws.claims_of(sub=subject, iat=at - 60, exp=at + 3000)))
    program = ROOT / "tests" / "typed_program.py"
    assert "tests/typed_program.py" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    command = [sys.executable, program, aws.root / "aws/role.json", claims]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    assert ended.stdout.startswith("refused ['authorise']\nAWS0")
    assert "oidc-doctor.report/1 True" in ended.stdout


def test_an_import_loads_records_alone() -> None:
    code = "import sys; from oidc_doctor import api; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    ours = {name for name in run.stdout.split() if name.startswith("oidc_doctor.")}
    assert {name.split(".")[1] for name in ours} == {"api", "model"}


def test_a_report_loads_no_cloud_sdk(aws: Bundle) -> None:
    code = (
        "import sys; from oidc_doctor import api; api.save_refusal({}); api.render(api.examine(sys.argv[1]))\n"
        "print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code, aws.root], check=True, capture_output=True, text=True)
    assert not {"boto3", "botocore", "google", "pandas", "requests", "textual"} & {*run.stdout.split()}


GITHUB = "token.actions.githubusercontent.com"
TRUST: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:aws:iam::210987654321:oidc-provider/{GITHUB}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"},
                "StringLike": {f"{GITHUB}:sub": "repo:acme/weights:ref:refs/heads/*"},
            },
        }
    ],
}
BRANCH, PULL = "repo:acme/weights:ref:refs/heads/main", "repo:acme/weights:pull_request"


def test_expectations_of_a_trust_policy_alone(tmp_path: Path) -> None:
    tables: list[dict[str, object]] = [{"accepted": [BRANCH], "refused": [PULL], "strangers": "refused"}]
    met = api.expect(tables, documents=TRUST)
    assert (met.exit_code, [row.outcome for row in met.results]) == (0, ["met"] * 3)
    assert met.assumed
    broken = api.expect([{"accepted": [PULL]}], documents=TRUST)
    assert (broken.exit_code, broken.results[0].outcome, broken.results[0].decided) == (1, "broken", "refused")
    file = tmp_path / "expect.toml"
    file.write_text(f'[[expect]]\naccepted = ["{PULL}"]\n')
    assert api.expect(file, documents=TRUST).results[0].outcome == "broken"


def test_a_result_of_expectations_is_rendered(tmp_path: Path) -> None:
    result = api.expect([{"accepted": [PULL]}], documents=TRUST)
    data = api.to_json(result)
    assert (data["schema"], data["exit_code"]) == ("oidc-doctor.expect/1", 1)
    for form in EXPECT_FORMATS:
        assert api.render(result, form)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'html' is no format"):
        api.render(result, "html")


def test_mistakes_in_expectations_are_one_line(tmp_path: Path, aws: Bundle) -> None:
    cycle: dict[str, Any] = {}
    cycle["accepted"] = [cycle]
    wrong: list[tuple[Any, str]] = [
        ([{"acepted": [BRANCH]}], "unknown key acepted"),
        ([{"accepted": [None]}], "TOML"),
        ([{1: 2}], "Keys must be strings"),
        ([cycle], "nested too deep"),
        ([], "no \\[\\[expect\\]\\] table"),
        ([{"accepted": [BRANCH], "target": "another"}], "another"),
        (tmp_path / "absent.toml", "no such file or directory"),
        (tmp_path, "regular file|directory"),
    ]
    for expectations, message in wrong:
        with pytest.raises(ValueError, match=message) as caught:
            api.expect(expectations, documents=TRUST)
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="nothing to examine"):
        api.expect([{"accepted": [BRANCH]}])


def test_a_change_is_laid_over_evidence(tmp_path: Path) -> None:
    wider = tmp_path / "wider.json"
    wider.write_text(json.dumps(TRUST).replace("ref:refs/heads/*", "*"))
    claims = {"iss": f"https://{GITHUB}", "aud": "sts.amazonaws.com", "sub": PULL}
    proposed = api.examine(documents=TRUST, token=claims, proposed=wider).proposed
    assert proposed
    assert [(row.subject, row.before) for row in proposed.workloads] == [(PULL, "refused")]
    assert [row.state for row in proposed.documents] == ["changed"]
    with pytest.raises(BundleError):
        api.examine(documents=TRUST, token=claims, proposed=tmp_path / "absent.json")
    other = tmp_path / "provider.json"
    other.write_text(json.dumps({"name": "projects/1/locations/global/workloadIdentityPools/p/providers/q"}))
    with pytest.raises(ValueError, match=r"provider\.json"):
        api.examine(documents=TRUST, token=claims, proposed=other)


def test_a_plan_is_a_document() -> None:
    plan = new_role_and_provider().value()
    for document in (plan, json.dumps(plan)):
        report = api.examine(documents=document)
        assert {row["name"] for row in report.target} == {"aws_iam_role.weights"}
    with pytest.raises(BundleError, match="is a plan and document 2 has configuration of its own"):
        api.examine(documents=[plan, TRUST])
