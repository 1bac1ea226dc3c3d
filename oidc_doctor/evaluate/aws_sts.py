"""AssumeRoleWithWebIdentity as STS and IAM decide it: one case in, the whole exchange step by step out.

The order is inferred from which error wins in recorded calls; each step's rules are verified unless a comment says
otherwise (recorded STS calls of September 2026, STS API reference, IAM user guide).
"""

from __future__ import annotations

import re

from oidc_doctor.evaluate import error_texts as texts
from oidc_doctor.evaluate.arns import RoleArn, issuer_path, read_role_arn
from oidc_doctor.evaluate.aws_exchange import BUILT_IN, AwsExchange
from oidc_doctor.evaluate.aws_token import LONGEST, SHORTEST, invalid, judge_token
from oidc_doctor.evaluate.difference import compare_value
from oidc_doctor.evaluate.issuer_step import judge_keys
from oidc_doctor.evaluate.session_claims import judge_session_claims
from oidc_doctor.evaluate.slips import invisible_in, left_in, strip_invisible
from oidc_doctor.evaluate.source_step import judge_sources
from oidc_doctor.evaluate.steps import plain_note, same
from oidc_doctor.evaluate.trust import judge_trust
from oidc_doctor.model.case import Case
from oidc_doctor.model.evidence import ABSENT, UNKNOWN, AwsOidcProvider, Missing, Origin, Role
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.trace import CloudError, Kind, Side, Trace

_SESSION_NAME = re.compile(r"[\w+=,.@-]*", re.ASCII)
_ALIKE_HOSTS = 0.85  # difflib's ratio
_NAME_LENGTH = (2, 64)  # characters of RoleSessionName (STS API)
_DURATION = (900, 43_200)  # seconds (STS API)
_DEFAULT_MAX_SESSION = 3600
_POLICY_LONGEST = 2048


def evaluate_aws(case: Case) -> Trace:
    """The exchange with AWS STS for one case."""
    exchange = AwsExchange(case)
    _judge_obtain(exchange)
    _judge_request(exchange)
    judge_token(exchange)
    if exchange.issuer_assumed:
        exchange.assumed.append(f"the token's issuer is {exchange.issuer}")
    _judge_provider(exchange)
    _judge_audience(exchange)
    judge_keys(exchange, exchange.issuer, provider=exchange.provider)
    judge_session_claims(exchange)
    _judge_role(exchange)
    _judge_duration(exchange)
    judge_sources(exchange)
    return exchange.trace()


def _judge_obtain(exchange: AwsExchange) -> None:
    token = exchange.token
    if token.fault_kind == "no-token":
        exchange.refuse("obtain", Kind.NO_TOKEN_SENT, where=token.origin, fault=token.fault or "")
    elif token.kind in ("jwt", "event") or token.claims:
        exchange.passed("obtain", "", token.origin)


def _judge_request(exchange: AwsExchange) -> None:
    request, arn = exchange.request, exchange.role_arn
    origins = exchange.case.evidence.target.origins
    if arn is None and isinstance(exchange.aws.role, Role):
        exchange.assume("request", "the request (the role ARN was not given)")
    elif arn is None:
        exchange.settle("request", "unknown", "the role ARN of the request is not known")
    elif arn.fault:
        code, message = arn.error
        exchange.refuse(
            "request",
            Kind.ROLE_ARN_MALFORMED,
            CloudError(code, message),
            actual=Side(arn.text, origins.get("aws.role_arn"), arn.spans),
            certain=not arn.unsure,
            found=arn.text,
            reason=arn.fault,
        )
    if request.role_session_name is None and request.duration_seconds is None:
        exchange.unseen.add(Kind.REQUEST_MALFORMED)
    if request.provider_id:
        _refuse_provider_id(exchange, request.provider_id)
    _judge_parameters(exchange)
    if arn is not None and exchange.results["request"].state == "unknown" and not exchange.results["request"].refusals:
        exchange.passed("request", "", origins.get("aws.role_arn"))


