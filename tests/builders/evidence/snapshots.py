"""Small files of a bundle as mappings, and the snapshot that is loaded from them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.model.evidence import Snapshot, TargetEvidence

ACCOUNT = "210987654321"
ARN = f"arn:aws:iam::{ACCOUNT}:role/Weights"
POOL = "projects/123/locations/global/workloadIdentityPools/pool"
PROVIDER = f"{POOL}/providers/baseten"
EMAIL = "baseten-oidc@p.iam.gserviceaccount.com"
CLAIMS = {"iss": "https://oidc.baseten.co", "sub": "v=1:org=a", "aud": "oidc.baseten.co"}
ROLE = {"Role": {"RoleName": "Weights", "Arn": ARN, "AssumeRolePolicyDocument": {"Statement": []}}}
AWS_PROVIDER = {"Url": "oidc.baseten.co", "ClientIDList": ["oidc.baseten.co"]}
GCP_PROVIDER = {"name": PROVIDER, "oidc": {"issuerUri": "https://oidc.baseten.co"}}
JWT = ".".join(
    base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
    for part in ({"alg": "RS256"}, CLAIMS, "s")
)


def write(root: Path, files: dict[str, Any]) -> Path:
    for name, value in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str) else json.dumps(value, indent=1))
    return root


def load(root: Path, files: dict[str, Any], **options: Any) -> Snapshot:
    with open_bundle(write(root, files)) as bundle:
        return load_snapshot(bundle, **options)


def only_target(root: Path, files: dict[str, Any], **options: Any) -> TargetEvidence:
    (evidence,) = load(root, files, **options).targets
    return evidence


def toml(**clouds: dict[str, Any]) -> str:
    rows = ["[[target]]", 'name = "weights"']
    for cloud, values in clouds.items():
        rows += [f"[target.{cloud}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
    return "\n".join(rows)
