"""Write a file of expectations from what a trust accepts now.

An entry is a subject that the logs show accepted, or that of a token that was given, and that the configuration accepts
now; it is never generalised. Every table is judged before it is written, and what is not met becomes a comment, so that
the file holds on the same evidence.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.documents.expect_file import Expectation, ExpectedToken, parse_expectations
from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.examine.assemble import accepted_subjects
from oidc_doctor.expect.audiences import accepted_with, audiences_of
from oidc_doctor.expect.outsiders import Outsiders
from oidc_doctor.expect.reasons import missing_claims
from oidc_doctor.expect.run import judge_table
from oidc_doctor.expect.strangers import is_base
from oidc_doctor.expect.tokens import tokens_of
from oidc_doctor.model.secret_texts import contains_secret
from oidc_doctor.model.steps import CLOUDS

if TYPE_CHECKING:
    from oidc_doctor.expect.audiences import Judged as Answer
    from oidc_doctor.expect.targets import ExpectTarget
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.document import Json
    from oidc_doctor.model.evidence import Token
    from oidc_doctor.model.expectations import ExpectationResult
    from oidc_doctor.model.steps import Cloud

_MOST = 20  # accepted subjects of a target and cloud
_MOST_TRIED = 200
_MOST_REFUSED, _MOST_OF_KIND = 12, 2  # strangers of a table, and of one kind
_LONGEST = 512  # characters of a value that is written
_HEAD = """\
# Expectations of a trust, written by oidc-doctor expect --learn from what its configuration accepts now.
# Read each entry: the configuration may accept more now than you intend. oidc-doctor expect judges this file.
"""


class _Source(NamedTuple):
    """A subject, with claims of its token, and where it was seen."""

    subject: str
    claims: dict[str, Json]
    seen: str


class _Entry(NamedTuple):
    """An entry that is accepted now: a subject, or the claims that the decision needs besides."""

    token: ExpectedToken
    case: Case
    audience: str  # "" where the file need not name it
    seen: str


class Learnt(NamedTuple):
    """The text of a file of expectations. `tables` is their number: without any the text is no such file."""

    text: str
    tables: int
    dropped: tuple[str, ...]  # subjects that were seen and are no expectation, each with the reason


def learnt(targets: Sequence[ExpectTarget]) -> Learnt:
    """Return a file of expectations with a table for each target that accepts a subject now."""
    parts, dropped, count = [_HEAD.rstrip("\n")], [], 0
    for target in targets:
        for case in target.cases:
            name = target.name if len(targets) > 1 else ""
            if len(target.cases) > 1:  # a table on both clouds would expect the subject of one in the other
                name = target.resource(case.cloud) or name
            of_target = _OfTarget(target, case, name)
            tables = of_target.tables()
            count += len(tables)
            dropped += of_target.dropped
            parts += [*tables, *of_target.comments()]
    return Learnt("\n\n".join(parts) + "\n", count, tuple(dropped))


class _OfTarget:
    """The tables of a target in one cloud."""

    def __init__(self, target: ExpectTarget, case: Case, name: str) -> None:
        self.target = target
        self.case = case
        self.name = name  # in the file; "" where there is one target
        self.dropped: list[str] = []

    def tables(self) -> list[str]:
        entries: list[_Entry] = []
        for source in list(_sources(self.target, self.case.cloud))[:_MOST_TRIED]:
            entry = self._entry(source)
            if entry is not None:
                entries.append(entry)
            if len(entries) >= _MOST:
                break
        by_audience: dict[str, list[_Entry]] = {}
        for entry in entries:
            by_audience.setdefault(entry.audience, []).append(entry)
        texts = (self._table(audience, rows) for audience, rows in by_audience.items())
        return [text for text in texts if text]

    def _entry(self, source: _Source) -> _Entry | None:
        """Return the entry of a subject that is accepted now; None notes why it is none."""
        claims: dict[str, Json] = {}
        for _ in range(8):  # a claim may be needed only once another has a value
            token = ExpectedToken(claims={"sub": source.subject, **claims}) if claims else ExpectedToken(source.subject)
            draft = tokens_of(token, self.case.evidence, "")
            if len(draft.tokens) != 1:
                break
            case = self.case._replace(token=draft.tokens[0], profile=draft.profile, explain=True)
            answer = self._answer(case, source)
            decision = answer.decision
            if decision.prediction == "accepted":
                is_named = answer.audience.source in ("file", "policy", "listed")
                named = (answer.audience.value if is_named else "") or ""
                return _Entry(token, decision.case, named if _is_written(named) else "", source.seen)
            if decision.prediction == "refused":
                self.dropped.append(f"{source.subject} ({source.seen}): {CLOUDS[case.cloud]} refuses it now")
                return None
            needed = {name: source.claims[name] for name in missing_claims(decision) if name in source.claims}
            needed = {name: value for name, value in needed.items() if isinstance(value, str) and _is_written(value)}
            if not needed:
                break
            claims |= needed
        self.dropped.append(f"{source.subject} ({source.seen}): the evidence does not show whether it is accepted now")
        return None

    def _answer(self, case: Case, source: _Source) -> Answer:
        audiences = audiences_of(case)
        own = source.claims.get("aud")
        if isinstance(own, str) and own not in [audience.value for audience in audiences]:
            audiences = audiences_of(case, own)
        return accepted_with(case, audiences)

    def _table(self, audience: str, entries: list[_Entry]) -> str:
        """Return a table that is met; "" if no subject of it is."""
        strangers = list(self._refused(entries))
        table = Expectation(
            target=self.name,
            accepted=tuple(entry.token for entry in entries),
            refused=tuple(token for token, _ in strangers),
            strangers=True,
            audience=audience,
        )
        results = list(judge_table(table, self.target, self.case))
        met = {(row.expects, row.written) for row in results if row.outcome == "met"}
        accepted = [entry for entry in entries if ("accepted", str(entry.token)) in met]
        if not accepted:
            return ""
        refused = [row for row in strangers if ("refused", str(row[0])) in met]
        lines = [f"# {CLOUDS[self.case.cloud]}{self._resource()}", "[[expect]]"]
        lines += [f"target = {_text(table.target)}"] if table.target else []
        lines += [f"audience = {_text(audience)}"] if audience else []
        lines += _list("accepted", [(entry.token, entry.seen) for entry in accepted])
        lines += _list("refused", [(token, f"synthetic: {kind}") for token, kind in refused]) if refused else []
        lines += self._strangers(results)
        return _checked("\n".join(lines))

    def _strangers(self, results: Iterable[ExpectationResult]) -> list[str]:
        row = next(row for row in results if row.expects == "strangers")
        if row.outcome == "met":
            return ['strangers = "refused"']
        kinds = list(dict.fromkeys(stranger.who for stranger in row.strangers))
        verb = "accepts" if row.outcome == "broken" else "may accept"
        whom = f"synthetic tokens of strangers now ({', '.join(kinds)})" if kinds else "strangers"
        return [f"# {CLOUDS[self.case.cloud]} {verb} {whom}. Narrow the trust, then add:", '# strangers = "refused"']

    def _refused(self, entries: list[_Entry]) -> Iterator[tuple[ExpectedToken, str]]:
        """Yield a few strangers of each kind, with a subject of their own, and the kind: another org."""
        kinds: Counter[str] = Counter()
        bases = [entry.case for entry in entries if is_base(entry.case)]
        outsiders = Outsiders(bases, "")
        for base in bases:
            for other in outsiders.of(base):
                if other.issuer or other.audience or not _is_written(other.subject):
                    continue
                if kinds[other.who] < _MOST_OF_KIND and kinds.total() < _MOST_REFUSED:
                    kinds[other.who] += 1
                    yield ExpectedToken(other.subject), other.who

    def _resource(self) -> str:
        resource = self.target.resource(self.case.cloud) or self.target.name
        return f": {resource}" if _is_written(resource) else ""

    def comments(self) -> list[str]:
        """Return a comment on the subjects that are no expectations; none if there are none."""
        if not self.dropped:
            return []
        lines = [f"# No entry for these subjects, {CLOUDS[self.case.cloud]}{self._resource()}:"]
        return ["\n".join([*lines, *(f"#   {line}" for line in self.dropped[:_MOST] if line.isprintable())])]


def _sources(target: ExpectTarget, cloud: Cloud) -> Iterator[_Source]:
    """Yield the subjects that the logs show accepted, the newest first; without any, those of the tokens given."""
    exchanges = [exchange for exchange in target.judged if exchange.diagnosis.case.cloud == cloud]
    logged = list(dict.fromkeys(subject for exchange in exchanges for subject in accepted_subjects(exchange)))
    samples = {
        signature.sample.subject: signature.sample
        for exchange in exchanges
        for signature in reversed(exchange.signatures)
        if signature.sample.outcome == "accepted"
    }
    for subject in logged:
        if _is_written(subject):
            audience = samples[subject].audience
            yield _Source(subject, {"aud": audience} if audience else {}, "accepted in the logs")
    if logged:
        return
    for token in target.evidence.tokens:
        subject = token.subject or ""
        if _is_written(subject):
            yield _Source(subject, dict(token.claims), _given(token))


def _given(token: Token) -> str:
    return "given as a subject" if token.kind == "hypothetical" else "the token that was given"


def _is_written(text: str) -> bool:
    """Whether a value may be written to a file: printable, not long, without a secret, and no pattern."""
    return bool(text) and len(text) <= _LONGEST and text.isprintable() and "*" not in text and not contains_secret(text)


def _list(name: str, rows: list[tuple[ExpectedToken, str]]) -> list[str]:
    return [f"{name} = [", *(f"  {_token(token)},  # {seen}" for token, seen in rows), "]"]


def _token(token: ExpectedToken) -> str:
    if token.subject:
        return _text(token.subject)
    return "{ " + ", ".join(f"{_key(name)} = {_text(str(value))}" for name, value in token.claims.items()) + " }"


def _key(name: str) -> str:
    is_bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if is_bare else _text(name)


def _text(value: str) -> str:
    """Return a text of TOML: a printable one is the same in JSON."""
    return json.dumps(value, ensure_ascii=False)


def _checked(text: str) -> str:
    """Return the table, if the parser of the file reads it."""
    try:
        parse_expectations(text)
    except Unreadable:
        return ""
    return text