def _refuse_provider_id(exchange: AwsExchange, provider_id: str) -> None:
    errors = {
        "www.amazon.com": invalid("Provided Token is not a Login With Amazon token", certain=False),
        "graph.facebook.com": CloudError("IDPRejectedClaim", "", certain=False),
    }
    other = CloudError(
        "AccessDenied",
        "Unrecognized OAuth provider. Do not include a provider parameter when submitting OpenIDConnect ID tokens",
    )
    exchange.refuse(
        "request",
        Kind.PROVIDER_ID_SENT,
        errors.get(provider_id, other),
        actual=Side(provider_id, exchange.case.evidence.target.origins.get("aws.provider_id")),
        provider_id=provider_id,
    )


def _judge_parameters(exchange: AwsExchange) -> None:
    """Length, range and pattern of the other parameters, each with the service's own words."""
    request = exchange.request
    wrong: list[tuple[str, str, str, Kind]] = []  # parameter, value as printed, constraint, kind
    name = request.role_session_name
    if name is not None and not exchange.gap(name):
        if len(name) > _NAME_LENGTH[1]:
            wrong.append(
                ("roleSessionName", name, "Member must have length less than or equal to 64", Kind.REQUEST_MALFORMED)
            )
        if len(name) < _NAME_LENGTH[0]:
            wrong.append(
                ("roleSessionName", name, "Member must have length greater than or equal to 2", Kind.REQUEST_MALFORMED)
            )
        if not _SESSION_NAME.fullmatch(name):
            pattern = "Member must satisfy regular expression pattern: [\\w+=,.@-]*"
            wrong.append(("roleSessionName", name, pattern, Kind.REQUEST_MALFORMED))
    seconds = request.duration_seconds
    if seconds is not None and seconds < _DURATION[0]:
        limit = f"Member must have value greater than or equal to {_DURATION[0]}"
        wrong.append(("durationSeconds", str(seconds), limit, Kind.REQUEST_MALFORMED))
    if seconds is not None and seconds > _DURATION[1]:
        limit = f"Member must have value less than or equal to {_DURATION[1]}"
        wrong.append(("durationSeconds", str(seconds), limit, Kind.REQUEST_MALFORMED))
    if request.policy is not None and len(request.policy) > _POLICY_LONGEST:
        limit = f"Member must have length less than or equal to {_POLICY_LONGEST}"
        wrong.append(("policy", "", limit, Kind.SESSION_POLICY_TOO_LARGE))
    size = exchange.token.size
    if size is not None and size < SHORTEST and exchange.token.fault_kind != "no-token":
        limit = f"Member must have length greater than or equal to {SHORTEST}"
        wrong.append(("webIdentityToken", "", limit, Kind.REQUEST_MALFORMED))
    if size is not None and size > LONGEST:
        limit = f"Member must have length less than or equal to {LONGEST}"
        wrong.append(("webIdentityToken", "", limit, Kind.TOKEN_OVER_SIZE_LIMIT))
    if not wrong:
        return
    count = f"{len(wrong)} validation error{'s' if len(wrong) > 1 else ''} detected: "
    parts = [
        f"{_printed(value)} at '{parameter}' failed to satisfy constraint: {constraint}"
        for parameter, value, constraint, _ in wrong
    ]
    error = CloudError("ValidationError", count + "; ".join(parts))
    for parameter, value, constraint, kind in wrong:
        exchange.refuse(
            "request",
            kind,
            error,
            where=exchange.case.evidence.target.origins.get("aws." + _snake(parameter)),
            location=parameter[0].upper() + parameter[1:],
            parameter=parameter[0].upper() + parameter[1:],
            found=value,
            wanted=constraint.removeprefix("Member must "),
            size=str(len(request.policy or "") if kind is Kind.SESSION_POLICY_TOO_LARGE else size),
            limit=constraint.rsplit(" ", 1)[-1],
        )


