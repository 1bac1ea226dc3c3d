"""The IAM OIDC provider for the token's issuer."""

from __future__ import annotations

from oidc_doctor.issuers.difference import compare_value
from oidc_doctor.judge.aws.arns import issuer_path
from oidc_doctor.judge.aws.partitions import partition_of_arn, refuse_partition
from oidc_doctor.judge.aws.state import AwsExchange
from oidc_doctor.judge.exchange import plain_note, same
from oidc_doctor.judge.typos import similarity
from oidc_doctor.model.arns import account_of
from oidc_doctor.model.document import Missing, Origin
from oidc_doctor.model.evidence import AwsOidcProvider
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Side

_RESOURCE = "aws_iam_openid_connect_provider"  # of a plan
_SIMILAR_HOSTS = 0.85  # difflib's ratio


def judge_provider(exchange: AwsExchange) -> None:
    """Find the provider of the token's issuer in the role's account. Sets `exchange.provider`."""
    aws, issuer, wanted = exchange.aws, exchange.issuer, exchange.provider_arn
    if issuer is None or wanted is None:
        return
    path = issuer_path(issuer)
    if exchange.built_in:
        exchange.passed("provider", "AWS knows this issuer without a provider in the account")
        return
    candidates = [
        candidate for candidate in (aws.provider, *aws.other_providers) if isinstance(candidate, AwsOidcProvider)
    ]
    elsewhere: AwsOidcProvider | None = None
    foreign: str | None = None  # the ARN of a provider of this issuer in another partition
    open_question = False
    for candidate in candidates:
        answer = same(candidate.url.removeprefix("https://"), path, pasted=exchange.either_pasted)
        in_account = (
            same(account_of(candidate.arn or "") or "", exchange.account, pasted=exchange.pasted)
            if candidate.arn and exchange.account
            else True
        )
        if answer is False:
            continue
        if _of_another_partition(exchange, candidate.arn or ""):
            foreign = candidate.arn
        elif in_account is False:
            elsewhere = candidate
        elif answer is True:
            exchange.provider = candidate
            if exchange.issuer_assumed and isinstance(exchange.token.claim("iss"), str):
                exchange.assume("provider", "the provider that was read is the one of the token's issuer (redacted)")
                return
            exchange.passed("provider", "", candidate.document.at())
            return
        else:
            exchange.provider = candidate  # its URL contains a placeholder: accepted as this issuer's
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
        ending = f":oidc-provider/{path}"
        foreign = foreign or next(
            (arn for arn in listed if arn.endswith(ending) and _of_another_partition(exchange, arn)), None
        )
    if foreign is not None:
        refuse_partition(
            exchange,
            "the OIDC provider",
            Side(foreign),
            partition_of_arn(foreign),
            step="provider",
            certain=listed is not None,
            settle="aws iam list-open-id-connect-providers in the role's account",
        )
        return
    _refuse_provider(exchange, path, wanted, listed, elsewhere, candidates)


def _of_another_partition(exchange: AwsExchange, arn: str) -> bool:
    partition, role = partition_of_arn(arn), exchange.role_arn
    if not partition or role is None or role.fault or exchange.gap(partition, role.partition):
        return False
    return partition != role.partition


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
    settle = "aws iam list-open-id-connect-providers in the role's account"
    list_at = aws.provider_arns_document.at() if aws.provider_arns_document else None
    other_arn = next((arn for arn in listed or () if arn.endswith("oidc-provider/" + path)), None)
    if elsewhere or other_arn:
        other = elsewhere.arn if elsewhere else other_arn
        exchange.refuse(
            Kind.PROVIDER_IN_OTHER_ACCOUNT,
            step="provider",
            expected=Side(wanted),
            actual=Side(other or "", elsewhere.document.at("/Arn") if elsewhere else list_at),
            certain=proven,
            settle=settle,
            role_account=exchange.account or "",
            provider_account=account_of(other or "") or "",
            issuer=path,
        )
        return
    _refuse_url(exchange, path, listed, candidates, proven=proven, settle=settle)


def _refuse_url(
    exchange: AwsExchange,
    path: str,
    listed: tuple[str, ...] | None,
    candidates: list[AwsOidcProvider],
    *,
    proven: bool,
    settle: str,
) -> None:
    """Refuse for the provider whose URL is nearest to the issuer, or for the lack of any."""
    iss = Side(exchange.issuer or "", exchange.claim_origin("iss"))
    account = exchange.account or ""
    list_at = exchange.aws.provider_arns_document.at() if exchange.aws.provider_arns_document else None
    urls: list[tuple[str, Origin | None]] = [(candidate.url, candidate.document.at("/Url")) for candidate in candidates]
    urls += [(arn.split(":oidc-provider/", 1)[1], list_at) for arn in listed or () if ":oidc-provider/" in arn]
    near = _nearest_url(path, [url.removeprefix("https://") for url, _ in urls])
    if near is not None:
        url, at = urls[near]
        difference = compare_value([url.removeprefix("https://")], path, wildcards=False, pasted=exchange.pasted)
        exchange.refuse(
            Kind.PROVIDER_URL_DIFFERS,
            expected=Side(url, at, difference.expected_spans),
            actual=Side(path, iss.at, difference.actual_spans),
            certain=proven,
            settle=settle,
            note=plain_note(difference),
        )
    elif proven:
        exchange.refuse(
            Kind.PROVIDER_MISSING,
            actual=iss,
            where=list_at,
            account=account,
            issuer=path,
            facts=_taken_away(exchange, path),
        )
    elif candidates:
        exchange.refuse(
            Kind.PROVIDER_MISSING,
            expected=Side(candidates[0].url, candidates[0].document.at("/Url")),
            actual=iss,
            certain=False,
            settle=settle,
            account=account,
            issuer=path,
        )


def _taken_away(exchange: AwsExchange, path: str) -> dict[str, str]:
    """Return the address of the provider that a plan deletes or replaces, as facts; empty if it does neither."""
    for change in exchange.case.evidence.planned:
        if change.type == _RESOURCE and change.before == path and change.after != path:
            return {"planned_at": change.address, "planned": "replaces" if change.is_replacement else "deletes"}
    return {}


def _nearest_url(path: str, urls: list[str]) -> int | None:
    """Return the URL intended for this issuer: it differs by slash, case, port, a missing path or a misspelt host.

    A path with a different last part is another cluster, organization or team, not a typo.
    """

    def plain(url: str) -> str:
        return url.lower().rstrip("/").removesuffix(":443")

    wanted = plain(path)
    for index, url in enumerate(urls):
        if plain(url) == wanted:
            return index
    for index, url in enumerate(urls):
        registered = plain(url)
        if registered.startswith(wanted + "/") or wanted.startswith(registered + "/"):
            return index
        (host, _, rest), (wanted_host, _, wanted_rest) = registered.partition("/"), wanted.partition("/")
        if rest == wanted_rest and similarity(host, wanted_host) > _SIMILAR_HOSTS:
            return index
    return None
