"""Find settings of a Truss configuration that cannot work, most of which Truss itself does not check.

Baseten's documentation of weights, private registries and OIDC; the published truss package, 0.18.36, run and read
(`truss/base/truss_config.py`): its messages `… must be provided when auth_method is …`, `… cannot be specified when
auth_method is …` and `Extra fields not allowed`. Amazon ECR, private registry authentication: a registry's host names
its account and Region, and tokens are requested per Region.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from oidc_doctor.documents.truss import ECR_HOST, OIDC_METHODS, store_of, truss_sources
from oidc_doctor.judge.truss_runtime import judge_runtime, judge_version
from oidc_doctor.judge.typos import similarity
from oidc_doctor.model.document import Document, Missing, Origin
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.refusal import Clause, Side

if TYPE_CHECKING:
    from oidc_doctor.documents.truss import TrussSource
    from oidc_doctor.judge.exchange import ExchangeBuilder
    from oidc_doctor.model.steps import Cloud

# The keys that each method needs; docker_auth and weights[].auth name them alike.
_NEEDED = {
    "AWS_OIDC": ("aws_oidc_role_arn", "aws_oidc_region"),
    "GCP_OIDC": ("gcp_oidc_service_account", "gcp_oidc_workload_id_provider"),
    "AWS_ASSUME_ROLE": ("aws_assume_role_arn", "aws_assume_role_region"),
}
_OTHER_METHODS = {
    "base_image": ("GCP_SERVICE_ACCOUNT_JSON", "AWS_IAM", "REGISTRY_SECRET"),
    "weights": ("CUSTOM_SECRET",),
}
_KEYS = {
    "base_image": (
        *("auth_method", "registry", "secret_name"),
        *("aws_access_key_id_secret_name", "aws_secret_access_key_secret_name"),
    ),
    "weights": ("auth_method", "auth_secret_name"),
}
_ALIKE = 0.8  # minimum similarity of a name and its misspelling


class _Fault(NamedTuple):
    kind: Kind
    step: Literal["obtain", "permission"]
    at: Origin
    wanted: str
    found: str
    certain: bool
    facts: dict[str, str]
    settle: str = "the answer of truss push to this configuration"


def judge_truss(exchange: ExchangeBuilder) -> None:
    """Refuse `obtain` and `permission` for faults in this cloud's part of the configuration."""
    truss = exchange.case.evidence.truss
    if isinstance(truss, Missing) or not exchange.case.explain:
        return
    judge_version(exchange, truss)
    judge_runtime(exchange, truss)
    for source in truss_sources(truss):
        if source.cloud != exchange.cloud or has_placeholder(source.resource or ""):
            continue
        for fault in _faults(exchange.cloud, source, truss):
            exchange.refuse(
                fault.kind,
                step=fault.step,
                expected=Side(fault.wanted) if fault.wanted else None,
                actual=Side(fault.found, fault.at) if fault.found else None,
                where=fault.at,
                certain=fault.certain,
                location=Clause((_name(source), *([fault.facts["key"]] if fault.facts.get("key") else []))),
                settle=fault.settle,
                source=source.resource or "",
                entry=_name(source),
                facts=fault.facts,
            )


def _name(source: TrussSource) -> str:
    """Return the setting's name as in the file: `weights[0]` or `base_image`."""
    names = source.pointer.strip("/").split("/")
    return "".join(f"[{name}]" if name.isdigit() else f".{name}" for name in names).removeprefix(".")


def _faults(cloud: Cloud, source: TrussSource, truss: Document) -> Iterator[_Fault]:
    if source.auth is None:
        yield from _without_auth(cloud, source, truss)
        return
    yield from _keys(source, truss)
    if source.method not in OIDC_METHODS:
        return
    resource = source.resource or ""
    store = store_of(resource)
    at = truss.at(source.resource_pointer)
    if store not in (None, cloud):
        method = "GCP_OIDC" if store == "gcp" else "AWS_OIDC"
        facts = {"method": source.method, "other": method, "key": "auth_method"}
        yield _Fault(
            Kind.AUTH_METHOD_FOR_OTHER_CLOUD, "permission", truss.at(source.place("auth_method")),
            method, source.method, True, facts,
        )  # fmt: skip
    elif store is None and resource:
        wanted = {"aws": "s3://… or an ECR image", "gcp": "gs://… or an Artifact Registry or GCR image"}[cloud]
        yield _Fault(Kind.SOURCE_NOT_SERVED, "permission", at, wanted, resource, True, {})
    elif "://" not in resource:
        yield from _registry(source, truss)


