"""An early warning is a note that shows its fix: words, commands to copy, and a proven edit where there is one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema  # type: ignore[import-untyped]

from oidc_doctor.report.json import to_json
from oidc_doctor.report.rows import listing
from oidc_doctor.report.text import render_text

if TYPE_CHECKING:
    from evidence import Bundle

SCHEMA = Path(__file__).parents[2] / "docs" / "report.schema.json"


def uploading(gcp: Bundle) -> Bundle:
    """A provider whose uploaded key set lacks the issuer's next key."""
    gcp.jwks(gcp.jwk(), gcp.jwk("rsa-next", "key-2"))
    return gcp.gcp_provider(oidc={"jwksJson": json.dumps({"keys": [gcp.jwk()]})})


def test_text_shows_the_fix_and_commands_that_can_be_copied(gcp: Bundle) -> None:
    lines = render_text(uploading(gcp).report(), width=80, color=False).splitlines()
    start = next(place for place, line in enumerate(lines) if "GCP094" in line)
    shown = [line.strip() for line in lines[start:]]
    assert "fix       Upload the issuer's present key set to the provider." in shown
    command = " ".join(line.removesuffix(" \\") for line in shown[shown.index("curl -fsS -o jwks.json \\") :][:2])
    assert command == "curl -fsS -o jwks.json https://oidc.baseten.co/.well-known/jwks.json"


def test_json_has_the_commands_of_a_finding(gcp: Bundle) -> None:
    report = json.loads(json.dumps(to_json(uploading(gcp).report())))
    (finding,) = next(row["findings"] for row in report["checks"] if row["code"] == "GCP094")
    assert [command.split()[0] for command in finding["commands"]] == ["curl", "gcloud"]
    jsonschema.validate(report, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert not any(
        "commands" in part for row in report["checks"] if row["code"] == "GCP073" for part in row["findings"]
    )


def test_the_screens_copy_the_commands(gcp: Bundle) -> None:
    report = uploading(gcp).report()
    entry = next(entry for entry in listing.entries(report) if entry.code == "GCP094")
    text, kind = listing.text_to_copy(report, entry)
    assert kind == "2 commands"
    assert text.startswith("curl -fsS")


def test_the_edit_of_a_coming_subject_is_below_its_finding(github: Bundle) -> None:
    lines = [line.strip() for line in render_text(github.report(), width=100, color=False, verbose=True).splitlines()]
    start = next(place for place, line in enumerate(lines) if line.startswith("?  AWS091"))
    assert any(line == "edit      extends aws/role.json" for line in lines[start:])
    assert any(line.startswith("aws iam update-assume-role-policy") for line in lines[start:])
