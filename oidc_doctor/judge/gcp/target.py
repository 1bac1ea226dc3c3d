"""Judge the request's audience: the provider and pool that it names, their states, and the credential configuration."""

from __future__ import annotations

from typing import Any

from oidc_doctor.issuers.difference import compare_value
from oidc_doctor.judge import error_texts as texts
from oidc_doctor.judge.exchange import same, shown
from oidc_doctor.judge.gcp.names import HOST, ProviderName, read_audience, read_name
from oidc_doctor.judge.gcp.state import GcpExchange
from oidc_doctor.model.document import Document, Missing, Origin
from oidc_doctor.model.evidence import GcpPool, GcpProvider
from oidc_doctor.model.in_words import as_value
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.refusal import CloudError, Side

# IAM v1 API, WorkloadIdentityPool.State and its provider's: ACTIVE and DELETED; absent in older output
_GOOD_STATES = (None, "ACTIVE")
# The REST API answers a list in an object
_WRAPPERS = ("workloadIdentityPools", "workloadIdentityPoolProviders")
_CREDENTIAL_FIELDS = ("type", "audience", "subject_token_type", "token_url", "credential_source")


def judge_credentials(exchange: GcpExchange, credentials: Document | Missing) -> None:
    """Judge the client's external_account configuration, which the client library checks before any request."""
    if isinstance(credentials, Missing) or not isinstance(credentials.value, dict):
        exchange.unseen.add(Kind.CREDENTIAL_CONFIG_INVALID)
        return
    value = credentials.value
    absent = [name for name in _CREDENTIAL_FIELDS if not value.get(name)]
    reached = any(reading.cloud == "gcp" and "obtain" not in reading.steps for reading in exchange.case.readings)
    if value.get("type") not in (None, "external_account"):
        exchange.refuse(
            Kind.CREDENTIAL_CONFIG_INVALID,
            where=credentials.at("/type"),
            actual=Side(shown(value["type"]), credentials.at("/type")),
            expected=Side("external_account"),
            field="type",
            reason=f"it is {as_value(shown(value['type']))}, external_account is required",
        )
    elif (
        value.get("workforce_pool_user_project")
        and "/workforcePools/" not in str(value.get("audience"))
        and not reached
    ):
        at = credentials.at("/workforce_pool_user_project")
        exchange.refuse(  # google-auth, external_account.Credentials
            Kind.CREDENTIAL_CONFIG_INVALID,
            where=at,
            actual=Side(shown(value["workforce_pool_user_project"]), at),
            field="workforce_pool_user_project",
            reason="it is for workforce pools, and the audience names none",
        )
    elif absent and (not reached or _credential_error(exchange)):
        # a pasted configuration may have been cut short: the cause is only suspected
        exchange.refuse(
            Kind.CREDENTIAL_CONFIG_INVALID,
            where=credentials.at(),
            certain=_credential_error(exchange),
            settle="the whole credential configuration file",
            field=", ".join(absent),
            reason=f"{', '.join(absent)} {'is' if len(absent) == 1 else 'are'} missing",
        )


def _credential_error(exchange: GcpExchange) -> bool:
    return any(reading.kind is Kind.CREDENTIAL_CONFIG_INVALID for reading in exchange.case.readings)


def judge_target(exchange: GcpExchange) -> None:
    """Judge the audience of the request, then the provider and pool that it names."""
    audience, at, sure = _request_audience(exchange)
    if audience is None:
        _judge_states(exchange)
        if (
            exchange.provider
            and _is_judged(exchange)
            and exchange.results["target"].state == "unknown"
            and not exchange.results["target"].refusals
        ):
            exchange.assume("target", "the request names the provider that was read")
        return
    # the target file and the flags are written by hand, so they may contain placeholders even in a recorded case
    exchange.name = read_audience(audience, pasted=True)
    if not _is_form_usable(exchange, exchange.name, audience, at, sure=sure):
        return
    _find_provider(exchange, exchange.name, at)
    _judge_states(exchange)
    _pass_target(exchange, exchange.name)


