"""Logs that several targets share are read once, and each target's report is as if they were its own."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evidence.snapshots import ARN, CLAIMS
from oidc_doctor.bundle.files import Bundle, BundleMember
from oidc_doctor.bundle.of_target import bundle_of_target
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.live.collect import Reader, collect
from oidc_doctor.logs.reading.scan import scan
from oidc_doctor.logs.reading.scope import WriteScope
from oidc_doctor.logs.reading.shared_scans import SharedScans
from oidc_doctor.report.json import render_json

NAMES = ("a", "b", "c")
AT = 1_795_400_000.0


def event(number: int, name: str, role: str, **more: Any) -> dict[str, Any]:
    return {
        "eventID": f"{number:08}-0000-4000-8000-000000000000",
        "eventName": name,
        "eventSource": "sts.amazonaws.com" if name.startswith("Assume") else "iam.amazonaws.com",
        "eventTime": f"2026-11-22T20:{number:02}:00Z",
        "awsRegion": "us-east-1",
        "requestParameters": {"roleArn": role, "roleName": role.rpartition("/")[2]},
        **more,
    }


def reports(bundle: Bundle) -> list[str]:
    return [render_json(run(bundle_of_target(bundle, name), Question(at=AT))) for name in NAMES]


def fresh(bundle: Bundle) -> list[str]:
    """The reports of parts that share nothing."""
    found = []
    for name in NAMES:
        part = bundle_of_target(bundle, name)
        part.parts = None
        found.append(render_json(run(part, Question(at=AT))))
    return found


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    roles = [ARN + name for name in NAMES]
    refused = {"errorCode": "AccessDenied", "errorMessage": "no"}
    records = [event(number, "AssumeRoleWithWebIdentity", roles[number % 3], **refused) for number in range(7)]
    records += [event(10 + number, "DeleteRolePolicy", role) for number, role in enumerate(roles)]
    files: dict[str, Any] = {
        "oidc-doctor.toml": "".join(
            f'[[target]]\nname = "{name}"\naws.role_arn = "{role}"\n' for name, role in zip(NAMES, roles, strict=True)
        ),
        "aws/cloudtrail/one.json": {"Records": records[:5]},
        "aws/cloudtrail/two.json": {"Records": [*records[5:], "nothing that can be read"]},
    }
    files |= {f"targets/{name}/claims.json": CLAIMS for name in NAMES}
    files["targets/a/aws/cloudtrail/own.json"] = {"Records": [event(20, "AssumeRoleWithWebIdentity", roles[0])]}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return open_bundle(str(tmp_path))


def counted(bundle: Bundle) -> Counter[str]:
    """Count the openings of each file."""
    opened: Counter[str] = Counter()

    def counting(name: str, member: BundleMember) -> BundleMember:
        def open_it() -> Any:
            opened[name] += 1
            return member.open()

        return BundleMember(member.size, open_it)

    for name in bundle.names():
        bundle._members[name] = counting(name, bundle.member(name))
    return opened


def test_shared_logs_are_read_once(bundle: Bundle) -> None:
    opened = counted(bundle)
    together = reports(bundle)
    of_one = opened["targets/a/aws/cloudtrail/own.json"]
    assert of_one > 0
    assert [opened[f"aws/cloudtrail/{name}.json"] for name in ("one", "two")] == [of_one, of_one]
    assert together == fresh(bundle)
    attempts = [json.loads(text)["attempts"] for text in together]
    assert [sum(row["count"] for row in rows) for rows in attempts] == [4, 2, 2]
    assert all("DeleteRolePolicy" in text for text in together)


def test_equal_files_of_targets_are_read_once_and_keep_their_names() -> None:
    records = [event(number, "AssumeRoleWithWebIdentity", ARN, errorCode="AccessDenied") for number in range(3)]
    readers = []
    for name in NAMES:
        path = f"targets/{name}/aws/cloudtrail/us-east-1/exchanges.json"

        def read(collector: Any, path: str = path) -> None:
            collector.save(path, "x", {"Records": records})

        readers.append(Reader(path, path, "x", read))
    tables = "".join(f'[[target]]\nname = "{name}"\naws.role_arn = "{ARN}"\n' for name in NAMES)
    bundle = collect(readers, given=[("oidc-doctor.toml", tables)]).bundle
    together = reports(bundle)
    assert together == fresh(bundle)
    scans = bundle.divided.scans
    assert len(scans._states) == 1
    for name, text in zip(NAMES, together, strict=True):
        assert f"targets/{name}/aws/cloudtrail" in text
        assert text.count("targets/") == text.count(f"targets/{name}/")


def test_an_event_is_of_the_file_that_the_target_has() -> None:
    data = json.dumps({"Records": [event(1, "AssumeRoleWithWebIdentity", ARN)]}).encode()
    shared = SharedScans()
    for name in ("targets/a/aws/cloudtrail/x.json", "targets/b/aws/cloudtrail/x.json"):
        how: dict[str, Any] = {"scope": WriteScope(), "shared": shared, "key_of": lambda _: "same bytes"}
        (attempt,) = scan(lambda _: io.BytesIO(data), [name], "cloudtrail", **how).attempts()
        assert attempt.origin.file == name
