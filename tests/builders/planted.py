"""What a simulated month plants: for each target its settings, each a configuration with the findings that it has.

The findings are those of a report on each configuration, as the tests of the checks hold them. A simulation judges when
a health run reports them, not whether they are right.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jwt

from evidence.keys import private_key

Edit = Callable[[Any], object]


KEY = "rsa-signs-now"
NOTES = ("AWS072", "AWS090", "GCP073")  # findings that refuse nothing


class Setting(NamedTuple):
    """A configuration of a target: an edit of one document of its sample."""

    name: str
    path: str
    edit: Edit
    findings: dict[str, str]  # by code: the value that it is about, in any words of its own
    accepts: frozenset[str] = frozenset()  # whom the trust accepts; "own" is the workload itself
    state: str = ""  # where the findings do not say it


class Planted(NamedTuple):
    """A target: its sample, its settings, of which the first is the sample's own, and the documents that decide."""

    sample: str
    resource: str
    settings: tuple[Setting, ...]
    decisive: tuple[str, ...]
    widened: str = ""  # the code of an event: the trust accepts more
    own_resources: tuple[tuple[str, str], ...] = ()  # codes that are about another resource

    def resource_of(self, code: str) -> str:
        return dict(self.own_resources).get(code, self.resource)


def _whom(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _nothing(_: Any) -> None:
    """Keep the sample."""


def statements(role: Any) -> list[Any]:
    found: list[Any] = role["Role"]["AssumeRolePolicyDocument"]["Statement"]
    return found


def _condition(operator: str, key: str, value: str) -> Edit:
    return lambda role: statements(role)[0]["Condition"][operator].update({key: value})


def _subject(value: str) -> Edit:
    return _condition("StringLike", "oidc.baseten.co:sub", value)


def _second(value: str) -> Edit:
    def edit(role: Any) -> None:
        added = json.loads(json.dumps(statements(role)[0]))
        added["Condition"]["StringLike"]["oidc.baseten.co:sub"] = value
        statements(role).append(added)

    return edit


def _put(**values: Any) -> Edit:
    return lambda document: document.update(values)


def _member(old: str, new: str) -> Edit:
    def edit(policy: Any) -> None:
        members = policy["bindings"][0]["members"]
        members[0] = members[0].replace(old, new)

    return edit


ROLE, AWS_PROVIDER = "aws/role.json", "aws/oidc-provider.json"
PROVIDER, ACCOUNT, POOL = "gcp/provider.json", "gcp/service-account-policy.json", "gcp/pool.json"
_OWN = "v=1:org=Org8Kd2P:team=Tm4Rx9Ws:model=mWq41ZpK:*:environment=production:type=model_container"
_IS_ANY_TEAM = "assertion.sub.startsWith('v=1:org=Org2Fh6B:')"
_HUB = "token.actions.githubusercontent.com"

AWS = Planted(
    "healthy-aws",
    "arn:aws:iam::111122223333:role/BasetenRuntimeRole",
    (
        Setting("own", ROLE, _nothing, {}, _whom("own")),
        Setting("team 5", ROLE, _subject(_OWN.replace("Tm4", "Tm5")), {"AWS025": "5"}, _whom("5")),
        Setting("team 6", ROLE, _subject(_OWN.replace("Tm4", "Tm6")), {"AWS025": "6"}, _whom("6")),
        Setting("staging", ROLE, _subject(_OWN.replace("production", "staging")), {"AWS025": "s"}, _whom("s")),
        Setting("wide", ROLE, _subject("v=1:org=Org8Kd2P:team=Tm4Rx9Ws:*"), {}, _whom("own s all-of-team")),
        Setting("second", ROLE, _second(_OWN.replace("Tm4", "Tm7")), {}, _whom("own 7")),
        Setting(
            "audience", ROLE, _condition("StringEquals", "oidc.baseten.co:aud", "sts.amazonaws.com"), {"AWS026": "aud"}
        ),
        Setting(
            "anyone",
            ROLE,
            lambda role: statements(role)[0]["Condition"].pop("StringLike"),
            {"AWS072": "any"},
            _whom("own 5 6 7 s all-of-team everyone"),
        ),
        Setting("no client", AWS_PROVIDER, _put(ClientIDList=["sts.amazonaws.com"]), {"AWS014": "sts"}),
        Setting(
            "more clients", AWS_PROVIDER, _put(ClientIDList=["oidc.baseten.co", "sts.amazonaws.com"]), {}, _whom("own")
        ),
    ),
    (ROLE, AWS_PROVIDER),
    "AWS101",
)

GOOGLE = Planted(
    "healthy-gcp",
    "projects/481516234210/locations/global/workloadIdentityPools/baseten-pool/providers/baseten-provider",
    (
        Setting("own", PROVIDER, _nothing, {}, _whom("own")),
        Setting(
            "other org",
            PROVIDER,
            _put(attributeCondition="assertion.sub.startsWith('v=1:org=Org3Fh6B:team=Tc9Yd4Gm:')"),
            {"GCP020": "Org3"},
            _whom("org3"),
        ),
        Setting(
            "third org",
            PROVIDER,
            _put(attributeCondition="assertion.sub.startsWith('v=1:org=Org4Fh6B:team=Tc9Yd4Gm:')"),
            {"GCP020": "Org4"},
            _whom("org4"),
        ),
        Setting("any team", PROVIDER, _put(attributeCondition=_IS_ANY_TEAM), {}, _whom("own teams")),
        Setting(
            "audience",
            PROVIDER,
            lambda provider: provider["oidc"].update(allowedAudiences=["sts.amazonaws.com"]),
            {"GCP013": "sts"},
        ),
        Setting("no audience", PROVIDER, lambda provider: provider["oidc"].pop("allowedAudiences"), {"GCP014": ""}),
        Setting(
            "issuer",
            PROVIDER,
            lambda provider: provider["oidc"].update(issuerUri="https://oidc.basten.co"),
            {"GCP010": "basten"},
        ),
        Setting("disabled", PROVIDER, _put(disabled=True), {"GCP005": "disabled"}),
        Setting(
            "no model", PROVIDER, lambda provider: provider["attributeMapping"].pop("attribute.model"), {"GCP029": ""}
        ),
        Setting(
            "other claim",
            PROVIDER,
            lambda provider: provider["attributeMapping"].update({"google.subject": "assertion.nope"}),
            {"GCP025": "nope"},
        ),
        Setting("no binding", ACCOUNT, _put(bindings=[]), {"GCP030": ""}),
        Setting("other binding", ACCOUNT, _member("mLx30QwE", "mLx99QwE"), {"GCP039": "mLx99"}, _whom("mLx99")),
        Setting("pool off", POOL, _put(disabled=True), {"GCP008": "disabled"}),
    ),
    (PROVIDER, ACCOUNT),
    "GCP104",
)

GITHUB = Planted(
    "aws-github-immutable",
    "arn:aws:iam::999988887777:role/ArmControllerDeploy",
    (
        Setting("own", ROLE, _nothing, {"AWS023": "names"}, _whom("names")),
        Setting(
            "audience",
            ROLE,
            _condition("StringEquals", f"{_HUB}:aud", "x.amazonaws.com"),
            {"AWS023": "names", "AWS026": "x"},
        ),
        Setting("no client", AWS_PROVIDER, _put(ClientIDList=["x.amazonaws.com"]), {"AWS014": "x", "AWS023": "names"}),
    ),
    (ROLE, AWS_PROVIDER),
    "AWS101",
)

TWO = Planted(
    "two-clouds",
    "projects/481516234210/locations/global/workloadIdentityPools/baseten-builds/providers/baseten-provider",
    (
        Setting("own", ROLE, _nothing, {"GCP020": "container", "GCP073": ""}, _whom("own")),
        Setting(
            "team 8",
            ROLE,
            _subject("v=1:org=Org2Fh6B:team=Tc8Yd4Gm:*:type=model_build"),
            {"AWS025": "8", "GCP020": "container", "GCP073": ""},
            _whom("8"),
        ),
        Setting("no binding", ACCOUNT, _put(bindings=[]), {"GCP020": "container", "GCP030": "", "GCP073": ""}),
    ),
    (ROLE, AWS_PROVIDER, PROVIDER),
    "AWS101",
    (("AWS025", "arn:aws:iam::111122223333:role/BasetenBuildRole"), ("GCP073", "")),
)

TEAM = Planted(
    "aws-wrong-team",
    "arn:aws:iam::210987654321:role/ModelWeights",
    (
        Setting("own", ROLE, _nothing, {"AWS025": "y"}, _whom("y")),
        Setting("team z", ROLE, _subject("v=1:org=Org8Kd2P:team=Tq7LmZ2z:*"), {"AWS025": "z"}, _whom("z")),
        Setting(
            "mended",
            ROLE,
            _subject("v=1:org=Org8Kd2P:team=Tq7LmZ2x:*"),
            {"AWS090": "production and staging"},
            _whom("own"),
            "unknown",  # the logs end with a refusal
        ),
    ),
    (ROLE, AWS_PROVIDER),
    "AWS101",
)


def _signed(claims: dict[str, Any], now: float) -> str:
    claims = claims | {"iat": int(now) - 60, "exp": int(now) + 3540, "jti": f"jti-{now}"}
    return jwt.encode(claims, private_key(KEY), "RS256", {"kid": KEY})


def renew_token(folder: Path, now: float) -> None:
    """Replace the token of a bundle by one with the same claims, issued now, and signed with our key."""
    file = folder / "token.jwt"
    if file.exists():
        claims = jwt.decode(file.read_text().strip(), options={"verify_signature": False})
        file.write_text(_signed(claims, now))


def keys(*extra: str) -> str:
    """Return a key set with the key that signs the tokens, and others."""
    listed = []
    for name in (KEY, *extra):
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private_key(name).public_key()))
        listed.append({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": name, "n": public["n"], "e": public["e"]})
    return json.dumps({"keys": listed})