def _is_form_usable(exchange: GcpExchange, name: ProviderName, audience: str, at: Origin | None, *, sure: bool) -> bool:
    """Whether the audience names a provider by project number. Refuses `target` if not."""
    if name.fault:
        # a placeholder may hide a valid name; a doubled prefix that the client would add itself was never observed
        exchange.refuse(
            Kind.REQUEST_AUDIENCE_MALFORMED,
            actual=Side(audience, at),
            certain=sure or exchange.seen_at("target"),
            settle="the audience that the client sent to sts.googleapis.com",
            found=audience,
            reason=name.fault,
            wanted=f"{HOST}projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER",
        )
        return False
    if "$" in audience and has_placeholder(audience) and exchange.seen_at("target"):
        # an unexpanded variable is a fault only with a matching observed error: in a paste it may hide a value
        exchange.refuse(
            Kind.REQUEST_AUDIENCE_MALFORMED,
            CloudError("invalid_request", texts.INVALID_AUDIENCE, certain=False),
            actual=Side(audience, at),
            certain=False,
            settle="the audience that the client sent to sts.googleapis.com",
            found=audience,
            reason="a variable in it was not replaced by its value",
            wanted=f"{HOST}projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER",
        )
    if not name.project:
        return False
    if not name.project_is_number:
        gap = has_placeholder(name.project)
        if not gap or ("id" in name.project.lower() and exchange.seen_at("target")):
            origins = exchange.case.evidence.target.origins
            start = audience.find("projects/") + len("projects/")
            exchange.refuse(
                Kind.PROJECT_ID_FOR_NUMBER,
                expected=Side(exchange.gcp.project_number) if exchange.gcp.project_number else None,
                actual=Side(audience, at or origins.get("gcp.provider"), ((start, start + len(name.project)),)),
                certain=not gap,
                settle="the project behind the placeholder",
                project=name.project,
                wanted=exchange.gcp.project_number or "",
            )
            return gap
    return True


def _is_judged(exchange: GcpExchange) -> bool:
    """Whether the provider accepts ID tokens, and no state above it leaves `target` open."""
    provider, pool = exchange.provider, exchange.gcp.pool
    states = (exchange.gcp.project_state, pool.state if isinstance(pool, GcpPool) else None)
    if not {*states, provider.state if provider else None} <= {*_GOOD_STATES}:
        return False
    return provider is None or provider.kind in ("oidc", "unknown")


def _pass_target(exchange: GcpExchange, name: ProviderName) -> None:
    if not _is_judged(exchange):
        return
    written = exchange.gcp.written_provider
    if exchange.provider is None and written is not None and {"state", "disabled"} <= written.known:
        state = exchange.results["target"]
        if written.provider.state == "ACTIVE" and state.state == "unknown" and not state.refusals:
            exchange.passed("target", "", written.provider.document.at("/state"))
            if isinstance(exchange.gcp.pool, Missing):
                exchange.assumed.append("that the provider's pool is active (only the provider's state is known)")
    if exchange.provider and exchange.results["target"].state == "unknown" and not exchange.results["target"].refusals:
        if exchange.provider.name is None or _project_of(exchange, read_name(exchange.provider.name)) != name.full:
            exchange.assume(
                "target", "the request's provider is the one that was read (one of the two names is redacted)"
            )
        else:
            exchange.passed("target", "", exchange.provider.document.at("/name"))
        if isinstance(exchange.gcp.pool, Missing):
            exchange.assumed.append("that the provider's pool is active (only the provider was read)")


