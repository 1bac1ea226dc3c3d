"""The exchange at Google's Security Token Service and the impersonation after it, as Google decides them.

Order: target, token, issuer, audience, times, keys, condition, mapping, impersonation (the mapping is computed before
the condition and its errors are reported after it: measured). Sources: Google Cloud documentation and measured notes of
September 2026; what is only inferred is marked where it is used and never makes a certain refusal.
"""

from __future__ import annotations

from oidc_doctor.evaluate import error_texts as texts
from oidc_doctor.evaluate.difference import compare_value
from oidc_doctor.evaluate.gcp_exchange import GcpExchange
from oidc_doctor.evaluate.gcp_mapping import judge_condition_and_mapping
from oidc_doctor.evaluate.gcp_names import HOST, ProviderName, read_audience, read_name
from oidc_doctor.evaluate.issuer_step import judge_keys
from oidc_doctor.evaluate.keys import ALGORITHMS
from oidc_doctor.evaluate.members import judge_impersonation
from oidc_doctor.evaluate.slips import invisible_in, left_in, strip_invisible
from oidc_doctor.evaluate.source_step import judge_sources
from oidc_doctor.evaluate.steps import NO_TOKEN, plain_note, same, shown
from oidc_doctor.evaluate.times import relative, rfc3339, seconds_of, span
from oidc_doctor.model.case import Case
from oidc_doctor.model.evidence import ABSENT, UNKNOWN, Document, GcpPool, GcpProvider, Json, Missing, Origin
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.trace import CloudError, Kind, Side, Trace

TOLERANCE = 60  # seconds, both ways (measured: 59 and 60 pass; 61 past exp and 119 ahead of iat do not)
_AHEAD_REFUSED = 119
LONGEST = 12_288  # bytes of a token (STS reference)
DAY = 86_400


def evaluate_gcp(case: Case) -> Trace:
    """The exchange with Google for one case."""
    exchange = GcpExchange(case)
    _judge_obtain(exchange)
    exchange.settle("configure", "unknown", "set-up is not part of the exchange")
    _judge_target(exchange)
    _judge_token(exchange)
    _judge_issuer(exchange)
    _judge_audience(exchange)
    _judge_times(exchange)
    uploaded = None
    if exchange.provider and exchange.provider.jwks_json is not None:
        uploaded = (exchange.provider.jwks_json, exchange.provider.document.at("/oidc/jwksJson"))
    judge_keys(exchange, exchange.issuer, uploaded)
    judge_condition_and_mapping(exchange)
    judge_impersonation(exchange)
    judge_sources(exchange)
    return exchange.trace()


def _judge_obtain(exchange: GcpExchange) -> None:
    token, gcp = exchange.token, exchange.gcp
    if token.fault_kind == "no-token":
        exchange.refuse("obtain", Kind.NO_TOKEN_SENT, where=token.origin, fault=token.fault or "")
    _judge_credentials(exchange, gcp.credentials)
    if exchange.results["obtain"].state == "unknown" and (token.kind in ("jwt", "event") or token.claims):
        exchange.passed("obtain", "", token.origin)


_CREDENTIAL_FIELDS = ("type", "audience", "subject_token_type", "token_url", "credential_source")


def _judge_credentials(exchange: GcpExchange, credentials: Document | Missing) -> None:
    """The client's external_account configuration: what the client library needs before it asks anybody."""
    if isinstance(credentials, Missing) or not isinstance(credentials.value, dict):
        exchange.unseen.add(Kind.CREDENTIAL_CONFIG_INVALID)
        return
    value = credentials.value
    absent = [name for name in _CREDENTIAL_FIELDS if not value.get(name)]
    reached = any(reading.cloud == "gcp" and "obtain" not in reading.steps for reading in exchange.case.readings)
    if value.get("type") not in (None, "external_account"):
        exchange.refuse(
            "obtain",
            Kind.CREDENTIAL_CONFIG_INVALID,
            where=credentials.at("/type"),
            actual=Side(shown(value["type"]), credentials.at("/type")),
            expected=Side("external_account"),
            field="type",
            reason=f"it is {shown(value['type'])}, external_account is wanted",
        )
    elif absent and (not reached or _credential_error(exchange)):
        # a pasted configuration may have been cut short: the cause is only suspected
        exchange.refuse(
            "obtain",
            Kind.CREDENTIAL_CONFIG_INVALID,
            where=credentials.at(),
            certain=_credential_error(exchange),
            settle="the whole credential configuration file",
            field=", ".join(absent),
            reason=f"{', '.join(absent)} {'is' if len(absent) == 1 else 'are'} missing",
        )


