"""Find who else passes a trust policy or an attribute condition: synthetic subjects, evaluated by the judge.

An unknown answer is neither a finding nor a pass: `NotReadError` then says what the answer depends on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.checkkit import NotReadError, Opening
from oidc_doctor.findings.strangers import as_stranger
from oidc_doctor.issuers import condition_keys, profile_for
from oidc_doctor.issuers.strangers import (
    Stranger,
    Who,
    example,
    overlaid,
    serves_many_customers,
    strangers,
    with_value,
)
from oidc_doctor.judge import evaluate
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import AwsOidcProvider, GcpProvider, Role, Token
from oidc_doctor.model.steps import ASSUMED, PASSED, REFUSED

if TYPE_CHECKING:
    from oidc_doctor.cel.trace import Node as CelNode
    from oidc_doctor.iam import Node
    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.refusal import Trace

_MOST_BASES = 5  # subjects of one issuer that strangers are derived from
_JOINTS = ("-", "_", ".")  # a beginning that ends so is a prefix of names: `app-*`
_NONE = Missing("this cloud", "no file and no target names it")
_PROBE = "Zq7"  # goes on after the beginning of a name


class _Base(NamedTuple):
    """A case, and the subject of its issuer that strangers are derived from."""

    case: Case
    issuer: str
    subject: str

    @property
    def profile(self) -> Profile | None:
        profile: Profile | None = self.case.profile
        return profile

    @property
    def customers(self) -> str:
        """The vendor, where its customers share the issuer; empty where the issuer has one customer."""
        if not serves_many_customers(self.profile, self.issuer):
            return ""
        return self.profile.title if self.profile else self.issuer


class TrustReach:
    """Find who else passes one exchange. Each subject is evaluated on demand, and once.

    The methods raise NotReadError where the configuration was not read, where no subject could be derived, and where
    no subject is known to be accepted while the answer for some is unknown.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.cloud = case.cloud
        self._bases: list[_Base] = []
        self._traces: dict[tuple[str, str], Trace] = {}

    # The protocol that checks use

    @property
    def resource(self) -> str:
        """The role's ARN, or the provider's name, as the exchange asks for it."""
        target, gcp = self.case.evidence.target, self.case.evidence.gcp
        if self.cloud == "aws":
            return (target.aws.role_arn if target.aws else None) or ""
        read = gcp.provider.name if gcp and isinstance(gcp.provider, GcpProvider) else None
        return (target.gcp.provider if target.gcp else None) or read or ""

    @property
    def condition(self) -> str:
        """The attribute condition; empty where the provider has none."""
        return (self._provider().condition or "").strip()

    @property
    def example(self) -> str:
        """An attribute condition that admits one tenant."""
        base = next(iter(self._all_bases()), None)
        profile = base.profile if base else None
        if base is None or profile is None:
            return "assertion.sub.startsWith('TENANT')"
        if profile.tenancy.condition:
            return profile.tenancy.condition
        tenants = [part for part in profile.parse_subject(base.subject).segments if part.name == profile.tenancy.tenant]
        start = base.subject[: tenants[0].end] if tenants else "TENANT"
        return f"assertion.sub.startsWith('{start}{profile.grammar.separator}')"

    def openings(self, *who: Who) -> list[Opening]:
        """The accepted strangers of these kinds: the widest for each clause that accepts any."""
        tried = [
            (base, stranger, self._trace(base, stranger.subject))
            for base in self._all_bases()
            for stranger in strangers(base.subject, base.profile)
            if stranger.who in who
        ]
        if not tried:
            raise NotReadError("nothing is known of the issuer's subjects that another one could be made from")
        passed = [
            opening
            for base, stranger, trace in tried
            if self._accepted(trace)
            for opening in self._openings(base, stranger, trace)
        ]
        return self._concluded(passed, (trace for _, _, trace in tried))

    def names_alike(self) -> list[Opening]:
        """Accepted names of tenants, teams and workloads that merely begin like the intended name."""
        openings = self._alike(("longer",), names_only=True)
        return [opening for opening in openings if opening.operator != "contains"]

    def values_alike(self) -> list[Opening]:
        """Values that contains() accepts besides the intended value, whose end the condition does not fix."""
        conditions = [self._trace(base, base.subject).detail.get("condition") for base in self._all_bases()]
        calls = (node.function for condition in conditions if condition is not None for node in condition.walk())
        if "contains" not in calls:
            return []
        openings = self._alike(("longer", "key"), names_only=False)
        return [opening for opening in openings if opening.operator == "contains"]

    def vacuous(self) -> list[Opening]:
        """Clauses of the trust policy that hold because a token lacks the claim whose values they test."""
        self._policy()
        holding: dict[str, Opening] = {}
        for base in self._all_bases():
            complete = self._trace(base, base.subject)
            keys = condition_keys(base.profile, base.issuer)
            claims = {_claim(key) for _, name, key in _keys(complete) if name.lower().startswith("forallvalues")}
            for claim in ("", *sorted(claims)):
                trace = evaluate(as_stranger(base.case, base.subject, lacking=claim)) if claim else complete
                if not self._accepted(trace):
                    continue
                for statement, _, key in _keys(trace, applied=True):
                    single = keys.get(_claim(key), "single") != "multi" and "." in key.name.rpartition(":")[0]
                    if key.reason == "vacuous" and single and key.pointer not in holding:
                        is_claim = key.name.lower() == f"{base.issuer}:{claim}".lower()
                        holding[key.pointer] = Opening(
                            base.subject,
                            "anyone",
                            claim if is_claim else "",
                            _name(statement),
                            key.name,
                            "ForAllValues",
                            self._policy().at(key.pointer),
                            base.customers,
                        )
        return list(holding.values())

    # The subjects that strangers are derived from

    def _all_bases(self) -> list[_Base]:
        if not self._bases:
            self._bases = list(self._derive_bases())
        return self._bases

    def _derive_bases(self) -> Iterator[_Base]:
        token_issuer = _address(self.case.token.claims.get("iss"))
        for issuer in self._trusted() or [token_issuer or ""]:
            case = self.case
            if token_issuer and token_issuer.lower() != issuer.lower():
                profile = profile_for(issuer)
                token = Token("decoded", {}, None, complete=False, origin=case.token.origin, recorded=True)
                case = case._replace(token=token, profile=profile)
            yield from self._bases_of(self._completed(case, issuer), issuer)

    def _bases_of(self, case: Case, issuer: str) -> Iterator[_Base]:
        profile, subject = case.profile, case.token.subject
        if profile is not None:
            parts = profile.parse_subject(subject).segments if subject else ()
            if not any(part.known for part in parts):
                subject = example(profile)
        if not subject:
            return
        base = _Base(case, issuer, subject)
        yield base
        subjects = [subject]
        for seed in self._seeds(base) if profile is not None else ():
            other = overlaid(subject, seed, profile)
            if other not in subjects and len(subjects) < _MOST_BASES:
                subjects.append(other)
                yield _Base(case, issuer, other)

    def _completed(self, case: Case, issuer: str) -> Case:
        """The case with an issuer and an audience that the provider accepts, where its token has none."""
        claims = dict(case.token.claims)
        claims.setdefault("iss", f"https://{issuer}")
        profile, evidence = case.profile, case.evidence
        if "aud" not in claims:
            ids: Any = ()
            if self.cloud == "gcp":
                ids = self._provider().allowed_audiences
            elif evidence.aws and isinstance(evidence.aws.provider, AwsOidcProvider):
                ids = evidence.aws.provider.client_ids if _address(evidence.aws.provider.url) == issuer else ()
            fixed = (profile.audience.fixed, profile.audience.aws, profile.audience.google) if profile else ()
            audiences = [*(ids if isinstance(ids, tuple) else ()), *fixed]
            literal = [audience for audience in audiences if audience and "{" not in audience]
            claims |= {"aud": literal[0]} if literal else {}
        return case._replace(token=case.token._replace(claims=claims))

    def _trusted(self) -> list[str]:
        """The issuers that the configuration trusts, without scheme."""
        from oidc_doctor.judge.aws.arns import federated, split_provider  # late: one cloud does not load the other's

        if self.cloud == "gcp":
            issuer = _address(self._provider().issuer_uri)
            return [issuer] if issuer else []
        providers = [split_provider(arn) for arn, _ in federated(self._policy().value)]
        return list(dict.fromkeys(provider[2] for provider in providers if provider))

    def _seeds(self, base: _Base) -> list[str]:
        """The texts of the configuration that a subject is compared with."""
        if self.cloud == "aws":
            keys = [key for _, _, key in _keys(self._trace(base, base.subject)) if _claim(key) == "sub"]
            return [value.expected for key in keys for value in key.children if isinstance(value.expected, str)]
        texts = _literals(self.condition)
        return [base.profile.grammar.separator.join(texts), *texts] if base.profile and len(texts) > 1 else texts

    # Evaluating

    def _trace(self, base: _Base, subject: str) -> Trace:
        key = (base.issuer, subject)
        if key not in self._traces:
            self._traces[key] = evaluate(as_stranger(base.case, subject))
        return self._traces[key]

    def _accepted(self, trace: Trace) -> bool | None:
        """Whether trust policy, or condition and mapping, accept; None where that is not known."""
        if self.cloud == "aws":
            return {PASSED: True, REFUSED: False}.get(trace.step("authorise").state)
        condition, mapping = trace.step("condition").state, trace.step("mapping").state
        if REFUSED in (condition, mapping):
            return False
        return True if condition == PASSED else None

    def _alike(self, who: tuple[Who, ...], *, names_only: bool) -> list[Opening]:
        """Accepted values that resemble the base's, of segments of which another value is refused."""
        alike: list[Opening] = []
        tried: list[Trace] = []
        for base in self._all_bases():
            candidates = strangers(base.subject, base.profile)
            for stranger in candidates:
                if stranger.who not in who or (names_only and stranger.segment not in _names_of(base.profile)):
                    continue
                trace = self._trace(base, stranger.subject)
                if stranger.who != "key":  # its segment is none of the issuer's, so its claims are unknown
                    tried.append(trace)
                if not self._accepted(trace) or self._is_listed(base, stranger):
                    continue
                other = next(
                    candidate
                    for candidate in candidates
                    if candidate.who == "other" and candidate.segment == stranger.segment
                )
                against = self._trace(base, other.subject)
                if self._accepted(against) is False and not (names_only and self._is_scheme(base, stranger.segment)):
                    alike += self._openings(base, stranger, trace, against)
        return self._concluded(alike, tried)

    def _is_listed(self, base: _Base, stranger: Stranger) -> bool:
        """Whether a longer name is accepted for being written in a list, where no other longer name is."""
        if stranger.who != "longer" or base.profile is None:
            return False
        value = base.profile.parse_subject(base.subject).value(stranger.segment) or ""
        probe = with_value(base.subject, base.profile, stranger.segment, value + _PROBE)
        return self._accepted(self._trace(base, probe)) is False

    def _is_scheme(self, base: _Base, segment: str) -> bool:
        """Whether the accepted names share a beginning that ends as prefixes of names do, inside one tenant."""
        in_tenant = base.profile is not None and segment != base.profile.tenancy.tenant
        return in_tenant and self._beginning(base, segment).endswith(_JOINTS)

    def _beginning(self, base: _Base, segment: str) -> str:
        """The shortest beginning of the segment's value with which it is accepted, whatever follows."""
        if base.profile is None:
            return ""
        value = base.profile.parse_subject(base.subject).value(segment) or ""
        low, high = 0, len(value)
        while low < high:
            middle = (low + high) // 2
            probe = with_value(base.subject, base.profile, segment, value[:middle] + _PROBE)
            low, high = (low, middle) if self._accepted(self._trace(base, probe)) else (middle + 1, high)
        return value[:low]

    def _concluded(self, openings: list[Opening], tried: Iterable[Trace]) -> list[Opening]:
        """The first opening of each clause. NotReadError where there is none and an answer is unknown."""
        if not openings:
            for trace in tried:
                if self._accepted(trace) is None:
                    raise NotReadError(f"whether a synthetic subject is accepted depends on {_open_question(trace)}")
        by_clause: dict[tuple[str, str, str], Opening] = {}
        for opening in openings:
            by_clause.setdefault((opening.clause, opening.pattern, opening.segment), opening)
        return list(by_clause.values())

    def _openings(
        self, base: _Base, stranger: Stranger, trace: Trace, against: Trace | None = None
    ) -> Iterator[Opening]:
        """Yield the clauses that accept the stranger."""
        about = Opening(stranger.subject, stranger.who, stranger.segment.replace("_", " "), customers=base.customers)
        if self.cloud == "gcp":
            provider = self._provider()
            node = _deciding(trace, against) if against else None
            text, function = (node.text, node.function or node.op) if node else (self.condition, "")
            bindings = {PASSED: True, ASSUMED: True, REFUSED: False}.get(trace.step("impersonate").state)
            at = provider.document.at("/attributeCondition") if text else provider.document.at()
            whole = self._whole(base, stranger.segment, node) if node and function == "contains" else ""
            yield about._replace(pattern=text, operator=function, at=at, bound=bindings, whole=whole)
            return
        policy = self._policy()
        for statement in _allowing(trace):
            texts = [
                (value.name, name, value.pointer)
                for applied, name, key in _keys(trace, applied=True)
                if applied is statement and _claim(key) == "sub" and _asks(name)
                for value in key.children
                if value.result
            ]
            for text, name, pointer in texts or [("", "", statement.pointer)]:
                yield about._replace(clause=_name(statement), pattern=text, operator=name, at=policy.at(pointer))

    def _whole(self, base: _Base, segment: str, call: CelNode) -> str:
        """The expression that asks for the whole segment where this call of contains() asks for a part of it."""
        if base.profile is None:
            return ""
        parsed = base.profile.parse_subject(base.subject)
        part = next(part for part in parsed.segments if part.name == segment)
        beginning, separator = self._beginning(base, segment), base.profile.grammar.separator
        operand = call.children[0]
        if separator not in str(operand.value):  # a claim, or an attribute mapped from it, that holds the segment alone
            return f"{operand.text} == '{beginning}'"
        text = parsed.text[part.start : part.value_start] + beginning
        if part.end == len(parsed.text):
            return f"{operand.text}.endsWith('{separator}{text}')"
        if not part.start:
            return f"{operand.text}.startsWith('{text}{separator}')"
        return f"{operand.text}.contains('{separator}{text}{separator}')"

    # The configuration as read

    def _policy(self) -> Document:
        aws = self.case.evidence.aws
        role = aws.role if aws and self.cloud == "aws" else _NONE
        policy = role.trust_policy if isinstance(role, Role) else role
        if isinstance(policy, Missing):
            raise NotReadError(f"{policy.what}: {policy.reason}")
        return policy

    def _provider(self) -> GcpProvider:
        gcp = self.case.evidence.gcp
        provider = gcp.provider if gcp and self.cloud == "gcp" else _NONE
        if isinstance(provider, Missing):
            raise NotReadError(f"{provider.what}: {provider.reason}")
        return provider


