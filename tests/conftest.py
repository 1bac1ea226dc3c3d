"""What all tests share: settings of hypothesis, the smallest bundle that decides an exchange, and healthy set-ups.

The set-ups, for AWS and for Google, are those of which a check's test changes one thing. Nothing is replaced by a
stand-in: files are written as the clouds' tools print them, tokens are really signed, and the whole pipeline runs on
the folder.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import hypothesis
import pytest

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.documents.token import hypothetical
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.model.document import Origin
from oidc_doctor.report.parts.sentences import summary

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

    from oidc_doctor.model.evidence import TargetEvidence, Token
    from oidc_doctor.model.report import AttemptRow, Cause, CheckRow, Exchange, Report, StepRow

# A slow machine is no bug: no example has a deadline, and how long its making takes is not judged.
hypothesis.settings.register_profile(
    "oidc-doctor", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("oidc-doctor")

ACCOUNT = "arn:aws:iam::210987654321"


def small_bundle(
    subject: str = "job:blue:7",
    pattern: str | None = "job:blue:*",
    issuer: str = "oidc.example.com",
    audience: str = "sts.amazonaws.com",
    **claims: Any,
) -> dict[str, Any]:
    """Decoded claims, a role and its provider: accepted if the pattern fits. Without a pattern, any subject does."""
    condition: dict[str, Any] = {"StringEquals": {f"{issuer}:aud": audience}}
    if pattern is not None:
        condition["StringLike"] = {f"{issuer}:sub": pattern}
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"{ACCOUNT}:oidc-provider/{issuer}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    policy = {"Version": "2012-10-17", "Statement": statement}
    return {
        "manifest.json": {"collected_at": "2026-11-22T22:40:00Z"},
        "claims.json": {"iss": f"https://{issuer}", "sub": subject, "aud": audience, **claims},
        "aws/role.json": {"Role": {"Arn": f"{ACCOUNT}:role/Weights", "AssumeRolePolicyDocument": policy}},
        "aws/oidc-provider.json": {
            "Arn": f"{ACCOUNT}:oidc-provider/{issuer}",
            "Url": issuer,
            "ClientIDList": [audience],
        },
    }


@pytest.fixture
def write_bundle(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes `small_bundle`, without the files named by `without`, and gives its folder."""

    def write(*, without: str = "", **what: Any) -> Path:
        folder = tmp_path / "bundle"
        for name, value in small_bundle(**what).items():
            if name not in without.split():
                place = folder / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(json.dumps(value, indent=2), encoding="utf-8")
        return folder

    return write


Json = Any


@pytest.fixture
def lines_run() -> Callable[[Callable[[], object]], int]:
    """A function that counts the lines of Python which a call runs: its work, whatever the machine is busy with."""

    def count(question: Callable[[], object]) -> int:
        lines = 0

        def trace(_frame: FrameType, event: str, _value: object) -> Any:
            nonlocal lines
            lines += event == "line"
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            question()
        finally:
            sys.settrace(before)
        return lines

    return count


# A job in the background inherits SIGINT as ignored and hands that on, as the program should: a test sets it back.
_INTERRUPTIBLE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from oidc_doctor.cli import main; raise SystemExit(main())"
)
_LONGEST = 60  # seconds that a started program may run


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A function that starts the program as a process of its own, which SIGINT reaches.

    The process and those that it started are killed after a minute, and at the end of the test.
    """
    with contextlib.ExitStack() as ends:

        def started(*arguments: str | Path) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-c", _INTERRUPTIBLE, *map(str, arguments)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=tmp_path,
                start_new_session=True,
            )

            def kill() -> None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

            watch = threading.Timer(_LONGEST, kill)
            watch.start()
            ends.enter_context(process)  # closes the pipes and waits, after all are killed
            ends.callback(kill)
            ends.callback(watch.cancel)
            return process

        yield started


def base64url(data: bytes) -> str:
    """Base64url without padding, as in a JWT."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@functools.cache
