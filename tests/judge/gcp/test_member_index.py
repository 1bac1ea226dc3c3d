"""Of members that differ in their value alone few are compared, and the answer is that of comparing them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.judge.gcp import members
from oidc_doctor.judge.gcp.member_index import MemberIndex
from oidc_doctor.model.document import Document
from oidc_doctor.model.evidence import AllowPolicy, Binding

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from evidence import Bundle

POOL = "//iam.googleapis.com/projects/481516234210/locations/global/workloadIdentityPools/pool"
MEMBERS = st.sampled_from(
    [
        *(f"principalSet:{POOL}/attribute.team/{value}" for value in ("a", "b", "own", "o*", "<team>")),
        *(f"principal:{POOL}/subject/{value}" for value in ("a", "own")),
        *(f"principalSet:{POOL}/group/{value}" for value in ("a", "own")),
        f"principalSet:{POOL}/*",
        f"principalSet:{POOL}2/attribute.team/own",
        f"deleted:principal:{POOL}/subject/own?uid=1",
        "user:someone@example.com",
        "allUsers",
    ]
)
BINDINGS = st.lists(
    st.tuples(st.sampled_from(["roles/iam.workloadIdentityUser", "roles/viewer"]), st.lists(MEMBERS, max_size=6)),
    max_size=3,
)


@settings(max_examples=share_of(300))
@given(BINDINGS, st.sampled_from(["own", "other"]))
def test_entries_that_are_left_out_differ_in_their_value_alone(listed: list[tuple[str, list[str]]], own: str) -> None:
    bindings = tuple(
        Binding(role, tuple(names), None, f"/bindings/{place}") for place, (role, names) in enumerate(listed)
    )
    index = MemberIndex(AllowPolicy(bindings, Document("x", "", {}), "service-account"))
    values: dict[tuple[str, str], Sequence[str] | None] = dict.fromkeys(index.compared(), (own,))
    every = index.to_compare(dict.fromkeys(index.compared()))
    chosen = index.to_compare(values)
    assert [entry for entry in every if entry in chosen] == chosen  # in the order of the policy
    for entry in every:
        if entry in chosen:
            continue
        assert entry.member is not None
        assert entry.member.value != own
        first = next(
            one
            for one in chosen
            if one.member is not None
            and one.member._replace(text="", value="") == entry.member._replace(text="", value="")
            and one.binding.role == entry.binding.role
        )
        assert every.index(first) < every.index(entry)


def test_a_thousand_members_are_not_compared_one_by_one(gcp: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[object] = []
    match = members.match

    def counting(*arguments: object) -> object:
        compared.append(arguments[1])
        return match(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(members, "match", counting)
    others = [f"principalSet://iam.googleapis.com/{gcp.POOL}/attribute.team/t{number}" for number in range(1_000)]
    answer = gcp.service_account_policy(*others, gcp.MEMBER).ask()
    assert answer.exchange().prediction == "accepted"
    judged = len(compared)
    assert gcp.service_account_policy(*others[:10], gcp.MEMBER).ask().exchange().prediction == "accepted"
    assert judged <= 2 * (len(compared) - judged)
