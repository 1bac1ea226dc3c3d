"""capture: every scenario gives the same diagnosis when it was captured, and what was removed stays with the user."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import shlex
import shutil
import stat
import tarfile
from pathlib import Path
from typing import Any

import pytest

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.capture.capture import capture
from oidc_doctor.cli.main import main
from oidc_doctor.examine.question import Question
from oidc_doctor.findings.fixes import propose
from oidc_doctor.findings.packs import bundled
from oidc_doctor.model.kinds import Kind

SAMPLES = Path(bundled("_samples", "sample_logs"))
OF_KEYS = {str(kind) for kind in Kind if any(step == "keys" for _, step in kind.steps)}
SCENARIOS = sorted(path.name for path in SAMPLES.iterdir() if path.is_dir())


def report(bundle: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Any:
    main(["--report", "--from", str(bundle), "--format", "json"])
    value = json.loads(capfdbinary.readouterr().out)
    return (
        [(one["cloud"], one["prediction"], one["step"]) for one in value["exchanges"]],
        [(one["code"], one["confidence"], one["step"], one["position"]) for one in value["causes"]],
        # a copy says that the signature held, which a report assumes: the checks of it are then skipped
        [(one["code"], one["status"]) for one in value["checks"] if one["name"] not in OF_KEYS],
        value["verdict"],
        value["exit_code"],
    )


@pytest.mark.sweep
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_keeps_its_diagnosis(
    name: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    copy = tmp_path / "copy.tar.gz"
    assert main(["capture", "-o", str(copy), "--from", str(SAMPLES / name)]) == 0
    told = capfdbinary.readouterr()
    assert told.out == b""
    assert b"yields the same causes" in told.err
    assert b"one letter throughout" not in told.err
    assert report(copy, capfdbinary) == report(SAMPLES / name, capfdbinary)
    originals = json.loads((tmp_path / "copy.tar.gz.map.json").read_text())["originals"].values()
    telling = [word for word in originals if re.search(r"\d", word) and len(word) >= 6 and not word.startswith("TLS_")]
    telling = [word for word in telling if not re.fullmatch(r"[0-9a-f]{40}", word)]  # thumbprints are public
    assert telling
    text = everything_in(copy)
    assert not [word for word in telling if word in text]


@pytest.mark.parametrize("local", ["network", "credentials"])
def test_a_read_that_this_machine_made_fail_stays_one(
    local: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    shutil.copytree(SAMPLES / "aws-wrong-team", source)
    failed = {"outcome": "failed", "message": "connection refused", "local": local}
    manifest = json.loads((source / "manifest.json").read_text())
    for name in ("issuer/openid-configuration.json", "issuer/jwks.json"):
        (source / name).unlink()
        manifest["reads"] = [read for read in manifest["reads"] if read["path"] != name] + [{"path": name} | failed]
    (source / "manifest.json").write_text(json.dumps(manifest))
    assert main(["capture", "-o", str(copy), "--from", str(source)]) == 0
    assert b"yields the same causes" in capfdbinary.readouterr().err
    assert [read.get("local") for read in json.loads((copy / "manifest.json").read_text())["reads"]][-2:] == [local] * 2


def as_targets(root: Path, samples: dict[str, str]) -> Path:
    """One bundle with a sample as each of its targets, by the name of the target's folder."""
    for folder, name in samples.items():
        shutil.copytree(SAMPLES / name, root / "targets" / folder)
    return root


def with_key(number: int, place: Path) -> str:
    """A map file that makes a capture take this key."""
    place.write_text(json.dumps({"key": random.Random(number).randbytes(32).hex()}))
    return str(place)


# Each has a date of its own, so a run at another's date has other causes. The folders' names may come in any order.
FOUR = {
    "amber": "aws-any-tenant",
    "blue": "gcp-member-cannot-match",
    "cobalt": "aws-build-token-container-policy",
    "dove": "aws-wrong-team",
}