def _credential_error(exchange: GcpExchange) -> bool:
    return any(reading.kind is Kind.CREDENTIAL_CONFIG_INVALID for reading in exchange.case.readings)


def _invalid_target(*, certain: bool = True) -> CloudError:
    return CloudError("invalid_target", texts.INVALID_TARGET, certain)


def _judge_target(exchange: GcpExchange) -> None:
    """The audience of the request, then the provider and pool that it names."""
    origins = exchange.case.evidence.target.origins
    asked, at, sure = _asked(exchange)
    if asked is None:
        _judge_states(exchange)
        if (
            exchange.provider
            and exchange.results["target"].state == "unknown"
            and not exchange.results["target"].refusals
        ):
            exchange.assume("target", "the request names the provider that was read")
        return
    # the target file and the flags are written by hand: whatever else was recorded, these may hold placeholders
    exchange.name = read_audience(asked, pasted=True)
    name = exchange.name
    if name.fault:
        # a gap may hide what is right; a doubled prefix that the client would add itself was never observed
        exchange.refuse(
            "target",
            Kind.REQUEST_AUDIENCE_MALFORMED,
            CloudError("invalid_request", texts.INVALID_AUDIENCE),
            actual=Side(asked, at),
            certain=sure or exchange.seen_at("target"),
            settle="the audience that the client sent to sts.googleapis.com",
            found=asked,
            reason=name.fault,
            wanted=f"{HOST}projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER",
        )
        return
    if "$" in asked and has_placeholder(asked) and exchange.seen_at("target"):
        # only the observed error makes an unexpanded variable the fault: in a paste it may stand for a value
        exchange.refuse(
            "target",
            Kind.REQUEST_AUDIENCE_MALFORMED,
            CloudError("invalid_request", texts.INVALID_AUDIENCE, certain=False),
            actual=Side(asked, at),
            certain=False,
            settle="the audience that the client sent to sts.googleapis.com",
            found=asked,
            reason="a variable in it was not replaced by its value",
            wanted=f"{HOST}projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER",
        )
    if not name.project:
        return
    if not name.project_is_number:
        gap = has_placeholder(name.project)
        if not gap or ("id" in name.project.lower() and exchange.seen_at("target")):
            start = asked.find("projects/") + len("projects/")
            exchange.refuse(
                "target",
                Kind.PROJECT_ID_FOR_NUMBER,
                _invalid_target(),
                expected=Side(exchange.gcp.project_number) if exchange.gcp.project_number else None,
                actual=Side(asked, at or origins.get("gcp.provider"), ((start, start + len(name.project)),)),
                certain=not gap,
                settle="the project that the placeholder stands for",
                project=name.project,
                wanted=exchange.gcp.project_number or "",
            )
            if not gap:
                return
    _find_provider(exchange, name, at)
    _judge_states(exchange)
    if exchange.provider and exchange.results["target"].state == "unknown" and not exchange.results["target"].refusals:
        if exchange.provider.name is None or _project_of(exchange, read_name(exchange.provider.name)) != name.full:
            exchange.assume(
                "target", "the request's provider is the one that was read (one of the two names is redacted)"
            )
        else:
            exchange.passed("target", "", exchange.provider.document.at("/name"))
        if isinstance(exchange.gcp.pool, Missing):
            exchange.assumed.append("that the provider's pool is active (only the provider was read)")


