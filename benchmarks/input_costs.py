"""CPU seconds of a whole process on large single inputs: `python benchmarks/input_costs.py [RUNS [NAME …]]`.

Each input has at most a mebibyte, logs and archives excepted. The yardstick is `oidc-doctor --report` on a healthy
bundle, measured in the same run. Printed are the CPU seconds, the best of RUNS (3), their ratio to the yardstick, the
memory and the exit code. The bar is one second more than a process that does nothing. A NAME runs only the inputs whose
name contains it.
"""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = Path(__file__).resolve().parent.parent / "sample_logs"
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


def condition_keys(place: Path) -> Command:
    """A trust policy with 800 condition keys that no request has."""
    return report(trust(place, {"StringEquals": {f"k{number}": "" for number in range(800)}}))


def values(place: Path) -> Command:
    """A trust policy with 875 values of the subject, none of which matches."""
    return report(trust(place, wildcards()))


def wildcards() -> dict[str, Any]:
    """A Condition with 875 values that have a wildcard."""
    return {"StringLike": {"oidc.baseten.co:sub": [f"a{number}*" for number in range(875)]}}


def values_and_subjects(place: Path) -> Command:
    """The same, with a log of 300 refused subjects."""
    folder = trust(place, wildcards())
    records(folder, 300)
    return report(folder)


def keys_and_subjects(place: Path) -> Command:
    """A trust policy with 800 condition keys, with a log of 300 refused subjects."""
    folder = trust(place, {"StringEquals": {f"k{number}": "" for number in range(800)}})
    records(folder, 300)
    return report(folder)


def gaps_and_subjects(place: Path) -> Command:
    """A trust policy with 700 values with placeholders, with a log of 300 refused subjects."""
    folder = trust(place, {"StringLike": {"oidc.baseten.co:sub": [f"<A{number}>:x" for number in range(700)]}})
    (folder / "manifest.json").unlink()
    records(folder, 300)
    return report(folder)


def marks_and_subjects(place: Path) -> Command:
    """A trust policy with 700 values with question marks, with a log of 300 refused subjects."""
    folder = trust(place, {"StringLike": {"oidc.baseten.co:sub": [f"*o?g{number}*" for number in range(700)]}})
    records(folder, 300)
    return report(folder)


def revisions_and_subjects(place: Path) -> Command:
    """A role with 60 exact subjects and 20 logged edits of them, with a log of 300 refused subjects."""
    folder = revised(place, 20)
    records(folder, 300)
    return report(folder)


def revisions_and_tokens(place: Path) -> Command:
    """The same with 50 sample tokens in place of the log."""
    folder = revised(place, 20)
    (folder / "tokens").mkdir()
    for number in range(50):
        (folder / f"tokens/t{number:02}.json").write_text(claims(number), encoding="utf-8")
    return report(folder)


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


def events(place: Path) -> Command:
    """A log of 3,000 refused subjects."""
    folder = bundle(place, "healthy-aws")
    records(folder, 3_000)
    return report(folder)


def condition(place: Path, text: str) -> Command:
    """A Google bundle with this attribute condition."""
    folder = bundle(place, "healthy-gcp")
    edit(folder / "gcp/provider.json", lambda provider: provider.update(attributeCondition=text))
    return report(folder)


def starts_with(place: Path) -> Command:
    """An attribute condition of as many `startsWith` as fit."""
    return condition(place, "||".join(f"assertion.sub.startsWith('{n % 10}')" for n in range(130)))


def matches(place: Path) -> Command:
    """An attribute condition of as many `matches` as fit."""
    return condition(place, "||".join(f"assertion.sub.matches('{n % 10}x')" for n in range(140)))


def audience(place: Path) -> Command:
    """A client configuration with an audience of a mebibyte."""
    folder = bundle(place, "healthy-gcp")
    edit(folder / "gcp/credentials.json", lambda box: box.update(audience="//iam.googleapis.com/" + "a/" * 500_000))
    return report(folder)


def claims(number: int) -> str:
    """A file of claims of a healthy subject."""
    subject = f"v=1:org=Org8Kd2P:team=t{number}:model=m:deployment=d:environment=production:type=model_container"
    return json.dumps({"iss": "https://oidc.baseten.co", "sub": subject, "aud": "oidc.baseten.co"})


def tokens(place: Path) -> Command:
    """Fifty sample tokens."""
    folder = bundle(place, "healthy-aws")
    (folder / "tokens").mkdir()
    for number in range(50):
        (folder / f"tokens/t{number:02}.json").write_text(claims(number), encoding="utf-8")
    return report(folder)


def compact(number: int) -> bytes:
    """A compact token with an empty signature."""
    parts = (json.dumps({"alg": "RS256", "kid": "k", "typ": "JWT"}).encode(), claims(number).encode())
    return b".".join((*(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts), b"AAAA"))


