"""The only module of this package that a check file may import.

Checks are of three kinds. A cause check puts a kind of Refusal into words; it decides nothing. A weakness check reads
documents that accept more than they should. A log check reads events and missing events. The parameter names of
weakness and log checks declare what they need: a need that was not read makes the check skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple, Protocol

from oidc_doctor.commands import aws_iam, command, commands, is_plain
from oidc_doctor.issuers.characters import listed
from oidc_doctor.model import arns
from oidc_doctor.model.comparison import IssuerChange, LoggingOff, LostPermission, Stop, Stopped, Widened, Widening, on
from oidc_doctor.model.document import ABSENT, UNKNOWN, Document, Missing, Origin
from oidc_doctor.model.early import Certificate, Coming, ComingSubject, KeyDifference, UploadedKeys
from oidc_doctor.model.evidence import (
    AllowPolicy,
    AwsOidcProvider,
    Earlier,
    GcpProvider,
    Role,
    Target,
    TargetEvidence,
    Token,
)
from oidc_doctor.model.google_names import project_of_account, repository_of
from oidc_doctor.model.in_words import as_value
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.planned import PlannedChange
from oidc_doctor.model.refusal import Refusal, Side
from oidc_doctor.model.report import About
from oidc_doctor.model.uses import Separation, Share, Uses

__all__ = [
    "ABSENT",
    "UNKNOWN",
    "AllowPolicy",
    "AwsOidcProvider",
    "Certificate",
    "Check",
    "Coming",
    "ComingSubject",
    "Document",
    "Finding",
    "GcpProvider",
    "KeyDifference",
    "Kind",
    "Missing",
    "Origin",
    "Refusal",
    "Role",
    "Side",
    "Target",
    "TargetEvidence",
    "Token",
    "UploadedKeys",
    "Words",
    "as_value",
    "aws_iam",
    "bind_commands",
    "bound_on",
    "cause",
    "command",
    "credentials_first",
    "denial",
    "log_check",
    "warning",
    "weakness",
]


class Words(NamedTuple):
    """The words of a cause check: `headline` completes "AWS refuses this token: …", lower case, no full stop.

    `fix` is the next step, a full sentence. `commands` are ready to paste (build them with `commands`).
    """

    headline: str
    fix: str
    commands: tuple[str, ...] = ()


class Finding(NamedTuple):
    """A finding of a weakness or log check."""

    message: str
    fix: str = ""
    expected: Side | None = None
    actual: Side | None = None
    cloud: Literal["aws", "gcp"] | None = None
    target: str = ""  # the role's ARN or the provider's name, of a finding about either
    opens_to: str = ""  # who the trust is open to, as a singular noun: any Baseten customer
    commands: tuple[str, ...] = ()  # of the fix, ready to paste (build them with `commands`)


class Check(NamedTuple):
    """A registered check. `page` is its module docstring: Symptom, Reason, Confirm, Fix, Source."""

    code: str
    name: str
    effect: Literal["blocks", "weakens", "note"]
    function: Callable[..., Any]
    page: str
    kind: Kind | None = None
    needs: tuple[str, ...] = ()
    opens_trust: bool = False  # its findings say that others are accepted as well
    early: bool = False  # its findings are about what works now, and is known to stop working
    other: str = ""  # of a check of both clouds, the code where it speaks of the other one than `code` does
    about: About = "target"

    @property
    def codes(self) -> tuple[str, ...]:
        """The code, and that for the other cloud where there is one."""
        return (self.code, self.other) if self.other else (self.code,)

    def code_in(self, cloud: str | None) -> str:
        """The code where the check speaks of `cloud`."""
        return next((code for code in self.codes if cloud and code.startswith(cloud.upper())), self.code)


_loading: list[Check] = []  # the checks of the file being loaded; packs.py empties it


def _register(function: Callable[..., Any], code: str, name: str, effect: Any, kind: Kind | None, **more: Any) -> None:
    page = function.__globals__.get("__doc__") or ""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    _loading.append(Check(code, name, effect, function, page, kind, () if kind else names, **more))


def cause(
    code: str, name: str, kind: Kind, *, other: str = ""
) -> Callable[[Callable[[Refusal], Words]], Callable[[Refusal], Words]]:
    """Register the check that explains one kind of refusal. `other`: its code where the other cloud refuses."""

    def register(function: Callable[[Refusal], Words]) -> Callable[[Refusal], Words]:
        _register(function, code, name, "blocks", kind, other=other)
        return function

    return register


def weakness(
    code: str,
    name: str,
    effect: Literal["weakens", "note"] = "weakens",
    *,
    opens_trust: bool = False,
    other: str = "",
    about: About = "target",
) -> Callable[[Callable[..., Iterable[Finding]]], Callable[..., Iterable[Finding]]]:
    """Register a check of documents. `opens_trust`: the verdict on an accepted token names who else is accepted.

    `other` is the code of its findings about the other cloud.

    Parameters, by name: role, aws_provider, gcp_provider, token, target, service_account_policy, project_policy,
    evidence, earlier, planned, profile, trace; each is passed as read, or the check is skipped. `reach` is a `Reach`,
    for questions about other tokens, `bindings` a `Bindings`, and `uses` a `Uses`, for what the logs show as served:
    no check reads the clauses of a policy or a condition itself.
    """

    def register(function: Callable[..., Iterable[Finding]]) -> Callable[..., Iterable[Finding]]:
        _register(function, code, name, effect, None, opens_trust=opens_trust, other=other, about=about)
        return function

    return register


def warning(
    code: str, name: str, *, other: str = ""
) -> Callable[[Callable[..., Iterable[Finding]]], Callable[..., Iterable[Finding]]]:
    """Register an early warning: a note on what works now, and is known to stop working.

    Parameters, by name: those of `weakness`; `instant`, the time judged at (epoch seconds); `certificates` of the
    issuer's host; `uploaded_keys`, an `UploadedKeys`; `coming`, a `Coming`.
    """

    def register(function: Callable[..., Iterable[Finding]]) -> Callable[..., Iterable[Finding]]:
        _register(function, code, name, "note", None, early=True, other=other)
        return function

    return register


def log_check(
    code: str, name: str, *, about: About = "target"
) -> Callable[[Callable[..., Iterable[Finding]]], Callable[..., Iterable[Finding]]]:
    """Register a check of the logs. Parameters, by name: silence, contradictions, attempts, stopped, and `weakness`."""

    def register(function: Callable[..., Iterable[Finding]]) -> Callable[..., Iterable[Finding]]:
        _register(function, code, name, "note", None, about=about)
        return function

    return register


# --- words -----------------------------------------------------------------------------------------------------------

_LONGEST_QUOTED = 44  # characters; longer values are in the expected/actual pair only


def cloud_name(refusal: Refusal) -> str:
    """AWS, or Google Cloud."""
    return "Google Cloud" if refusal.cloud == "gcp" else "AWS"


def given(words: str, *values: str) -> str:
    """`words` with each {} filled in turn, or nothing when a value is not known."""
    return words.format(*values) if all(values) else ""


def quoted(value: str, otherwise: str) -> str:
    """A short, printable value between backticks; `otherwise` for anything else."""
    fits = 0 < len(value) <= _LONGEST_QUOTED and value.isprintable() and "`" not in value
    return f"`{value}`" if fits else otherwise


def denial(refusal: Refusal, policy: str) -> str:
    """The headline of a denied call: the policy that denies it, with its ARN where the text names it, and the call.

    A policy that was read and has no Deny for the call does not allow it.
    """
    document = given(" {}", refusal.fact("policy_arn"))
    on = given(" on {}", refusal.fact("on") or quoted(refusal.fact("resource"), ""))
    name = refusal.fact("policy") or policy
    article = "an" if name.startswith(tuple("aeiou")) else "a"
    verb = "does not allow" if refusal.fact("explicit") == "no" else "denies"
    return f"{article} {name}{document} {verb} {refusal.fact('permission') or 'the call'}{on}"


def credentials_first(refusal: Refusal, fix: str) -> str:
    """The next step of a denied call: `fix`, unless the call was made with other credentials than the target's.

    Access for those credentials would not help the workload, and widens what the resource allows.
    """
    if not refusal.fact("other_caller"):
        return fix
    role = refusal.fact("role_arn") or "the role"
    return (
        f"Check first which credentials the client uses: the call was not made with a session of {role}, but with "
        "keys, a profile or the role of the machine."
    )


def bound_on(refusal: Refusal) -> str:
    """What the allow policy is of that a refused member is in: the service account, or the bucket that is read."""
    return refusal.fact("bound_on") or "the service account"


def names_a_deployment(principal: str) -> bool:
    """Whether a principal is a Baseten subject as a whole, which the next push changes."""
    return ":deployment=" in principal


def bind_commands(refusal: Refusal, member: str) -> tuple[str, ...]:
    """The command of a Words that grants `member` the role that it lacks; empty where a value is not known.

    On a service account the role is workload identity user; on a bucket or repository the smallest that reads it.
    """
    if member.startswith("principal://") and refusal.fact("is_own") != "yes":
        return ()  # google.subject is not the token's subject: other workloads, or tenants, may have the same
    if names_a_deployment(member):
        return ()
    account, bucket, role = refusal.fact("service_account"), refusal.fact("bucket"), refusal.fact("grants")
    if refusal.step != "permission":
        on_account = "gcloud iam service-accounts add-iam-policy-binding {} --role=roles/iam.workloadIdentityUser"
        return commands(f"{on_account} --member={{}}", account, member) if account[:1].isalnum() else ()
    if bucket:
        on_bucket = "gcloud storage buckets add-iam-policy-binding {} --member={} --role={}"
        return commands(on_bucket, f"gs://{bucket}", member, role)
    project, location, repository = repository_of(refusal.fact("resource"))
    on_repository = "gcloud artifacts repositories add-iam-policy-binding {} --project={} --location={}"
    return commands(f"{on_repository} --member={{}} --role={{}}", repository, project, location, member, role)


def seconds(value: str) -> str:
    """A number of seconds with its unit; other texts carry theirs."""
    return f"{value} s" if value.isdigit() else value


def role_name(refusal: Refusal) -> str:
    """The role's name from the fact `role_arn`, or nothing."""
    _, separator, path = refusal.fact("role_arn").partition(":role/")
    return path.rpartition("/")[2] if separator else ""