def _without_auth(cloud: Cloud, source: TrussSource, truss: Document) -> Iterator[_Fault]:
    """Check a cloud source without credentials: Baseten's mirror reports `secret_id is required` or similar."""
    if source.secret or source.resource is None:
        return
    method = "AWS_OIDC" if cloud == "aws" else "GCP_OIDC"
    facts = {"method": method}
    if source.section == "model_cache":
        facts["unsupported"] = "model_cache has no keys for OIDC; weights has"
    # the base image may be public, and a registry's secret may be set elsewhere
    certain = source.section == "weights"
    settle = "whether the image is public, or has a secret of another kind"
    at = truss.at(source.pointer)
    yield _Fault(Kind.NO_TOKEN_SENT, "obtain", at, f"auth_method: {method}", "", certain, facts, settle)


def _keys(source: TrussSource, truss: Document) -> Iterator[_Fault]:
    """Check methods and keys that Truss refuses on load or push, and those that it should refuse."""
    auth, method = source.auth or {}, source.method
    section = "base_image" if source.auth_pointer.endswith("/docker_auth") else "weights"
    methods = (*_NEEDED, *_OTHER_METHODS[section])
    written = auth.get("auth_method")
    if method not in methods:
        near = _nearest(method, methods)
        fact = {"key": "auth_method", "reason": "no auth_method is written" if written is None else "no such method"}
        wanted = near or ", ".join(methods)
        yield _invalid(truss, source.place("auth_method"), wanted, str(written or ""), fact)
        return
    needed = _NEEDED.get(method, ())
    absent = [key for key in needed if not auth.get(key)]
    valid_keys = {*_KEYS[section], *(key for keys in _NEEDED.values() for key in keys)}
    for key in auth:
        if key in valid_keys and (key in needed or key in _KEYS[section]):
            continue
        meant = _nearest(key, [*absent, *_KEYS[section], *needed])
        if key not in valid_keys:
            fact = {"key": source.named(key), "reason": "no such key", "method": method}
        elif method in _NEEDED:
            fact = {"key": source.named(key), "reason": f"it cannot be specified when auth_method is {method}"}
        else:
            fact = {"key": source.named(key), "reason": f"{method} does not read it"}
        certain = key not in valid_keys or method in _NEEDED
        yield _invalid(truss, source.place(key), meant, source.named(key), fact, certain=certain)
        absent = [name for name in absent if name != meant]
    for key in absent:
        fact = {
            "key": source.named(key),
            "reason": f"it must be provided when auth_method is {method}",
            "absent": "yes",
        }
        yield _invalid(truss, source.auth_pointer, key, "", fact)
    if source.secret and method in _NEEDED:
        fact = {"key": "auth_secret_name", "reason": f"a secret is set along with auth_method {method}"}
        yield _invalid(truss, source.pointer + "/auth_secret_name", "", "auth_secret_name", fact, certain=False)
    account = auth.get("gcp_oidc_service_account")
    if method == "GCP_OIDC" and isinstance(account, str) and "@" not in account and not has_placeholder(account):
        fact = {"key": "gcp_oidc_service_account", "reason": "it is not an e-mail address"}
        wanted = "NAME@PROJECT.iam.gserviceaccount.com"
        yield _invalid(truss, source.place("gcp_oidc_service_account"), wanted, account, fact, certain=False)


def _invalid(
    truss: Document, pointer: str, wanted: str, value: str, facts: dict[str, str], *, certain: bool = True
) -> _Fault:
    return _Fault(Kind.TRUSS_KEY_INVALID, "obtain", truss.at(pointer), wanted, value, certain, facts)


def _nearest(name: str, names: tuple[str, ...] | list[str]) -> str:
    best = max(names, key=lambda candidates: similarity(name.lower(), candidates.lower()), default="")
    return best if best and similarity(name.lower(), best.lower()) >= _ALIKE else ""


def _registry(source: TrussSource, truss: Document) -> Iterator[_Fault]:
    """Compare the image's host with `registry`, and its Region with the Region of the ECR token."""
    host = (source.resource or "").partition("/")[0]
    registry = source.registry
    if isinstance(registry, str) and registry and registry != host and not has_placeholder(registry):
        at = truss.at(source.place("registry"))
        yield _Fault(Kind.REGISTRY_DIFFERS_FROM_IMAGE, "permission", at, host, registry, True, {"key": "registry"})
    ecr = ECR_HOST.fullmatch(host)
    region = (source.auth or {}).get("aws_oidc_region")
    if ecr and isinstance(region, str) and region and region != ecr["region"] and not has_placeholder(region):
        at = truss.at(source.place("aws_oidc_region"))
        settle = "a pull: whether Baseten asks for the token in the Region of the image instead"
        facts = {"key": "aws_oidc_region", "host": host}
        yield _Fault(Kind.ECR_REGION_DIFFERS, "permission", at, ecr["region"], region, False, facts, settle)
