"""Files that were made to cost time or memory, or to end capture: a clear line, or a copy without the file."""

from __future__ import annotations

import json
import os
import random
import signal
import stat
import string
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from oidc_doctor.bundle import bounds
from oidc_doctor.capture.pseudonyms import Cipher
from oidc_doctor.capture.redact_texts import CollectedNames, Texts
from oidc_doctor.cli.main import main
from oidc_doctor.model import limits

LONG = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=200_000))


def test_a_long_word_costs_little_memory() -> None:
    tracemalloc.start()
    image = Cipher(b"k" * 32).word(LONG)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(image) == len(LONG)
    assert peak < 16 * 1024 * 1024
    other = Cipher(b"k" * 32).word(LONG[:150_000] + "!" + LONG[150_001:])
    same = next(at for at, (one, two) in enumerate(zip(image, other, strict=True)) if one != two)
    assert same == 150_000


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("aws/cloudtrail/a.json", json.dumps({"Records": [{"userAgent": "ab " * 500_000}]}), "longer than 1 MiB"),
        ("truss/config.yaml", "a: &a [x, x]\n" + "".join(
            f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
        ) + "weights: *j\n", "aliases"),
        ("truss/config.yaml", f'z: &z "{"x y " * 50_000}"\nweights:\n' + "- source: *z\n" * 40, "65,536 characters"),
        ("truss/config.yaml", "weights:\n- source: s3://x\n  auth: &a\n    b: *a\n", "cannot be read as YAML"),
        ("aws/role.json", '{"a":' * 5_000, "levels deep"),
    ],
)  # fmt: skip
def test_a_file_beyond_the_bounds_is_left_out_as_a_whole(
    name: str, content: str, why: str, aws: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    aws.write(name, content)
    main(["capture", "-o", str(tmp_path / "copy"), "--from", str(aws.root)])
    err = capfd.readouterr().err
    (line,) = [line for line in err.splitlines() if line.startswith("left out as a whole")]
    assert name.rpartition("/")[2] in line
    assert why in line
    assert not (tmp_path / "copy" / name).exists()


def test_what_a_report_does_not_read_is_left_out_by_folder(
    aws: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "POLICIES", limits.POLICIES._replace(most=3))
    for number in range(6):
        aws.write(f"aws/rcps/r{number}.json", '{"Statement": []}')
    for number in range(limits.TOKENS.most + 20):
        aws.write(f"tokens/build{number}.json", json.dumps(aws.claims_of(sub=f"v=1:org=o{number}:team=t")))
    assert main(["capture", "-o", str(tmp_path / "copy"), "--from", str(aws.root)]) == 0
    said = capfd.readouterr().err
    assert "left out, 20 files of tokens/: 70 tokens: tokens/ has at most 50 tokens" in said
    assert "left out, 2 files of aws/rcps/: 6 files: a folder of policies has at most 3 files" in said
    assert "yields the same causes" in said  # the copy has the tokens that a report on the original reads
    assert len(list((tmp_path / "copy/tokens").iterdir())) == limits.TOKENS.most
    assert len(list((tmp_path / "copy/aws/rcps").iterdir())) == 4
    assert json.loads((tmp_path / "copy/manifest.json").read_text())["redaction"]["left_out"] == 22


def test_a_text_too_long_to_be_read_is_as_long_in_the_copy(
    gcp: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    gcp.write("gcp/credentials.json", '{"audience": "' + "acme/" * 60_000 + '"}')
    assert main(["capture", "-o", str(tmp_path / "copy"), "--from", str(gcp.root)]) == 0
    said = capfd.readouterr().err
    assert "removed from gcp/credentials.json: a text too long to be read" in said
    assert "yields the same causes" in said
    copied = json.loads((tmp_path / "copy/gcp/credentials.json").read_text())
    assert copied["audience"] == "x" * 300_000


def test_an_endless_audience_is_no_audience_to_keep() -> None:
    collected = CollectedNames()
    collected.issuer("https://" + "i" * 3_000)
    collected.audience("a" * 3_000)
    for number in range(3_000):
        collected.issuer(f"i{number}.example.com")
    assert len(collected.phrases) == 2_000
    assert max(map(len, collected.phrases)) < 20


def test_of_a_long_error_text_the_copy_has_what_a_report_reads(
    aws: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = "Not authorized to perform sts:AssumeRoleWithWebIdentity " + "word " * 3_980 + "password=k3Vq9ZpLm2Xw7Rt4 "
    aws.write("error.txt", text + "word " * 5_000)
    assert main(["capture", "-o", str(tmp_path / "copy"), "--from", str(aws.root)]) == 0
    said = capfd.readouterr().err
    copied = (tmp_path / "copy" / "error.txt").read_text()
    assert len(copied) == 20_000
    assert "k3Vq9" not in copied
    assert "a secret in a text, all but the first 20,000 of 4" in said
    assert "the same causes" in said


def test_of_a_long_output_the_copy_has_what_a_report_reads(
    aws: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    aws.write("setup/output.txt", "Creating the role\n" + "word " * 10_000)
    assert main(["capture", "-o", str(tmp_path / "copy"), "--from", str(aws.root)]) == 0
    assert "all but the first 20,000 of 5" in capfd.readouterr().err
    assert len((tmp_path / "copy/setup/output.txt").read_text()) == 20_000


def test_a_manifest_beyond_the_bound_is_not_copied(aws: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    reads = [{"path": f"aws/role-policies/{number}.json", "outcome": "ok"} for number in range(50_001)]
    aws.write("manifest.json", {"collected_at": "2026-11-22T22:40:00Z", "reads": reads})
    assert main(["capture", "-o", str(tmp_path / "copy"), "--from", str(aws.root)]) == 0
    assert "removed from manifest.json: the manifest: 50,001 reads" in capfd.readouterr().err
    manifest = json.loads((tmp_path / "copy" / "manifest.json").read_text())
    assert "reads" not in manifest
    assert "manifest.json" in manifest["redaction"]["removed"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("manifest.json", '{"note": "\\ud800", "reads": []}'),
        ("manifest.json", '{"a": NaN, "b": Infinity, "c": 1e999, "d": -Infinity}'),
        ("manifest.json", '{"reads": 5}'),
        ("manifest.json", '{"reads": [5, null, {"path": 5}, {"path": "x", "message": {"a": 1}}]}'),
        ("manifest.json", "[" * 100_000),
        ("truss/config.yaml", f"weights:\n- source: {'9' * 5_000}\n"),
        ("oidc-doctor.toml", "x = " + "a" * 100_000 + ' "b"\n'),
        ("issuer/chain.pem", "-----BEGIN CERTIFICATE-----" * 10_000),
    ],
)
def test_no_content_ends_a_capture(
    name: str, content: str, aws: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    aws.write(name, content)
    assert main(["capture", "-o", str(tmp_path / "copy"), "--from", str(aws.root)]) in (0, 3)
    assert "internal error" not in capfd.readouterr().err
    assert (tmp_path / "copy" / "manifest.json").exists()


NAMED = [
    "Deploy of Contoso failed for Maria Schneider (maria.monq@contoso.example)",
    "host zeus.finance.internal is unreachable",
    r"C:\Users\Maria\src\Apollo",
    "bucket apollo project hermes",
    "mschneider could not assume the role",
    "refused 'Apollo' and \"Hermes\" by `zeus`",
    'File "/home/maria/app/apollo.py", line 3, in load_hermes',
    "Ticket HERMES-123 by @maria",
]


@pytest.mark.parametrize("text", NAMED)
def test_a_sentence_keeps_words_of_the_language_only(text: str) -> None:
    texts = Texts(CollectedNames(), Cipher(b"k" * 32))
    shown = texts.sentence(text).lower()
    for name in ("contoso", "maria", "schneider", "monq", "zeus", "finance", "apollo", "hermes"):
        assert name not in shown
    assert set(texts.plain) <= set(text.lower().replace(",", " ").split())


@pytest.mark.parametrize(
    "member",
    ["state", "code", "service", "type", "method", "permission", "lifetime", "action", "producer", "outcome", "kid"],
)
def test_a_member_of_the_clouds_words_keeps_only_those(member: str, aws: Any, tmp_path: Path) -> None:
    event = {
        "eventName": "AssumeRole",
        "requestParameters": {member: "MariaSchneider", "tags": {"Apollo": "x"}, "a": "aws:PrincipalTag/Hermes"},
    }
    aws.cloudtrail([event])
    main(["capture", "-q", "-o", str(tmp_path / "copy"), "--from", str(aws.root)])
    text = "".join(path.read_text() for path in (tmp_path / "copy/aws/cloudtrail").rglob("*.json"))
    assert "AssumeRole" in text
    for name in ("Maria", "Schneider", "Apollo", "Hermes"):
        assert name not in text


def test_a_planted_map_is_not_used(aws: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "copy"
    Path(f"{copy}.map.json").write_text(json.dumps({"key": "00" * 32}))
    assert main(["capture", "-o", str(copy), "--from", str(aws.root)]) == 2
    assert "name it with --map" in capfd.readouterr().err
    assert not copy.exists()
    (tmp_path / "link").symlink_to(f"{copy}.map.json")
    assert main(["capture", "-o", str(copy), "--map", str(tmp_path / "link"), "--from", str(aws.root)]) == 2
    (tmp_path / "short").write_text(json.dumps({"key": "00"}))
    assert main(["capture", "-o", str(copy), "--map", str(tmp_path / "short"), "--from", str(aws.root)]) == 2
    assert not copy.exists()


def test_a_map_keeps_the_originals_of_earlier_captures(aws: Any, tmp_path: Path) -> None:
    kept = tmp_path / "map.json"
    assert main(["capture", "-q", "-o", str(tmp_path / "a"), "--map", str(kept), "--from", str(aws.root)]) == 0
    first = json.loads(kept.read_text())
    (aws.root / "oidc-doctor.toml").write_text('[[target]]\nname = "anotherone"\n')
    main(["capture", "-q", "-o", str(tmp_path / "b"), "--map", str(kept), "--from", str(aws.root)])
    second = json.loads(kept.read_text())
    assert second["key"] == first["key"]
    assert first["originals"].items() <= second["originals"].items()
    assert "anotherone" in second["originals"].values()
    assert stat.S_IMODE(os.stat(kept).st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_in_a_deleted_folder(aws: Any, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = (
        "import os, sys; os.chdir(sys.argv[1]); os.rmdir(sys.argv[1]); from oidc_doctor.cli.main import main;"
        "sys.exit(main(['capture', '-o', 'copy', '--from', sys.argv[2]]))"
    )
    run = subprocess.run([sys.executable, "-c", code, gone, aws.root], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "deleted" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_signal_leaves_nothing_behind(aws: Any, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    code = (
        "import os, signal, sys; from oidc_doctor.capture import capture as c; from oidc_doctor.cli.main import main;"
        "c.run = lambda *_: os.kill(os.getpid(), signal.SIGTERM) if os.listdir(sys.argv[1]) else None;"
        "sys.exit(main(['capture', '-o', sys.argv[1] + '/copy', '--from', sys.argv[2]]))"
    )
    run = subprocess.run([sys.executable, "-c", code, place, aws.root], capture_output=True, text=True, check=False)
    assert run.returncode == 128 + signal.SIGTERM, run.stderr
    assert list(place.iterdir()) == []
