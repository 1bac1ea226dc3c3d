"""Types of columns as the catalog writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.logs.engines.hive_types import HiveType, hive_type

_NAMES = st.sampled_from(("type", "principalid", "sessioncontext", "attributes", "x-1", "_a"))
_SCALARS = st.sampled_from(("string", "int", "bigint", "varchar(64)", "decimal(10,2)", "timestamp")).map(HiveType)
_TYPES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(st.tuples(_NAMES, inner), min_size=1, max_size=4).map(
            lambda fields: HiveType("struct", tuple(fields))
        ),
        inner.map(lambda kind: HiveType("array", (), (kind,))),
        st.tuples(_SCALARS, inner).map(lambda kinds: HiveType("map", (), kinds)),
    ),
    max_leaves=12,
)


@given(_TYPES)
def test_a_type_survives_its_text(kind: HiveType) -> None:
    assert hive_type(str(kind)) == kind
    assert hive_type(str(kind).upper().replace(",", " , ").replace(":", ": ")) is not None


@given(st.text("strucapyingm<>:,() `", max_size=60))
def test_any_other_text_is_no_fault(text: str) -> None:
    hive_type(text)


def test_names_are_in_lower_case_and_may_be_quoted() -> None:
    kind = hive_type("STRUCT<`principalId`: STRING, sessionContext:struct<webIdFederationData:MAP<STRING,STRING>>>")
    assert kind is not None
    assert kind.field("principalid") == HiveType("string")
    context = kind.field("sessioncontext")
    assert context is not None
    assert str(context.field("webidfederationdata")) == "map<string,string>"


@pytest.mark.parametrize(
    "text", ["", "struct", "struct<", "struct<a>", "struct<a:string", "array<string,string>", "map<string>", "a b",
             "struct<:string>", "array<" * 60 + "string" + ">" * 60, "s" * 200_000]
)  # fmt: skip
def test_what_is_no_type(text: str) -> None:
    assert hive_type(text) is None
