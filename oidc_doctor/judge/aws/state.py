"""The state that the steps of an exchange with AWS share: request, issuer and audience, the provider's ARN."""

from __future__ import annotations

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
from oidc_doctor.model.case import Case
from oidc_doctor.model.document import UNKNOWN, Missing, Origin
from oidc_doctor.model.evidence import AwsEvidence, AwsOidcProvider, Role, TargetAws



class AwsExchange(ExchangeBuilder):
    """The state that the AWS steps share."""

    aws: AwsEvidence
    request: TargetAws
    role_arn: RoleArn | None
    issuer: str | None  # of the token, or the issuer assumed for it
    issuer_assumed: bool
    provider: AwsOidcProvider | None
    audience: str | None  # azp if set, else the single aud; None where it is not known

    def __init__(self, case: Case) -> None:
        super().__init__(case, "aws")
        self.aws = case.evidence.aws or AwsEvidence(Missing("aws/role.json", "not in the bundle"))
        self.request = case.evidence.target.aws or TargetAws()
        self.role_arn = read_role_arn(self.request.role_arn, pasted=self.pasted) if self.request.role_arn else None
        self.provider = None
        self._implied: dict[str, Origin] = {}
        self.issuer, self.issuer_assumed = self._issuer()
        self.audience = self._audience()
        facts = {"role_arn": self.request.role_arn, "audience": self.audience}
        self.common = {name: value for name, value in facts.items() if value}

    def imply(self, claim: str, value: str, at: Origin) -> None:
        """Take a claim that nobody has seen for the value that everything else leaves it; `at` is what shows it."""
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
        """Whether evidence beside the trust policy shows whose token this is: the token, its provider, the target."""
        return self.token.given or bool(self.case.evidence.target.issuer) or isinstance(self.aws.provider, AwsOidcProvider)

    def _issuer(self) -> tuple[str | None, bool]:
        iss = self.token.claim("iss")
        if isinstance(iss, str):
            return iss, False
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

    def _audience(self) -> str | None:
        azp = self.token.claim("azp")
        if isinstance(azp, str | int) and not isinstance(azp, bool):
            return str(azp)  # STS was seen to read a number as text in sub; that it does so here is inferred
        aud = self.token.claim("aud")
        if isinstance(aud, list):
            return aud[0] if len(aud) == 1 and isinstance(aud[0], str) else None
        return aud if isinstance(aud, str) else None

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

    @property
    def built_in(self) -> bool:
        """Whether AWS knows the token's issuer itself: by its bare name, which a provider of the account's own is not.

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

    @property
    def provider_arn(self) -> str | None:
        """The ARN that the token's provider has in the role's account."""
        if self.issuer is None:
            return None
        if self.built_in:
            return issuer_path(self.issuer)
        partition = self.role_arn.partition if self.role_arn else "aws"
        account = self.account
        trusted = self._trusted_like_issuer()
        if trusted is not None:
            # IAM stores no principal of another partition, so such a difference is a typo in the paste
            partition = trusted[0] if self.pasted else partition
            account = account or trusted[1]
        return f"arn:{partition}:iam::{account or '<account>'}:oidc-provider/{issuer_path(self.issuer)}"