@pytest.mark.parametrize("count", [3])
def test_samples_as_targets_keep_their_diagnosis_under_every_key(count: int, tmp_path: Path) -> None:
    source = as_targets(tmp_path / "source", dict(list(FOUR.items())[:count]))
    orders = set()
    for number in range(5):
        copy = tmp_path / f"copy-{number}"
        with open_bundle(str(source)) as bundle:
            kept = with_key(number, tmp_path / f"{number}.map.json")
            captured = capture(bundle, Question(), str(copy), map_file=kept)
        assert captured.differs == {}
        assert captured.mode == "prefix"
        originals = json.loads(Path(kept).read_text())["originals"]
        orders.add(tuple(originals[path.name] for path in sorted((copy / "targets").iterdir())))
    assert len(orders) > 1  # the copies' targets do come in other orders


def test_targets_of_one_name_and_several_tokens_keep_their_diagnosis(aws: Any, tmp_path: Path) -> None:
    aws.write("oidc-doctor.toml", f'[[target]]\nname = "weights"\n[target.aws]\nrole_arn = "{aws.ROLE_ARN}"\n')
    aws.remove("token.jwt")
    claims = aws.claims_of()
    for name, team in (("blue", aws.TEAM), ("green", "Tq7LmZ2y"), ("amber", "Tq7LmZ2w")):
        sub = claims["sub"].replace(aws.TEAM, team)
        aws.write(f"tokens/{name}.json", {**claims, "sub": sub, "team": team})
    source = tmp_path / "source"
    for name in ("one", "two"):
        shutil.copytree(aws.root, source / "targets" / name)
    shutil.rmtree(source / "targets" / "two" / "tokens")
    shutil.copy(aws.root / "tokens" / "green.json", source / "targets" / "two" / "claims.json")
    for number in range(5):
        with open_bundle(str(source)) as bundle:
            kept = with_key(number, tmp_path / f"{number}.map.json")
            captured = capture(bundle, Question(), str(tmp_path / f"copy-{number}"), map_file=kept)
        assert captured.differs == {}