def _asked(exchange: GcpExchange) -> tuple[str | None, Origin | None, bool]:
    """The audience of the STS request, where it was read, and whether it is known to be what was sent."""
    request, origins = exchange.request, exchange.case.evidence.target.origins
    if request.audience:
        return request.audience, origins.get("gcp.audience"), True
    if request.provider:
        provider = request.provider
        if provider.startswith(("//", "https:")) and not read_name(provider).fault:
            # clients differ: most put the prefix before whatever they are given, some take the full form
            if provider.startswith(HOST):
                return HOST + provider, origins.get("gcp.provider"), False
            return provider, origins.get("gcp.provider"), False
        if provider.startswith("//"):
            return provider, origins.get("gcp.provider"), True
        return HOST + provider, origins.get("gcp.provider"), True
    return None, None, False


def _find_provider(exchange: GcpExchange, name: ProviderName, at: Origin | None) -> None:
    gcp = exchange.gcp
    read = gcp.provider
    candidates = [one for one in (read, *gcp.near_providers) if isinstance(one, GcpProvider)]
    exchange.provider = None
    for one in candidates:
        answer = True if one.name is None else same(_project_of(exchange, read_name(one.name)), name.full, pasted=True)
        if answer is not False:
            exchange.provider = one
            return
    pool = gcp.pool
    gone = (isinstance(read, Missing) and read.proves_absence) or (isinstance(pool, Missing) and pool.proves_absence)
    pools = _listed(gcp.pool_list) if isinstance(gcp.pool_list, Document) else None
    if (
        pools
        and name.pool_name not in pools
        and all(one.partition("/locations/")[0] == f"projects/{name.project}" for one in pools)
    ):
        gone = True  # the project's pools were listed, and this is none of them
    listed = _listed(gcp.provider_list) if isinstance(gcp.provider_list, Document) else None
    known = listed is not None and any(read_name(one).pool == name.pool for one in listed)
    if listed and name.full in listed:
        return
    proven = gone or known or exchange.seen_at("target")
    actual = Side(name.text, at)
    for one in candidates:
        other = read_name(one.name or "")
        if not other.fault and (other.pool, other.provider) == (name.pool, name.provider):
            difference = compare_value([other.full], name.full, wildcards=False, pasted=exchange.pasted)
            exchange.refuse(
                "target",
                Kind.PROJECT_NUMBER_DIFFERS,
                _invalid_target(),
                expected=Side(other.full, one.document.at("/name"), difference.expected_spans),
                actual=Side(name.full, at, difference.actual_spans),
                certain=proven,
                settle="gcloud projects describe with the number that the request names",
            )
            return
    near = next((one for one in candidates if one.name), None)
    if not (proven or near):
        return
    gap = has_placeholder(name.full)
    found = compare_value([near.name or ""], name.full, wildcards=False, pasted=exchange.pasted) if near else None
    exchange.refuse(
        "target",
        Kind.PROVIDER_NOT_FOUND,
        _invalid_target(),
        expected=Side(near.name or "", near.document.at("/name"), found.expected_spans) if near and found else None,
        actual=Side(name.full, at, found.actual_spans) if found else actual,
        certain=(gone or known) and not gap,
        settle="gcloud iam workload-identity-pools providers describe with the name of the request",
        name=name.full,
    )


def _project_of(exchange: GcpExchange, name: ProviderName) -> str:
    """A provider's full name with the project's number, where the project was read and the name has its id."""
    number, identifier = exchange.gcp.project_number, exchange.gcp.project_id
    if number and name.project == identifier:
        return name._replace(project=number).full
    return name.full


def _listed(document: Document) -> list[str]:
    """The names in a list of pools or providers."""
    entries = document.value if isinstance(document.value, list) else []
    return [entry["name"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("name"), str)]


