"""Command line evidence as files of the bundle: a capture contains all evidence of its report."""

from __future__ import annotations

import errno
import io
import json
import os
import stat
from typing import TYPE_CHECKING, Any

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.files import Bundle, BundleMember
from oidc_doctor.bundle.reader import BundleReader
from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.documents.json_text import Unreadable, load
from oidc_doctor.documents.manifest import Manifest
from oidc_doctor.documents.target_file import to_toml
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.live.aws.oracles import compact
from oidc_doctor.model.document import Missing

if TYPE_CHECKING:
    from oidc_doctor.examine.question import Question
    from oidc_doctor.model.evidence import Token


def with_given(bundle: Bundle | None, question: Question) -> Bundle:
    """Return `bundle` with the question's tokens, error, target, logs and instant added as files."""
    base = bundle or Bundle("the command line", {})
    members = {name: base.member(name) for name in base.names()}
    added: dict[str, bytes] = {}
    # command line values apply to every target, and each of several targets has its folder
    for prefix in sorted({contract.split_target(name)[0] for name in members} - {""}) or [""]:
        for number, token in enumerate(question.tokens):
            has_token = any(prefix + name in members for name in contract.TOKEN_FILES)
            added[prefix + _place(token, number, has_token=has_token)] = _text(token)
        if question.error_text is not None:
            place = f"{prefix}error.txt"
            bundled_error = b"\n" + base.read(place) if place in base else b""
            added[place] = question.error_text.encode("utf-8", "surrogateescape") + bundled_error
    if question.overrides is not None and not any(name.startswith(contract.TARGETS) for name in members):
        targets = load_snapshot(base, overrides=question.overrides, extra_tokens=question.tokens).targets
        added[contract.TARGET_FILE] = "\n".join(to_toml(evidence.target) for evidence in targets).encode()
    at = _date_of_folders(base) if question.at is None else question.at
    if at is not None:
        added[contract.MANIFEST] = _dated(base, at)
    all_members = members | {name: _member(data) for name, data in added.items()}
    for folder, places in ((contract.CLOUDTRAIL, question.cloudtrail), (contract.GCP_LOGS, question.gcp_logs)):
        for number, place in enumerate(places):
            all_members[f"{folder}given-{number + 1}/{os.path.basename(place)}"] = _file(place)
    return Bundle(base.label, all_members, list(base.refused), archive=base)


def _place(token: Token, number: int, *, has_token: bool) -> str:
    ending = "jwt" if token.kind == "jwt" and token.signing_input and not token.fault else "json"
    if number or has_token:
        return f"tokens/given-{number + 1}.{ending}"
    return contract.TOKEN_FILES[0] if ending == "jwt" else contract.TOKEN_FILES[1]


def _text(token: Token) -> bytes:
    """Serialize the token as in the file that it was read from."""
    if token.kind == "hypothetical":
        return json.dumps(token.claims).encode()
    if token.kind == "jwt" and token.signing_input and not token.fault:
        return compact(token).encode()
    document: dict[str, Any] = {"header": token.header, "claims": token.claims}
    if not token.inferred_complete:  # the claims are not known to be complete, so the copy does not claim it either
        document["complete"] = token.complete
    if token.kind == "jwt":
        document["compact"] = {
            "size": token.size,
            **({"fault": token.fault, "kind": token.fault_kind, "where": token.fault_where} if token.fault else {}),
        }
    if token.verified is not None:
        document["verified"] = token.verified
    return json.dumps(document, indent=2).encode()


def _date_of_folders(base: Bundle) -> float | None:
    """Return the instant of a bundle without a top-level date: that of the first dated folder in targets/.

    The copy's folders have a different order, so the date must be at the top. None if nothing has to be added.
    """
    reader = BundleReader(base)
    dated = isinstance(reader.manifest, Manifest) and reader.manifest.collected_at is not None
    unreadable = isinstance(reader.manifest, Missing)
    return None if dated or unreadable else reader.collected_at


def _dated(base: Bundle, at: float) -> bytes:
    """Return the manifest with `at` as its collected_at."""
    manifest: Any = None
    if contract.MANIFEST in base:
        try:
            manifest = load(base.read(contract.MANIFEST).decode("utf-8", "replace"), contract.MANIFEST).value
        except Unreadable:
            manifest = None
    manifest = manifest if isinstance(manifest, dict) else {}
    return json.dumps(manifest | {"collected_at": rfc3339(at)}, indent=2).encode()


def _member(data: bytes) -> BundleMember:
    return BundleMember(len(data), lambda: io.BytesIO(data))


def _file(place: str) -> BundleMember:
    """Return a log file named on the command line. Raises OSError unless it is a regular file."""
    status = os.stat(place)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", place)
    return BundleMember(status.st_size, lambda: open(place, "rb"), place)