def _address(issuer: object) -> str:
    """An issuer as IAM writes it: without scheme, and without a slash at its end."""
    return issuer.removeprefix("https://").rstrip("/") if isinstance(issuer, str) else ""


def _names_of(profile: Profile | None) -> tuple[str | None, ...]:
    """The segments that name a tenant, a team or a workload."""
    if profile is None:
        return ()
    return (profile.tenancy.tenant, profile.tenancy.team, *profile.tenancy.names)


# --- the judge's traces ----------------------------------------------------------------------------------------------


def _allowing(trace: Trace) -> list[Node]:
    """The Allow statements that apply."""
    policy = trace.detail.get("policy")
    statements = policy.children if policy else ()
    return [statement for statement in statements if statement.expected == "Allow" and statement.result]


def _keys(trace: Trace, *, applied: bool = False) -> Iterator[tuple[Node, str, Node]]:
    """Yield statement, operator and key of each condition of the Allow statements; `applied`: of those that apply."""
    policy = trace.detail.get("policy")
    for statement in policy.children if policy else ():
        if statement.expected != "Allow" or (applied and not statement.result):
            continue
        for clause in statement.children:
            if clause.level == "operator":
                yield from ((statement, clause.name, key) for key in clause.children)


def _claim(key: Node) -> str:
    return key.name.rpartition(":")[2].lower()


