"""Google Cloud's resources that an edit creates, undeletes or enables: pool and provider, with their commands.

Source: gcloud reference, iam workload-identity-pools (create, update, undelete) and its providers (create-oidc,
undelete); a resource that was deleted can be undeleted for 30 days.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from oidc_doctor.checkkit import command
from oidc_doctor.findings.fixes.edit import DocumentChange
from oidc_doctor.model.evidence import GcpPool, GcpProvider

if TYPE_CHECKING:
    from oidc_doctor.model.evidence import TargetEvidence

_POOLS = ("gcloud", "iam", "workload-identity-pools")
_SEPARATORS = ";|#~!@"


def created(before: TargetEvidence, after: TargetEvidence) -> Iterator[DocumentChange]:
    """Yield pool and provider where they were not there, deleted or, for the pool, disabled."""
    if before.gcp is None or after.gcp is None:
        return
    pool, new_pool = before.gcp.pool, after.gcp.pool
    if isinstance(new_pool, GcpPool) and new_pool.name and pool != new_pool:
        name = new_pool.name
        if not isinstance(pool, GcpPool):
            yield _create(new_pool.document.value, "gcp/pool.json", (*_POOLS,), name, [])
        elif pool.state != new_pool.state:
            yield _undelete(pool.document.file, (*_POOLS,), name)
    provider, new = before.gcp.provider, after.gcp.provider
    if isinstance(new, GcpProvider) and new.name and provider != new:
        words = (*_POOLS, "providers")
        if not isinstance(provider, GcpProvider):
            options = [f"--issuer-uri={new.issuer_uri}"]
            mapping = new.mapping if isinstance(new.mapping, dict) else {}
            options.append(f"--attribute-mapping={_joined([f'{key}={text}' for key, text in mapping.items()])}")
            options += [f"--attribute-condition={new.condition}"] if new.condition else []
            if new.allowed_audiences:
                options.append(f"--allowed-audiences={_joined(list(new.allowed_audiences))}")
            yield _create(new.document.value, "gcp/provider.json", words, new.name, options)
        elif provider.state != new.state:
            yield _undelete(provider.document.file, words, new.name)


def _create(value: Any, file: str, words: tuple[str, ...], name: str, options: list[str]) -> DocumentChange:
    verb = "create-oidc" if words[-1] == "providers" else "create"
    return DocumentChange(
        file,
        "",
        json.dumps(value, indent=2),
        [command(*words, verb, name, *options)],
        "",
        [command(*words, "describe", name)],
        [command(*words, "delete", name)],
        [],
    )


def _undelete(file: str, words: tuple[str, ...], name: str) -> DocumentChange:
    before, after = json.dumps({"state": "DELETED"}, indent=2), json.dumps({"state": "ACTIVE"}, indent=2)
    undo = [command(*words, "delete", name)]
    describe = [command(*words, "describe", name)]
    return DocumentChange(file, before, after, [command(*words, "undelete", name)], "", describe, undo, [])


def _joined(values: list[str]) -> str:
    """A list for gcloud, with another separator where a value contains a comma (gcloud topic escaping)."""
    if not any("," in value or value.startswith("^") for value in values):
        return ",".join(values)
    separator = next((sign for sign in _SEPARATORS if not any(sign in value for value in values)), ";")
    return f"^{separator}^" + separator.join(values)
