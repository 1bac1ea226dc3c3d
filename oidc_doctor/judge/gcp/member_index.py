"""Index the members of an allow policy that have to be compared with a token.

Of members that differ only in their value, all except the one with the token's value fail in the same way, so the first
one represents the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.judge.gcp.names import Member, read_member
from oidc_doctor.model.placeholder import has_placeholder, is_left_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.model.evidence import AllowPolicy, Binding

EVERYONE = "allUsers"  # Google Cloud, principal identifiers: anyone; allAuthenticatedUsers excludes pool identities
_VALUED = ("attribute", "subject", "group")  # forms with a value to compare


class Entry(NamedTuple):
    """A member of a pool, or everyone (None), with its binding and its position."""

    member: Member | None
    binding: Binding
    pointer: str


class _Alike(NamedTuple):
    """Entries that differ only in their value: their numbers by value, in the order of the policy."""

    form: str
    attribute: str
    numbers: dict[str, int]


class MemberIndex:
    """The entries of an allow policy."""

    def __init__(self, policy: AllowPolicy) -> None:
        self._entries: list[Entry] = []
        self._single: list[int] = []  # numbers of the entries to compare with every token
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
        """Return the entries to compare, in order. `values`: the token's values for a form and attribute.

        None: the values are unknown, so all entries of this form and attribute are compared.
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
        """Return the forms and attributes whose values `to_compare` needs."""
        return {(group.form, group.attribute) for group in self._alike}


def _is_plain(member: Member) -> bool:
    """Whether the member's value equals only its own text, and the member has no fault."""
    is_whole = bool(member.value) and not member.fault and not member.deleted and member.form in _VALUED
    return is_whole and "*" not in member.value and not has_placeholder(member.text) and not is_left_out(member.text)
