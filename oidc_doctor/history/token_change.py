"""Compare an accepted token with a refused one, and their requests.

A token has changed only if it belongs to the same workload, and the new kind replaced the old kind; every other
difference means a new kind of token in addition to earlier ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.judge.times import rfc3339

if TYPE_CHECKING:
    from oidc_doctor.issuers.profile import Profile
    from oidc_doctor.logs.attempts.columns import Circumstance, Identity, SignatureKey
    from oidc_doctor.model.events import Attempt, Signature


class TokenChange(NamedTuple):
    """The difference in words and in parts. Values are as the issuer or the client wrote them."""

    what: str  # subject-form, subject, audience, claims, request
    about: str  # in words; with `values`, the text before them
    before: Attempt
    after: Attempt
    segments: tuple[tuple[str, str | None, str | None], ...] = ()  # name, before, after
    distance: int = 0  # how many parts differ
    values: tuple[tuple[str, str, str, str], ...] = ()  # words before and after each pair of values
    same_workload: bool = True  # by the issuer's grammar of subjects
    replaced: bool = False  # the old kind stopped and was replaced
    first_seen: float = 0.0  # first and last use of the new kind, accepted or not; epoch seconds
    old_last_seen: float = 0.0  # first and last use of the old kind, accepted or not

    @property
    def text(self) -> str:
        """Return the difference in words: `old → new` for a changed token, `new next to old` for two tokens."""
        between = "next to" if self.old_last_seen > self.first_seen else "after"
        pairs = (
            f"{lead}{f'{old} → {new}' if self.replaced else f'{new} {between} {old}'}{tail}"
            for lead, old, new, tail in self.values
        )
        return f"{self.about}{', '.join(pairs)}"

    def view(self) -> dict[str, Any]:
        """Return the change as the report shows it."""
        old, new = self.before, self.after
        values = (old.audience, new.audience) if self.what == "audience" else (old.subject, new.subject)
        if self.what == "request":
            values = self.segments[0][1:]
        return {
            "kind": "changed" if self.replaced else "new-kind",
            "what": self.what,
            "text": self.text,
            "from": values[0],
            "to": values[1],
            "segments": [{"name": name, "from": before, "to": after} for name, before, after in self.segments],
            "last_accepted": {"event_id": old.event_id, "time": rfc3339(old.time)},
            "first_refused": {"event_id": new.event_id, "time": rfc3339(new.time)},
            "first_seen": rfc3339(self.first_seen or new.time),
            "old_last_seen": rfc3339(self.old_last_seen or old.time),
        }

    def dated(self, first_seen: float, old_last_seen: float) -> TokenChange:
        """Return the difference with the times of both kinds: overlapping kinds are two workloads."""
        return self._replace(
            first_seen=first_seen,
            old_last_seen=old_last_seen,
            replaced=self.same_workload and old_last_seen <= first_seen,
        )


def token_change(before: Attempt, after: Attempt, profile: Profile | None) -> TokenChange | None:
    """Return the difference between two logged tokens; None if the events show no difference."""
    if before.subject != after.subject and before.subject and after.subject:
        return _of_subjects(before, after, profile)
    if before.audience != after.audience and before.audience and after.audience:
        return TokenChange("audience", f"another audience: {after.audience}", before, after, distance=1)
    if before.claims != after.claims:
        old, new = dict(before.claims), dict(after.claims)
        names = sorted({name for name, _ in set(before.claims) ^ set(after.claims)})
        parts = tuple((name, old.get(name), new.get(name)) for name in names)
        return TokenChange("claims", f"other claims: {', '.join(names)}", before, after, parts, len(parts))
    return None


# Attempt fields that a condition on the request can test.
_REQUEST = (
    ("caller", "another caller address"),
    ("region", "another region"),
    ("session_name", "another session name"),
    ("user_agent", "another client"),
    ("duration_seconds", "another duration"),
)


def request_change(before: Attempt, after: Attempt, fields: frozenset[str]) -> TokenChange | None:
    """Return the difference between the requests of two similar tokens, in these fields of an attempt."""
    parts, values = [], []
    for name, description in _REQUEST:
        sides = (getattr(before, name), getattr(after, name))
        if name in fields and sides[0] != sides[1]:
            old, new = (None if value is None else str(value) for value in sides)
            parts.append((name, old, new))
            values.append((f"{description} (", _quoted(old), _quoted(new), ")"))
    return TokenChange("request", "", before, after, tuple(parts), len(parts), tuple(values)) if parts else None


class Likeness(NamedTuple):
    """The values that identify attempts of one side's kind; None for irrelevant fields."""

    family: str | None = None
    audience: str | None = None
    subject: str | None = None
    claims: tuple[tuple[str, str], ...] | None = None
    fields: tuple[tuple[str, Any], ...] = ()  # of the request

    @property
    def by_signature(self) -> bool:
        """Whether all attempts of a signature are of one kind, or none."""
        return self.subject is None and self.claims is None and not self.fields

    def holds(self, signature: Signature) -> bool:
        """Whether attempts of a signature may be of this kind."""
        return self.family in (None, signature.family) and self.audience in (None, signature.sample.audience)

    def fits(self, key: SignatureKey, identity: Identity, circumstance: Circumstance) -> bool:
        """Whether an attempt is of this kind, by values that vary within its signature."""
        shown: dict[str, object] = {**circumstance._asdict(), "duration_seconds": key.duration_seconds}
        return (
            self.subject in (None, identity.subject)
            and self.claims in (None, identity.claims)
            and all(shown[name] == value for name, value in self.fields)
        )