def _judge_states(exchange: GcpExchange) -> None:
    """State of provider and pool, and the kind of the provider."""
    provider, pool = exchange.provider, exchange.gcp.pool
    if not isinstance(pool, GcpPool):
        exchange.unseen |= {Kind.POOL_DELETED, Kind.POOL_DISABLED}
    else:
        name = pool.name or ""
        expires = str(pool.document.value.get("expireTime", "")) if isinstance(pool.document.value, dict) else ""
        if pool.state == "DELETED":
            _bad_state(exchange, Kind.POOL_DELETED, name, pool.document.at("/state"), "DELETED", expires)
        elif pool.disabled:
            _bad_state(exchange, Kind.POOL_DISABLED, name, pool.document.at("/disabled"), "disabled: true", "")
    if provider is None:
        return
    name = provider.name or ""
    value = provider.document.value if isinstance(provider.document.value, dict) else {}
    if provider.state == "DELETED":
        _bad_state(
            exchange,
            Kind.PROVIDER_DELETED,
            name,
            provider.document.at("/state"),
            "DELETED",
            str(value.get("expireTime", "")),
        )
    elif provider.disabled:
        _bad_state(exchange, Kind.PROVIDER_DISABLED, name, provider.document.at("/disabled"), "disabled: true", "")
    if provider.kind not in ("oidc", "unknown"):
        exchange.refuse(
            "target",
            Kind.PROVIDER_KIND_DIFFERS,
            _invalid_target(certain=False),
            actual=Side(provider.kind, provider.document.at(f"/{provider.kind}")),
            expected=Side("oidc"),
            kind=provider.kind,
        )


def _bad_state(exchange: GcpExchange, kind: Kind, name: str, at: Origin, value: str, expires: str) -> None:
    exchange.refuse(
        "target", kind, _invalid_target(), actual=Side(value, at), expected=Side("ACTIVE"), name=name, expires=expires
    )


def _grant(message: str, *, certain: bool = True) -> CloudError:
    return CloudError("invalid_grant", message, certain)


def _judge_token(exchange: GcpExchange) -> None:
    token = exchange.token
    if token.kind == "hypothetical":
        exchange.assume("token", "the token's header and times (it is hypothetical)")
        return
    if not token.given:
        exchange.assume("token", NO_TOKEN)
        return
    if token.fault_kind == "not-a-jwt":
        exchange.refuse("token", Kind.NOT_A_JWT, _grant(texts.UNPARSABLE), where=token.origin, fault=token.fault or "")
        return
    if token.size is not None and token.size > LONGEST:
        exchange.refuse(
            "token",
            Kind.TOKEN_OVER_SIZE_LIMIT,
            _grant(texts.UNPARSABLE, certain=False),
            where=token.origin,
            size=str(token.size),
            limit=str(LONGEST),
        )
    alg = token.header_value("alg")
    if alg is not UNKNOWN and not (isinstance(alg, str) and alg in ALGORITHMS["gcp"]):
        # documented as the only two; what Google answers for another was never recorded
        exchange.refuse(
            "token",
            Kind.ALGORITHM_UNSUPPORTED,
            _grant(texts.ISSUER_CONNECTION, certain=False),
            where=token.origin,
            alg=shown(alg),
            accepted=", ".join(ALGORITHMS["gcp"]),
        )
    if token.claim("sub") is ABSENT:
        # documented as required; with a mapping that does not need it, what Google answers was never recorded
        exchange.refuse(
            "token",
            Kind.CLAIM_MISSING,
            certain=False,
            where=token.origin,
            settle="an exchange: the claim is documented as required",
            claim="sub",
            claims="sub",
        )
    unknown = [name for name in ("iss", "sub", "aud") if token.claim(name) is UNKNOWN]
    if unknown:
        exchange.assume("token", f"the claims that were not given: {', '.join(unknown)}")
    result = exchange.results["token"]
    if result.state == "unknown" and not result.refusals:
        exchange.passed("token", "well formed", token.origin)


def _missing(exchange: GcpExchange, step: str, claim: str, error: CloudError) -> None:
    exchange.refuse(step, Kind.CLAIM_MISSING, error, where=exchange.token.origin, rank=-1, claim=claim, claims=claim)