def _request_audience(exchange: GcpExchange) -> tuple[str | None, Origin | None, bool]:
    """Return the audience of the STS request, its origin, and whether it is certainly the text that was sent."""
    request, origins = exchange.request, exchange.case.evidence.target.origins
    if request.audience:
        return request.audience, origins.get("gcp.audience"), True
    if request.provider:
        provider = request.provider
        if provider.startswith(("//", "https:")) and not read_name(provider).fault:
            # clients differ: most put the prefix before any name, some accept the full form
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
    candidates = [candidate for candidate in (read, *gcp.near_providers) if isinstance(candidate, GcpProvider)]
    exchange.provider = None
    for candidate in candidates:
        answer = (
            True
            if candidate.name is None
            else same(_project_of(exchange, read_name(candidate.name)), name.full, pasted=True)
        )
        if answer is not False:
            exchange.provider = candidate
            return
    gone = isinstance(read, Missing) and read.proves_absence
    if _is_pool_gone(exchange, name, at):
        return
    if gcp.written_provider is not None and "state" in gcp.written_provider.known:
        return  # a logged write concerns it: it exists, or was deleted
    listed = _listed(gcp.provider_list) if isinstance(gcp.provider_list, Document) else None
    pool_listed = listed is not None and any(read_name(candidate).pool == name.pool for candidate in listed)
    if listed and name.full in listed:
        return
    proven = gone or pool_listed or exchange.seen_at("target")
    actual = Side(name.text, at)
    for candidate in candidates:
        other = read_name(candidate.name or "")
        if not other.fault and (other.pool, other.provider) == (name.pool, name.provider):
            difference = compare_value([other.full], name.full, wildcards=False, pasted=exchange.pasted)
            exchange.refuse(
                Kind.PROJECT_NUMBER_DIFFERS,
                expected=Side(other.full, candidate.document.at("/name"), difference.expected_spans),
                actual=Side(name.full, at, difference.actual_spans),
                certain=proven,
                settle="gcloud projects describe with the number that the request names",
            )
            return
    near = next((candidate for candidate in candidates if candidate.name), None)
    if not (proven or near):
        return
    gap = has_placeholder(name.full)
    nearest = compare_value([near.name or ""], name.full, wildcards=False, pasted=exchange.pasted) if near else None
    exchange.refuse(
        Kind.PROVIDER_NOT_FOUND,
        expected=Side(near.name or "", near.document.at("/name"), nearest.expected_spans) if near and nearest else None,
        actual=Side(name.full, at, nearest.actual_spans) if nearest else actual,
        certain=(gone or pool_listed) and not gap,
        settle="gcloud iam workload-identity-pools providers describe with the name of the request",
        name=name.full,
    )


def _is_pool_gone(exchange: GcpExchange, name: ProviderName, at: Origin | None) -> bool:
    """Whether the pool that the request names is proven not to exist; refuses `target` where it is."""
    pool = exchange.gcp.pool
    pools = _listed(exchange.gcp.pool_list) if isinstance(exchange.gcp.pool_list, Document) else []
    # the list covers one project, which is the request's
    of_project = [candidate.partition("/locations/")[0] == f"projects/{name.project}" for candidate in pools]
    unlisted = bool(pools) and name.pool_name not in pools and all(of_project)
    if not unlisted and not (isinstance(pool, Missing) and pool.proves_absence):
        return False
    nearest = compare_value(pools, name.pool_name, wildcards=False, pasted=exchange.pasted) if unlisted else None
    exchange.refuse(
        Kind.WORKLOAD_POOL_MISSING,
        step="target",
        expected=Side(nearest.expected, exchange.gcp.pool_list.at(), nearest.expected_spans)
        if nearest is not None and len(pools) == 1 and isinstance(exchange.gcp.pool_list, Document)
        else None,
        actual=Side(name.full, at),
        certain=not has_placeholder(name.pool_name),
        settle="gcloud iam workload-identity-pools list --location=global",
        pool=name.pool,
        project=name.project,
        listed=", ".join(candidate.rpartition("/")[2] for candidate in pools[:5]) if unlisted else "",
    )
    return True


