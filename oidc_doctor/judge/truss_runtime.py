"""Compare a Truss configuration with the installed truss, and with the token that model code gets at run time.

The wheels of truss, read: AWS_OIDC and GCP_OIDC since 0.13.2, runtime.oidc since 0.18.22, AWS_ASSUME_ROLE since
0.18.27, OIDC for what a training job fetches since 0.18.31; `truss whoami` prints env= before 0.14.1. The public
recipes of truss-examples: model code finds its token by B10_OIDC_TOKEN_PATH.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.documents.truss import OIDC_METHODS, truss_sources, truss_version
from oidc_doctor.model.document import Document, Missing, Origin
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Clause, Side

if TYPE_CHECKING:
    from oidc_doctor.judge.exchange import ExchangeBuilder
    from oidc_doctor.model.evidence import TargetEvidence

Version = tuple[int, ...]
_METHODS: dict[str, Version] = {"AWS_OIDC": (0, 13, 2), "GCP_OIDC": (0, 13, 2), "AWS_ASSUME_ROLE": (0, 18, 27)}
_TRAINING: Version = (0, 18, 31)
_RUNTIME: Version = (0, 18, 22)
_ENVIRONMENT: Version = (0, 14, 1)  # before, whoami printed env=
VERSION = "truss/version.txt"


class _Installed(NamedTuple):
    """The installed version, or a version that it is known to be older than."""

    version: Version
    is_exact: bool
    at: Origin
    words: str

    def lacks(self, since: Version) -> bool:
        """Whether the installed version is known to be older than the version that introduced a feature."""
        return self.version < since if self.is_exact else self.version <= since


class _Newer(NamedTuple):
    key: str
    pointer: str
    since: Version


def judge_version(exchange: ExchangeBuilder, truss: Document) -> None:
    """Refuse `obtain` for keys that the installed truss does not support."""
    installed = _installed(exchange.case.evidence)
    if installed is None:
        return
    lacking = [newer for newer in _keys(exchange, truss) if installed.lacks(newer.since)]
    if not lacking:
        return
    newest = max(lacking, key=lambda newer: newer.since)
    exchange.refuse(
        Kind.TRUSS_VERSION_TOO_OLD,
        step="obtain",
        expected=Side(_text(newest.since), truss.at(newest.pointer)),
        actual=Side(installed.words, installed.at),
        where=truss.at(newest.pointer),
        location=Clause((newest.key,)),
        facts={"key": newest.key, "since": _text(newest.since), "installed": installed.words},
    )


def _text(version: Version) -> str:
    return ".".join(map(str, version))


def _installed(evidence: TargetEvidence) -> _Installed | None:
    version = truss_version(evidence.truss_version or "")
    if version is not None:
        return _Installed(version, True, Origin(VERSION), _text(version))
    whoami = evidence.whoami
    written = "" if isinstance(whoami, Missing) else whoami.value.get("subject_format") or ""
    if not isinstance(whoami, Missing) and ":env=" in written and ":environment=" not in written:
        return _Installed(_ENVIRONMENT, False, whoami.at("/subject_format"), f"older than {_text(_ENVIRONMENT)}")
    return None


def _keys(exchange: ExchangeBuilder, truss: Document) -> Iterator[_Newer]:
    """Return the keys of this cloud's part that not every version supports."""
    for source in truss_sources(truss):
        since = _METHODS.get(source.method)
        if since is None or source.cloud != exchange.cloud or source.section == "volume":
            continue
        if source.section == "training":
            since = max(since, _TRAINING)
        yield _Newer(f"auth_method: {source.method}", source.place("auth_method"), since)
    if _runtime_oidc(truss) is not None:
        yield _Newer("runtime.oidc", "/runtime/oidc", _RUNTIME)


def _runtime_oidc(truss: Document) -> dict[str, object] | None:
    runtime = truss.value.get("runtime") if isinstance(truss.value, dict) else None
    oidc = runtime.get("oidc") if isinstance(runtime, dict) else None
    return oidc if isinstance(oidc, dict) else None


def judge_runtime(exchange: ExchangeBuilder, truss: Document) -> None:
    """Suspect `runtime.oidc.enabled: false` if model code needs the token, which is then not mounted.

    Images and weights are fetched with other tokens: a configuration for these may not need a token in model code.
    """
    oidc = _runtime_oidc(truss)
    if oidc is None or oidc.get("enabled") is not False:
        return
    fetched = any(source.method in OIDC_METHODS for source in truss_sources(truss))
    if not exchange.seen_at("obtain") and (fetched or exchange.token.kind in ("jwt", "event")):
        return
    at = truss.at("/runtime/oidc/enabled")
    exchange.refuse(
        Kind.RUNTIME_OIDC_DISABLED,
        step="obtain",
        expected=Side("enabled: true"),
        actual=Side("enabled: false", at),
        certain=False,
        where=at,
        location=Clause(("runtime.oidc.enabled",)),
        settle="whether model code reads the file that B10_OIDC_TOKEN_PATH names",
        rank=-5,
    )
