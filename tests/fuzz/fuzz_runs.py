"""What is fuzzed of scheduled runs and of jobs: health, notify, expect, ci, --with, and the library's arguments."""

from __future__ import annotations

import io
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from fuzz_inputs import NOW, Target, files_named, is_clear, json_of, sample_files, shown_report, text_of
from oidc_doctor import api
from oidc_doctor.bundle.files import Bundle, BundleError, BundleMember
from oidc_doctor.ci.client_configuration import configuration_of, token_of
from oidc_doctor.ci.github import why_no_token
from oidc_doctor.ci.job import job_of
from oidc_doctor.ci.platforms import ANY, GITHUB_ACTIONS, PLATFORMS, platform_of
from oidc_doctor.ci.request import audience_for, request_of
from oidc_doctor.ci.secret_values import SecretValues
from oidc_doctor.ci.token_search import Search, find_tokens
from oidc_doctor.documents.expect_file import parse_expectations
from oidc_doctor.documents.health_file import HealthFile, HealthTarget, parse_health_file
from oidc_doctor.documents.json_text import Unreadable, decode
from oidc_doctor.documents.token import parse_token
from oidc_doctor.examine.examine import read_and_judge, run
from oidc_doctor.examine.proposed.lay import ChangeError
from oidc_doctor.examine.question import Question
from oidc_doctor.expect import run as expectations
from oidc_doctor.expect.learn import learnt
from oidc_doctor.expect.targets import ExpectTarget, TargetError, targets_of
from oidc_doctor.health import run as health
from oidc_doctor.health.state import State, StateError, load, save
from oidc_doctor.model import evidence
from oidc_doctor.model.annotation import Annotation
from oidc_doctor.model.document import Origin
from oidc_doctor.model.health import Suppression
from oidc_doctor.notify.messages import messages_of
from oidc_doctor.notify.webhook import signature_headers, webhook_of
from oidc_doctor.report.annotations import AZURE, BUILDKITE, GITHUB, GITLAB, PLAIN, log_group, render_annotations
from oidc_doctor.report.formats import EXPECT_FORMATS, FORMATS, render_expect, render_health
from oidc_doctor.report.job import annotations_of, job_to_json, render_job_markdown, render_job_text
from oidc_doctor.setup.of_token import conditions_for
from oidc_doctor.things.changed import open_changed

_TRUST = "aws/role.json"
_SCENARIO = "healthy-aws"
_RUNNER = re.compile(r"^\s*::|##(?:vso)?\[|^(?:---|\+\+\+|~~~) ", re.MULTILINE)


@cache
def _small() -> dict[str, bytes]:
    """The files of a scenario without its logs."""
    return {name: data for scenario, name, data in sample_files() if scenario == _SCENARIO and "cloudtrail" not in name}


def _with(name: str = "", data: bytes = b"") -> Bundle:
    """The bundle of that scenario, with one file replaced."""
    contents = _small() | ({name: data} if name else {})

    def member(content: bytes) -> BundleMember:
        return BundleMember(len(content), lambda: io.BytesIO(content))

    return Bundle("fuzzed", {name: member(content) for name, content in contents.items()})


# ------------------------------------------------------------------------------------------------- health and notify


def health_files(data: bytes) -> None:
    """The user's oidc-doctor.toml, and its receivers. Raises Unreadable, which quotes no address."""
    text = text_of(data)
    try:
        file = parse_health_file(decode(data, "oidc-doctor.toml"))
    except Unreadable as error:
        assert str(error).isprintable()
        return
    for receiver in file.receivers:
        channel = webhook_of(receiver, {receiver.url_env: text[:200], receiver.secret_env: text[-60:]})
        path = receiver.url.partition("//")[2].partition("/")[2]
        assert len(path) < 20 or path not in channel.label


def _health_file_seeds() -> Iterator[bytes]:
    yield from files_named("oidc-doctor.toml")
    yield (
        b'[[target]]\nname = "weights"\nfrom = "bundles/weights"\nsubject = "v=1:org=a"\n'
        b'[[suppress]]\ncode = "AWS070"\nresource = "r"\nreason = "x"\nowner = "o"\nuntil = 2027-01-31\n'
        b'[[notify]]\nurl = "https://hooks.example.com/services/T0/B0/abcdefgh"\nsecret_env = "HOOK_SECRET"\n'
        b'[[notify]]\napprise_env = "APPRISE"\n'
    )


