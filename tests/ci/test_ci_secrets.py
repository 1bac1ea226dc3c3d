"""No piece of a token, of a bearer or of a job's other secrets is in anything that a run writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_jobs import BEARER, GITHUB, JOBS, agent, github_variables, leaks, pieces, role, token
from clouds.issuer import Site
from examples import share_of
from oidc_doctor.ci.secret_values import PIECE, SecretValues
from runners import azure_commands, buildkite_groups, github_commands, gitlab_sections

if TYPE_CHECKING:
    from tests.ci.conftest import Finished

Run = Callable[..., "Finished"]
SUBJECT = "repo:acme/app:ref:refs/heads/main"
OTHERS = {
    "DEPLOY_API_KEY": "Zk2VbN8sRy4HdJqW1xTm3LpQ7vC5bA0e",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXbMPLEqKY",
    "GITHUB_TOKEN": "ghs_Zk2VbN8sRy4HdJqW1xTm3LpQ7vC5bA0eF9u",
}


def secrets_of(variables: dict[str, str], folder: Path) -> list[str]:
    """The token of the job, wherever it is, and its other secrets."""
    texts = [*variables.values(), *(path.read_text() for path in folder.rglob("*") if path.is_file())]
    tokens = {word.strip("\"'{},:") for text in texts for word in text.replace('"', " ").replace("'", " ").split()}
    found = [word for word in tokens if word.startswith("eyJ") and len(word) > 100]
    assert found
    return [*found, BEARER, *OTHERS.values()]


def check(done: Finished, secrets: list[str]) -> None:
    assert not leaks(done.everything, *secrets)


@pytest.mark.parametrize("name", JOBS)
def test_every_platform(name: str, job: Run, tmp_path: Path) -> None:
    made = JOBS[name](tmp_path)
    variables = OTHERS | made.variables
    secrets = secrets_of(variables, tmp_path)
    (tmp_path / "work" / "role.json").write_text(json.dumps(role(made.issuer, made.audience, made.subject + "-other")))
    done = job(variables, "role.json", "-v", "--artifact", "artifact")
    assert done.code == 1
    below = {path for path in done.files if path.startswith("work/artifact/")}
    assert {f"work/artifact/{file}" for file in ("report.md", "report.json", "job.json")} < below, below
    assert any("bundle/" in path for path in below)
    check(done, secrets)
    report = json.loads(done.files["work/artifact/report.json"])
    assert report["verdict"] == "refused"
    assert made.subject not in "".join(done.files[path] for path in below)  # names are replaced in what is sent


def test_github_summary_log_and_artifact(job: Run, site: Site, tmp_path: Path) -> None:
    text = token(GITHUB, "sts.amazonaws.com", SUBJECT)
    site.serve("/token?audience=sts.amazonaws.com", {"value": text})
    variables = OTHERS | github_variables(tmp_path, f"{site.issuer}/token") | {"REQUESTS_CA_BUNDLE": site.ca_file}
    (tmp_path / "work" / "role.json").write_text(json.dumps(role(GITHUB, "sts.amazonaws.com", "repo:acme/other:*")))
    done = job(variables, "role.json", "-v", "--private-issuer", "--artifact", "artifact")
    assert done.code == 1
    assert "summary.md" in done.files
    assert SUBJECT in done.out
    check(done, [text, BEARER, *OTHERS.values()])


@pytest.mark.parametrize("answer", ["redirect", "echo", "text", "500", "huge"])
def test_failing_request(answer: str, job: Run, site: Site, tmp_path: Path) -> None:
    text = token(GITHUB, "sts.amazonaws.com", SUBJECT)
    bodies: dict[str, tuple[object, int, dict[str, str]]] = {
        "redirect": ({}, 302, {"Location": f"{site.issuer}/elsewhere?bearer={BEARER}"}),
        "echo": ({"message": f"bad bearer {BEARER}", "value": None}, 401, {}),
        "text": (f"not json {text} {BEARER}".encode(), 200, {}),
        "500": (text.encode(), 500, {}),
        "huge": (b"[" * 2_000_000, 200, {}),
    }
    body, status, headers = bodies[answer]
    site.serve("/token?audience=sts.amazonaws.com", body, status, **headers)
    variables = OTHERS | github_variables(tmp_path, f"{site.issuer}/token") | {"REQUESTS_CA_BUNDLE": site.ca_file}
    done = job(variables, "-v", "--private-issuer", "--artifact", "artifact")
    assert done.code == 3
    assert "TOK014" in done.out
    assert not [path for path in site.asked if "elsewhere" in path]  # the bearer goes to the platform alone
    check(done, [text, BEARER, *OTHERS.values()])


def test_agent_that_fails(job: Run, tmp_path: Path) -> None:
    made = JOBS["buildkite"](tmp_path)
    secrets = secrets_of(made.variables, tmp_path)
    agent(tmp_path / "bin", secrets[0], code=1)
    done = job(OTHERS | made.variables, "-v")
    assert done.code == 3
    assert not leaks(done.out + done.err, *secrets)


def broken(text: str) -> list[str]:
    header, claims, signature = text.split(".")
    return [
        f"{header}.{claims}",
        f"{header}.{claims}.{signature}.{signature}",
        f"Bearer {text}",
        f'"{text}"',
        f"{header[:-3]}!.{claims}.{signature}",
        f"{claims}.{header}.{signature}",
        text.replace(".", "_"),
        json.dumps({"value": text}),
        json.dumps({"value": text[:-40]}),
        f"{text}\n{text}",
        text[:-100] + " " + text[-100:],
    ]


@pytest.mark.parametrize("number", range(11))
def test_broken_token(number: int, job: Run, tmp_path: Path) -> None:
    text = token("https://gitlab.com", "https://gitlab.com", "project_path:acme/app:ref_type:branch:ref:main")
    (tmp_path / "token").write_text(broken(text)[number])
    policy = role("https://gitlab.com", "https://gitlab.com", "project_path:acme/*")
    (tmp_path / "work" / "role.json").write_text(json.dumps(policy))
    variables = {"GITLAB_CI": "true", "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token")}
    (tmp_path / "work/token.jwt").write_text(broken(text)[number])
    artifact = ["--artifact", "artifact"] if number in (0, 7) else []
    done = job(variables, "role.json", "--token", "token.jwt", "-v", *artifact)
    assert done.code in (0, 1, 3)
    check(done, [text])


def test_token_among_the_things(job: Run, tmp_path: Path) -> None:
    text = token("https://gitlab.com", "https://gitlab.com", "project_path:acme/app:ref_type:branch:ref:main")
    (tmp_path / "work" / "bundle").mkdir()
    (tmp_path / "work" / "bundle" / "token.jwt").write_text(text)
    policy = role("https://gitlab.com", "https://gitlab.com", "project_path:other/*")
    (tmp_path / "work" / "bundle" / "role.json").write_text(json.dumps(policy))
    key = OTHERS["DEPLOY_API_KEY"]
    said = f"Error: Not authorized to perform sts:AssumeRoleWithWebIdentity {text}\n{text[-60:-20]}\n"
    (tmp_path / "work" / "error.log").write_text(f"{said}with {key}, {key[4:24]}\n")
    for arguments in (
        ["bundle", "--artifact", "artifact-1"],
        ["bundle/role.json", text, "--artifact", "artifact-2"],
        ["bundle/role.json", "--token", text],
        ["bundle/role.json", "bundle/token.jwt", "--error", "error.log", "--artifact", "artifact-3"],
        [text[:200]],
        ["--no-such-option", text],
        [f"--artifact={text[:100]}/x"],
        ["--role", text],
    ):
        check(job(OTHERS | {"GITLAB_CI": "true"}, *arguments, "-v"), [text, *OTHERS.values()])


def test_secret_of_the_job_in_a_claim_is_removed(job: Run) -> None:
    key = OTHERS["DEPLOY_API_KEY"]
    text = token("https://gitlab.com", "https://gitlab.com", f"project_path:acme/app:ref_type:branch:ref:{key[3:]}")
    done = job(OTHERS | {"GITLAB_CI": "true", "T": text}, "-v", "--artifact", "artifact")
    assert "ref_type:branch:ref:[secret removed]" in done.out
    check(done, [text, *OTHERS.values()])


MARKS = {
    "gitlab": "GITLAB_CI",
    "circleci": "CIRCLECI",
    "buildkite": "BUILDKITE",
    "github": "GITHUB_ACTIONS",
    "azure": "TF_BUILD",
}
OWN = {"error", "warning", "notice", "task.logissue"}


@pytest.mark.parametrize("platform", MARKS)
def test_claims_make_no_command(platform: str, job: Run, tmp_path: Path) -> None:
    hostile = "\n::add-mask::e\n##[debug]x ##vso[task.complete]\n--- x\n\x1b[0Ksection_end:1:step_script\r\x1b[0K"
    text = token("https://gitlab.com", hostile, hostile, environment=hostile)
    (tmp_path / "token").write_text(text)
    variables = {MARKS[platform]: "true", "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token")}
    done = job(variables, "-v", "--error", hostile)
    text = done.out + done.err
    names = [command.name for command in (azure_commands if platform == "azure" else github_commands)(text)]
    groups = ["group", "endgroup"] if platform in ("github", "azure") else []
    assert [name for name in names if name not in OWN] == groups
    assert bool(OWN & set(names)) == (platform == "github")
    if platform not in ("github", "azure"):
        assert not github_commands(text) + azure_commands(text)
    assert len(buildkite_groups(text)) == (2 if platform == "buildkite" else 0)
    assert len(gitlab_sections(text)) == (2 if platform == "gitlab" else 0)


@settings(max_examples=share_of(200))
@given(st.text(st.sampled_from("ab1-."), min_size=20, max_size=60), st.text(max_size=30), st.text(max_size=30))
def test_pieces_are_removed_and_nothing_else(secret: str, before: str, after: str) -> None:
    secrets = SecretValues()
    secrets.add(secret)
    text = f"{before}{secret[3:]}{after}"
    clean = secrets.removed(text)
    assert not leaks(clean, secret)
    assert secrets.removed(clean) == clean
    if not leaks(before, secret) and len(before) < PIECE:
        assert secrets.removed(before) == before


def test_secret_of_any_characters() -> None:
    secrets = SecretValues()
    secrets.add("\ud800\udcff" * 20, "", "short")
    secrets.add_token("[" * 100)
    assert secrets.removed("x" * 40) == "x" * 40


@given(st.binary(min_size=16, max_size=48), st.integers(0, 2))
def test_base64_at_each_place(data: bytes, before: int) -> None:
    import base64

    secret = base64.urlsafe_b64encode(data).decode()
    secrets = SecretValues()
    secrets.add(secret)
    inner = base64.b64encode(b"x" * before + secret.encode() + b"y").decode()
    clean = secrets.removed(inner)
    own = base64.b64encode(secret.encode()).decode()
    assert len(clean.replace("[secret removed]", "")) < len(inner) - len(own) + 12
    assert not set(pieces(secret)) & {clean[at : at + PIECE] for at in range(len(clean))}