def _project_of(exchange: GcpExchange, name: ProviderName) -> str:
    """Return a provider's full name with the project number, if the project was read and the name has its id."""
    number, identifier = exchange.gcp.project_number, exchange.gcp.project_id
    if number and name.project == identifier:
        return name._replace(project=number).full
    return name.full


def _listed(document: Document) -> list[str]:
    """Return the names in a list of pools or providers."""
    return [entry["name"] for entry, _ in listed(document)]


def listed(document: Document) -> list[tuple[dict[str, Any], str]]:
    """Return the named entries of a list of pools or providers, each with its pointer; with or without the wrapper."""
    value, place = document.value, ""
    for wrapper in _WRAPPERS:
        if isinstance(value, dict) and wrapper in value:
            value, place = value[wrapper], f"/{wrapper}"
    return [
        (entry, f"{place}/{index}")
        for index, entry in enumerate(value if isinstance(value, list) else ())
        if isinstance(entry, dict) and isinstance(entry.get("name"), str)
    ]


def judge_project(exchange: GcpExchange) -> None:
    """Leave `target` open if the project is not active: whether its pools still exchange tokens is not documented."""
    state = exchange.gcp.project_state
    if state not in _GOOD_STATES:
        at = Origin("gcp/project.json", "/lifecycleState")
        exchange.settle("target", "unknown", f"the project is {shown(state)}, not ACTIVE", at)


def _judge_states(exchange: GcpExchange) -> None:
    """Judge the states of provider and pool, and the provider's kind."""
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
        elif pool.state not in _GOOD_STATES:
            exchange.unseen.add(Kind.POOL_DELETED)
            _leave_open(exchange, "pool", pool.state, pool.document.at("/state"))
    if provider is None and exchange.gcp.written_provider is not None:
        _judge_provider_state(exchange, exchange.gcp.written_provider.provider)
    if provider is None:
        return
    _judge_provider_state(exchange, provider)
    if provider.kind not in ("oidc", "unknown"):
        _other_kind(exchange, provider)


def _judge_provider_state(exchange: GcpExchange, provider: GcpProvider) -> None:
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
    elif provider.state not in _GOOD_STATES:
        exchange.unseen.add(Kind.PROVIDER_DELETED)
        _leave_open(exchange, "provider", provider.state, provider.document.at("/state"))


_OTHER_KINDS = {"aws": "an AWS provider", "saml": "a SAML provider", "x509": "an X.509 provider"}


def _other_kind(exchange: GcpExchange, provider: GcpProvider) -> None:
    """Settle `target` for a provider that accepts no ID tokens: this tool judges only OIDC.

    Whether the client sent the wrong provider name, or a credential other than the token that was read, is unknown.
    """
    at = provider.document.at(f"/{provider.kind}")
    if exchange.seen_at("target") or exchange.seen_at("token"):
        exchange.refuse(
            Kind.PROVIDER_KIND_DIFFERS,
            actual=Side(provider.kind, at),
            expected=Side("oidc"),
            certain=False,
            settle="the credential that the client sends: an ID token needs an OIDC provider",
            kind=provider.kind,
        )
    kind = _OTHER_KINDS.get(provider.kind, "of another kind")
    exchange.settle("target", "unknown", f"the provider is {kind}, and only OIDC providers are judged here", at)


def _leave_open(exchange: GcpExchange, what: str, state: str | None, at: Origin) -> None:
    """Settle `target` for a state that Google does not document: STS's behaviour is unknown."""
    exchange.settle("target", "unknown", f"the {what}'s state is {shown(state)}: neither ACTIVE nor DELETED", at)


def _bad_state(exchange: GcpExchange, kind: Kind, name: str, at: Origin, value: str, expires: str) -> None:
    exchange.refuse(
        kind,
        step="target",
        actual=Side(value, at),
        expected=Side("ACTIVE"),
        name=name,
        expires=expires,
    )


def grant(message: str, *, certain: bool = True) -> CloudError:
    """Return an `invalid_grant` error of Google's STS."""
    return CloudError("invalid_grant", message, certain)