def _name(statement: Node) -> str:
    index = statement.pointer.rpartition("/")[2]
    return f"Statement[{index if index.isdigit() else 0}]"


def _asks(name: str) -> bool:
    """Whether the operator asks for a value, rather than forbidding one or asking for presence."""
    from oidc_doctor.iam.operators import operator  # late: a report on Google alone does not load IAM

    how = operator(name)
    return how is not None and not how.negated and not name.lower().startswith("null")


def _deciding(trace: Trace, against: Trace) -> CelNode | None:
    """The comparison of the condition that is true of `trace` and false of `against`; the whole condition else."""
    node: CelNode | None = trace.detail.get("condition")
    other = against.detail.get("condition")
    if node is None or other is None:
        return None
    false = {(part.start, part.end) for part in other.walk() if part.evaluated and part.value is False}
    for part in node.walk():
        plain = part.op not in ("and", "or", "not", "conditional")
        if plain and part.evaluated and part.value is True and (part.start, part.end) in false:
            return part
    return node


def _literals(condition: str) -> list[str]:
    """The texts that a condition compares with, in its order."""
    from oidc_doctor import cel

    try:
        waiting = [cel.compile(condition).tree] if condition else []
    except cel.CelError:
        return []
    texts: list[str] = []
    while waiting:
        expr = waiting.pop()
        if expr.op == "literal" and isinstance(expr.value, str) and expr.value:
            texts.append(expr.value)
        waiting.extend(reversed(expr.children))
    return list(dict.fromkeys(texts))


def _open_question(trace: Trace) -> str:
    """Name the keys and claims that the answer depends on, as the configuration writes them."""
    names = [key.name for _, _, key in _keys(trace) if key.result is None]
    node = trace.detail.get("condition")
    if node is not None and node.error is not None and node.error.path:
        names.append(str(node.error.path))
    return f"the value of {', '.join(dict.fromkeys(names))}" if names else "what was not read"