def test_a_copy_with_another_answer_says_which_and_never_advises_names(
    gcp: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The order of long numbers is a known limit of redaction: their first digit always becomes another, and no 0."""
    gcp.gcp_provider(condition="int(assertion.build) < 20000").claims(gcp.claims_of(build="12345"))
    copy = tmp_path / "a copy"
    assert main(["capture", "-o", str(copy), "--from", str(gcp.root)]) == 3
    err = capfd.readouterr().err
    assert "the redacted copy yields different predictions: without accepted and with refused at condition\n" in err
    assert "the redacted copy yields different causes: with GCP020 predicted at condition\n" in err
    assert "the redacted copy yields different findings: without GCP020 passed and with GCP020 failed\n" in err
    assert "--no-redact" not in err
    command = shlex.split(err.strip().rpartition(": ")[2])
    assert command == ["oidc-doctor", "--report", "--from", str(copy)]
    assert main(command[1:]) == 1


def everything_in(archive: Path) -> str:
    """Names and contents, unpacked."""
    texts = []
    with tarfile.open(archive) as files:
        for member in files:
            texts.append(member.name)
            stream = files.extractfile(member) if member.isfile() else None
            if stream is not None:
                data = stream.read()
                texts.append((gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode())
    return "\n".join(texts)


def test_no_redact_keeps_names_and_never_a_signature(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    source, copy = SAMPLES / "healthy-aws", tmp_path / "copy"
    signature = (source / "token.jwt").read_text().strip().split(".")[2]
    assert main(["capture", "-o", str(copy), "--no-redact", "--from", str(source)]) == 0
    assert report(copy, capfdbinary) == report(source, capfdbinary)
    assert (copy / "aws/role.json").read_text() == (source / "aws/role.json").read_text()
    assert signature[:16] not in "".join(path.read_text("utf-8") for path in copy.rglob("*.*") if path.is_file())
    assert not list(tmp_path.glob("*.map.json"))


def test_the_outcome_of_each_read_stays(tmp_path: Path) -> None:
    copy, source = tmp_path / "copy", SAMPLES / "aws-wrong-team"
    assert main(["capture", "-q", "-o", str(copy), "--from", str(source)]) == 0
    of_source, of_copy = (
        [read["outcome"] for read in json.loads((place / "manifest.json").read_text())["reads"]]
        for place in (source, copy)
    )
    assert {"ok", "denied"} <= set(of_source)
    assert of_copy == of_source


def test_the_map_is_beside_for_the_user_alone(tmp_path: Path) -> None:
    copy, kept = tmp_path / "copy", tmp_path / "copy.map.json"
    assert main(["capture", "-q", "-o", str(copy), "--from", str(SAMPLES / "aws-wrong-team")]) == 0
    assert stat.S_IMODE(os.stat(kept).st_mode) == 0o600
    box = json.loads(kept.read_text())
    assert "Tq7LmZ2x" in box["originals"].values()
    manifest = json.loads((copy / "manifest.json").read_text())
    assert manifest["redaction"]["names"] == "replaced"
    assert any("sessionToken" in what for what in manifest["redaction"]["removed"].values())
    assert box["key"] not in "".join(path.read_text("utf-8") for path in copy.rglob("*.json"))


def test_two_captures_with_one_map_can_be_compared(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    one, other, third = tmp_path / "one", tmp_path / "other.tar.gz", tmp_path / "third"
    kept = str(tmp_path / "map.json")
    source = ["-q", "--from", str(SAMPLES / "gcp-condition-false")]
    for place in (one, other):
        assert main(["capture", "-o", str(place), "--map", kept, *source]) == 0
    assert main(["capture", "--diff", str(one), str(other)]) == 0
    assert capfd.readouterr().out == ""
    assert main(["capture", "-q", "-o", str(third), "--from", str(SAMPLES / "gcp-condition-false")]) == 0
    assert main(["capture", "--diff", str(one), str(third)]) == 1
    out = capfd.readouterr().out
    assert "~ gcp/provider.json\n" in out
    assert "    /attributeCondition: " in out
    assert "~ oidc-doctor.toml" in out


def test_diff_names_files_and_values(write_bundle: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    one = write_bundle()
    other = tmp_path / "other"
    for path in one.rglob("*.json"):
        place = other / path.relative_to(one)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(path.read_text().replace("job:blue:*", "job:green:*\\u001b[31m"))
    (other / "aws/oidc-provider.json").unlink()
    (other / "error.txt").write_text("AccessDenied")
    assert main(["capture", "--diff", str(one), str(other)]) == 1
    out = capfd.readouterr().out
    assert "- aws/oidc-provider.json" in out
    assert "+ error.txt" in out
    pointer = "/Role/AssumeRolePolicyDocument/Statement/Condition/StringLike/oidc.example.com:sub"
    assert f'{pointer}: "job:blue:*" → "job:green:*' in out
    assert "\x1b" not in out


def test_an_archive_names_nobody(tmp_path: Path) -> None:
    copy = tmp_path / "copy.tar.gz"
    assert main(["capture", "-q", "-o", str(copy), "--from", str(SAMPLES / "aws-any-tenant")]) == 0
    with tarfile.open(copy) as archive:
        assert all((member.uid, member.uname) == (0, "") for member in archive)


@pytest.mark.parametrize(
    "given",
    [
        ["--subject", "v=1:org=Org8Kd2P:team=Tq7LmZ2y:model=m:deployment=d:environment=e:type=model_build"],
        ["--claims", "{tmp}/claims.json", "--error", "Not authorized to perform sts:AssumeRoleWithWebIdentity"],
        ["--token", "{tmp}/token.jwt", "--at", "2026-11-22T22:41:00Z"],
        ["--token", "{tmp}/spoilt.jwt"],
        ["--token", "{tmp}/token.jwt", "--role", "arn:aws:iam::210987654321:role/Other", "--region", "eu-west-1"],
    ],
)
def test_what_the_command_line_gives_is_captured_too(
    given: list[str], aws: Any, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    claims = {**aws.claims_of(), "sub": aws.SUBJECT.replace(aws.TEAM, "Tq7LmZ2y"), "team": "Tq7LmZ2y"}
    (tmp_path / "claims.json").write_text(json.dumps(claims))
    compact = aws.compact(claims)
    (tmp_path / "token.jwt").write_text(compact + "\n")
    (tmp_path / "spoilt.jwt").write_text(f"Bearer {compact}")
    aws.remove("token.jwt")
    arguments = ["--from", str(aws.root), *(one.replace("{tmp}", str(tmp_path)) for one in given)]
    copy = tmp_path / "copy"
    assert main(["capture", "-o", str(copy), *arguments]) == 0
    capfdbinary.readouterr()
    main(["--report", "--format", "json", *arguments])
    expected = json.loads(capfdbinary.readouterr().out)
    found = report(copy, capfdbinary)
    assert found[1] == [(one["code"], one["confidence"], one["step"], one["position"]) for one in expected["causes"]]
    assert found[0] == [(one["cloud"], one["prediction"], one["step"]) for one in expected["exchanges"]]
    assert found[3] in ("refused", "unknown")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no output given"),
        (["-o", "{tmp}/x"], "nothing to capture"),
        (["-o", "{tmp}", "--from", str(SAMPLES / "aws-any-tenant")], "already exists"),
        (["-o", "{tmp}/b", "--map", "{tmp}/b/map", "--from", str(SAMPLES / "aws-any-tenant")], "must not be inside"),
        (
            ["-o", "{tmp}/b", "--map", "{tmp}/full", "--from", str(SAMPLES / "aws-any-tenant")],
            "not a map of an earlier capture",
        ),
        (["-o", "{tmp}/b.zip", "--from", str(SAMPLES / "aws-any-tenant")], "capture writes a folder or a .tar.gz"),
        (["-o", "{tmp}/no/b", "--from", str(SAMPLES / "aws-any-tenant")], "no such folder"),
        (["-o", "{tmp}", "--live", "--role", "arn:aws:iam::123456789012:role/R"], "already exists"),
        (["--diff", "{tmp}/nothing", "{tmp}"], "nothing"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    arguments: list[str], words: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "full").write_text("x")
    assert main(["capture", *(one.replace("{tmp}", str(tmp_path)) for one in arguments)]) == 2
    err = capfd.readouterr().err
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "option", "why"),
    [
        (["--no-redact", "--map", "x.json"], "--map", "--no-redact replaces no names"),
        (["--no-redact", "--redact-addresses"], "--redact-addresses", "--no-redact replaces no names"),
        (["--profile", "prod"], "--profile", "files only"),
        (["--cross-check", "--try"], "--cross-check, --try", "files only"),
        (["--no-logs"], "--no-logs", "files only"),
        (["--timeout", "5", "--max-pages", "2"], "--timeout", "files only"),
        (["--diff", "one", "other"], "-o, --from", "--diff only compares two bundles"),
    ],
)
def test_an_option_without_an_effect_is_refused(
    arguments: list[str], option: str, why: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = ["-o", str(tmp_path / "copy"), "--from", str(SAMPLES / "aws-wrong-team")]
    assert main(["capture", *source, *arguments]) == 2
    err = capfd.readouterr().err
    assert option in err
    assert why in err
    assert not (tmp_path / "copy").exists()


def test_options_of_a_live_run_go_with_one(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ["capture", "-o", str(tmp_path / "copy"), "--live", "--no-logs", "--timeout", "5"]
    assert main(arguments) == 2
    assert "would have no effect" not in capfd.readouterr().err  # only nothing to read was named


def test_a_bundle_can_be_redacted_afterwards(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    source = SAMPLES / "aws-github-immutable"
    plain, copy = tmp_path / "plain.tar.gz", tmp_path / "copy.tar.gz"
    assert main(["capture", "-q", "--no-redact", "-o", str(plain), "--from", str(source)]) == 0
    assert main(["capture", "-q", "-o", str(copy), "--from", str(plain)]) == 0
    assert report(copy, capfdbinary) == report(source, capfdbinary)
    assert "fabrikam-robotics" in everything_in(plain)
    assert "fabrikam-robotics" not in everything_in(copy)
    assert '"names": "replaced"' in everything_in(copy)


def test_the_summary_lists_what_may_still_hold_a_name(
    aws: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    aws.token(aws.claims_of() | {"acme_cost_centre": "47"})
    aws.cloudtrail([aws.event()])
    main(["capture", "-o", str(tmp_path / "copy"), "--from", str(aws.root)])
    kept = [line for line in capfd.readouterr().err.splitlines() if "kept" in line]
    assert any("issuers and audiences: https://oidc.baseten.co" in line for line in kept)
    assert any("names of claims and attributes: acme_cost_centre" in line for line in kept)
    assert any("IP addresses, 1 in all" in line and "198.51.100.24" in line for line in kept)


def test_no_edit_is_proposed_for_a_capture(aws: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(propose, "propose", lambda *_: pytest.fail("an edit was proposed"))
    aws.trust(aws.statement(aws.subject("v=1:org=other")))
    assert main(["capture", "-o", str(tmp_path / "copy"), "--from", str(aws.root)]) == 0