def likeness(change: TokenChange, attempt: Attempt, family: str | None) -> Likeness:
    """Return what identifies attempts on this side of the difference. `family` is the attempt's signature's family."""
    if change.what == "audience":
        return Likeness(family, audience=attempt.audience)
    if change.what == "claims":
        return Likeness(family, subject=attempt.subject, claims=attempt.claims)
    if change.what == "request":
        fields = tuple((name, getattr(attempt, name)) for name, _, _ in change.segments)
        return Likeness(family, fields=fields)
    return Likeness(family)


def _of_subjects(before: Attempt, after: Attempt, profile: Profile | None) -> TokenChange:
    old, new = before.subject or "", after.subject or ""
    if profile is None:
        parts: tuple[tuple[str, str | None, str | None], ...] = (("sub", old, new),)
        return TokenChange("subject", "another subject", before, after, parts, 1, same_workload=False)
    was = {segment.name: segment.value for segment in profile.parse_subject(old).segments}
    now = {segment.name: segment.value for segment in profile.parse_subject(new).segments}
    names = [name for name in dict.fromkeys([*was, *now]) if was.get(name) != now.get(name)]
    parts = tuple((name, was.get(name), now.get(name)) for name in names)
    # Segments that are new in each run are reported only if nothing else differs.
    steady = tuple(part for part in parts if not _varies(profile, part[0]))
    named_otherwise = [part for part in steady if part[1] is not None and part[2] is not None]
    form, issuer_changed = _form(parts, profile)
    if form is not None:
        same = issuer_changed and not named_otherwise and _renamed_alike(parts, profile)
        return TokenChange("subject-form", form, before, after, parts, len(parts), same_workload=same)
    values = tuple((f"{name} ", _quoted(old), _quoted(new), "") for name, old, new in steady or parts)
    same = not named_otherwise
    about = "another " if values else "the subject is written differently"
    return TokenChange("subject", about, before, after, parts, len(values), values, same_workload=same)


def _renamed_alike(parts: tuple[tuple[str, str | None, str | None], ...], profile: Profile) -> bool:
    """Whether a segment with a renamed key has the same value: env=a, environment=a."""
    was = {name: old for name, old, _ in parts if old is not None}
    now = {name: new for name, _, new in parts if new is not None}
    return all(
        was[change.old_key] == now[change.new_key]
        for change in profile.changes
        if change.old_key in was and change.new_key in now
    )


def _form(parts: tuple[tuple[str, str | None, str | None], ...], profile: Profile) -> tuple[str | None, bool]:
    """Describe a new form of the subject; return whether the issuer is known to have changed to it.

    A segment's key was renamed, or segments were added or removed. An issuer has several forms at the same time, for
    different kinds of run: switching between them is no issuer change.
    """
    removed = {name for name, _, now in parts if now is None}
    added = {name for name, was, _ in parts if was is None}
    if not removed and not added:
        return None, False
    for change in profile.changes:
        if (change.old_key in removed and change.new_key in added) or (change.adds and set(change.adds) <= added):
            return f"the subject's new form ({change.name}, since {change.since})", True
    went = (
        f"another form of subject: {', '.join(sorted(added) or sorted(removed))} "
        f"{'appeared' if added else 'disappeared'}"
    )
    return went, False


def _varies(profile: Profile, name: str) -> bool:
    rule = profile.segment_rule(name)
    return rule is not None and bool(rule.varies)


def _quoted(value: str | None) -> str:
    return "none" if value is None else value
