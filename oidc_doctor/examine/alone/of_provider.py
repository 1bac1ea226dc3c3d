"""Report on a workload identity pool provider: allowed subjects, their breadth, and what Google would not store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor import cel
from oidc_doctor.examine.alone import words
from oidc_doctor.examine.alone.reached import fault_lines, reached, width_lines
from oidc_doctor.judge import save_rules
from oidc_doctor.model.alone import Alone, Line, Part
from oidc_doctor.model.evidence import GcpProvider

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oidc_doctor.examine.alone.reached import Reached
    from oidc_doctor.examine.judge import Judged
    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.report import Report


def of_provider(exchange: Judged, report: Report, paths: Sequence[str]) -> Alone:
    """Return the answer to a provider, whose owner wrote its condition and mapping."""
    case = exchange.diagnosis.case
    assert case.evidence.gcp is not None  # noqa: S101 - `thing_given` saw it
    provider = case.evidence.gcp.provider
    assert isinstance(provider, GcpProvider)  # noqa: S101 - likewise
    reach = reached(case)
    faults = [*_saving(provider, case.profile), *fault_lines(reach, report)]
    parts = [
        Part("Who is allowed", tuple(_lines(provider, case.profile))),
        Part("How wide", tuple(width_lines(reach, "tenants and teams"))),
        Part("Faults", tuple(faults)),
        Part(
            "Accepted by its condition, for example", tuple(Line("subject", subject) for subject in reach.accepted[:2])
        ),
    ]
    return Alone(
        "provider",
        _headline(provider, reach, faults, case.profile),
        tuple(part for part in parts if part.lines),
        commands=words.tried(reach.accepted, paths),
        ask=f"{words.ask_for_token(case.profile)}; service-account-policy.json decides the impersonation",
    )


def _headline(provider: GcpProvider, reach: Reached, faults: Sequence[Line], profile: Profile | None) -> str:
    if provider.state == "DELETED":
        return "This provider is deleted: it accepts no token."
    if provider.disabled:
        return "This provider is disabled: it accepts no token."
    if provider.kind in ("aws", "saml", "x509"):
        return f"This provider is of the kind {provider.kind}: it accepts no OIDC token."
    fault = next((line for line in faults if line.sign == "✗"), None)
    if fault is not None:
        return f"This provider cannot work as configured: {fault.text}."
    whose = f" ({profile.title})" if profile is not None else ""
    said = f"This provider accepts tokens of {provider.issuer_uri or 'an issuer that the file does not name'}{whose}"
    if not (provider.condition or "").strip():
        return f"{said}, of any subject: it has no attribute condition."
    wide = next(iter(reach.openings), None)
    if wide is not None:
        return f"{said}, and its condition is too wide: another {wide.segment or 'subject'} passes too."
    return f"{said} for which its condition is true."


def _lines(provider: GcpProvider, profile: Profile | None) -> Iterator[Line]:
    if provider.name:
        yield Line("provider", provider.name)
    state = "disabled" if provider.disabled else provider.state or "ACTIVE (the default)"
    yield Line("state", state, "✗" if provider.disabled or provider.state == "DELETED" else "")
    yield Line("kind", provider.kind)
    issuer_kind = f" ({profile.title}, a known issuer)" if profile is not None else ""
    yield Line(
        "issuerUri", f"{provider.issuer_uri or 'not in the file'}{issuer_kind}", "" if provider.issuer_uri else "?"
    )
    if provider.jwks_json:
        yield Line("keys", "an uploaded key set replaces the issuer's own")
    yield from (Line("audience", audience) for audience in provider.allowed_audiences)
    if not provider.allowed_audiences:
        name = f"https://iam.googleapis.com/{provider.name}" if provider.name else "its own full name"
        yield Line("audience", f"none listed, so only {name}")
    if isinstance(provider.mapping, dict):
        yield from (Line("mapping", f"{name} = {text}") for name, text in provider.mapping.items())
    else:
        yield Line("mapping", "not in the file", "?")
    condition = (provider.condition or "").strip()
    yield Line("condition", condition or "none: every valid token of the issuer is accepted", "" if condition else "!")
    yield from _reads(condition)


def _reads(condition: str) -> Iterator[Line]:
    """Yield the claims and attributes that the condition reads, by the evaluator's own parser."""
    if not condition:
        return
    try:
        read = [".".join(reference.keys) for reference in cel.compile(condition).references()]
    except cel.CelError:
        return  # reported by `_saving`
    if read:
        yield Line("reads", ", ".join(dict.fromkeys(read)))


def _saving(provider: GcpProvider, profile: Profile | None) -> Iterator[Line]:
    """Yield what Google would refuse to store."""
    condition = (provider.condition or "").strip()
    mapping = provider.mapping if isinstance(provider.mapping, dict) else None
    try:
        objections = save_rules.of_condition(condition, profile, provider.issuer_uri)
        objections += save_rules.of_mapped_names(condition, mapping) if condition else []
    except cel.CelError as error:
        yield Line("saving", f"the condition is not a CEL expression: {error.message}", "✗")
        return
    yield from (_objection("condition", objection) for objection in objections)
    for objection in save_rules.of_mapping(mapping) if mapping is not None else ():
        yield _objection("mapping", objection)
    for name, text in (mapping or {}).items():
        try:
            mapping_objections = save_rules.of_mapping_expression(name, text)
        except cel.CelError as error:
            yield Line("saving", f"the mapping of {name} is not a CEL expression: {error.message}", "✗")
            continue
        yield from (_objection(f"mapping of {name}", objection) for objection in mapping_objections)


def _objection(label: str, objection: save_rules.Objection) -> Line:
    refuses = "refuses" if objection.certain else "may refuse"
    return Line(
        "saving", f"Google {refuses} to store the {label}: {objection.message}", "✗" if objection.certain else "?"
    )
