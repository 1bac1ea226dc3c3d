"""The state that the steps of an exchange with AWS share: request, issuer and audience, the provider's ARN."""

from __future__ import annotations

import functools

from oidc_doctor.judge.aws.arns import (
    BUILT_IN,
    RoleArn,
    federated,
    issuer_path,
    provider_issuer,
    read_role_arn,
    split_provider,
)
from oidc_doctor.judge.exchange import ExchangeBuilder, same
from oidc_doctor.model.arns import account_of
from oidc_doctor.model.case import Case
from oidc_doctor.model.document import UNKNOWN, Document, Json, Missing, Origin
from oidc_doctor.model.evidence import AwsEvidence, AwsOidcProvider, Role, TargetAws
from oidc_doctor.model.placeholder import account_is_redacted, has_placeholder, spans

# Fields that `aws iam get-role` prints with the trust policy, and that a pasted policy lacks.
_PRINTED = frozenset({"RoleId", "CreateDate", "Arn", "AssumeRolePolicyDocument"})


def _texts(value: Json) -> list[str]:
    """Yield all strings of a document, including member names."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for name, member in value.items() for text in (str(name), *_texts(member))]
    return [text for member in value for text in _texts(member)] if isinstance(value, list | tuple) else []


@functools.lru_cache(maxsize=16)  # a list of roles is one document, which is searched for each role
def _has_asterisks(text: str) -> bool:
    return "***" in text


class AwsExchange(ExchangeBuilder):
    """The state that the AWS steps share."""

    aws: AwsEvidence
    request: TargetAws
    role_arn: RoleArn | None
    issuer: str | None  # of the token, or the issuer assumed for it
    issuer_assumed: bool
    provider: AwsOidcProvider | None
    audience: str | None  # azp if set, else the single aud; None if unknown

    def __init__(self, case: Case) -> None:
        super().__init__(case, "aws")
        self.aws = case.evidence.aws or AwsEvidence(Missing("aws/role.json", "not in the bundle"))
        self.request = case.evidence.target.aws or TargetAws()
        self.pasted = self.pasted and not self._only_asterisks()
        self.either_pasted = self.pasted or self.token_pasted
        self.role_arn = read_role_arn(self.request.role_arn, pasted=self.pasted) if self.request.role_arn else None
        self.provider = None
        self._implied: dict[str, Origin] = {}
        self.issuer, self.issuer_assumed = self._issuer()
        self.audience = self._audience()
        facts = {"role_arn": self.request.role_arn, "audience": self.audience, "fixed_by": self._fixed_by()}
        self.common = {name: value for name, value in facts.items() if value}

    def _only_asterisks(self) -> bool:
        """Whether AWS printed the role, and only runs of `*` look redacted, which are wildcards then."""
        role = self.aws.role
        if not isinstance(role, Role) or isinstance(role.trust_policy, Missing) or not role.raw.keys() >= _PRINTED:
            return False
        if not _has_asterisks(role.trust_policy.text):
            return False
        arns = [self.request.role_arn or "", role.arn or "", *(name for name, _ in federated(role.trust_policy.value))]
        if any(account_is_redacted(account) for arn in arns if (account := account_of(arn)) is not None):
            return False
        texts = [*_texts(role.trust_policy.value), *_texts(dict(self.request._asdict()))]
        for provider in (self.aws.provider, *self.aws.other_providers):
            if isinstance(provider, AwsOidcProvider):
                ids = provider.client_ids if isinstance(provider.client_ids, tuple) else ()
                texts += [provider.url, provider.arn or "", *ids]
        texts += [] if isinstance(self.aws.provider_arns, Missing) else self.aws.provider_arns
        gaps = [text[start:end] for text in texts for start, end in spans(text)]
        return bool(gaps) and all(set(gap) == {"*"} for gap in gaps)

    def imply(self, claim: str, value: str, at: Origin) -> None:
        """Set an unread claim to the only value possible given other evidence; `at` is the origin of that evidence."""
        self.token = self.token._replace(claims={**self.token.claims, claim: value})
        self._implied[claim] = at
        if claim == "aud":
            self.audience = value
            self.common["audience"] = value

    def claim_origin(self, name: str) -> Origin:
        """Return where a claim was read, or what implies it."""
        return self._implied.get(name) or super().claim_origin(name)

    @property
    def grounded(self) -> bool:
        """Whether evidence other than the trust policy shows the token's issuer: token, provider or target."""
        return self.given or bool(self.case.evidence.target.issuer) or isinstance(self.aws.provider, AwsOidcProvider)

    def _issuer(self) -> tuple[str | None, bool]:
        iss = self.token.claim("iss")
        if isinstance(iss, str):
            return self._behind_placeholders(iss) if self.token_pasted and has_placeholder(iss) else (iss, False)
        if iss is not UNKNOWN or self.token.fault_kind:
            return None, False
        if self.case.evidence.target.issuer:
            return self.case.evidence.target.issuer, True
        if isinstance(self.aws.provider, AwsOidcProvider):
            return "https://" + self.aws.provider.url.removeprefix("https://"), True
        role = self.aws.role
        if isinstance(role, Role) and not isinstance(role.trust_policy, Missing):
            trusted = provider_issuer(role.trust_policy.value)
            if trusted:
                return "https://" + trusted, True
        return None, False

    def _fixed_by(self) -> str:
        """Return the issuer in words if every token of it has this audience, so that no other can be requested."""
        profile = self.case.profile
        is_fixed = profile is not None and self.audience is not None and profile.audience.fixed == self.audience
        return str(profile.title) if is_fixed else ""

    def _behind_placeholders(self, iss: str) -> tuple[str | None, bool]:
        """Return the issuer that a redacted `iss` stands for: the only configured one that it may be, else unknown."""
        role = self.aws.role
        providers = (self.aws.provider, *self.aws.other_providers)
        configured = [provider.url for provider in providers if isinstance(provider, AwsOidcProvider)]
        if isinstance(role, Role) and not isinstance(role.trust_policy, Missing):
            arns = (split_provider(name) for name, _ in federated(role.trust_policy.value))
            configured += [parts[2] for parts in arns if parts]
        # a configured issuer that is redacted as well shows nothing of this one
        paths = dict.fromkeys(issuer_path(url) for url in configured if not has_placeholder(url))
        possible = [path for path in paths if same(path, issuer_path(iss), pasted=True) is not False]
        if not possible:
            return iss, False
        return (f"https://{possible[0]}", True) if len(possible) == 1 else (None, False)

    def _audience(self) -> str | None:
        azp = self.token.claim("azp")
        if isinstance(azp, str | int) and not isinstance(azp, bool):
            return str(azp)  # STS was observed to read a number as a string in sub; for this claim it is inferred
        aud = self.token.claim("aud")
        if isinstance(aud, list):
            return aud[0] if len(aud) == 1 and isinstance(aud[0], str) else None
        return aud if isinstance(aud, str) else None

    def documents(self, path: str) -> tuple[Document, ...] | Missing:
        """Return the files at this path of the bundle, or why there are none."""
        return self.aws.documents.get(path, Missing(path, "not in the bundle"))

    @property
    def account(self) -> str | None:
        """The role's account, as far as it is known."""
        return self.role_arn.account if self.role_arn else None

    def _trusted_like_issuer(self) -> tuple[str, str] | None:
        """Partition and account of the trust policy's principal for this issuer."""
        role = self.aws.role
        if isinstance(role, Missing) or isinstance(role.trust_policy, Missing):
            return None
        for arn, _ in federated(role.trust_policy.value):
            parts = split_provider(arn)
            if parts and same(parts[2], issuer_path(self.issuer or ""), pasted=self.pasted) is not False:
                return parts[0], parts[1]
        return None

    @functools.cached_property  # used by most steps, for policies of any length
    def built_in(self) -> bool:
        """Whether the token's issuer is built into AWS and named without an ARN, unlike a provider in the account.

        An account may have an IAM provider for accounts.google.com; a trust policy that names its ARN is about that
        one (public set-ups).
        """
        path = issuer_path(self.issuer or "")
        if path not in BUILT_IN:
            return False
        role = self.aws.role
        if isinstance(role, Role) and not isinstance(role.trust_policy, Missing):
            names = [name for name, _ in federated(role.trust_policy.value)]
            return path in names or not any((split_provider(name) or ("", "", ""))[2] == path for name in names)
        return not (isinstance(self.aws.provider, AwsOidcProvider) and issuer_path(self.aws.provider.url) == path)

    @functools.cached_property
    def provider_arn(self) -> str | None:
        """The ARN that the token's provider has in the role's account."""
        if self.issuer is None:
            return None
        if self.built_in:
            return issuer_path(self.issuer)
        trusted = self._trusted_like_issuer()
        partition = self.role_arn.partition if self.role_arn else "aws"
        if trusted is not None and (self.role_arn is None or (self.pasted and account_is_redacted(trusted[1]))):
            # a redacted principal is another person's: its partition proves nothing about this role's
            partition = trusted[0]
        account = self.account or (trusted[1] if trusted else None)
        return f"arn:{partition}:iam::{account or '<account>'}:oidc-provider/{issuer_path(self.issuer)}"
