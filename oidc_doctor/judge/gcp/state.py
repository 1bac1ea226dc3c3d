"""The state that the steps of an exchange with Google share: the request, the provider, the token's issuer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.judge.exchange import ExchangeBuilder
from oidc_doctor.judge.gcp.constants import Constant
from oidc_doctor.judge.gcp.names import ProviderName, read_name
from oidc_doctor.model.case import Case
from oidc_doctor.model.document import Missing, Origin
from oidc_doctor.model.evidence import GcpEvidence, GcpProvider, TargetGcp
from oidc_doctor.model.limits import CEL_TRACE, CEL_WORK

if TYPE_CHECKING:
    from oidc_doctor.cel import CelError


class GcpExchange(ExchangeBuilder):
    """The state that the Google steps share."""

    gcp: GcpEvidence
    request: TargetGcp
    name: ProviderName | None  # the provider that the request names
    provider: GcpProvider | None
    issuer: str | None
    gke: ProviderName | None  # the pool of a GKE cluster's token, which needs no provider
    constants: dict[str, Constant]  # mapped attributes whose expression reads no claim
    beyond: dict[str, CelError]  # mapped attributes whose expression exceeds our limits
    cel_work: int  # remaining evaluation steps for all expressions of this exchange

    def __init__(self, case: Case) -> None:
        super().__init__(case, "gcp")
        self.gcp = case.evidence.gcp or GcpEvidence(Missing("gcp/provider.json", "not in the bundle"))
        self.request = case.evidence.target.gcp or TargetGcp()
        self.provider = self.gcp.provider if isinstance(self.gcp.provider, GcpProvider) else None
        self.name = None
        self.constants = {}
        self.cel_work = CEL_WORK.most
        self.beyond = {}
        self.gke = None
        iss = self.token.claim("iss")
        self.issuer = iss if isinstance(iss, str) else None

    @property
    def bounds(self) -> dict[str, int]:
        """The next expression's limits: steps, and recorded parts of loops."""
        return {"work": self.cel_work, "room": CEL_TRACE.most if self.case.traced else 0}

    @property
    def provider_name(self) -> ProviderName | None:
        """The exchange's provider: as read, else as in the request; for GKE only its pool."""
        if self.gke is not None:
            return self.gke
        if self.provider and self.provider.name:
            read = read_name(self.provider.name)
            is_numbered = self.name is not None and not self.name.fault and self.name.project_is_number
            if not read.fault and not (is_numbered and read.project_is_id):
                return read
        return self.name if self.name and not self.name.fault else None

    def claim_with(self, value: str) -> Origin | None:
        """Return where the claim with this value was read; None if no claim has it."""
        name = next((name for name, claim in self.token.claims.items() if claim == value), None)
        return self.claim_origin(name) if name else None