def private_key(name: str) -> Any:
    """A key by name, made once a session: rsa, ec (P-256), ec-384, ec-521, ed25519, any other rsa-… or ec-… name."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if name.startswith("rsa"):
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if name == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    curve = {"ec-384": ec.SECP384R1(), "ec-521": ec.SECP521R1()}.get(name, ec.SECP256R1())
    return ec.generate_private_key(curve)


@dataclass
class SeenCause:
    """A cause as the report shows it: its named refusal, timing and sentence under the names of the JSON contract."""

    cause: Cause

    def __getattr__(self, name: str) -> Any:
        owners = (self.cause, self.cause.named, self.cause.timing)
        return getattr(next((owner for owner in owners if hasattr(owner, name)), self.cause), name)

    @property
    def summary(self) -> str:
        """The sentence."""
        return summary(self.cause)

    @property
    def location(self) -> str:
        """The clause, in the cloud's own words."""
        return str(self.cause.clause)

    @property
    def confirmed_by(self) -> list[str]:
        """The event ids."""
        return list(self.cause.confirmed_by)


@dataclass(frozen=True)
class Answer:
    """A report, with what tests ask of it."""

    report: Report

    @property
    def causes(self) -> list[SeenCause]:
        """The causes, in order."""
        return [SeenCause(cause) for cause in self.report.causes]

    @property
    def names(self) -> list[str]:
        """The causes' names, in order."""
        return [cause.name for cause in self.report.causes]

    @property
    def first(self) -> SeenCause:
        """The cause that is put first."""
        assert self.report.causes, f"no causes; {self.steps()}"
        first = self.report.causes[0]
        assert first.position == "first"
        assert all(cause.position == "next" for cause in self.report.causes[1:])
        return SeenCause(first)

    @property
    def accepted(self) -> bool:
        """Every exchange is predicted to be accepted, and nothing is said to be wrong."""
        good = all(
            one.prediction == "accepted" and one.step is None and one.error is None for one in self.report.exchanges
        )
        return good and bool(self.report.exchanges) and not self.report.causes and self.report.verdict == "healthy"

    def refused(
        self,
        name: str,
        step: str,
        error: tuple[str, str] | None = None,
        *,
        cloud: str = "",
        confidence: str = "predicted",
    ) -> SeenCause:
        """The first cause, of this name: the exchange refuses at `step` with `error`, and all that says so agrees."""
        first = self.first
        assert (first.name, first.confidence, first.step) == (name, confidence, step), (self.names, self.steps())
        exchange = self.exchange(cloud)
        assert (exchange.prediction, exchange.step) == ("refused", step), self.steps()
        assert self.state(step, cloud) == "refused"
        assert exchange.error is not None
        if error is not None:
            assert (exchange.error["code"], exchange.error["message"]) == error
        assert self.check(name).status == "failed"
        assert self.check(name).findings[0].message == first.summary
        assert (self.report.verdict, self.report.exit_code) == ("refused", 1)
        assert first.fix
        return first

    def suspected(self, name: str, cloud: str = "") -> SeenCause:
        """The cause of this name, a suspicion only: nothing is predicted from it, and its check did not pass."""
        cause = self.cause(name)
        assert cause.confidence == "suspected"
        assert " may " in cause.summary
        assert cause.settle
        assert self.exchange(cloud).prediction != "refused", self.steps()
        assert self.check(name).status == "skipped"
        assert self.check(name).reason.startswith("suspected only")
        return cause

    def skipped(self, name: str) -> CheckRow:
        """What the check of this name said, which could not look: it neither passed nor failed."""
        row = self.check(name)
        assert name not in self.names
        assert (row.status, row.findings) == ("skipped", [])
        assert row.reason
        return row

    def passed(self, name: str) -> CheckRow:
        """What the check of this name said, which looked and found nothing."""
        row = self.check(name)
        assert name not in self.names
        assert (row.status, row.findings) == ("passed", [])
        return row

    def found(self, name: str) -> list[str]:
        """The findings of a weakness or log check, which never make a cause."""
        row = self.check(name)
        assert row.status == "failed"
        assert row.effect != "blocks"
        assert name not in self.names
        assert all(finding.fix for finding in row.findings)
        return [finding.message for finding in row.findings]

    def cause(self, name: str) -> SeenCause:
        """The cause of a name."""
        assert name in self.names, (name, self.names, self.steps())
        return next(cause for cause in self.causes if cause.name == name)

    def check(self, name: str) -> CheckRow:
        """What a check said."""
        return next(row for row in self.report.checks if row.name == name)

    def exchange(self, cloud: str = "") -> Exchange:
        """The exchange with a cloud; the only one, where no cloud is given."""
        found = [one for one in self.report.exchanges if cloud in ("", one.cloud)]
        assert len(found) == 1, [one.id for one in self.report.exchanges]
        return found[0]

    def step(self, name: str, cloud: str = "") -> StepRow:
        """One step's row."""
        return next(row for row in self.exchange(cloud).steps if row.id == name)

    def state(self, name: str, cloud: str = "") -> str:
        """One step's state."""
        return self.step(name, cloud).state

    def steps(self) -> dict[str, dict[str, str]]:
        """All states, for assertion messages."""
        return {one.id: {row.id: row.state for row in one.steps} for one in self.report.exchanges}

    def error(self, cloud: str = "") -> tuple[str, str]:
        """Code and message that are predicted."""
        error = self.exchange(cloud).error
        assert error is not None, self.steps()
        return error["code"], error["message"]

    def error_is_certain(self, cloud: str = "") -> bool:
        """Whether the predicted error is given as certain."""
        error = self.exchange(cloud).error
        assert error is not None, self.steps()
        return bool(error["certain"])

    def coverage(self, what: str) -> str:
        """The status of a coverage row."""
        return next(row.status for row in self.report.coverage if row.what == what)

    def attempt(self, event_id: str) -> AttemptRow:
        """The logged attempt with an event."""
        return next(row for row in self.report.attempts if event_id in row.event_ids)


