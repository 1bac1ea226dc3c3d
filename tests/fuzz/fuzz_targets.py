"""What is fuzzed: each target takes any bytes, and raises nothing but what its docstring's function documents.

A target's seeds come from the repository: sample_logs/ and the recorded sentences. tests/fuzz/test_fuzz_targets.py runs
every target a little with each test run; tests/fuzz/fuzz.py runs them as long as asked, guided by coverage.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fuzz_engines
import fuzz_runs
from fuzz_inputs import NOW, Target, files_named, is_clear, json_of, sample_files, shown_report, text_of
from oidc_doctor import cel, iam
from oidc_doctor.bundle import contract
from oidc_doctor.bundle.file_alone import path_of
from oidc_doctor.bundle.files import Bundle, BundleError, BundleMember
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.capture import redact_bundle
from oidc_doctor.cel.checker import WORKLOAD_IDENTITY_TYPES
from oidc_doctor.documents.github_workflow import workflow_targets
from oidc_doctor.documents.json_text import Unreadable, decode
from oidc_doctor.documents.setup_output import read_setup_output
from oidc_doctor.documents.target_file import parse_targets
from oidc_doctor.documents.token import parse_token
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.findings.explained import closest, find
from oidc_doctor.findings.packs import all_checks
from oidc_doctor.issuers import profile_for
from oidc_doctor.issuers.difference import compare_subject, compare_value
from oidc_doctor.judge import error_texts, save_rules
from oidc_doctor.judge.certificates import read_chain
from oidc_doctor.model.document import Origin
from oidc_doctor.plans.open import bundle_of_plan
from oidc_doctor.report.parts.commands import command_lines
from oidc_doctor.report.parts.escape import contains_jwt, forbid_tokens, visible
from oidc_doctor.things.open import open_paths
from oidc_doctor.things.recognise import place_of, recognise_text, recognise_word

ACTION = "sts:AssumeRoleWithWebIdentity"
ISSUERS = ("https://oidc.baseten.co", "https://token.actions.githubusercontent.com", "https://gitlab.com")
KEY = b"k" * 32
LONGEST_SEED = 20_000  # bytes of a file


# ------------------------------------------------------------------------------------------------------------- parsers


def documents(data: bytes) -> None:
    """The parser of each file of the contract. Raises Unreadable."""
    rows = [row for row in contract.FILES if row.parser is not None]
    row = rows[data[0] % len(rows)] if data else rows[0]
    assert row.parser is not None
    try:
        row.parser(decode(data[1:], row.path), row.path)
    except Unreadable as error:
        assert str(error).isprintable()


def _document_seeds() -> Iterator[bytes]:
    rows = [row.path for row in contract.FILES if row.parser is not None]
    for _, name, data in sample_files():
        if name in rows:
            yield bytes([rows.index(name)]) + data


def tokens(data: bytes) -> None:
    """A token, compact or decoded. Raises nothing."""
    token = parse_token(text_of(data), Origin("token"), "token")
    assert not token.fault or token.fault.isprintable()


def targets(data: bytes) -> None:
    """oidc-doctor.toml of a bundle. Raises Unreadable."""
    try:
        parse_targets(decode(data, "oidc-doctor.toml"), "oidc-doctor.toml")
    except Unreadable as error:
        assert str(error).isprintable()


def archives(data: bytes) -> None:
    """A bundle as an archive, or a file alone. Raises BundleError."""
    with tempfile.NamedTemporaryFile(suffix=(".zip", ".tar.gz", ".json")[len(data) % 3]) as stream:
        stream.write(data)
        stream.flush()
        try:
            with open_bundle(stream.name) as bundle:
                for name in bundle.names()[:20]:
                    try:
                        bundle.read(name)
                    except Unreadable as error:
                        assert str(error).isprintable()
        except BundleError as error:
            assert str(error).isprintable()


def _archive_seeds() -> Iterator[bytes]:
    import tarfile
    import zipfile

    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", compression) as archive:
            for name in ("aws/role.json", "claims.json", "aws/cloudtrail/a.json"):
                archive.writestr(name, b"{}")
        yield stream.getvalue()
    for mode in ("w", "w:gz"):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode=mode) as tar:  # type: ignore[call-overload]
            info = tarfile.TarInfo("aws/role.json")
            info.size = 2
            tar.addfile(info, io.BytesIO(b"{}"))
        yield stream.getvalue()


def errors(data: bytes) -> None:
    """An error text. Raises nothing."""
    text = text_of(data)
    error_texts.read_error(text)
    error_texts.on_the_wire(text)
    error_texts.spoken(text)


def _error_seeds() -> Iterator[bytes]:
    for row in error_texts.table():
        for sample in row.get("samples", ()):
            yield (sample if isinstance(sample, str) else str(sample)).encode()


def things(data: bytes) -> None:
    """A word of the command line, and a text or a file of any kind. Raises Unreadable for a file of broken JSON."""
    text = text_of(data)
    for thing in (recognise_text(text), recognise_word(text.replace("\0", "")[:1000])):
        assert not contains_jwt(repr(thing))
    for place, file in ((place_of, "x.txt"), (path_of, "x.json")):
        try:
            place(text, file)
        except Unreadable as error:
            assert str(error).isprintable()


def _thing_seeds() -> Iterator[bytes]:
    yield from files_named("token.jwt", "error.txt", "role.json", "provider.json", "jwks.json", "config.yaml")
    for word in ("arn:aws:iam::111122223333:role/R", "projects/1/locations/global/workloadIdentityPools/p/providers/q",
                 "https://oidc.baseten.co", "v=1:org=a:team=b", "repo:a/b:ref:refs/heads/main"):  # fmt: skip
        yield word.encode()


def outputs(data: bytes) -> None:
    """What set-up scripts print, a workflow, and the chain of a TLS handshake. Raises Unreadable."""
    text = text_of(data)
    read_setup_output(text)
    read_chain(text, NOW)
    try:
        list(workflow_targets(text, "deploy.yml"))
    except Unreadable as error:
        assert str(error).isprintable()


def _output_seeds() -> Iterator[bytes]:
    yield from files_named("setup/output.txt", "chain.pem")
    yield b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    yield (
        b"jobs:\n  a:\n    steps:\n    - uses: aws-actions/configure-aws-credentials@v4\n"
        b"      with: {role-to-assume: 'arn:aws:iam::111122223333:role/R', aws-region: us-east-1}\n"
    )


def explanations(data: bytes) -> None:
    """The words of `explain`. Raises nothing."""
    text = text_of(data)
    if not find(text, all_checks()).checks:
        closest(text, all_checks())


# ---------------------------------------------------------------------------------------------------------- evaluators


def trust_policies(data: bytes) -> None:
    """Compile a trust policy, decide, and trace. Raises nothing on any JSON; asked by many it decides alike."""
    document = json_of(data)
    provider = "arn:aws:iam::111122223333:oidc-provider/oidc.baseten.co"
    context = {"oidc.baseten.co:sub": "v=1:org=a:team=b", "oidc.baseten.co:aud": "oidc.baseten.co"}
    for pasted in (False, True):
        policy = iam.compile_policy(document, pasted=pasted)
        decision = policy.decide(provider, ACTION, context)
        assert policy.prepared_for(provider, ACTION).decide(context)[0] == decision.effect
        shared = iam.SharedStatements(pasted=pasted).policy(document)
        assert iam.AskedOfMany(provider, ACTION, context).effect(shared) == decision.effect
        assert (decision.effect == "unknown") == (decision.granted is None)
        json.dumps(decision.trace.to_json())
    save_rules.of_trust_policy(document)
    iam.control_statements(document)


def _policy_seeds() -> Iterator[bytes]:
    for data in files_named("aws/role.json"):
        role = json.loads(data)
        yield json.dumps(role.get("Role", role).get("AssumeRolePolicyDocument", role)).encode()
    yield b'{"Statement":[0,null,"",[]]}'


def conditions(data: bytes) -> None:
    """Decide a Condition element on a context. Raises nothing on any JSON."""
    value = json_of(data)
    block, context = (value[0], value[1]) if isinstance(value, list) and len(value) > 1 else (value, {"k": "v"})
    assert iam.conditions_hold(block, context) in (True, False, None)


def _condition_seeds() -> Iterator[bytes]:
    for operator in ("StringLike", "ForAllValues:StringEquals", "ArnLike", "NumericLessThan", "DateEquals", "IpAddress",
                     "Bool", "Null", "StringNotEqualsIfExists", "BinaryEquals"):  # fmt: skip
        yield json.dumps([{operator: {"k": ["a*", "1", "${k}", "10.0.0.0/8"]}}, {"k": "a1"}]).encode()


def expressions(data: bytes) -> None:
    """Compile, check, trace and format an expression. Raises CelError."""
    text, _, rest = text_of(data).partition("\0")
    claims = json_of(rest.encode("utf-8", "surrogateescape"))
    bindings: dict[str, Any] = {
        "assertion": claims if isinstance(claims, dict) else {"sub": "a:b", "aud": ["x"], "n": 1},
        "google": {"subject": "a"},
        "attribute": {},
    }
    try:
        program = cel.compile(text)
        program.references()
        program.texts()
        for error in program.check(WORKLOAD_IDENTITY_TYPES, result="bool"):
            error.caret()
        program.trace(bindings).to_json()
        program.evaluate(bindings)
    except cel.CelError as error:
        error.caret()


def _expression_seeds() -> Iterator[bytes]:
    for data in files_named("gcp/provider.json"):
        provider = json.loads(data)
        for text in (provider.get("attributeCondition", ""), *provider.get("attributeMapping", {}).values()):
            yield text.encode()
    yield (
        b"assertion.sub.extract('a={x}:') in ['x', 'y'] ? true : has(assertion.b) && assertion.n > 1\0{\"sub\": \"a\"}"
    )
    yield b"assertion.aud.exists(a, a.matches('^x+$')) || !(size(assertion.sub) < 3)"


def subjects(data: bytes) -> None:
    """Take a subject apart and compare it with a pattern. Raises nothing."""
    pattern, _, text = text_of(data).partition("\0")
    for issuer in ISSUERS:
        profile = profile_for(issuer)
        if profile is not None:
            profile.parse_subject(text)
            profile.subject_family(text)
        compare_subject([pattern], text, wildcards=True, profile=profile, pasted=True)
    compare_value([pattern, text], text[::-1], wildcards=False)


def _subject_seeds() -> Iterator[bytes]:
    for pattern in ("v=1:org=a:team=b:*", "repo:a/b:ref:refs/heads/*", "project_path:a/b:ref_type:branch:ref:main"):
        yield f"{pattern}\0{pattern.replace('*', 'x')}".encode()


# ----------------------------------------------------------------------------------------------------------- renderers


def escapes(data: bytes) -> None:
    """Texts of strangers on their way out. Raises nothing; nothing of them acts on a terminal, and no token stays."""
    text = text_of(data)
    is_clear(visible(text))
    assert not contains_jwt(forbid_tokens(text))
    command_lines(visible(text), 40)


def _changed(data: bytes) -> Bundle:
    """The bundle of a scenario with one of its files replaced: two bytes choose, the others are the new content."""
    files = sample_files()
    sample, name, _ = files[int.from_bytes(data[:2], "big") % len(files)]
    contents = {other: content for scenario, other, content in files if scenario == sample}
    contents[name] = data[2:]

    def member(content: bytes) -> BundleMember:
        return BundleMember(len(content), lambda: io.BytesIO(content))

    return Bundle("fuzzed", {other: member(content) for other, content in contents.items()})


def reports(data: bytes) -> None:
    """A whole report on a scenario of which one file is replaced, in every format."""
    shown_report(run(_changed(data), Question(at=NOW)))


def alone(data: bytes) -> None:
    """A whole report on one file without a bundle around it, in every format."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / ("thing.json", "thing.txt", "thing.yaml", "token.jwt")[len(data) % 4]
        place.write_bytes(data)
        try:
            with open_paths([str(place)]) as bundle:
                shown_report(run(bundle, Question(at=NOW)))
        except BundleError as error:
            assert str(error).isprintable()