def _health_run(state: State, folder: str) -> Any:
    for name, content in _small().items():
        place = Path(folder, "weights", name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    suppression = Suppression("AWS070", "*", "a reason", "an owner", "2027-01-01", at="oidc-doctor.toml:9")
    file = HealthFile((HealthTarget(evidence.Target("weights"), "weights"),), (suppression,), (), ())
    return health.run(health.Request(file, folder, at=NOW, keep_reports=True), state, lambda _: None)


def health_states(data: bytes) -> None:
    """A state of health checks: a run with it, its messages and its renderers. Raises StateError."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "state.json")
        place.write_bytes(data)
        try:
            state = load(str(place))
        except StateError as error:
            assert str(error).isprintable()
            return
        result = _health_run(state, folder)
        assert all(target.state != "broken" for target in result.targets), [row.traceback for row in result.targets]
        for message in messages_of(result):
            is_clear(message.text)
            assert "\n" not in message.headline
            assert "```" not in message.text
            signature_headers(message.id, NOW, message.body, (b"k" * 32,))
        for form in FORMATS:
            text = render_health(result, form, width=80, color=False, verbose=True)
            if form in ("json", "sarif"):
                json.loads(text)
            else:
                is_clear(text)
        save(str(place), state)


def _state_seeds() -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "state.json")
        state = State()
        _health_run(state, folder)
        for _ in range(2):
            save(str(place), state)
            yield place.read_bytes()
            health.reported(state)
            record = state.targets["weights"]
            record.state, record.told_state = "failing", "healthy"


# ------------------------------------------------------------------------------------------- expectations and changes


@cache
def _expect_targets() -> list[ExpectTarget]:
    return targets_of(read_and_judge(_with(), Question(at=NOW))[1])


def expect_files(data: bytes) -> None:
    """An expect.toml, judged on a scenario. Raises Unreadable and TargetError; nothing is met without a token."""
    try:
        result = expectations.run(
            parse_expectations(decode(data, "expect.toml")), _expect_targets(), "expect.toml", NOW
        )
    except (Unreadable, TargetError) as error:
        assert str(error).isprintable()
        return
    assert (result.exit_code == 0) == all(row.outcome == "met" for row in result.results)
    assert not any(row.outcome == "met" and row.decided == "unknown" for row in result.results)
    for form in EXPECT_FORMATS:
        text = render_expect(result, form, width=80, color=False, verbose=True)
        if form == "json":
            json.loads(text)
        else:
            is_clear(text)


def _expect_seeds() -> Iterator[bytes]:
    yield (
        b'[[expect]]\naccepted = [\n  "repo:acme/app:ref:refs/heads/main",\n  { repository = "acme/app" },\n]\n'
        b'strangers = "refused"\nallowed = ["s3:GetObject arn:aws:s3:::weights/*"]\n'
    )
    yield b'[[expect]]\nname = "x"\nrefused = [{ sub = "v=1:org=b", aud = "a" }]\naudience = "sts.amazonaws.com"\n'
    yield b'[[expect]]\nstrangers = "refused"\ninsiders = "org"\ndenied = ["iam:GetRole *"]\nissuer = "https://x.example"\n'


def learnt_files(data: bytes) -> None:
    """A trust policy, of which expectations are written. Raises nothing; what is written is read again."""
    text = learnt(targets_of(read_and_judge(_with(_TRUST, data), Question(at=NOW))[1])).text
    is_clear(text)
    if "[[expect]]" in text:
        parse_expectations(text)


def proposed(data: bytes) -> None:
    """A changed document, laid over a scenario as by --with. Raises BundleError and ChangeError."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, ("role.json", "provider.json", "policy.json", "plan.json")[len(data) % 4])
        place.write_bytes(data)
        try:
            with open_changed(str(place)) as change:
                report = run(_with(), Question(at=NOW, proposed=(("change.json", change),)))
        except (BundleError, ChangeError) as error:
            assert str(error).isprintable()
            return
    assert report.exit_code in (0, 1, 3), [row.traceback for row in report.checks if row.status == "broken"]
    assert report.proposed is not None
    effects = {row.effect for row in (*report.proposed.workloads, *report.proposed.accesses)}
    assert report.exit_code or not effects & {"loses", "unknown"}
    assert report.exit_code == 1 or not report.proposed.objections
    shown_report(report)


def _proposed_seeds() -> Iterator[bytes]:
    yield from files_named("aws/role.json", "aws/oidc-provider.json", "role-policies/weights.json")


# ------------------------------------------------------------------------------------------------------------- CI jobs


def ci_jobs(data: bytes) -> None:
    """A job: its variables, workflow, event and client configuration. Raises nothing, and writes no command."""
    parts = [text_of(part) for part in data.split(b"\0\0")]
    lines, workflow, event, configuration = (parts + [""] * 4)[:4]
    variables = dict(line.split("=", 1) for line in lines.replace("\0", "").split("\n")[:40] if "=" in line)
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in variables.items() if not value.startswith(("/", "~"))}
        for variable, content in (
            ("GITHUB_EVENT_PATH", event),
            ("GOOGLE_APPLICATION_CREDENTIALS", configuration),
            ("AWS_CONFIG_FILE", configuration),
        ):
            environment[variable] = str(Path(folder, variable))
            Path(folder, variable).write_text(content, "utf-8", "surrogateescape")
        place = Path(folder, ".github/workflows/deploy.yml")
        place.parent.mkdir(parents=True)
        place.write_text(workflow, "utf-8", "surrogateescape")
        environment["GITHUB_WORKSPACE"] = folder
        platform_of(environment)
        why_no_token(environment)
        secrets = SecretValues()
        secrets.add_environment(environment)
        request = request_of(environment, GITHUB_ACTIONS)
        audience = audience_for([request.target] if request.target else [], request, None)
        search = find_tokens(environment, ANY, audience.value, secrets, private=False)
        kept = configuration_of(configuration.encode("utf-8", "surrogateescape"), "c.json").content
        token_of(kept or b"{}", str(Path(folder, "c.json")), "--credentials", lambda path, _: Path(path).read_bytes())
    _shown(search)


