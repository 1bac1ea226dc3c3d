"""The evaluators' result: the decision step by step, with a Refusal if a step refuses or may refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from oidc_doctor.model.access import AccessDecision
from oidc_doctor.model.document import Origin
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.steps import Cloud, State


class Side(NamedTuple):
    """A side of a difference: the exact value, where it was read, and the character spans that differ."""

    value: str
    at: Origin | None = None
    spans: tuple[tuple[int, int], ...] = ()


class Clause(NamedTuple):
    """The clause of a policy, binding or expression that decides. `str()` shows it in the cloud's terms.

    A condition of a trust policy has `statement`, `operator` and `key`. Every other clause has its `names`, from the
    outside in: an element (Principal, Federated), a role and its member, a parameter, the text of an expression.
    """

    names: tuple[str, ...] = ()
    statement: int | None = None  # the index in the policy's Statement
    operator: str = ""
    key: str = ""
    document: str = ""  # the file, if not the trust policy: a resource control policy

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the parts that are shown, from the outermost to the innermost."""
        statement = "" if self.statement is None else f"Statement[{self.statement}]"
        return tuple(filter(None, (self.document, statement, *self.names, self.operator, self.key)))

    def __str__(self) -> str:
        """Format as `Statement[0] · StringLike · oidc.baseten.co:sub`."""
        return " · ".join(self.parts)


NO_CLAUSE = Clause()


class CloudError(NamedTuple):
    """The error as on the wire, without an SDK's prefix. `certain` is False if the text is not verified."""

    code: str
    message: str
    certain: bool = True


class Refusal(NamedTuple):
    """A reason why a step refuses, or (not `certain`) may refuse.

    `facts` are the values for the sentences, by name; values come from tokens and policies and are not escaped.
    `rank` orders refusals inside one step: lower first.
    """

    cloud: Cloud
    step: str
    kind: Kind
    expected: Side | None = None
    actual: Side | None = None
    certain: bool = True  # False: a value that the clause uses is unknown, so this is a suspicion
    clause: Clause = NO_CLAUSE
    where: Origin | None = None  # the origin of the clause
    facts: Mapping[str, str] = MappingProxyType({})
    error: CloudError | None = None
    settle: str = ""  # the evidence that would settle a suspicion
    rank: int = 0
    named_by_error: bool = False  # the observed sentence itself names this fault

    def fact(self, name: str, default: str = "") -> str:
        """Return a fact by name."""
        return self.facts.get(name, default)


@dataclass
class StepResult:
    """The outcome of one step. `note` is a few plain words; `at` is the fact that decided."""

    id: str
    state: State
    note: str = ""
    at: Origin | None = None
    refusals: list[Refusal] = field(default_factory=list)


@dataclass
class Trace:
    """The evaluated exchange: the judge's complete result for one Case."""

    cloud: Cloud
    steps: list[StepResult]
    assumed: list[str]
    detail: dict[str, Any]  # JSON: the policy's or the expressions' own trace
    mapped: dict[str, str] = field(default_factory=dict)  # Google: mapped attributes, google.subject first
    unseen: set[Kind] = field(default_factory=set)  # kinds that the available evidence could not show
    accesses: list[AccessDecision] = field(default_factory=list)  # decisions on the workload's later calls

    def step(self, name: str) -> StepResult:
        """Return the result of one step."""
        return next(result for result in self.steps if result.id == name)

    @property
    def refusals(self) -> list[Refusal]:
        """Return all refusals in step order."""
        return [refusal for result in self.steps for refusal in result.refusals]