def plans(data: bytes) -> None:
    """The JSON of a Terraform plan. Raises BundleError; what is read of it can be judged."""
    try:
        bundle = bundle_of_plan(data.decode("utf-8", "replace"), "plan.json")
    except BundleError as error:
        assert str(error).isprintable()
        return
    for evidence in load_snapshot(bundle).targets:
        assert all(value.sentence and value.place for value in evidence.unknown_values)


def plan_reports(data: bytes) -> None:
    """A whole report on a Terraform plan, in every format. Raises BundleError."""
    try:
        bundle = bundle_of_plan(data.decode("utf-8", "replace"), "plan.json")
    except BundleError:
        return
    shown_report(run(bundle, Question(at=NOW)))


def _plan_seeds() -> Iterator[bytes]:
    return (path.read_bytes() for path in sorted(Path(__file__).parent.glob("plan_*.json")))


def captures(data: bytes) -> None:
    """A redacted copy of a scenario of which one file is replaced. Raises nothing."""
    written: dict[str, bytes] = {}

    def write(name: str, pieces: Iterator[bytes]) -> None:
        written[name] = b"".join(pieces)

    redact_bundle(_changed(data), write, KEY, names_stay=bool(data[:1] < b"\x40"))
    assert not any(contains_jwt(content.decode("utf-8", "replace")) for content in written.values())


