"""Each platform's token is found where the platform keeps it, judged, and shown in the platform's own form."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_jobs import BEARER, GITHUB, JOBS, PROVIDER, github_variables, leaks, role, token
from clouds.issuer import Site
from examples import share_of
from oidc_doctor.ci import fly
from oidc_doctor.ci.platforms import ANY, PLATFORMS, platform_of
from oidc_doctor.ci.request import audience_for, request_of
from oidc_doctor.ci.secret_values import SecretValues
from oidc_doctor.ci.token_search import find_tokens
from oidc_doctor.issuers.catalogue import all_profiles
from plan_text import STRANGER, new_role_and_provider
from plan_text import SUBJECT as SUBJECT_OF_PLAN
from runners import azure_commands, buildkite_groups, github_commands, gitlab_sections

if TYPE_CHECKING:
    from tests.ci.conftest import Finished

Run = Callable[..., "Finished"]
SUBJECT = "repo:acme/app:ref:refs/heads/main"


def policy(folder: Path, issuer: str, audience: str, subject: str) -> Path:
    path = folder / "role.json"
    path.write_text(json.dumps(role(issuer, audience, subject), indent=2))
    return path


@pytest.mark.parametrize("name", JOBS)
def test_token_is_found_and_judged_against_the_policy(name: str, job: Run, tmp_path: Path) -> None:
    made = JOBS[name](tmp_path)
    trusted = policy(tmp_path / "work", made.issuer, made.audience, made.subject)
    accepted = job(made.variables, trusted)
    assert made.place in accepted.out, accepted.out
    assert accepted.code in (0, 3), accepted.out
    assert "error" not in accepted.out.splitlines()[0]
    policy(tmp_path / "work", made.issuer, made.audience, made.subject + "-other")
    refused = job(made.variables, "role.json")
    assert refused.code == 1
    assert "AWS0" in refused.out.split("notice: ")[0]
    for run in (accepted, refused):
        assert made.subject in run.out
        assert not github_commands(run.out) + azure_commands(run.out)


def test_a_policy_alone_is_undecided_and_the_annotation_names_the_steps(job: Run, tmp_path: Path) -> None:
    made = JOBS["gitlab"](tmp_path)
    done = job(made.variables, policy(tmp_path / "work", made.issuer, made.audience, made.subject), "-q")
    assert done.code == 3
    (undecided, _) = done.out.splitlines()
    passed, _, unknown = undecided.partition("Unknown: ")
    assert "trust policy" in passed
    assert "provider" in unknown


def test_without_a_token_the_notice_says_where_to_run(job: Run, tmp_path: Path) -> None:
    path = policy(tmp_path / "work", "https://gitlab.com", "https://gitlab.com", "project_path:acme/app")
    for arguments in ((), (path,)):
        done = job({}, "-q", *arguments)
        assert (done.code, len(done.out.splitlines())) == (3, 1)
        assert "Run oidc-doctor ci in the job that failed" in done.out


@pytest.mark.parametrize("name", [name for name in JOBS if name != "google client"])  # whose configuration is one
def test_no_configuration_gives_the_exact_conditions(name: str, job: Run, tmp_path: Path) -> None:
    made = JOBS[name](tmp_path)
    done = job(made.variables)
    assert done.code == 3
    host = made.issuer.removeprefix("https://")
    assert f'"{host}:aud": "{made.audience}"' in done.out
    assert f'"{host}:sub": "' in done.out
    assert "or wider" not in done.out
    for text in (made.subject, made.issuer, made.audience):
        assert text in done.out


def test_log_has_the_groups_of_its_platform(job: Run, tmp_path: Path) -> None:
    assert len(gitlab_sections(job(JOBS["gitlab"](tmp_path).variables).out)) == 2
    done = job(JOBS["buildkite"](tmp_path).variables)
    assert [line[:3] for line in buildkite_groups(done.out)] == ["+++", "---"]
    assert done.files["bin/asked.txt"].splitlines() == [
        "oidc request-token --audience sts.amazonaws.com",
        "annotate --style error --context oidc-doctor",
    ]
    assert "organization:acme:pipeline:app" in done.files["bin/annotation.md"]
    azure = job({"TF_BUILD": "True", "SYSTEM_ACCESSTOKEN": BEARER})
    assert [command.name for command in azure_commands(azure.out)] == ["group", "endgroup"]
    assert azure.code == 3


def github_job(site: Site, tmp_path: Path, audience: str = "sts.amazonaws.com", **claims: str) -> dict[str, str]:
    text = token(GITHUB, audience, SUBJECT, **claims)
    site.serve(f"/token?api-version=2.0&audience={audience}", {"value": text, "count": 1})
    variables = github_variables(tmp_path, f"{site.issuer}/token?api-version=2.0")
    return variables | {"REQUESTS_CA_BUNDLE": site.ca_file}


def test_github_shows_annotations_and_a_summary(job: Run, site: Site, tmp_path: Path) -> None:
    variables = github_job(site, tmp_path)
    work = tmp_path / "checkout"
    policy(work, GITHUB, "sts.amazonaws.com", "repo:acme/app:environment:production")
    done = job(variables, "--private-issuer", work / "role.json")
    assert done.code == 1
    commands = github_commands(done.out)
    assert [command.name for command in commands] == ["error", "notice", "group", "endgroup"]
    error = commands[0]
    assert error.properties["title"] == "AWS024 subject-form-differs"
    assert (error.properties["file"], int(error.properties["line"]) > 1) == ("role.json", True)
    assert "no deployment environment" in error.data
    assert "because the job has no deployment environment" in commands[1].data
    summary = done.files["summary.md"]
    assert SUBJECT in summary
    assert "AWS024" in summary
    again = job(variables, "--private-issuer", work / "role.json")
    assert again.files["summary.md"].startswith(summary)  # appended to what earlier commands of the step wrote


def test_github_token_for_the_provider_that_the_sign_in_step_names(job: Run, site: Site, tmp_path: Path) -> None:
    provider = "projects/482910375566/locations/global/workloadIdentityPools/ci/providers/github"
    variables = github_job(site, tmp_path, f"https://iam.googleapis.com/{provider}")
    steps = f"[{{uses: google-github-actions/auth@v3, with: {{workload_identity_provider: {provider}}}}}]"
    other = "[{uses: aws-actions/configure-aws-credentials@v6, with: {role-to-assume: 'arn:aws:iam::1:role/x'}}]"
    jobs = f"jobs:\n  deploy:\n    steps: {steps}\n  other:\n    steps: {other}\n"
    (tmp_path / "checkout/.github/workflows/deploy.yml").write_text(jobs)
    done = job(variables, "--private-issuer")
    assert done.code == 3
    assert f"assertion.sub == '{SUBJECT}'" in done.out
    assert "StringEquals" not in done.out
    assert provider in done.out


def test_audience_is_the_users_then_the_steps_then_the_clouds(job: Run, site: Site, tmp_path: Path) -> None:
    steps = "[{uses: aws-actions/configure-aws-credentials@v6, with: {role-to-assume: x, audience: step.example}}]"
    variables = github_job(site, tmp_path)
    (tmp_path / "checkout/.github/workflows/deploy.yml").write_text(f"jobs: {{deploy: {{steps: {steps}}}}}\n")
    job(variables, "--private-issuer")
    job(variables, "--private-issuer", "--audience", "user.example")
    (tmp_path / "checkout/.github/workflows/deploy.yml").unlink()
    job(variables, "--private-issuer")
    assert [path.partition("audience=")[2] for path in site.asked] == [
        "step.example",
        "user.example",
        "sts.amazonaws.com",
    ]


def test_refusal_of_an_audience_that_was_assumed_is_none_of_the_job(job: Run, site: Site, tmp_path: Path) -> None:
    variables = github_job(site, tmp_path)
    policy(tmp_path / "work", GITHUB, "https://github.com/acme", SUBJECT)
    done = job(variables, "--private-issuer", "role.json")
    assert done.code == 3
    first = github_commands(done.out)[0]
    assert (first.name, first.properties["title"]) == ("warning", "AWS026 audience-condition-differs")
    assert "if the job asks for another audience, add --audience" in first.data
    assert job(variables, "--private-issuer", "role.json", "--audience", "sts.amazonaws.com").code == 1
    steps = "[{uses: aws-actions/configure-aws-credentials@v6, with: {role-to-assume: 'arn:aws:iam::1:role/x'}}]"
    (tmp_path / "checkout/.github/workflows/deploy.yml").write_text(f"jobs: {{deploy: {{steps: {steps}}}}}\n")
    assert job(variables, "--private-issuer", "role.json").code == 1  # the step asks for the action's default
    policy(tmp_path / "work", GITHUB, "https://github.com/acme", "repo:acme/other:pull_request")
    (tmp_path / "checkout/.github/workflows/deploy.yml").unlink()
    assert job(variables, "--private-issuer", "role.json").code == 1  # the subject is refused whatever the audience is


def test_fly_is_asked_on_its_socket(
    job: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fly_socket: Callable[[str], list[bytes]]
) -> None:
    text = token("https://oidc.fly.io/acme", "sts.amazonaws.com", "acme:app:m1")
    asked = fly_socket(text)
    variables = {"FLY_MACHINE_ID": "m1", "FLY_APP_NAME": "app"}
    done = job(variables)
    assert (done.code, len(asked)) == (3, 1)
    assert asked[0].startswith(b"POST /v1/tokens/oidc HTTP/1.1\r\n")
    assert asked[0].endswith(b'{"aud": "sts.amazonaws.com"}')
    assert '"oidc.fly.io/acme:sub": "acme:app:*"' in done.out
    assert not leaks(done.everything, text)
    monkeypatch.setattr(fly, "SOCKET", str(tmp_path / "no-socket"))
    done = job(variables)
    assert done.code == 3
    assert "TOK014" in done.out


def test_token_in_two_places_is_judged_once(job: Run, tmp_path: Path) -> None:
    made = JOBS["bitbucket"](tmp_path)
    (tmp_path / "token").write_text(made.variables["BITBUCKET_STEP_OIDC_TOKEN"] + "\n")
    done = job(made.variables | {"AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token")})
    assert done.out.count("\n  Token from ") == 1
    assert "the variable BITBUCKET_STEP_OIDC_TOKEN and the file" in done.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["arn:aws:iam::123456789012:role/Deploy"],
        ["--role", "arn:aws:iam::123456789012:role/Deploy", '{"Version": "2012-10-17", "Statement": []}'],
        ["--gcp-provider", PROVIDER, "--service-account", "x@acme.iam.gserviceaccount.com"],
        ["https://gitlab.com"],
        [],
    ],
)
def test_no_cloud_and_no_issuer_is_asked(
    arguments: list[str], job: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    made = JOBS["gitlab"](tmp_path)
    login = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-real-one"}
    done = job(made.variables | login, *arguments)
    assert done.code in (1, 3), done.err
    assert made.subject in done.out


def test_several_tokens_are_all_judged(job: Run, tmp_path: Path) -> None:
    made = JOBS["circleci"](tmp_path)
    longer = token(made.issuer, made.audience, made.subject + "/vcs-origin/github.com/acme/app/vcs-ref/refs/heads/main")
    policy(tmp_path / "work", made.issuer, made.audience, made.subject)
    done = job(made.variables | {"CIRCLE_OIDC_TOKEN_V2": longer}, "role.json")
    assert done.code == 1
    assert "the variable CIRCLE_OIDC_TOKEN:" in done.out
    assert "the variable CIRCLE_OIDC_TOKEN_V2:" in done.out
    (error,) = [line for line in done.out.splitlines() if line.startswith("error: ")]
    assert ": the variable CIRCLE_OIDC_TOKEN_V2: AWS refuses this token: " in error


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"GITLAB_CI": "true"}, "id_tokens"),
        ({"CIRCLECI": "true"}, "context"),
        ({"BITBUCKET_BUILD_NUMBER": "7"}, "oidc: true"),
        ({"TFC_RUN_ID": "run-1"}, "TFC_AWS_PROVIDER_AUTH"),
        ({"MODAL_TASK_ID": "ta-1"}, "container"),
        ({"SPACELIFT": "1", "TF_VAR_spacelift_run_id": "1"}, "Spacelift"),
        ({"SEMAPHORE": "true"}, "Semaphore"),
        ({"B10_OIDC_TOKEN_PATH": "/no/such/token"}, "/no/such/token"),
        ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/no/such/token"}, "/no/such/token"),
    ],
)
def test_missing_token_says_what_is_missing(variables: dict[str, str], words: str, job: Run) -> None:
    done = job(variables)
    assert done.code == 1
    first = done.out.splitlines()[0]
    assert first.startswith("error: TOK014 token-not-issued: The job has no OIDC token to send: ")
    assert words in first


@pytest.mark.parametrize(
    "variables",
    [
        {"VERCEL": "1"},  # a running function has its token in a header
        {"TFC_RUN_ID": "run-1", "TFC_AWS_PROVIDER_AUTH": "true"},  # the provider has a token of its own
        {"GITLAB_CI": "true", "AWS_WEB_IDENTITY_TOKEN_FILE": "/no/such/token", "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE"},
    ],
)
def test_job_that_may_sign_in_otherwise_is_unknown(variables: dict[str, str], job: Run) -> None:
    done = job(variables)
    assert done.code == 3
    assert done.out.startswith("warning: TOK014 token-not-issued: The job may have no OIDC token to send: ")


def test_nothing_known_is_unknown_and_not_refused(job: Run) -> None:
    done = job({})
    assert done.code == 3
    assert "error" not in done.out.splitlines()[0]


def test_unreadable_token_file_is_named(job: Run, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.mkdir()  # no regular file
    done = job({"AWS_WEB_IDENTITY_TOKEN_FILE": str(path)})
    assert done.code == 1
    assert str(path) in done.out


def test_bearers_of_the_platform_are_no_tokens_of_the_job(job: Run) -> None:
    bearer = token("https://gitlab.com", "https://gitlab.com", "job:1")
    assert job({"GITLAB_CI": "true", "CI_JOB_TOKEN": bearer}).code == 1


def test_target_file_of_the_repository_names_the_evidence(job: Run, tmp_path: Path) -> None:
    made = JOBS["gitlab"](tmp_path)
    work = tmp_path / "work"
    (work / "saved").mkdir()
    policy(work / "saved", made.issuer, made.audience, "project_path:acme/other:ref_type:branch:ref:main")
    (work / "oidc-doctor.toml").write_text('[[target]]\nname = "app"\nfrom = "saved"\n')
    assert job(made.variables).code == 1
    (work / "oidc-doctor.toml").write_text('[[target]]\nname = "app"\nfrom = "../elsewhere"\n')
    done = job(made.variables)
    assert done.code == 3
    assert "outside this folder" in done.err
    (work / "oidc-doctor.toml").write_text(
        '[[target]]\nname = "app"\n[target.aws]\nrole_arn = "arn:aws:iam::123456789012:role/Deploy"\n'
    )
    done = job(made.variables)
    assert done.code == 3
    assert "arn:aws:iam::123456789012:role/Deploy" in done.out
    assert "assertion.sub" not in done.out  # the file names AWS alone


def test_error_text_from_a_file_is_evidence(job: Run, tmp_path: Path) -> None:
    made = JOBS["gitlab"](tmp_path)
    log = tmp_path / "step.log"
    log.write_text("An error occurred (InvalidIdentityToken): Incorrect token audience\n")
    policy(tmp_path / "work", made.issuer, made.audience, made.subject)
    done = job(made.variables, "role.json", "--error", log)
    assert done.code == 1
    assert "AWS014" in done.out.splitlines()[0]


def test_plan_is_judged_under_its_addresses(job: Run, tmp_path: Path) -> None:
    (tmp_path / "work" / "plan.json").write_text(new_role_and_provider().text())
    made = JOBS["gitlab"](tmp_path)
    text = token("https://oidc.baseten.co", "oidc.baseten.co", STRANGER)
    done = job(made.variables | {"DEPLOY_TOKEN": text}, "plan.json", "--artifact", "artifact")
    assert done.code == 1
    assert "aws_iam_role.weights" in done.out
    assert "AWS" in done.out.split(":")[1]
    accepted = token("https://oidc.baseten.co", "oidc.baseten.co", SUBJECT_OF_PLAN)
    assert job(made.variables | {"DEPLOY_TOKEN": accepted}, "plan.json").code in (0, 3)
    assert not leaks(done.everything, text)


_NAMES = sorted(
    {"AWS_ROLE_ARN", "AWS_PROFILE", "GITHUB_EVENT_PATH", "GITHUB_WORKFLOW_REF", "GITHUB_WORKSPACE", "GITHUB_JOB"}
    | {"AWS_CONFIG_FILE", "GOOGLE_APPLICATION_CREDENTIALS", "ACTIONS_ID_TOKEN_REQUEST_URL", "GITHUB_EVENT_NAME"}
    | {"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "TFC_AWS_RUN_ROLE_ARN", "TFC_GCP_WORKLOAD_PROVIDER_NAME", "DEPLOY"}
    | {name for platform in PLATFORMS for name in (platform.mark, *platform.variables, *platform.paths)}
)
_VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20) | st.sampled_from(
    [
        "true",
        "eyJ.eyJ.x",
        "eyJhbGciOiJub25lIn0.e30.",
        "/dev/zero",
        "/dev",
        "/proc/self/mem",
        "../..",
        "pull_request",
        "{}",
    ]
)


@settings(max_examples=share_of(300))
@given(st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=8))
def test_any_environment_is_read_without_a_fault(environment: dict[str, str]) -> None:
    variables = {"PATH": "/nowhere", "AWS_CONFIG_FILE": "/nowhere", **environment}
    platform = platform_of(variables)
    request = request_of(variables, platform)
    audience = audience_for([request.target] if request.target else [], request, None)
    secrets = SecretValues()
    secrets.add_environment(variables)
    search = find_tokens(variables, platform, audience.value, secrets, private=False)
    assert all(token.origin.file for token in search.tokens)


def test_every_variable_of_an_issuers_profile_is_looked_at() -> None:
    looked_at = {name for platform in (*PLATFORMS, ANY) for name in (*platform.variables, *platform.paths)}
    named = {
        source.name
        for profile in all_profiles()
        for source in profile.token_sources
        if source.kind in ("variable", "path-variable") and source.name.isupper()
    }
    assert named - looked_at == set()
