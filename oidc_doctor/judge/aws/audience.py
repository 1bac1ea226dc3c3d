"""Compare the token's audience with the provider's ClientIDList."""

from __future__ import annotations

from oidc_doctor.issuers.difference import compare_value
from oidc_doctor.judge.aws.state import AwsExchange
from oidc_doctor.judge.error_texts import before
from oidc_doctor.judge.exchange import plain_note, same
from oidc_doctor.judge.typos import invisible_in, left_in, strip_invisible
from oidc_doctor.model.document import ABSENT, UNKNOWN, Origin
from oidc_doctor.model.evidence import AwsOidcProvider
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.refusal import Side
from oidc_doctor.model.steps import ASSUMED


def judge_audience(exchange: AwsExchange) -> None:
    """Judge azp if present, else the single aud, against the provider's ClientIDList (recorded: azp alone decides)."""
    _imply_audience(exchange)
    provider, audience = exchange.provider, exchange.audience
    if exchange.built_in:
        exchange.passed("audience", "an issuer that AWS knows itself has no ClientIDList")
        return
    if provider is not None and provider.client_ids == () and _is_accepted(exchange, provider):
        at = provider.document.at("/ClientIDList")
        exchange.passed("audience", "a logged success shows that this provider's empty ClientIDList is accepted", at)
        return
    unseen = audience is None and exchange.token.claim("aud") is UNKNOWN
    if provider is not None and provider.client_ids == () and unseen and not _got_past(exchange):
        _refuse_empty_list(exchange, provider, "", "aud")
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
    if not ids:
        _refuse_empty_list(exchange, provider, audience, name)
        return
    answers = [same(client_id, audience, pasted=exchange.either_pasted) for client_id in ids]
    if True in answers:
        if exchange.results["audience"].state != ASSUMED:  # an implied audience is only assumed
            exchange.passed("audience", "", at)
        return
    difference = compare_value(list(ids), audience, wildcards=False, pasted=exchange.pasted)
    facts = {
        "audience": audience,
        "note": plain_note(difference),
        "provider": _provider_name(exchange, provider),
    }
    kind, actual = Kind.AUDIENCE_NOT_REGISTERED, exchange.claim_side(name)
    expected = Side(difference.expected, at, difference.expected_spans)
    aud = exchange.token.claim("aud")
    auds = aud if isinstance(aud, list) else [aud]
    if name == "azp" and any(client_id in ids for client_id in auds):
        kind = Kind.AZP_DECIDES_AUDIENCE
        facts |= {"azp": audience, "aud": ", ".join(str(client_id) for client_id in auds), "place": "ClientIDList"}
    else:
        invisible = invisible_in([*ids, audience])
        if invisible and any(strip_invisible(client_id) == strip_invisible(audience) for client_id in ids):
            kind = Kind.INVISIBLE_CHARACTER_IN_VALUE
            facts |= {"value_name": "client id", "character": invisible[0], "position": str(invisible[1])}
        elif left_in(difference.expected):
            kind = Kind.PLACEHOLDER_LEFT_IN
            facts |= {"value_name": "client id", "placeholder": left_in(difference.expected)}
    exchange.refuse(
        kind,
        step="audience",
        expected=expected,
        actual=actual,
        certain=None not in answers,
        settle="the values behind the placeholders",
        facts=facts,
    )


def _is_accepted(exchange: AwsExchange, provider: AwsOidcProvider) -> bool:
    return bool({provider.arn, exchange.provider_arn} & exchange.case.accepted_providers)


def _got_past(exchange: AwsExchange) -> bool:
    """Whether an observed error comes from a later step, so that the token's audience was registered."""
    readings = [reading for reading in exchange.case.readings if reading.cloud in (None, "aws")]
    return any("audience" in before("aws", reading.steps) for reading in readings)


def _imply_audience(exchange: AwsExchange) -> None:
    """Settle an unknown aud that can have one value only: the issuer fixes it, or the provider has one client ID.

    A single client ID is the audience of every token that passed this step, and of a hypothetical token that does.
    """
    token, profile, provider = exchange.token, exchange.case.profile, exchange.provider
    if token.claim("aud") is not UNKNOWN or exchange.audience is not None:
        return
    if profile is not None and profile.audience.fixed and exchange.issuer is not None:
        exchange.imply("aud", profile.audience.fixed, Origin(f"fixed by {profile.title}"))
        exchange.assume("audience", f"the token's audience is {profile.audience.fixed}, which {profile.title} fixes")
        return
    ids = provider.client_ids if provider is not None else UNKNOWN
    if provider is None or not isinstance(ids, tuple) or not ids or exchange.seen_at("audience"):
        return  # an observed error may say that the audience is not listed
    if len(ids) > 1 or has_placeholder(ids[0]):
        if token.kind == "hypothetical":
            exchange.assume("audience", "the token's audience is one of the provider's client ids")
        return
    passed = _got_past(exchange)
    if not passed and token.kind != "hypothetical":
        return
    at = provider.document.at("/ClientIDList/0")
    exchange.imply("aud", ids[0], at)
    if not passed:
        exchange.assume("audience", f"the token's audience is {ids[0]}, the provider's only client id")


def _refuse_empty_list(exchange: AwsExchange, provider: AwsOidcProvider, audience: str, claim: str) -> None:
    exchange.refuse(
        Kind.CLIENT_ID_LIST_EMPTY,
        expected=Side("[]", provider.document.at("/ClientIDList")),
        actual=exchange.claim_side(claim),
        # how STS treats an empty list was not measured; an observed audience error settles it
        certain=exchange.seen_at("audience"),
        settle="a logged success or refusal of this provider, or add the audience and try again",
        audience=audience,
        provider=_provider_name(exchange, provider),
    )


def _provider_name(exchange: AwsExchange, provider: AwsOidcProvider) -> str:
    """Return the provider's ARN: as read, else (IAM's output omits it) the only possible ARN in the role's account."""
    return provider.arn or (exchange.provider_arn if exchange.account else None) or provider.url