def _bundle_seeds() -> Iterator[bytes]:
    for index, (_, name, data) in enumerate(sample_files()):
        if len(data) < LONGEST_SEED and not name.endswith(".gz"):
            yield index.to_bytes(2, "big") + data


TARGETS = {
    "documents": Target(documents, _document_seeds),
    "tokens": Target(tokens, lambda: files_named("token.jwt", "claims.json")),
    "targets": Target(targets, lambda: files_named("oidc-doctor.toml")),
    "archives": Target(archives, _archive_seeds),
    "errors": Target(errors, _error_seeds),
    "things": Target(things, _thing_seeds),
    "outputs": Target(outputs, _output_seeds),
    "explanations": Target(explanations, _error_seeds),
    "trust_policies": Target(trust_policies, _policy_seeds),
    "conditions": Target(conditions, _condition_seeds),
    "expressions": Target(expressions, _expression_seeds),
    "subjects": Target(subjects, _subject_seeds),
    "escapes": Target(escapes, lambda: (b"\x1b]52;c;eA==\x07", "\u202e[@click=x]a[/] <b>\u200b".encode())),
    "reports": Target(reports, _bundle_seeds),
    "alone": Target(alone, lambda: (data for _, _, data in sample_files() if len(data) < LONGEST_SEED)),
    "captures": Target(captures, _bundle_seeds),
    "plans": Target(plans, _plan_seeds),
    "plan_reports": Target(plan_reports, _plan_seeds),
    **fuzz_engines.TARGETS,
    **fuzz_runs.TARGETS,
}