def _judge_issuer(exchange: GcpExchange) -> None:
    provider, iss = exchange.provider, exchange.token.claim("iss")
    if provider is None or provider.issuer_uri is None or exchange.token.fault_kind:
        return
    uri, at = provider.issuer_uri, provider.document.at("/oidc/issuerUri")
    found = "null" if iss is ABSENT or iss is None else shown(iss)
    error = _grant(f"The issuer in ID Token {found} does not match the expected ones: {uri}")
    if iss is UNKNOWN:
        exchange.assume("issuer", "the token's issuer is the provider's (not given)")
        exchange.issuer = uri
        return
    if iss is ABSENT or iss is None:
        _missing(exchange, "issuer", "iss", error)
        return
    answer = same(uri, found, pasted=exchange.either_pasted)
    if answer is True:
        exchange.passed("issuer", "", at)
        return
    difference = compare_value([uri], found, wildcards=False, pasted=exchange.pasted)
    kind, facts = _shared_fault(Kind.ISSUER_MISMATCH, [uri], found, plain_note(difference), "issuerUri")
    slash = uri.rstrip("/") == found.rstrip("/")
    exchange.refuse(
        "issuer",
        kind,
        error,
        expected=Side(uri, at, difference.expected_spans),
        actual=Side(found, exchange.claim_origin("iss"), difference.actual_spans),
        # whether Google overlooks a trailing slash is not known
        certain=answer is False and (not slash or exchange.seen_at("issuer")),
        settle="the values behind the placeholders"
        if answer is None
        else "an exchange, or an issuerUri without the slash",
        provider=provider.name or "",
        facts=facts,
    )


def _shared_fault(kind: Kind, wanted: list[str], found: str, note: str, name: str) -> tuple[Kind, dict[str, str]]:
    """An invisible character or a placeholder left in the configuration goes before the plain difference."""
    invisible = invisible_in([*wanted, found])
    if invisible and any(strip_invisible(one) == strip_invisible(found) for one in wanted):
        facts = {"note": note, "value_name": name, "character": invisible[0], "position": str(invisible[1])}
        return Kind.INVISIBLE_CHARACTER_IN_VALUE, facts
    left = next((left_in(one) for one in wanted if left_in(one)), "")
    if left and not left_in(found) and len(wanted) == 1:
        return Kind.PLACEHOLDER_LEFT_IN, {"note": note, "value_name": name, "placeholder": left}
    return kind, {"note": note}


def _audiences(value: Json) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def _judge_audience(exchange: GcpExchange) -> None:
    provider, aud = exchange.provider, exchange.token.claim("aud")
    if provider is None or exchange.token.fault_kind or provider.kind != "oidc" or aud is UNKNOWN:
        return
    if aud is ABSENT or aud is None:
        _missing(
            exchange, "audience", "aud", _grant("The audience in ID Token [] does not match the expected audience.")
        )
        return
    found = _audiences(aud)
    allowed = list(provider.allowed_audiences)
    default = not allowed
    at = provider.document.at("/oidc/allowedAudiences")
    if default:
        name = exchange.provider_name
        if name is None:
            return
        # the default audience: the provider's full name, with or without https:
        allowed, at = [f"https:{HOST}{name.full}", f"{HOST}{name.full}"], provider.document.at("/oidc")
    answers = [same(one, mine, pasted=exchange.either_pasted) for one in allowed for mine in found]
    if True in answers:
        exchange.passed("audience", "the provider's own name" if default else "", at)
        return
    text = ", ".join(found)
    difference = compare_value(allowed, found[0] if found else "", wildcards=False, pasted=exchange.pasted)
    kind, facts = _shared_fault(
        Kind.ALLOWED_AUDIENCES_EMPTY if default else Kind.AUDIENCE_NOT_ALLOWED,
        allowed,
        found[0] if found else "",
        plain_note(difference),
        "allowedAudiences",
    )
    exchange.refuse(
        "audience",
        kind,
        _grant(f"The audience in ID Token [{text}] does not match the expected audience."),
        expected=Side(difference.expected, at, difference.expected_spans)
        if default or len(allowed) == 1
        else Side(", ".join(allowed), at),
        actual=Side(text, exchange.claim_origin("aud"), difference.actual_spans if len(found) == 1 else ()),
        certain=None not in answers,
        settle="the values behind the placeholders",
        provider=provider.name or "",
        facts=facts,
    )


