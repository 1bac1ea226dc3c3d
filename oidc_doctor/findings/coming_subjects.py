"""Find subjects that pass now, and that the same configuration refuses in the coming form of their issuer.

The issuer's profile has the change, the judge decides on both forms. Ids come from the token's claims, or from logged
subjects of the coming form; an id that no evidence names is a placeholder, never a wildcard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.checkkit import NotReadError
from oidc_doctor.commands import command
from oidc_doctor.findings.coming_lines import Accepted, accepting, with_lines
from oidc_doctor.findings.fixes.documents import changes, objections, rows_of
from oidc_doctor.findings.reach import reach_of
from oidc_doctor.findings.saved_token import with_new_token
from oidc_doctor.findings.strangers import OtherToken, as_stranger, other_tokens, refuses_token
from oidc_doctor.issuers.characters import listed
from oidc_doctor.issuers.coming import ComingForm, coming_form
from oidc_doctor.issuers.strangers import changed
from oidc_doctor.judge import evaluate
from oidc_doctor.model.early import ComingSubject, Line
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Side
from oidc_doctor.model.report import FixRow, Tried
from oidc_doctor.model.steps import PASSED, REFUSED

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.events import Signature
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.refusal import Trace
    from oidc_doctor.model.steps import Cloud

_DECIDING = {"aws": ("authorise",), "gcp": ("condition", "mapping")}
# Steps that must not refuse the subject now: what refuses it anyway does not stop working.
_BEFORE = {"aws": ("provider", "audience"), "gcp": ("target", "issuer", "audience", "impersonate")}
_OF_SUBJECT = {"aws": ("authorise",), "gcp": ("condition", "mapping", "impersonate")}
_WORDS = {
    "authorise": "trust policy",
    "condition": "attribute condition",
    "mapping": "attribute mapping",
    "impersonate": "allow policy of the service account",
}
_LATELY = 30 * 86_400  # seconds: an older attempt does not show that a workload is still in use
_MOST_SUBJECTS = 20  # distinct subjects that are judged, each in both forms
_MOST_LOGGED = 400  # distinct logged subjects that are looked at, the newest first
_SIGNS = set("*?$'\"\\")  # characters that are special in a pattern or a quoted string
_WORD = re.compile(r"\w+")
_SAMPLE = 9_000_000_001  # the first of the ids that a proof uses for unknown ones


class _Ids(NamedTuple):
    """The values of the added segments for one subject, in three spellings."""

    written: dict[str, str]  # for people: 1234, or OWNER_ID where it is unknown
    judged: dict[str, str]  # for the judge: 1234, or <owner_id>, which may be any value
    proven: dict[str, str]  # for a proof: 1234, or an id that no one has

    @property
    def unknown(self) -> list[str]:
        """The placeholders."""
        return [text for name, text in self.written.items() if text != self.judged[name]]


class _Refused(NamedTuple):
    """A subject that passes now, and that is refused in the coming form."""

    subject: str
    seen_in: str
    ids: _Ids
    now: Case
    trace: Trace
    coming: Trace


class _Proof(NamedTuple):
    """A proven edit, and the number of strangers that it was tried on."""

    evidence: TargetEvidence
    lines: tuple[Line, ...]
    tried: int


class ComingSubjects:
    """Answers for one exchange. `refused` raises NotReadError: no answer rests on missing evidence."""

    def __init__(self, case: Case, signatures: Sequence[Signature]) -> None:
        self.case = with_new_token(case._replace(readings=()))
        self.signatures = signatures
        self._broken: list[_Refused] | None = None
        self._placeholders: dict[tuple[str, ...], str] = {}  # by segment and the names before it
        self._proofs: list[_Proof | None] = []  # at most one
        self._switched: list[str] | None = None  # logged subjects of the coming form

    @property
    def cloud(self) -> Cloud:
        """The cloud of the exchange."""
        return self.case.cloud

    @property
    def resource(self) -> str:
        """The role's ARN, or the provider's name; empty if unknown."""
        return reach_of(self.case).resource

    def refused(self) -> ComingSubject | None:
        """Return the first subject that the coming form breaks, with the lines for all of them; None without any."""
        form, broken = self._form(), self._refused()
        if not broken:
            return None
        first, proof = broken[0], self._proof()
        coming = form.write(first.subject, first.ids.written)
        step = next(step for step in _OF_SUBJECT[self.cloud] if first.coming.step(step).state == REFUSED)
        wanted = proof.lines[0].text if proof is not None else coming
        return ComingSubject(
            first.subject,
            first.seen_in,
            coming,
            Side(wanted, None, form.marks(wanted, first.ids.written)),
            accepting(self.case, self._accepted(first, first.ids.written)),
            _WORDS[step],
            form.profile.title,
            form.change.coming,
            form.change.since,
            proof.lines if proof is not None else (),
            self._unknown(),
            self._commands(),
            _size(first),
            len(broken) - 1,
        )

    def rows(self, code: str) -> list[FixRow]:
        """Return the rows of the proven edit, one per document; empty without a proof."""
        proof = self._proof()
        if proof is None:
            return []
        unknown = self._unknown()
        words = ["the coming form passes after this change, the present one still does"]
        words.append(f"{proof.tried} synthetic tokens of other names, ids, issuers and audiences are still refused")
        if unknown:
            words.append(f"it was tried with synthetic values of {listed(unknown)}")
        documents = changes(self.case.evidence, proof.evidence)
        rows = rows_of(documents, [code], "add", ", ".join(words), Tried(proof.tried, 0, 0, 0))
        for row in rows:
            row.gaps = [*row.gaps, *unknown]
        return rows

    def _unknown(self) -> tuple[str, ...]:
        """Return the placeholders of the proven lines."""
        proof = self._proof()
        words = {word for line in proof.lines for word in _WORD.findall(line.text)} if proof is not None else set()
        return tuple(dict.fromkeys(text for part in self._refused() for text in part.ids.unknown if text in words))

    def _commands(self) -> tuple[str, ...]:
        """Return the commands that print the unknown ids."""
        form, unknown = self._form(), set(self._unknown())
        subjects = [part.subject for part in self._refused() if unknown & set(part.ids.unknown)]
        commands = dict.fromkeys(command(*form.find(subject)) for subject in subjects if form.change.find)
        return tuple(commands) if all(commands) else ()

    # Deciding

    def _form(self) -> ComingForm:
        profile = self.case.profile
        if profile is None:
            raise NotReadError("the form of the issuer's subjects is not known")
        issuer = self.case.token.claims.get("iss") or self.case.evidence.target.issuer
        form = coming_form(profile, issuer if isinstance(issuer, str) else None)
        if form is None:
            raise NotReadError(f"no other form of the subjects of {profile.title} is known to be coming")
        return form

    def _refused(self) -> list[_Refused]:
        if self._broken is None:
            own = self.case.token.subject
            # in an order of their own: which of them the logs show first differs from run to run
            self._broken = sorted(self._judged(self._form()), key=lambda part: (part.subject != own, part.subject))
        return self._broken

    def _judged(self, form: ComingForm) -> Iterator[_Refused]:
        candidates = list(self._candidates(form))[:_MOST_SUBJECTS]
        passing = refused = unknown = 0
        for subject, seen_in in candidates:
            now = self._with(subject)
            trace = evaluate(now)
            if not self._passes(trace):
                continue
            passing += 1
            ids = self._ids(subject, form)
            coming_subject = form.write(subject, ids.judged)
            coming = evaluate(self._with(coming_subject, former=subject, pasted=bool(ids.unknown)))
            if any(coming.step(step).state == REFUSED for step in _OF_SUBJECT[self.cloud]):
                refused += 1
                yield _Refused(subject, seen_in, ids, now, trace, coming)
            elif any(coming.step(step).state != PASSED for step in _DECIDING[self.cloud]):
                unknown += 1
        if unknown and not refused:
            raise NotReadError("whether the coming form of the subject is accepted depends on what was not read")
        if candidates and not passing:
            raise NotReadError("no subject of the present form is known to pass now")

    def _passes(self, trace: Trace) -> bool:
        decided = all(trace.step(step).state == PASSED for step in _DECIDING[self.cloud])
        return decided and not any(trace.step(step).state == REFUSED for step in _BEFORE[self.cloud])

    def _candidates(self, form: ComingForm) -> Iterator[tuple[str, str]]:
        """Yield the subjects of the present form: the token's, then those accepted in the logs of the last 30 days."""
        token = self.case.token
        places: dict[str, str] = {}
        if token.subject:
            places[token.subject] = "logged" if token.kind == "event" else "token's"
        logged = (
            subject
            for signature in self.signatures
            if signature.sample.outcome == "accepted" and signature.last_seen >= self.case.at - _LATELY
            for subject in (signature.sample.subject, *signature.subjects)
            if subject
        )
        for subject in islice(logged, _MOST_LOGGED):
            places.setdefault(subject, "logged")
        if not places:
            raise NotReadError("no subject was read, of a token or in the logs")
        switched = [form.names(subject) for subject in self._logged_in_coming_form(form)]
        of_form = [
            subject
            for subject in places
            if subject.isprintable()
            and not _SIGNS & set(subject)
            and not form.has(subject)
            and len(form.names(subject)) == len(form.change.adds)
        ]
        current = [subject for subject in of_form if form.names(subject) not in switched]
        if of_form and not current:
            raise NotReadError("the logs show the subject in the coming form already")
        if not of_form and not any(form.has(subject) for subject in places):
            raise NotReadError("the coming form of the subject is not known")
        yield from ((subject, places[subject]) for subject in current)

    def _logged_in_coming_form(self, form: ComingForm) -> list[str]:
        """Return logged subjects of the coming form: accepted, or refused by AWS, which logs verified tokens alone."""
        if self._switched is None:
            subjects = dict.fromkeys(
                signature.sample.subject or ""
                for signature in self.signatures
                if signature.sample.outcome == "accepted" or self.cloud == "aws"
            )
            self._switched = [subject for subject in islice(subjects, _MOST_LOGGED) if form.has(subject)]
        return self._switched

    # Ids

    def _ids(self, subject: str, form: ComingForm) -> _Ids:
        names = list(form.names(subject).items())
        ids = _Ids({}, {}, {})
        for number, added in enumerate(form.added.values(), 1):
            value = self._id(added, dict(names[:number]), form)
            key = (added, *(name for _, name in names[:number]))
            if not value and key not in self._placeholders:
                taken = sum(other[0] == added for other in self._placeholders)
                self._placeholders[key] = added.upper() + (f"_{taken + 1}" if taken else "")
            placeholder = self._placeholders.get(key, "")
            ids.written[added] = value or placeholder
            ids.judged[added] = value or f"<{placeholder.lower()}>"
            ids.proven[added] = value or str(_SAMPLE + list(self._placeholders).index(key))
        return ids

    def _id(self, added: str, names: dict[str, str], form: ComingForm) -> str:
        """Return the id of the last of these names, from the token's claims or a logged subject; empty if unknown."""
        token = self.case.token
        if token.subject and names.items() <= form.names(token.subject).items():
            for claim, template in form.profile.implied:
                value = token.claims.get(claim)
                if template == f"{{{added}}}" and _is_id(value):
                    return str(value)
        for subject in self._logged_in_coming_form(form):
            value = form.profile.parse_subject(subject).value(added)
            if names.items() <= form.names(subject).items() and value and _is_id(value):
                return value
        return ""

    # Cases

    def _with(self, subject: str, *, former: str = "", pasted: bool = False) -> Case:
        """Return the case with this subject. `former` is its present form, by which the token's claims are known.

        The token's own claims are known in full; of a logged subject only those that follow from it. `pasted`: its
        placeholders may be any value.
        """
        own = self.case.token
        if (former or subject) == own.subject:
            case = self.case._replace(token=own._replace(claims={**own.claims, "sub": subject}))
        else:
            case = as_stranger(self.case, subject)._replace(explain=True)
        token = case.token
        if pasted:
            token = token._replace(kind="decoded", recorded=False, complete=token.complete or token.kind == "jwt")
        return case._replace(token=token, traced=True)

    # Proof

    def _accepted(self, part: _Refused, ids: dict[str, str]) -> Accepted:
        form = self._form()
        own = form.names(part.subject)

        def write(text: str, closed: bool) -> str:
            names = form.names(text)
            if any(value != own[name] and not value.endswith("*") for name, value in names.items()):
                return ""  # another workload, which has other ids
            return form.write(text, ids, closed=closed)

        return Accepted(part.trace, part.coming, write)

    def _proof(self) -> _Proof | None:
        """Return the edit that makes every coming form pass, if it admits no stranger who is refused now."""
        if not self._proofs:
            self._proofs.append(self._proven())
        return self._proofs[0]

    def _proven(self) -> _Proof | None:
        parts, form = self._refused(), self._form()
        evidence, lines = with_lines(self.case, [self._accepted(part, part.ids.written) for part in parts])
        sample, _ = with_lines(self.case, [self._accepted(part, part.ids.proven) for part in parts])
        if not lines or objections(self.case.evidence, evidence):
            return None
        tried = 0
        for part in parts:
            coming = form.write(part.subject, part.ids.proven)
            edited, before = (
                case._replace(evidence=sample._replace(issuer=case.evidence.issuer))
                for case in (self._with(coming, former=part.subject), part.now)
            )
            if not self._passes(evaluate(edited)) or not self._passes(evaluate(before)):
                return None
            for stranger in _strangers(edited, coming, part):
                former = stranger._replace(subject=form.former(stranger.subject, part.ids.proven))
                if refuses_token(part.now, former):
                    if not refuses_token(edited, stranger):
                        return None
                    tried += 1
        return _Proof(evidence, tuple(lines), tried)


def _strangers(edited: Case, coming: str, part: _Refused) -> Iterator[OtherToken]:
    """Yield synthetic tokens of the coming form, with the bearers of other and longer ids among them."""
    yield from other_tokens(edited)
    parsed = edited.profile.parse_subject(coming)
    for name, value in part.ids.proven.items():
        for other in (f"{value}9", f"9{value}", value[:-1] or "0"):
            yield OtherToken(f"another {name}", changed(parsed, {name: other}))


def _size(part: _Refused) -> str:
    """Return the bytes of google.subject in the coming form, in words; empty if the limit is no cause."""
    over = [refusal for refusal in part.coming.refusals if refusal.kind is Kind.SUBJECT_OVER_LIMIT]
    if not over:
        return ""
    hidden = sum(len(part.ids.judged[name]) - 1 for name, text in part.ids.written.items() if text in part.ids.unknown)
    return f"{'at least ' if hidden else ''}{int(over[0].fact('bytes')) - hidden} bytes"


def _is_id(value: object) -> bool:
    return (
        isinstance(value, str | int) and not isinstance(value, bool) and str(value).isascii() and str(value).isalnum()
    )
