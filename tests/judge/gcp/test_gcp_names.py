"""Names of members and identities of Google Kubernetes Engine, for any namespace and account."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor import cel
from oidc_doctor.judge.gcp.constants import constant_of
from oidc_doctor.judge.gcp.mapping_keys import nearest_key
from oidc_doctor.judge.gcp.names import gke_identity, gke_member, read_member
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Token

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)


@given(project=LABELS, namespace=LABELS, account=LABELS)
def test_a_member_of_gke_is_the_identity_of_its_token(project: str, namespace: str, account: str) -> None:
    issuer = f"https://container.googleapis.com/v1/projects/{project}/locations/l/clusters/c"
    identity = gke_identity(issuer, f"system:serviceaccount:{namespace}:{account}")
    assert identity is not None
    pool, subject = identity
    member = read_member(gke_member(pool.pool, subject))
    assert member is not None
    assert (member.fault, member.pool, member.value) == ("", f"{project}.svc.id.goog", subject)


@given(text=st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    read_member(text)
    read_member(f"serviceAccount:{text}.svc.id.goog[{text}]")
    gke_identity(text, text)
    nearest_key(text, ["google.subject", text])


@given(text=st.text(max_size=40))
def test_a_quoted_text_is_a_constant_unless_it_is_redacted(text: str) -> None:
    token = Token("jwt", {}, None, complete=True, origin=Origin("token.jwt"))
    constant = constant_of("attribute.x", cel.compile(cel.quote(text)), text, token)
    assert constant is None or (constant.value == text and not constant.unquoted.startswith(("'", '"')))