def marked(side: Any) -> str:
    """A side's value with the differing characters in brackets."""
    text, end = "", 0
    for start, stop in side.spans:
        text += side.value[end:start] + "[" + side.value[start:stop] + "]"
        end = stop
    return f"{text}{side.value[end:]}"


class Bundle:
    """A bundle folder in the making. The writing methods return the bundle, so calls can be chained."""

    COLLECTED_AT: ClassVar[str] = "2026-11-22T22:40:00Z"
    NOW: ClassVar[int] = 1795387200  # the same instant

    ISSUER: ClassVar[str] = "https://oidc.baseten.co"
    AUDIENCE: ClassVar[str] = "oidc.baseten.co"
    ORG: ClassVar[str] = "Org8Kd2P"
    TEAM: ClassVar[str] = "Tq7LmZ2x"
    SUBJECT: ClassVar[str] = (
        "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:deployment=4be1c07:environment=production:type=model_container"
    )
    PATTERN: ClassVar[str] = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*"
    KID: ClassVar[str] = "key-1"

    ACCOUNT: ClassVar[str] = "210987654321"
    OTHER_ACCOUNT: ClassVar[str] = "554433221100"
    ROLE_ARN: ClassVar[str] = "arn:aws:iam::210987654321:role/ModelWeights"
    PROVIDER_ARN: ClassVar[str] = "arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co"
    AUD_KEY: ClassVar[str] = "oidc.baseten.co:aud"
    SUB_KEY: ClassVar[str] = "oidc.baseten.co:sub"

    PROJECT_NUMBER: ClassVar[str] = "482910375566"
    PROJECT_ID: ClassVar[str] = "weights-prod"
    POOL: ClassVar[str] = "projects/482910375566/locations/global/workloadIdentityPools/baseten-pool"
    GCP_PROVIDER: ClassVar[str] = POOL + "/providers/baseten-provider"
    SERVICE_ACCOUNT: ClassVar[str] = "baseten-oidc@weights-prod.iam.gserviceaccount.com"
    MEMBER: ClassVar[str] = f"principalSet://iam.googleapis.com/{POOL}/attribute.team/Tq7LmZ2x"

    # AWS's own sentences, as on the wire
    NOT_AUTHORIZED: ClassVar[tuple[str, str]] = (
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    )
    COULD_NOT_VALIDATE: ClassVar[tuple[str, str]] = (
        "InvalidIdentityToken",
        (
            "The web identity token provided could not be validated. "
            "See the AssumeRoleWithWebIdentity documentation for requirements."
        ),
    )
    NO_VERIFICATION_KEY: ClassVar[tuple[str, str]] = (
        "InvalidIdentityToken",
        (
            "Couldn't retrieve verification key from your identity provider,  "
            "please reference AssumeRoleWithWebIdentity documentation for requirements"
        ),
    )
    NOT_A_JWT: ClassVar[tuple[str, str]] = (
        "InvalidIdentityToken",
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
    )

    GITHUB: ClassVar[str] = "https://token.actions.githubusercontent.com"
    GITHUB_SUBJECT: ClassVar[str] = "repo:octo-org/weights:ref:refs/heads/main"

    def __init__(self, root: Path) -> None:
        self.root = root

    # ---------------------------------------------------------------------------------------------------------- files

    def write(self, path: str, content: str | bytes | Json) -> Bundle:
        """A file: text and bytes as they are, everything else as JSON."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            place.write_bytes(content)
        else:
            place.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")
        return self

    def read(self, path: str) -> Json:
        """A JSON file that was written before, to be changed and written again."""
        return json.loads((self.root / path).read_text(encoding="utf-8"))

    def remove(self, *paths: str) -> Bundle:
        """Files, or whole folders, that are not in the bundle."""
        for path in paths:
            place = self.root / path
            if place.is_dir():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)
        return self

    def only(self, *paths: str) -> Bundle:
        """Nothing but these files."""
        for place in sorted(self.root.rglob("*")):
            if place.is_file() and place.relative_to(self.root).as_posix() not in paths:
                place.unlink()
        return self

    def manifest(
        self, reads: tuple[Json, ...] | list[Json] = (), *, collected_at: str | None = COLLECTED_AT, read: str = ""
    ) -> Bundle:
        """manifest.json. `read` is a space-separated list of paths that were read from the cloud in order."""
        rows = [*reads, *({"path": path, "outcome": "ok"} for path in read.split())]
        return self.write("manifest.json", {"collected_at": collected_at, "reads": rows})

    def from_the_cloud(self) -> Bundle:
        """The manifest says of every file that it was read from the cloud: nothing in them is a placeholder."""
        names = [place.relative_to(self.root).as_posix() for place in self.root.rglob("*") if place.is_file()]
        return self.manifest(read=" ".join(name for name in names if name.startswith(("aws/", "gcp/"))))

    def error(self, text: str) -> Bundle:
        """error.txt: what the caller saw."""
        return self.write("error.txt", text + "\n")

    def target(self, *, aws: Json = None, gcp: Json = None, issuer: str | None = None, name: str = "weights") -> Bundle:
        """oidc-doctor.toml with one target."""
        lines = ["[[target]]", f"name = {json.dumps(name)}"]
        if issuer is not None:
            lines.append(f"issuer = {json.dumps(issuer)}")
        for cloud, values in (("aws", aws), ("gcp", gcp)):
            if values is not None:
                lines.append(f"[target.{cloud}]")
                for key, value in values.items():
                    pairs = value if isinstance(value, dict) else None
                    text = json.dumps(value)
                    if pairs is not None:
                        text = "{ " + ", ".join(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in pairs.items()) + " }"
                    lines.append(f"{key} = {text}")
        return self.write("oidc-doctor.toml", "\n".join(lines) + "\n")

    # ---------------------------------------------------------------------------------------------------------- token

    def claims_of(self, **changes: Json) -> dict[str, Json]:
        """Healthy claims with changes. A change to `...` takes the claim out; None is a JSON null."""
        segments = dict(part.split("=") for part in self.SUBJECT.split(":"))
        claims: dict[str, Json] = {
            "iss": self.ISSUER,
            "sub": self.SUBJECT,
            "aud": self.AUDIENCE,
            "iat": self.NOW - 60,
            "exp": self.NOW + 3540,
            "jti": "5bb8f8e6-9e9b-4f8a-9c1e-2f4d9f0f2c11",
            **{name: value for name, value in segments.items() if name != "v"},
        } | changes
        return {name: value for name, value in claims.items() if value is not ...}

    def claims(self, claims: Json = None, *, header: Json = None, **beside: Json) -> Bundle:
        """claims.json, and no token.jwt: healthy claims unless given; with a header or more beside them where given."""
        claims = self.claims_of() if claims is None else claims
        if header is not None or beside:
            claims = {**({} if header is None else {"header": header}), "claims": claims, **beside}
        return self.remove("token.jwt").write("claims.json", claims)

    def compact(
        self,
        claims: Json = None,
        *,
        key: str = "rsa",
        kid: Json = KID,
        alg: str = "RS256",
        header: Mapping[str, Json] | None = None,
        sign_as: str | None = None,
        payload: str | None = None,
    ) -> str:
        """A JWT, signed by the key of that name. `kid=...` leaves the kid out, `header` adds members to the header.

        `payload` is the claims as text, for what no dict can be. `sign_as` is an algorithm other than the header's.
        """
        from jwt.algorithms import get_default_algorithms

        head = {"alg": alg, "typ": "JWT", "kid": kid} | dict(header or {})
        head = {name: value for name, value in head.items() if value is not ...}
        text = json.dumps(self.claims_of() if claims is None else claims) if payload is None else payload
        signed = f"{base64url(json.dumps(head).encode())}.{base64url(text.encode())}"
        algorithm = get_default_algorithms()[sign_as or alg]
        return f"{signed}.{base64url(algorithm.sign(signed.encode(), private_key(key)))}"

    def token(self, claims: Json = None, *, name: str | None = None, **how: Any) -> Bundle:
        """token.jwt (and no claims.json), or tokens/NAME.jwt: see `compact`."""
        text = self.compact(claims, **how)
        if name is not None:
            return self.write(f"tokens/{name}.jwt", text)
        return self.remove("claims.json").write("token.jwt", text)

    # --------------------------------------------------------------------------------------------------------- issuer

    def jwk(self, key: str = "rsa", kid: Json = KID, **members: Json) -> dict[str, Json]:
        """The public half of a key as a JWK. A member given as `...` is left out."""
        from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

        public = private_key(key).public_key()
        maker: Any = RSAAlgorithm if key.startswith("rsa") else OKPAlgorithm if key == "ed25519" else ECAlgorithm
        made = json.loads(maker.to_jwk(public))
        plain = {name: made[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in made}
        box = {**plain, "kid": kid, "use": "sig", **members}
        return {name: value for name, value in box.items() if value is not ...}

    def jwks(self, *keys: Json) -> Bundle:
        """issuer/jwks.json: the healthy key unless keys are given."""
        return self.write("issuer/jwks.json", {"keys": list(keys) or [self.jwk()]})

    def discovery(self, **changes: Json) -> Bundle:
        """issuer/openid-configuration.json; a member given as `...` is left out."""
        box: dict[str, Json] = {
            "issuer": self.ISSUER,
            "jwks_uri": self.ISSUER + "/.well-known/jwks.json",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": ["aud", "exp", "iat", "iss", "sub"],
        } | changes
        return self.write(
            "issuer/openid-configuration.json", {name: value for name, value in box.items() if value is not ...}
        )

    # ------------------------------------------------------------------------------------------------------------ AWS

    def statement(self, condition: Json = None, **changes: Json) -> dict[str, Json]:
        """A healthy Allow statement; `condition` replaces its Condition, a member given as `...` is left out."""
        box: dict[str, Json] = {
            "Effect": "Allow",
            "Principal": {"Federated": self.PROVIDER_ARN},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {self.AUD_KEY: self.AUDIENCE},
                "StringLike": {self.SUB_KEY: self.PATTERN},
            }
            if condition is None
            else condition,
        } | changes
        return {name: value for name, value in copy.deepcopy(box).items() if value is not ...}

    def subject(self, *patterns: str, operator: str = "StringLike") -> dict[str, Json]:
        """A Condition with the healthy audience, and these values of the subject."""
        values = patterns[0] if len(patterns) == 1 else list(patterns)
        condition: dict[str, Json] = {"StringEquals": {self.AUD_KEY: self.AUDIENCE}}
        condition.setdefault(operator, {})[self.SUB_KEY] = values
        return condition

    def policy(self, *statements: Json, **changes: Json) -> dict[str, Json]:
        """A trust policy: the healthy statement unless statements are given."""
        box: dict[str, Json] = {"Version": "2012-10-17", "Statement": list(statements) or [self.statement()]} | changes
        return {name: value for name, value in box.items() if value is not ...}

    def trust(self, *statements: Json, **changes: Json) -> Bundle:
        """aws/role.json with a trust policy of these statements."""
        return self.aws_role(self.policy(*statements, **changes))

    def condition(self, condition: Json, **changes: Json) -> Bundle:
        """aws/role.json with one Allow statement that has this Condition."""
        return self.trust(self.statement(condition, **changes))

    def aws_role(self, policy: Json = None, **role: Json) -> Bundle:
        """aws/role.json as aws iam get-role prints it; a member given as `...` is left out."""
        box: dict[str, Json] = {
            "Path": "/",
            "RoleName": "ModelWeights",
            "RoleId": "AROAEXAMPLEEXAMPLE000",
            "Arn": self.ROLE_ARN,
            "CreateDate": "2026-03-02T09:15:00+00:00",
            "AssumeRolePolicyDocument": self.policy() if policy is None else policy,
            "MaxSessionDuration": 3600,
        } | role
        return self.write("aws/role.json", {"Role": {name: value for name, value in box.items() if value is not ...}})

    def aws_provider(
        self, client_ids: Json = (AUDIENCE,), url: str = AUDIENCE, arn: Json = PROVIDER_ARN, **members: Json
    ) -> Bundle:
        """aws/oidc-provider.json as aws iam get-open-id-connect-provider prints it, with its Arn beside."""
        box: dict[str, Json] = {
            "Arn": arn,
            "Url": url,
            "ClientIDList": list(client_ids) if isinstance(client_ids, tuple) else client_ids,
            "ThumbprintList": ["06b25927c42a721631c1efd9431e648fa62e1e39"],
            "CreateDate": "2026-03-02T09:10:00+00:00",
        } | members
        return self.write("aws/oidc-provider.json", {name: value for name, value in box.items() if value is not ...})

    def aws_providers(self, *arns: str) -> Bundle:
        """aws/oidc-providers.json as aws iam list-open-id-connect-providers prints it."""
        return self.write("aws/oidc-providers.json", {"OpenIDConnectProviderList": [{"Arn": arn} for arn in arns]})

    def event(self, *, event_id: str = "73ab4876-1f53-4f7c-8a6c-5f1f4b1f7e10", **changes: Json) -> dict[str, Json]:
        """A CloudTrail record of a refused AssumeRoleWithWebIdentity. `subject`, `role` and `at` are short for more."""
        subject = changes.pop("subject", self.SUBJECT)
        role = changes.pop("role", self.ROLE_ARN)
        base: dict[str, Json] = {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "WebIdentityUser",
                "principalId": f"{self.PROVIDER_ARN}:{self.AUDIENCE}:{subject}",
                "userName": subject,
                "identityProvider": self.PROVIDER_ARN,
            },
            "eventTime": changes.pop("at", "2026-11-22T22:30:00Z"),
            "eventSource": "sts.amazonaws.com",
            "eventName": "AssumeRoleWithWebIdentity",
            "awsRegion": "us-east-1",
            "sourceIPAddress": "198.51.100.24",
            "userAgent": "Boto3/1.40.0",
            "errorCode": "AccessDenied",
            "errorMessage": "An unknown error occurred",
            "requestParameters": {"roleArn": role, "roleSessionName": "weights"},
            "responseElements": None,
            "eventID": event_id,
            "readOnly": True,
            "resources": [{"accountId": self.ACCOUNT, "type": "AWS::IAM::Role", "ARN": role}],
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": self.ACCOUNT,
            "eventCategory": "Management",
        }
        return {name: value for name, value in (base | changes).items() if value is not ...}

    def accepted_event(self, **changes: Json) -> dict[str, Json]:
        """A CloudTrail record of an AssumeRoleWithWebIdentity that gave credentials."""
        response = {
            "credentials": {"accessKeyId": "ASIAEXAMPLEEXAMPLE00", "expiration": "Nov 22, 2026"},
            "subjectFromWebIdentityToken": changes.get("subject", self.SUBJECT),
            "provider": self.PROVIDER_ARN,
            "audience": self.AUDIENCE,
        }
        return self.event(**{"responseElements": response, "errorCode": ..., "errorMessage": ..., **changes})

    def cloudtrail(self, records: list[Json] | tuple[Json, ...], name: str = "events") -> Bundle:
        """A trail file below aws/cloudtrail/."""
        return self.write(f"aws/cloudtrail/{name}.json", {"Records": list(records)})

    # --------------------------------------------------------------------------------------------------------- Google

    def gcp_provider(
        self, *, mapping: Json = None, condition: Json = None, audiences: Json = (AUDIENCE,), **members: Json
    ) -> Bundle:
        """gcp/provider.json as gcloud prints it; what is given as `...` is left out. `oidc` members as `oidc={…}`."""
        oidc: dict[str, Json] = {"issuerUri": self.ISSUER, "allowedAudiences": audiences} | members.pop("oidc", {})
        box: dict[str, Json] = {
            "name": self.GCP_PROVIDER,
            "displayName": "baseten",
            "state": "ACTIVE",
            "attributeMapping": {"google.subject": "assertion.sub", "attribute.team": "assertion.team"}
            if mapping is None
            else mapping,
            "attributeCondition": f"google.subject.startsWith('v=1:org={self.ORG}:team={self.TEAM}:')"
            if condition is None
            else condition,
            "oidc": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in oidc.items()
                if value is not ...
            },
        } | members
        return self.write("gcp/provider.json", {name: value for name, value in box.items() if value is not ...})

    def gcp_pool(self, **members: Json) -> Bundle:
        """gcp/pool.json."""
        return self.write("gcp/pool.json", {"name": self.POOL, "state": "ACTIVE"} | members)

    def gcp_project(self) -> Bundle:
        """gcp/project.json."""
        return self.write("gcp/project.json", {"projectId": self.PROJECT_ID, "projectNumber": self.PROJECT_NUMBER})

    def service_account(self, **members: Json) -> Bundle:
        """gcp/service-account.json."""
        box: dict[str, Json] = {
            "name": f"projects/{self.PROJECT_ID}/serviceAccounts/{self.SERVICE_ACCOUNT}",
            "email": self.SERVICE_ACCOUNT,
            "projectId": self.PROJECT_ID,
            "uniqueId": "109876543210987654321",
        } | members
        return self.write("gcp/service-account.json", box)

    def service_account_policy(
        self, *members: str, role: str = "roles/iam.workloadIdentityUser", condition: Json = None, bindings: Json = None
    ) -> Bundle:
        """gcp/service-account-policy.json: one binding of the healthy member unless members or bindings are given."""
        one: dict[str, Json] = {"role": role, "members": list(members) or [self.MEMBER]}
        if condition is not None:
            one["condition"] = {"title": "condition", "expression": condition}
        policy = {"bindings": [one] if bindings is None else bindings, "etag": "BwYtest", "version": 3}
        return self.write("gcp/service-account-policy.json", policy)

    def project_policy(self, bindings: Json = (), **members: Json) -> Bundle:
        """gcp/project-policy.json."""
        return self.write("gcp/project-policy.json", {"bindings": list(bindings), "version": 3} | members)

    def log_entry(self, payload: Json = None, *, insert_id: str = "1a2b3c", **changes: Json) -> dict[str, Json]:
        """An audit log entry of an accepted exchange; `payload` goes over its protoPayload, `message` refuses it."""
        message = changes.pop("message", None)
        subject = changes.pop("subject", self.SUBJECT)
        base: dict[str, Json] = {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "authenticationInfo": {"principalSubject": subject},
            "authorizationInfo": [{"granted": False, "permission": "sts.identityProviders.checkLogging"}],
            "metadata": {"mapped_principal": f"principal://iam.googleapis.com/{self.POOL}/subject/{subject}"},
            "methodName": "google.identity.sts.v1.SecurityTokenService.ExchangeToken",
            "request": {"audience": f"//iam.googleapis.com/{self.GCP_PROVIDER}"},
            "resourceName": self.GCP_PROVIDER,
            "serviceName": "sts.googleapis.com",
            "status": {},
        }
        if message is not None:
            del base["metadata"]
            base["status"] = {"code": changes.pop("code", 16), "message": message}
        at = changes.pop("at", "2026-11-22T22:30:00Z")
        base["requestMetadata"] = {"callerIp": "198.51.100.24", "requestAttributes": {"time": at}}
        box = {
            "insertId": insert_id,
            "logName": f"projects/{self.PROJECT_ID}/logs/cloudaudit.googleapis.com%2Fdata_access",
            "protoPayload": base | (payload or {}),
            "resource": {"type": "audited_resource", "labels": {"project_id": self.PROJECT_ID}},
            "severity": "INFO" if message is None else "ERROR",
            "timestamp": at,
        } | changes
        return {name: value for name, value in box.items() if value is not ...}

    def gcp_logs(self, entries: list[Json] | tuple[Json, ...], name: str = "entries") -> Bundle:
        """A log file below gcp/logs/, as gcloud logging read prints it."""
        return self.write(f"gcp/logs/{name}.json", list(entries))

    # --------------------------------------------------------------------------------------------------------- answer

    def evidence(self) -> TargetEvidence:
        """What is read of the only target."""
        with open_bundle(self.root) as bundle:
            (found,) = load_snapshot(bundle).targets
        return found

    def report(self, *, subject: str | None = None, error: str | None = None, **question: Any) -> Report:
        """The whole pipeline on this folder. `subject` is a hypothetical token, as --subject is; `error` as --error."""
        tokens: tuple[Token, ...] = () if subject is None else (hypothetical(subject, origin=Origin("--subject")),)
        asked = Question(**({"error_text": error, "tokens": tokens} | question))
        with open_bundle(self.root) as files:
            return run(files, asked)

    def ask(self, **question: Any) -> Answer:
        """`report`, with what tests ask of it."""
        answer = Answer(self.report(**question))
        broken = [(row.name, row.traceback) for row in answer.report.checks if row.status == "broken"]
        assert not broken, broken[0][1]
        return answer

    @staticmethod
    def marked(side: Any) -> str:
        """A side's value with the differing characters in brackets."""
        assert side is not None
        return marked(side)

    @staticmethod
    def key(name: str) -> Any:
        """A private key by name, made once a session."""
        return private_key(name)

    def sends(self, **aws: Json) -> Bundle:
        """oidc-doctor.toml with the healthy AWS request and changes; a member given as `...` is left out."""
        request: dict[str, Json] = {
            "role_arn": self.ROLE_ARN,
            "role_session_name": "weights",
            "region": "us-east-1",
        } | aws
        return self.target(aws={name: value for name, value in request.items() if value is not ...})

    def not_found(self, *paths: str) -> Bundle:
        """Files that are not there because the cloud said that there is no such thing."""
        self.remove(*paths)
        return self.manifest([{"path": path, "outcome": "not_found", "code": "NoSuchEntity"} for path in paths])

    def denied(self, *paths: str) -> Bundle:
        """Files that are not there because the reader was not allowed to read them."""
        self.remove(*paths)
        return self.manifest([{"path": path, "outcome": "denied", "code": "AccessDenied"} for path in paths])

    def times(self, seconds: int) -> str:
        """RFC 3339 of the bundle's instant and so many seconds."""
        return datetime.fromtimestamp(self.NOW + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """A bundle with a manifest alone."""
    root = tmp_path / "bundle"
    root.mkdir()
    return Bundle(root).manifest()


@pytest.fixture
def aws(bundle: Bundle) -> Bundle:
    """A healthy AWS set-up: signed token, key set, discovery document, provider, role and its trust policy."""
    bundle.token().jwks().discovery().aws_provider().aws_role()
    return bundle.sends()


@pytest.fixture
def gcp(bundle: Bundle) -> Bundle:
    """A healthy Google set-up: signed token, keys, discovery document, provider, pool, service account, its policy."""
    bundle.token().jwks().discovery().gcp_provider().gcp_pool().gcp_project()
    bundle.service_account().service_account_policy()
    return bundle.target(
        gcp={
            "provider": Bundle.GCP_PROVIDER,
            "audience": f"//iam.googleapis.com/{Bundle.GCP_PROVIDER}",
            "service_account": Bundle.SERVICE_ACCOUNT,
        }
    )


@pytest.fixture
def github(aws: Bundle) -> Bundle:
    """A healthy AWS set-up for GitHub Actions, in place of Baseten's."""
    host = Bundle.GITHUB.removeprefix("https://")
    arn = f"arn:aws:iam::{Bundle.ACCOUNT}:oidc-provider/{host}"
    condition = {
        "StringEquals": {f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": Bundle.GITHUB_SUBJECT},
    }
    claims = {
        "iss": Bundle.GITHUB,
        "sub": Bundle.GITHUB_SUBJECT,
        "aud": "sts.amazonaws.com",
        "iat": Bundle.NOW - 60,
        "exp": Bundle.NOW + 240,
        "repository": "octo-org/weights",
        "repository_owner": "octo-org",
        "ref": "refs/heads/main",
        "actor": "octo-dev",
        "event_name": "push",
    }
    aws.token(claims).discovery(issuer=Bundle.GITHUB, jwks_uri=Bundle.GITHUB + "/.well-known/jwks")
    aws.aws_provider(client_ids=("sts.amazonaws.com",), url=host, arn=arn)
    return aws.trust(aws.statement(condition, Principal={"Federated": arn}))