def archive(place: Path) -> Command:
    """An archive of 60,000 tokens, of which 50 are read."""
    path = place / "tokens.tar.gz"
    text = compact(1)
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for name in ("aws/role.json", "aws/oidc-provider.json", "oidc-doctor.toml"):
            tar.add(SAMPLES / "healthy-aws" / name, name)
        for number in range(60_000):
            member = tarfile.TarInfo(f"tokens/t{number:05}.jwt")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    return [*PROGRAM, "--report", "--from", str(path)]


def captured(place: Path) -> Command:
    """A capture of a set-up script's output of a mebibyte."""
    folder = bundle(place, "healthy-aws")
    (folder / "setup").mkdir()
    line = "created role arn:aws:iam::111122223333:role/Weights in {}, token for user{}@example.com\n"
    text = "".join(line.format(number, number) for number in range(12_000))[: 1024 * 1024 - 1]
    (folder / "setup/output.txt").write_text(text, encoding="utf-8")
    return [*PROGRAM, "capture", "--from", str(folder), "-o", str(place / "copy.tar.gz"), "--map", str(place / "map")]


def pattern(place: Path) -> Command:
    """A pattern of checks of 120,000 characters."""
    return [*report(bundle(place, "healthy-aws")), "--check", "*a" * 60_000]


def many_attributes(place: Path) -> Command:
    """An attribute mapping of 50 long expressions."""
    folder = bundle(place, "healthy-gcp")
    expression = "+".join(["assertion.sub.extract('{x}:')"] * 60)
    mapping = {f"attribute.a{number}": expression for number in range(50)} | {"google.subject": "assertion.sub"}
    edit(folder / "gcp/provider.json", lambda provider: provider.update(attributeMapping=mapping))
    return report(folder)


def chain(place: Path) -> Command:
    """A certificate chain of a mebibyte, all of it beginnings of certificates."""
    folder = bundle(place, "healthy-aws")
    (folder / "issuer/chain.pem").write_text("-----BEGIN CERTIFICATE-----\n" * 37_000, encoding="utf-8")
    return report(folder)


def expectations(place: Path) -> Command:
    """A file of 500 expectations."""
    entries = "".join(f"'{exact(number)}',\n" for number in range(500))
    return expect(place, f"[[expect]]\nstrangers = 'refused'\naccepted = [\n{entries}]\n")


def escaped(place: Path) -> Command:
    """A file of 20,000 expectations whose texts are not found in its lines."""
    return expect(place, "[[expect]]\naccepted = [\n" + '"\\u0061",\n' * 20_000 + "]\n")


def expect(place: Path, text: str) -> Command:
    """Test the healthy role with this file of expectations."""
    (place / "expect.toml").write_text(text, encoding="utf-8")
    return [*PROGRAM, "expect", str(place / "expect.toml"), str(SAMPLES / "healthy-aws/aws/role.json")]


INPUTS = {
    "condition keys": condition_keys,
    "values": values,
    "values x subjects": values_and_subjects,
    "keys x subjects": keys_and_subjects,
    "placeholders x subjects": gaps_and_subjects,
    "question marks x subjects": marks_and_subjects,
    "revisions x subjects": revisions_and_subjects,
    "revisions x tokens": revisions_and_tokens,
    "startsWith": starts_with,
    "matches": matches,
    "mapping": many_attributes,
    "audience": audience,
    "tokens": tokens,
    "chain": chain,
    "expectations": expectations,
    "expectations, escaped": escaped,
    "capture": captured,
    "archive": archive,
    "pattern of --check": pattern,
    "log of 3,000": events,
}


def cost(command: Command, runs: int) -> tuple[float, float, int]:
    """CPU seconds, MiB and exit code of a process, the best of `runs`."""
    seconds, memory, code = float("inf"), 0.0, 0
    for _ in range(runs):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = code = os.waitstatus_to_exitcode(status)
        seconds = min(seconds, used.ru_utime + used.ru_stime)
        memory = max(memory, used.ru_maxrss / 1024)
        if command[3] == "capture":
            for made in Path(command[command.index("-o") + 1]).parent.glob("[cm]*[pz]"):
                made.unlink()
    return seconds, memory, code


def main(inputs: dict[str, Callable[[Path], Command]]) -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    wanted = sys.argv[2:] or [""]
    nothing, _, _ = cost([*PROGRAM, "--version"], runs)
    start, _, _ = cost(report(SAMPLES / "healthy-aws"), runs)
    print(f"{'a process that does nothing':30}{nothing:6.2f} s\n{'the yardstick, a healthy report':30}{start:6.2f} s\n")
    print(f"{'input':30}{'CPU':>8}{'ratio':>8}{'beyond the start':>18}{'memory':>10}{'exit':>6}")
    for name, build in inputs.items():
        if not any(part in name for part in wanted):
            continue
        with tempfile.TemporaryDirectory() as place:
            seconds, memory, code = cost(build(Path(place)), runs)
        print(f"{name:30}{seconds:6.2f} s{seconds / start:8.1f}{seconds - nothing:16.2f} s{memory:6.0f} MiB{code:6}")


if __name__ == "__main__":
    main(INPUTS)