def _shown(search: Search) -> None:
    report = run(None, Question(tokens=search.tokens[:1], at=NOW)) if search.tokens else run(None, Question(at=NOW))
    job = job_of(ANY, search._replace(tokens=search.tokens[:2]), search.tokens[:2], (), report)
    json.dumps(job_to_json(job))
    is_clear(render_job_text(job))
    is_clear(render_job_markdown(job))
    annotations_of(job, report)


def _ci_seeds() -> Iterator[bytes]:
    workflow = (
        b"permissions: {id-token: write}\njobs:\n  a:\n    steps:\n"
        b"    - uses: aws-actions/configure-aws-credentials@v4\n"
        b"      with: {role-to-assume: 'arn:aws:iam::111122223333:role/R', audience: x}\n"
    )
    event = b'{"pull_request": {"head": {"repo": {"full_name": "a/b"}}, "base": {"repo": {"full_name": "c/b"}}}}'
    configuration = (
        b'{"type": "external_account", "audience": "//iam.googleapis.com/projects/1/locations/global/'
        b'workloadIdentityPools/p/providers/q", "credential_source": {"file": "token.jwt", "headers": {"a": "b"}}}'
    )
    token = next(iter(files_named("token.jwt")))
    github = (
        b"GITHUB_ACTIONS=true\nGITHUB_JOB=a\nGITHUB_EVENT_NAME=pull_request\n"
        b"GITHUB_WORKFLOW_REF=a/b/.github/workflows/deploy.yml@refs/heads/main"
    )
    yield b"\0\0".join((github, workflow, event, configuration))
    for platform in PLATFORMS:
        lines = [f"{platform.mark}=1".encode(), *(f"{name}x=".encode() + token for name in platform.variables[:2])]
        yield b"\0\0".join((b"\n".join(lines), b"", b"", b"[default]\nrole_arn = x\nweb_identity_token_file = t\n"))


def annotations(data: bytes) -> None:
    """Annotations and texts on every platform. Raises nothing, and a stranger's text is no command of a runner."""
    title, _, message = text_of(data).partition("\0")
    for platform in (GITHUB, AZURE, GITLAB, BUILDKITE, PLAIN):
        text = render_annotations([Annotation("error", title, message, title or "f", 3)], platform)
        own = {GITHUB: "::error", AZURE: "##vso[task.logissue"}.get(platform, "error:")
        assert text.startswith(own)
        assert not _RUNNER.search(text, len(own)), text
        group = log_group("title", message, platform, now=NOW)
        assert not _RUNNER.search("\n".join(group.split("\n")[1:-2])), group


def _annotation_seeds() -> Iterator[bytes]:
    for text in ("::error::x", "##vso[task.setvariable variable=a]b", "##[error]x", "+++ x", "^^^ +++", "a%0A::x"):
        yield f"{text}\0{text}\r{text}\u2028{text}\n{text}".encode()


def workloads(data: bytes) -> None:
    """The conditions for the workload of a token. Raises nothing."""
    text = text_of(data)
    for conditions in conditions_for(parse_token(text, Origin("token"), "token")):
        assert conditions.text or conditions.why_not


# --------------------------------------------------------------------------------------------------------- the library


def api_arguments(data: bytes) -> None:
    """The arguments of `oidc_doctor.api`. Raises ValueError and BundleError."""
    value = json_of(data)
    document: Any = value if isinstance(value, dict) else text_of(data)
    tables = [document] if isinstance(document, dict) else [{"accepted": [document]}]
    calls: tuple[Callable[[], object], ...] = (
        lambda: api.save_refusal(document),
        lambda: api.examine(documents=[document], subject=text_of(data)[:80], at=NOW),
        lambda: api.examine(token=document, at=NOW),
        lambda: api.expect(tables, documents=[_small()[_TRUST].decode()], at=NOW),
    )
    try:
        calls[len(data) % len(calls)]()
    except (ValueError, BundleError) as error:
        assert str(error).isprintable() or "\n" in str(error)


def _api_seeds() -> Iterator[bytes]:
    yield from files_named("token.jwt", "claims.json", "aws/role.json", "aws/oidc-provider.json", "gcp/provider.json")
    yield b'{"accepted": ["repo:a/b:ref:refs/heads/main"], "strangers": "refused"}'


TARGETS = {
    "health_files": Target(health_files, _health_file_seeds),
    "health_states": Target(health_states, _state_seeds),
    "expect_files": Target(expect_files, _expect_seeds),
    "learnt_files": Target(learnt_files, lambda: files_named("aws/role.json")),
    "proposed": Target(proposed, _proposed_seeds),
    "ci_jobs": Target(ci_jobs, _ci_seeds),
    "annotations": Target(annotations, _annotation_seeds),
    "workloads": Target(workloads, lambda: files_named("token.jwt", "claims.json")),
    "api_arguments": Target(api_arguments, _api_seeds),
}