def trust_policy_commands(refusal: Refusal) -> tuple[str, ...]:
    """The command that prints the trust policy, where the role is known. The one that stores an edit comes with it."""
    return commands("aws iam get-role --role-name {} --query Role.AssumeRolePolicyDocument", role_name(refusal))


class NotReadError(Exception):
    """A weakness or log check could not look: the runner reports it as skipped, with this sentence."""


class Opening(NamedTuple):
    """A synthetic subject that the configuration accepts, and the clause that accepts it."""

    subject: str
    who: Literal[  # how it differs from the exchange's subject
        "anyone", "tenant", "team", "other", "longer", "before", "twin", "case", "key", "audience", "lacking"
    ]
    segment: str = ""  # the issuer's name for the part of the subject that differs
    clause: str = ""  # Statement[0]
    pattern: str = ""  # the clause's text that the subject meets; empty where no clause asks for a subject
    operator: str = ""  # StringLike, startsWith, contains, …
    at: Origin | None = None
    customers: str = ""  # the vendor, where all its customers share the issuer
    bound: bool | None = True  # Google: whether a binding of the service account covers it; None where not known
    whole: str = ""  # of contains(): the expression that asks for the whole part of the subject
    narrow: str = ""  # a pattern of the issuer that admits one team
    shares: str = ""  # the part of the subject whose id the stranger shares; that no id is shared is inferred
    intended: str = ""  # the value, or the clause, that is meant
    audience: str = ""  # the stranger's, where it is not the exchange's
    documented: bool = False  # the issuer's own guides leave this part open

    @property
    def passes(self) -> str:
        """The stranger, and that it passes, in words."""
        audience = f" with the audience {self.audience}" if self.audience else ""
        return f"{self.subject} passes{audience}"

    @property
    def fixed(self) -> str:
        """The next step that fixes the open part of the subject, with an example of this issuer."""
        example = f", such as {self.narrow}" if self.narrow else ""
        return f"Name your own {self.segment or 'workload'} in the subject, followed by its separator{example}."

    @property
    def opens_to(self) -> str:
        """Who the whole exchange is open to, as a singular noun; empty where bindings refuse them or may."""
        return self.whom if self.bound else ""

    @property
    def whom(self) -> str:
        """Who the clause accepts, as a singular noun."""
        if self.who not in ("anyone", "tenant"):
            return f"another {self.segment}"
        return f"any {self.customers} customer" if self.customers else "a stranger"


