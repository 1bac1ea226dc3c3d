"""Compare an accepted token with a refused one, and their requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.judge.times import rfc3339

if TYPE_CHECKING:
    from oidc_doctor.issuers.profile import Profile
    from oidc_doctor.model.events import Attempt


class TokenChange(NamedTuple):
    """The difference in words and in parts. Values are as the issuer or the client wrote them."""

    what: str  # subject-form, subject, audience, claims, request
    text: str
    before: Attempt
    after: Attempt
    segments: tuple[tuple[str, str | None, str | None], ...] = ()  # name, before, after
    distance: int = 0  # how many parts differ

    def view(self) -> dict[str, Any]:
        """Return the change as the report shows it."""
        old, new = self.before, self.after
        values = (old.audience, new.audience) if self.what == "audience" else (old.subject, new.subject)
        if self.what == "request":
            values = self.segments[0][1:]
        return {
            "what": self.what,
            "text": self.text,
            "from": values[0],
            "to": values[1],
            "segments": [{"name": name, "from": before, "to": after} for name, before, after in self.segments],
            "last_accepted": {"event_id": old.event_id, "time": rfc3339(old.time)},
            "first_refused": {"event_id": new.event_id, "time": rfc3339(new.time)},
        }


def token_change(before: Attempt, after: Attempt, profile: Profile | None) -> TokenChange | None:
    """Return the difference between two logged tokens; None where the events show none."""
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


# Fields of an attempt that a condition on the request can name.
_REQUEST = (
    ("caller", "another caller address"),
    ("region", "another region"),
    ("session_name", "another session name"),
    ("user_agent", "another client"),
    ("duration_seconds", "another duration"),
)


def request_change(before: Attempt, after: Attempt, fields: frozenset[str]) -> TokenChange | None:
    """Return the difference between the requests of two similar tokens, in these fields of an attempt."""
    parts, differences = [], []
    for name, description in _REQUEST:
        values = (getattr(before, name), getattr(after, name))
        if name in fields and values[0] != values[1]:
            old, new = (None if value is None else str(value) for value in values)
            parts.append((name, old, new))
            differences.append(f"{description} ({_quoted(old)} → {_quoted(new)})")
    return TokenChange("request", ", ".join(differences), before, after, tuple(parts), len(parts)) if parts else None


def _of_subjects(before: Attempt, after: Attempt, profile: Profile | None) -> TokenChange:
    old, new = before.subject or "", after.subject or ""
    if profile is None:
        return TokenChange("subject", "another subject", before, after, (("sub", old, new),), 1)
    was = {segment.name: segment.value for segment in profile.parse_subject(old).segments}
    now = {segment.name: segment.value for segment in profile.parse_subject(new).segments}
    names = [name for name in dict.fromkeys([*was, *now]) if was.get(name) != now.get(name)]
    parts = tuple((name, was.get(name), now.get(name)) for name in names)
    form = _form(parts, profile)
    if form is not None:
        return TokenChange("subject-form", form, before, after, parts, len(parts))
    # Segments that are new in each run are named only where nothing else differs.
    steady = tuple(part for part in parts if not _varies(profile, part[0])) or parts
    segments = ", ".join(f"{name} {_quoted(before)} → {_quoted(after)}" for name, before, after in steady)
    return TokenChange("subject", f"another {segments or 'written otherwise'}", before, after, parts, len(steady))


def _form(parts: tuple[tuple[str, str | None, str | None], ...], profile: Profile) -> str | None:
    """Describe a new form of the subject: a segment's key was renamed, or segments were added or removed."""
    removed = {name for name, _, now in parts if now is None}
    added = {name for name, was, _ in parts if was is None}
    if not removed and not added:
        return None
    for change in profile.changes:
        if (change.old_key in removed and change.new_key in added) or (change.adds and set(change.adds) <= added):
            return f"the subject's new form ({change.name}, since {change.since})"
    return f"another form of subject: {', '.join(sorted(added) or sorted(removed))} {'came' if added else 'went'}"


def _varies(profile: Profile, name: str) -> bool:
    rule = profile.segment_rule(name)
    return rule is not None and bool(rule.varies)


def _quoted(value: str | None) -> str:
    return "none" if value is None else value
