"""Write a subject in the form that a change of the issuer's format brings, and back.

Only changes that add segments are known to be coming: an id behind the name that it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from oidc_doctor.issuers.catalogue import match_for
from oidc_doctor.issuers.grammar import WILD
from oidc_doctor.issuers.profile import FormatChange, Profile
from oidc_doctor.issuers.strangers import another


class ComingForm(NamedTuple):
    """A change of format that subjects of this issuer have before them."""

    profile: Profile
    change: FormatChange

    @property
    def added(self) -> dict[str, str]:
        """The added segments by the name of the segment that each follows: repository -> repository_id."""
        rules = [rule.name for rule in self.profile.grammar.rules]
        return {rules[rules.index(name) - 1]: name for name in self.change.adds}

    def names(self, text: str) -> dict[str, str]:
        """Return the values of the segments that the added ones follow: owner and repository."""
        following = self.added
        parts = self.profile.parse_subject(text).segments
        return {part.name: part.value for part in parts if part.known and part.name in following and part.value}

    def has(self, text: str) -> bool:
        """Whether a subject or pattern has a segment that the change adds."""
        return any(part.known and part.name in self.change.adds for part in self.profile.parse_subject(text).segments)

    def write(self, text: str, values: Mapping[str, str], *, closed: bool = False) -> str:
        """Return a subject, or a pattern for subjects, with the added segments; empty if it has no place for them.

        A wildcard at the end of a name covers the segment behind it. `closed`: `text` is the beginning of a subject,
        and an added segment at its end is followed by what ends it, so that no longer value begins like it.
        """
        if self.has(text):
            return ""
        following = self.added
        written, done = "", 0
        for part in self.profile.parse_subject(text).segments:
            rule = self.profile.segment_rule(following.get(part.name, ""))
            if part.known and rule is not None and part.value and not part.value.endswith(WILD):
                written += text[done : part.end] + rule.after + values[rule.name]
                done = part.end
                written += self._end_of(rule.name) if closed and done == len(text) else ""
        return written + text[done:] if done else ""

    def _end_of(self, name: str) -> str:
        """Return the character that ends a segment of this name."""
        rules = self.profile.grammar.rules
        place = [rule.name for rule in rules].index(name) + 1
        return (rules[place].after if place < len(rules) else "") or self.profile.grammar.separator

    def former(self, text: str, own: Mapping[str, str]) -> str:
        """Return a subject without the added segments; a tenant whose id is not the one in `own` becomes another one.

        The bearer of another id is another tenant, whatever its name. Below the tenant a name is kept: a repository
        that its owner makes anew has the old name and another id, and the present form does not distinguish the two.
        """
        following = self.added
        parsed = self.profile.parse_subject(text)
        written, done = "", 0
        for part in parsed.segments:
            if part.known and part.name in following:
                value = parsed.value(following[part.name])
                other = part.name == self.profile.tenancy.tenant and value not in (None, own.get(following[part.name]))
                written += text[done : part.value_start] + (another(part.value) if other else part.value)
                done = part.end
            elif part.known and part.name in self.change.adds:
                done = part.end
        return written + text[done:]

    def marks(self, text: str, values: Mapping[str, str]) -> tuple[tuple[int, int], ...]:
        """Return where a text written with these values has them, each with the character before it."""
        rules = [(self.profile.segment_rule(name), value) for name, value in values.items()]
        marked = (re.escape(rule.after + value) for rule, value in rules if rule is not None)
        return tuple(match.span() for match in re.finditer(rf"(?:{'|'.join(marked)})(?![A-Za-z0-9])", text))

    def find(self, subject: str) -> tuple[str, ...]:
        """Return the words of the command that prints the added values of a subject; () if the profile has none."""
        values = {part.name: part.value for part in self.profile.parse_subject(subject).segments if part.known}
        return tuple(word.format_map(values) if "{" in word else word for word in self.change.find)


def coming_form(profile: Profile, issuer: str | None) -> ComingForm | None:
    """Return the coming form of this issuer's subjects; None if there is none.

    None as well where the issuer is unknown: a family of addresses may be exempt.
    """
    match = match_for(profile, issuer)
    if match is None:
        return None
    changes = (change for change in profile.changes if change.coming and change.name not in match.without_changes)
    change = next(changes, None)
    return ComingForm(profile, change) if change is not None else None