def _judge_times(exchange: GcpExchange) -> None:
    token, now = exchange.token, exchange.case.at
    if token.kind == "hypothetical":
        exchange.assume("times", "the token's header and times (it is hypothetical)")
        return
    if token.kind == "event":
        exchange.assume("times", "the token's header and times (its claims come from a log)")
        return
    if token.fault_kind:
        return
    if not token.given:
        exchange.assume("times", NO_TOKEN)
        return
    iat, exp = token.claim("iat"), token.claim("exp")
    stale = f"ID Token issued at {'null' if iat in (ABSENT, None) else shown(iat)} is stale to sign-in."
    for name, value in (("iat", iat), ("exp", exp)):
        if value is ABSENT or value is None:
            _missing(exchange, "times", name, _grant(stale))
        elif value is not UNKNOWN and not isinstance(value, int | float):
            exchange.refuse(
                "times",
                Kind.CLAIM_MALFORMED,
                _grant(stale, certain=False),
                certain=False,
                where=exchange.claim_origin(name),
                settle="how Google reads such a time was never recorded",
                claim=name,
                found=shown(value),
                wanted="seconds since 1970 as a whole number",
            )
    issued, expires = seconds_of(iat), seconds_of(exp)
    if expires is not None and now - expires > TOLERANCE:
        exchange.refuse(
            "times",
            Kind.TOKEN_EXPIRED,
            _grant(stale),
            expected=Side(f"used before {rfc3339(expires + TOLERANCE)}", exchange.claim_origin("exp")),
            actual=Side(rfc3339(now)),
            when=relative(expires, now),
            past=f"{span(now - expires - TOLERANCE)} past Google's 1 min tolerance",
            exp=rfc3339(expires),
            instant=rfc3339(now),
        )
    if issued is not None and issued - now > TOLERANCE:
        exchange.refuse(
            "times",
            Kind.TOKEN_ISSUED_IN_FUTURE,
            _grant(stale),
            actual=Side(rfc3339(issued), exchange.claim_origin("iat")),
            expected=Side(f"at or before {rfc3339(now + TOLERANCE)}"),
            certain=issued - now >= _AHEAD_REFUSED,
            settle="Google's tolerance lies somewhere between 60 and 119 s",
            when=relative(issued, now),
            past=f"{span(issued - now - TOLERANCE)} beyond Google's 1 min tolerance",
            iat=rfc3339(issued),
        )
    elif issued is not None and now - issued > DAY and not exchange.results["times"].refusals:
        exchange.refuse(
            "times",
            Kind.TOKEN_STALE,
            _grant(stale),
            actual=Side(rfc3339(issued), exchange.claim_origin("iat")),
            # documented as a limit; whether Google holds to it was not measured
            certain=exchange.seen_at("times"),
            settle="an exchange with a fresh token",
            reason="it was issued more than 24 h ago",
            iat=rfc3339(issued),
        )
    starts = seconds_of(token.claim("nbf"))
    if starts is not None and starts - now > TOLERANCE:
        exchange.refuse(
            "times",
            Kind.TOKEN_NOT_YET_VALID,
            _grant(stale, certain=False),
            actual=Side(rfc3339(starts), exchange.claim_origin("nbf")),
            expected=Side(f"at or before {rfc3339(now + TOLERANCE)}"),
            certain=False,
            settle="an exchange: how Google treats nbf was never recorded",
            when=relative(starts, now),
            past=f"{span(starts - now - TOLERANCE)} beyond Google's 1 min tolerance",
            nbf=rfc3339(starts),
        )
    result = exchange.results["times"]
    if result.state == "unknown" and not result.refusals:
        if UNKNOWN in (iat, exp):
            exchange.assume("times", "the token's times (not given)")
        else:
            exchange.passed("times", "", exchange.claim_origin("exp"))
