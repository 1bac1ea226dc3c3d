"""The members of an allow policy that have to be compared with a token.

Of many members that differ in their value alone, all but the one with the token's own value miss in the same way, so
the first of them represents the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.judge.gcp.names import Member, read_member
from oidc_doctor.model.placeholder import has_placeholder, is_left_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.model.evidence import AllowPolicy, Binding

EVERYONE = "allUsers"  # Google Cloud, principal identifiers: anyone; allAuthenticatedUsers has no identities of pools
_VALUED = ("attribute", "subject", "group")  # forms of which a value is compared


class Entry(NamedTuple):
    """A member of a pool, or everyone (None), with its binding and its place."""

    member: Member | None
    binding: Binding
    pointer: str


class _Alike(NamedTuple):
    """The entries that differ in their value alone: numbers by value, in the order of the policy."""

    form: str
    attribute: str
    numbers: dict[str, int]


class MemberIndex:
    """The entries of an allow policy."""

    def __init__(self, policy: AllowPolicy) -> None:
        self._entries: list[Entry] = []
        self._single: list[int] = []  # the numbers of those that have to be looked at for every token
        alike: dict[tuple[object, ...], _Alike] = {}
        for binding in policy.bindings:
            for place, text in enumerate(binding.members):
                member = read_member(text)
                if member is None and text != EVERYONE:
                    continue
                number = len(self._entries)
                self._entries.append(Entry(member, binding, f"{binding.pointer}/members/{place}"))
                if member is None or not _is_plain(member):
                    self._single.append(number)
                    continue
                key = (binding.role, binding.condition, member._replace(text="", value=""))
                group = alike.setdefault(key, _Alike(member.form, member.attribute, {}))
                group.numbers.setdefault(member.value, number)
        self._alike = list(alike.values())

    def to_compare(self, values: dict[tuple[str, str], Sequence[str] | None]) -> list[Entry]:
        """Return the entries to compare, in order. `values`: what the token has for a form and attribute.

        None: nothing can be said of its values, so that all entries of this form and attribute are compared.
        """
        numbers = list(self._single)
        for group in self._alike:
            own = values.get((group.form, group.attribute), ())
            if own is None:
                numbers += group.numbers.values()
                continue
            first = next(iter(group.numbers.values()))
            numbers += {first, *(group.numbers[value] for value in own if value in group.numbers)}
        return [self._entries[number] for number in sorted(numbers)]

    def compared(self) -> set[tuple[str, str]]:
        """Return the forms and attributes whose values `to_compare` asks for."""
        return {(group.form, group.attribute) for group in self._alike}


def _is_plain(member: Member) -> bool:
    """Whether the member's value equals its own text alone, and nothing about it is at fault."""
    is_whole = bool(member.value) and not member.fault and not member.deleted and member.form in _VALUED
    return is_whole and "*" not in member.value and not has_placeholder(member.text) and not is_left_out(member.text)