class Reach(Protocol):
    """Answers who else passes an exchange's trust policy or attribute condition, tried with synthetic subjects.

    Everything may raise NotReadError: no answer rests on missing evidence.
    """

    @property
    def cloud(self) -> Literal["aws", "gcp"]:
        """The cloud of the exchange."""

    @property
    def resource(self) -> str:
        """The role's ARN or the provider's name; empty where the target names none."""

    @property
    def condition(self) -> str:
        """The attribute condition of the provider; empty where it has none."""

    @property
    def example(self) -> str:
        """An attribute condition that admits one tenant of the issuer."""

    def openings(self, *who: str) -> list[Opening]:
        """The widest accepted stranger for each clause: of these kinds, see `Opening.who`."""

    def names_alike(self) -> list[Opening]:
        """Values that merely begin, or end, like the intended one; for Google the names of tenants and workloads."""

    def twins(self) -> list[Opening]:
        """Names that differ from the intended one in single characters, or in their letters' case."""

    def left_open(self) -> list[Opening]:
        """Parts of the subject that a clause asks for, and accepts with any value."""

    def beside_production(self) -> list[Opening]:
        """Previews and pull requests, where production is accepted by its name; `intended` is the latter's subject."""

    def undone(self) -> list[Opening]:
        """Clauses that accept all that the clause `intended` accepts, and more."""

    def audiences(self) -> list[Opening]:
        """Tokens for another audience of the provider, in `pattern`, where no condition asks for one."""

    def values_alike(self) -> list[Opening]:
        """Values that contains() accepts besides the intended value."""

    def vacuous(self) -> list[Opening]:
        """ForAllValues and IfExists clauses that hold without their claim, with a stranger who passes so."""

    def not_required(self) -> list[Opening]:
        """Such clauses of which no stranger is known to make use; `segment` is the claim."""


