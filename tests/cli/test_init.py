"""init writes the target file that a report then reads: from options, the user's settings, or three answers."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from oidc_doctor.cli.main import main
from oidc_doctor.documents.target_file import parse_targets
from oidc_doctor.model.evidence import Target

ROLE = "arn:aws:iam::123456789012:role/Deploy"
PROVIDER = "projects/123456789012/locations/global/workloadIdentityPools/pool/providers/oidc"
ACCOUNT = "deploy@acme-prod.iam.gserviceaccount.com"
TRUSS = """\
model_name: press
weights:
  - source: s3://acme-weights/press
    mount_location: /models
    auth:
      auth_method: AWS_OIDC
      aws_oidc_role_arn: arn:aws:iam::210987654321:role/ModelWeights
      aws_oidc_region: us-east-1
"""
WORKFLOW = f"""\
on: push
jobs:
  deploy:
    steps:
      - uses: actions/checkout@v4
      - uses: aws-actions/configure-aws-credentials@v4
        with: {{role-to-assume: "{ROLE}", aws-region: eu-west-1}}
      - uses: google-github-actions/auth@v2
        with: {{workload_identity_provider: "{PROVIDER}", service_account: "${{{{ secrets.ACCOUNT }}}}"}}
      - uses: aws-actions/configure-aws-credentials@v4
        with: {{role-to-assume: "${{{{ vars.ROLE }}}}"}}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder of a user without any settings."""
    for name in ("AWS_ROLE_ARN", "AWS_REGION", "AWS_DEFAULT_REGION", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws-config"))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


def written(path: str = "oidc-doctor.toml") -> list[Target]:
    targets, warnings = parse_targets(Path(path).read_text())
    assert not warnings
    return targets


def test_options_are_written() -> None:
    assert main(["init", "--role", ROLE, "--issuer", "github"]) == 0
    (target,) = written()
    assert target.aws is not None
    assert (target.name, target.issuer, target.aws.role_arn) == (
        "Deploy",
        "https://token.actions.githubusercontent.com",
        ROLE,
    )


def test_a_provider_as_google_prints_it_is_written_without_its_host() -> None:
    name = f"//iam.googleapis.com/{PROVIDER}"
    assert main(["init", "--gcp-provider", name, "--service-account", ACCOUNT, "-o", "other.toml"]) == 0
    (target,) = written("other.toml")
    assert target.gcp is not None
    assert (target.gcp.provider, target.gcp.service_account) == (PROVIDER, ACCOUNT)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--role", "Deploy"], "not a role ARN"),
        (["--role", f"{ROLE}".replace(":role/", ":user/")], "not a role ARN"),
        (["--gcp-provider", PROVIDER.partition("/providers/")[0]], "add /providers/ID"),
        (["--issuer", "github"], "--issuer alone"),
        (["--role", ROLE, "--issuer", "quince"], "not an issuer URL"),
        ([], "add --role ARN"),
    ],
)
def test_an_unusable_value_writes_nothing(
    arguments: list[str], words: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", *arguments]) == 2
    err = capfd.readouterr().err
    assert words in err
    assert err.count("\n") == 1
    assert not list(folder.iterdir())


def test_a_file_is_replaced_on_request_alone(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "oidc-doctor.toml").write_text("mine")
    assert main(["init", "--role", ROLE]) == 2
    assert (folder / "oidc-doctor.toml").read_text() == "mine"
    assert "--force" in capfd.readouterr().err
    assert main(["init", "--role", ROLE, "--force"]) == 0
    assert len(written()) == 1


def test_every_setting_becomes_a_target_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "config.yaml").write_text(TRUSS)
    (folder / ".github" / "workflows").mkdir(parents=True)
    (folder / ".github" / "workflows" / "deploy.yml").write_text(WORKFLOW)
    (folder / ".github" / "workflows" / "broken.yml").write_text("jobs: [")
    (tmp_path / "aws-config").write_text(
        f"[profile job]\nrole_arn = arn:aws:iam::123456789012:role/Job\nweb_identity_token_file = {tmp_path}/none\n"
        "[profile person]\nrole_arn = arn:aws:iam::123456789012:role/Person\nsource_profile = job\n"
    )
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)  # the workflow's, once more
    assert main(["init"]) == 0
    targets = written()
    assert [(target.name, target.issuer) for target in targets] == [
        ("ModelWeights", None),
        ("Deploy", None),
        ("oidc", None),
        ("Job", None),
    ]
    assert targets[0].aws is not None
    assert targets[0].aws.s3_bucket == "acme-weights"
    assert targets[2].gcp is not None
    assert targets[2].gcp.service_account is None  # a secret of the repository
    err = capfd.readouterr().err
    assert "found in config.yaml" in err
    assert "the profile job of" in err
    assert "Person" not in err


def test_the_credential_configuration_is_a_setting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder.parent / "credentials.json"
    url = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"
    path.write_text(
        f'{{"type": "external_account", "audience": "//iam.googleapis.com/{PROVIDER}", '
        f'"service_account_impersonation_url": "{url}", "credential_source": {{"file": "/etc/passwd"}}}}'
    )
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    assert main(["init"]) == 0
    (target,) = written()
    assert target.gcp is not None
    assert (target.gcp.provider, target.gcp.service_account) == (PROVIDER, ACCOUNT)


def answered(*answers: str) -> tuple[int, str]:
    """The exit code and the terminal's text of `init` on a terminal whose user types these answers."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "oidc_doctor", "init"], stdin=follower, stdout=follower, stderr=follower
    ) as process:
        os.close(follower)
        os.write(leader, "".join(f"{answer}\n" for answer in answers).encode())
        shown = b""
        while True:
            try:
                piece = os.read(leader, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
        code = process.wait(60)
    os.close(leader)
    return code, shown.decode()


def test_three_answers() -> None:
    code, shown = answered(ROLE, "", "baseten")
    assert code == 0
    assert "Three questions" in shown
    (target,) = written()
    assert target.issuer == "https://oidc.baseten.co"
    assert target.gcp is None


def test_a_wrong_answer_is_asked_again() -> None:
    code, shown = answered("", "pool/provider", PROVIDER, ACCOUNT, "")
    assert code == 0
    assert "not the name of a workload identity pool provider" in shown
    (target,) = written()
    assert target.gcp is not None
    assert target.gcp.service_account == ACCOUNT


def test_no_answer_writes_nothing(folder: Path) -> None:
    code, shown = answered("", "")
    assert code == 2
    assert "nothing to write" in shown
    assert not list(folder.iterdir())


def test_an_issuer_that_only_the_name_of_a_file_suggests_is_a_comment(folder: Path) -> None:
    (folder / "config.yaml").write_text(TRUSS)
    assert main(["init"]) == 0
    (target,) = written()
    assert target.issuer is None
    assert '# issuer = "https://oidc.baseten.co"  # probably' in Path("oidc-doctor.toml").read_text()


def test_an_issuer_that_was_shown_and_agreed_to_is_written(folder: Path) -> None:
    (folder / "config.yaml").write_text(TRUSS)
    code, shown = answered("y")
    assert code == 0
    assert "its issuer is probably https://oidc.baseten.co" in " ".join(shown.split())
    (target,) = written()
    assert target.issuer == "https://oidc.baseten.co"


def test_settings_are_offered_on_a_terminal(folder: Path) -> None:
    (folder / "config.yaml").write_text(TRUSS)
    code, shown = answered("n", ROLE, "", "")
    assert code == 0
    assert "Write it to oidc-doctor.toml? [Y/n]" in shown
    (target,) = written()
    assert target.name == "Deploy"