def _printed(value: str) -> str:
    """The value as STS prints it; it leaves out those that are secret or long."""
    return f"Value '{value}'" if value else "Value"


def _snake(name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", name).lower()


def _judge_provider(exchange: AwsExchange) -> None:
    """Is there a provider for the token's issuer in the role's account? Sets `exchange.provider`."""
    aws, issuer, wanted = exchange.aws, exchange.issuer, exchange.provider_arn
    if issuer is None or wanted is None:
        return
    path = issuer_path(issuer)
    if path in BUILT_IN:
        exchange.passed("provider", "AWS knows this issuer without a provider in the account")
        return
    candidates = [one for one in (aws.provider, *aws.other_providers) if isinstance(one, AwsOidcProvider)]
    elsewhere: AwsOidcProvider | None = None
    open_question = False
    for one in candidates:
        answer = same(one.url.removeprefix("https://"), path, pasted=exchange.either_pasted)
        here = (
            same(_account_of(one.arn), exchange.account, pasted=exchange.pasted)
            if one.arn and exchange.account
            else True
        )
        if answer is False:
            continue
        if here is False:
            elsewhere = one
        elif answer is True:
            exchange.provider = one
            exchange.passed("provider", "", one.document.at())
            return
        else:
            exchange.provider = one  # its URL holds a placeholder: taken as this issuer's
            open_question = True
    if open_question:
        exchange.assume("provider", "the provider that was read is the one of the token's issuer (its URL is redacted)")
        return
    listed = None if isinstance(aws.provider_arns, Missing) else aws.provider_arns
    if listed is not None:
        answers = [same(arn, wanted, pasted=exchange.either_pasted) for arn in listed]
        if True in answers:
            at = aws.provider_arns_document.at() if aws.provider_arns_document else None
            exchange.passed("provider", "listed in the account", at)
            return
        if None in answers:
            return
    _refuse_provider(exchange, path, wanted, listed, elsewhere, candidates)


def _account_of(arn: str | None) -> str:
    return "".join((arn or "").split(":")[4:5])


def _refuse_provider(
    exchange: AwsExchange,
    path: str,
    wanted: str,
    listed: tuple[str, ...] | None,
    elsewhere: AwsOidcProvider | None,
    candidates: list[AwsOidcProvider],
) -> None:
    aws = exchange.aws
    proven = listed is not None or (isinstance(aws.provider, Missing) and aws.provider.proves_absence)
    error = invalid(texts.COULD_NOT_VALIDATE)
    settle = "aws iam list-open-id-connect-providers in the role's account"
    iss = Side(exchange.issuer or "", exchange.claim_origin("iss"))
    account = exchange.account or ""
    list_at = aws.provider_arns_document.at() if aws.provider_arns_document else None
    other_arn = next((arn for arn in listed or () if arn.endswith("oidc-provider/" + path)), None)
    if elsewhere or other_arn:
        found = elsewhere.arn if elsewhere else other_arn
        exchange.refuse(
            "provider",
            Kind.PROVIDER_IN_OTHER_ACCOUNT,
            error,
            expected=Side(wanted),
            actual=Side(found or "", elsewhere.document.at("/Arn") if elsewhere else list_at),
            certain=proven,
            settle=settle,
            role_account=account,
            provider_account=_account_of(found),
            issuer=path,
        )
        return
    urls: list[tuple[str, Origin | None]] = [(one.url, one.document.at("/Url")) for one in candidates]
    urls += [(arn.split(":oidc-provider/", 1)[1], list_at) for arn in listed or () if ":oidc-provider/" in arn]
    near = _nearest_url(path, [url.removeprefix("https://") for url, _ in urls])
    if near is not None:
        url, at = urls[near]
        difference = compare_value([url.removeprefix("https://")], path, wildcards=False, pasted=exchange.pasted)
        exchange.refuse(
            "provider",
            Kind.PROVIDER_URL_DIFFERS,
            error,
            expected=Side(url, at, difference.expected_spans),
            actual=Side(path, iss.at, difference.actual_spans),
            certain=proven,
            settle=settle,
            note=plain_note(difference),
        )
    elif proven:
        exchange.refuse(
            "provider",
            Kind.PROVIDER_MISSING,
            error,
            actual=iss,
            where=list_at,
            account=account,
            issuer=path,
            listed=", ".join(listed or ()),
        )
    elif candidates:
        exchange.refuse(
            "provider",
            Kind.PROVIDER_MISSING,
            error,
            expected=Side(candidates[0].url, candidates[0].document.at("/Url")),
            actual=iss,
            certain=False,
            settle=settle,
            account=account,
            issuer=path,
        )


def _nearest_url(path: str, urls: list[str]) -> int | None:
    """The registered URL that was meant for this issuer: slash, case, port, a missing path, or a slip in the host.

    Another last part of the path is another cluster, organisation or team, and no slip.
    """
    from difflib import SequenceMatcher

    def plain(url: str) -> str:
        return url.lower().rstrip("/").removesuffix(":443")

    wanted = plain(path)
    for index, url in enumerate(urls):
        if plain(url) == wanted:
            return index
    for index, url in enumerate(urls):
        found = plain(url)
        if found.startswith(wanted + "/") or wanted.startswith(found + "/"):
            return index
        (host, _, rest), (wanted_host, _, wanted_rest) = found.partition("/"), wanted.partition("/")
        if rest == wanted_rest and SequenceMatcher(None, host, wanted_host).ratio() > _ALIKE_HOSTS:
            return index
    return None


def _judge_audience(exchange: AwsExchange) -> None:
    """Azp if present, else the single aud, against the provider's ClientIDList (recorded: azp alone decides)."""
    provider, audience = exchange.provider, exchange.audience
    if issuer_path(exchange.issuer or "") in BUILT_IN:
        exchange.passed("audience", "an issuer that AWS knows itself has no ClientIDList")
        return
    if provider is None or audience is None:
        if exchange.token.claim("aud") is ABSENT and exchange.results["token"].state == "refused":
            exchange.settle("audience", "unknown", "the token has no audience")
        return
    ids = provider.client_ids
    if ids is UNKNOWN or not isinstance(ids, tuple):
        return
    at = provider.document.at("/ClientIDList")
    azp = exchange.token.claim("azp")
    name = "azp" if isinstance(azp, str) else "aud"
    if not ids and {provider.arn, exchange.provider_arn} & exchange.case.accepted_providers:
        exchange.passed("audience", "a logged success shows that this provider's empty ClientIDList is accepted", at)
        return
    error = invalid(texts.COULD_NOT_VALIDATE)
    if not ids:
        exchange.refuse(
            "audience",
            Kind.CLIENT_ID_LIST_EMPTY,
            error,
            expected=Side("[]", at),
            actual=exchange.claim_side(name),
            # nobody has measured what STS does with an empty list; an observed audience error settles it
            certain=exchange.seen_at("audience"),
            settle="a logged success or refusal of this provider, or add the audience and try again",
            audience=audience,
            provider=_provider_name(exchange, provider),
        )
        return
    answers = [same(one, audience, pasted=exchange.either_pasted) for one in ids]
    if True in answers:
        exchange.passed("audience", "", at)
        return
    difference = compare_value(list(ids), audience, wildcards=False, pasted=exchange.pasted)
    facts = {
        "audience": audience,
        "registered": ", ".join(ids),
        "note": plain_note(difference),
        "provider": _provider_name(exchange, provider),
    }
    kind, actual = Kind.AUDIENCE_NOT_REGISTERED, exchange.claim_side(name)
    expected = Side(difference.expected, at, difference.expected_spans)
    aud = exchange.token.claim("aud")
    auds = aud if isinstance(aud, list) else [aud]
    if name == "azp" and any(one in ids for one in auds):
        kind = Kind.AZP_DECIDES_AUDIENCE
        facts |= {"azp": audience, "aud": ", ".join(str(one) for one in auds), "place": "ClientIDList"}
    else:
        invisible = invisible_in([*ids, audience])
        if invisible and any(strip_invisible(one) == strip_invisible(audience) for one in ids):
            kind = Kind.INVISIBLE_CHARACTER_IN_VALUE
            facts |= {"value_name": "client id", "character": invisible[0], "position": str(invisible[1])}
        elif left_in(difference.expected):
            kind = Kind.PLACEHOLDER_LEFT_IN
            facts |= {"value_name": "client id", "placeholder": left_in(difference.expected)}
    exchange.refuse(
        "audience",
        kind,
        error,
        expected=expected,
        actual=actual,
        certain=None not in answers,
        settle="the values behind the placeholders",
        facts=facts,
    )


def _provider_name(exchange: AwsExchange, provider: AwsOidcProvider) -> str:
    """The provider's ARN: as read, else (IAM prints none) as it must be in the role's account."""
    return provider.arn or (exchange.provider_arn if exchange.account else None) or provider.url


def _judge_role(exchange: AwsExchange) -> None:
    """The role, then its trust policy: one AccessDenied for all of it."""
    role, arn = exchange.aws.role, exchange.role_arn
    error = CloudError("AccessDenied", texts.NOT_AUTHORIZED)
    sent = exchange.request.role_arn or ""
    if arn is not None and not arn.fault:
        moved = next(
            (
                near
                for near in exchange.aws.near_roles
                if near.name and near.arn and near.arn != sent and _same_role(near.arn, arn)
            ),
            None,
        )
        gone = isinstance(role, Missing) and role.proves_absence
        if moved or gone:
            difference = (
                compare_value([moved.arn or ""], sent, wildcards=False, pasted=exchange.pasted) if moved else None
            )
            exchange.refuse(
                "authorise",
                Kind.ROLE_MISSING,
                error,
                expected=Side(moved.arn or "", moved.origin, difference.expected_spans)
                if moved and difference
                else None,
                actual=Side(
                    sent,
                    exchange.case.evidence.target.origins.get("aws.role_arn"),
                    difference.actual_spans if difference else (),
                ),
                rank=-10,
                role_arn=sent,
            )
            return
    if isinstance(role, Missing):
        return
    if isinstance(role.trust_policy, Missing):
        exchange.settle("authorise", "unknown", role.trust_policy.reason)
        return
    judge_trust(exchange, role.trust_policy)


def _same_role(near: str, sent: RoleArn) -> bool:
    """Whether a role that was read is the one meant: the same account and name (any case), under another path."""
    other = read_role_arn(near, pasted=False)
    return not other.fault and other.account == sent.account and other.name.lower() == sent.name.lower()


def _judge_duration(exchange: AwsExchange) -> None:
    role, seconds = exchange.aws.role, exchange.request.duration_seconds
    if seconds is None or seconds <= _DEFAULT_MAX_SESSION:
        exchange.passed("duration", "no longer than the least maximum of any role")
        return
    if isinstance(role, Missing) or has_placeholder(str(seconds)):
        return
    limit = role.max_session_duration or _DEFAULT_MAX_SESSION
    if seconds <= limit:
        exchange.passed("duration", "", role.origin)
        return
    exchange.refuse(
        "duration",
        Kind.SESSION_DURATION_OVER_LIMIT,
        CloudError("ValidationError", texts.DURATION_OVER_LIMIT),
        expected=Side(str(limit), role.origin),
        actual=Side(str(seconds), exchange.case.evidence.target.origins.get("aws.duration_seconds")),
        requested=str(seconds),
        limit=str(limit),
    )