def account_of(arn: str | None) -> str:
    """The 12-digit account in an ARN, or nothing (a redacted one says nothing)."""
    account = arns.account_of(arn or "") or ""
    return account if re.fullmatch(r"\d{12}", account) else ""


class Silence(Protocol):
    """A note on missing events."""

    @property
    def kind(self) -> str:
        """no-events-found, not-logged-by-vendor, delivery-delay, window-does-not-cover, exchange-logging-off."""

    @property
    def headline(self) -> str:
        """The events that are missing."""

    @property
    def detail(self) -> str:
        """The reason why their absence proves little."""


__all__ += [
    "NotReadError",
    "Opening",
    "Reach",
    "Separation",
    "Share",
    "Silence",
    "Uses",
    "account_of",
    "cloud_name",
    "commands",
    "given",
    "is_plain",
    "listed",
    "names_a_deployment",
    "project_of_account",
    "quoted",
    "role_name",
    "seconds",
    "trust_policy_commands",
]


class Passer(NamedTuple):
    """A synthetic subject that passes a whole exchange with Google, and the member of the binding that accepts it."""

    subject: str
    member: str
    role: str
    at: Origin | None = None  # of the member
    resource: str = "the service account"  # that the binding is on
    whom: str = ""  # who the subject represents, as a singular noun; empty where it is the intended one
    customers: str = ""  # the vendor, where all its customers share the issuer
    provider: str = ""  # another provider of the pool, through which the token comes
    mapped: str = ""  # the mapped attribute that the member names: google.subject, attribute.team
    expression: str = ""  # the mapping of that attribute
    value: str = ""  # the value that the member names


class Bindings(Protocol):
    """Answers who passes a whole exchange with Google, and by which member; every answer is the judge's.

    Everything may raise NotReadError: no answer rests on missing evidence.
    """

    @property
    def resource(self) -> str:
        """The provider's name; empty where the target names none."""

    @property
    def customers(self) -> str:
        """The vendor, where all its customers share the provider's issuer; else empty."""

    def whole_pool(self) -> list[Passer]:
        """Strangers that pass by a member for the whole pool."""

    def other_providers(self) -> list[Passer]:
        """Strangers that pass through another provider of the pool, and not through the target's."""

    def above(self) -> list[Passer]:
        """Subjects that pass by a member above the service account: of its project, folder or organization."""

    def everyone(self) -> list[Passer]:
        """Members that are everybody."""

    def colliding(self) -> list[Passer]:
        """Strangers whose mapped value is the one that a member names."""

    def names_ending_alike(self) -> list[Opening]:
        """Names of tenants and teams that merely end like the intended name."""

    def twins(self) -> list[Opening]:
        """Names that differ from the intended one in one character, or an id in its letters' case."""

    def refused_by_bindings_alone(self) -> list[Opening]:
        """Strangers that condition and mapping accept, and only the bindings refuse."""


__all__ += ["Bindings", "Passer", "PlannedChange"]
__all__ += ["Earlier", "IssuerChange", "LoggingOff", "LostPermission", "Stop", "Stopped", "Widened", "Widening", "on"]
