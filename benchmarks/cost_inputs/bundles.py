"""Bundles to make large inputs of, and the commands that read them."""

from __future__ import annotations

import base64
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = Path(__file__).resolve().parents[2] / "sample_logs"
PROGRAM = [sys.executable, "-m", "oidc_doctor"]
Command = list[str]


def bundle(place: Path, scenario: str) -> Path:
    """A copy of a scenario without its expected diagnosis and without its logs."""
    ignored = shutil.ignore_patterns("expected.json", "cloudtrail", "logs")
    return Path(shutil.copytree(SAMPLES / scenario, place / scenario, ignore=ignored))


def edit(path: Path, change: Callable[[Any], object]) -> None:
    """Change a JSON file."""
    box = json.loads(path.read_text(encoding="utf-8"))
    change(box)
    path.write_text(json.dumps(box, separators=(",", ":")), encoding="utf-8")


def report(folder: Path) -> Command:
    """The report of a bundle."""
    return [*PROGRAM, "--report", "--from", str(folder)]


def trust(place: Path, condition: dict[str, Any]) -> Path:
    """A bundle whose trust policy has one statement with this Condition."""
    folder = bundle(place, "healthy-aws")

    def change(role: Any) -> None:
        role["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] = condition

    edit(folder / "aws/role.json", change)
    return folder


def exact(number: int) -> str:
    """A subject of the sample's team, with a model of this number."""
    return f"v=1:org=Org8Kd2P:team=Tm4Rx9Ws:model=m{number}:deployment=d:environment=production:type=model_container"


def records(folder: Path, count: int) -> None:
    """A trail file of so many refused attempts, each of another subject."""
    role = json.loads((folder / "aws/role.json").read_text(encoding="utf-8"))["Role"]["Arn"]
    account = role.split(":")[4]
    provider = f"arn:aws:iam::{account}:oidc-provider/oidc.baseten.co"

    def record(number: int) -> dict[str, Any]:
        subject = f"v=1:org=o{number}:team=t:model=m:deployment=d:environment=production:type=model_container"
        return {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "WebIdentityUser",
                "principalId": f"{provider}:oidc.baseten.co:{subject}",
                "userName": subject,
                "identityProvider": provider,
            },
            "eventTime": f"2026-11-19T{10 + number // 3600 % 6:02}:{number // 60 % 60:02}:{number % 60:02}Z",
            "eventSource": "sts.amazonaws.com",
            "eventName": "AssumeRoleWithWebIdentity",
            "awsRegion": "us-east-1",
            "sourceIPAddress": "198.51.100.24",
            "userAgent": "Boto3/1.40.0",
            "errorCode": "AccessDenied",
            "errorMessage": "An unknown error occurred",
            "requestParameters": {"roleArn": role, "roleSessionName": "weights"},
            "responseElements": None,
            "eventID": f"00000000-0000-4000-8000-{number:012}",
            "readOnly": True,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": account,
            "eventCategory": "Management",
        }

    trail = folder / "aws/cloudtrail"
    trail.mkdir(parents=True, exist_ok=True)
    (trail / "many.json").write_text(json.dumps({"Records": [record(n) for n in range(count)]}), encoding="utf-8")


def condition(place: Path, text: str) -> Command:
    """A Google bundle with this attribute condition."""
    folder = bundle(place, "healthy-gcp")
    edit(folder / "gcp/provider.json", lambda provider: provider.update(attributeCondition=text))
    return report(folder)


def claims(number: int) -> str:
    """A file of claims of a healthy subject."""
    subject = f"v=1:org=Org8Kd2P:team=t{number}:model=m:deployment=d:environment=production:type=model_container"
    return json.dumps({"iss": "https://oidc.baseten.co", "sub": subject, "aud": "oidc.baseten.co"})


def sample_tokens(folder: Path) -> None:
    """Fifty files of claims, each of another team."""
    (folder / "tokens").mkdir()
    for number in range(50):
        (folder / f"tokens/t{number:02}.json").write_text(claims(number), encoding="utf-8")


def compact(number: int) -> bytes:
    """A compact token with an empty signature."""
    parts = (json.dumps({"alg": "RS256", "kid": "k", "typ": "JWT"}).encode(), claims(number).encode())
    return b".".join((*(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts), b"AAAA"))


def revised(place: Path, count: int) -> Path:
    """A bundle whose trust policy has 60 exact subjects, and was edited so many times."""

    def condition_of(number: int) -> dict[str, Any]:
        return {"StringEquals": {"oidc.baseten.co:sub": [exact(number + index) for index in range(60)]}}

    folder = trust(place, condition_of(count - 1))
    document = json.loads((folder / "aws/role.json").read_text(encoding="utf-8"))["Role"]["AssumeRolePolicyDocument"]
    edits = []
    for number in range(count):
        document["Statement"][0]["Condition"] = condition_of(number)
        edits.append(
            {
                "eventTime": f"2026-11-19T{5 + number // 60:02}:{number % 60:02}:00Z",
                "eventSource": "iam.amazonaws.com",
                "eventName": "UpdateAssumeRolePolicy",
                "awsRegion": "us-east-1",
                "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/deploy"},
                "requestParameters": {"roleName": "BasetenRuntimeRole", "policyDocument": json.dumps(document)},
                "eventID": f"10000000-0000-4000-8000-{number:012}",
                "recipientAccountId": "111122223333",
            }
        )
    trail = folder / "aws/cloudtrail"
    trail.mkdir(parents=True)
    (trail / "edits.json").write_text(json.dumps({"Records": edits}), encoding="utf-8")
    return folder


def with_text(place: Path, name: str, text: str, scenario: str = "healthy-aws") -> Command:
    """The report of a bundle with this text as one of its files."""
    folder = bundle(place, scenario)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return report(folder)
