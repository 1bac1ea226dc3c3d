"""Denials of AWS services: the text names the caller, the call and the type of the policy that denies."""

from __future__ import annotations

from evidence.bundle import Bundle

DENIED = (
    "An error occurred (AccessDenied) when calling the GetObject operation: User: "
    "arn:aws:sts::210987654321:assumed-role/ModelWeights/w is not authorized to perform: s3:GetObject on resource: "
    '"arn:aws:s3:::weights/l" '
)


def assert_denied_by(aws: Bundle, ending: str, *, name: str, policy: str) -> None:
    """A denial with this ending is the cause `name`, which names the policy and advises no grant."""
    answer = aws.error(DENIED + ending).ask()
    cause = answer.first
    assert (cause.name, cause.confidence, cause.step) == (name, "proven", "permission")
    assert policy in cause.summary
    assert "s3:GetObject" in cause.summary
    assert not cause.fix.startswith("Grant")
    assert answer.exchange().prediction == "accepted"


def assert_credentials_come_first(aws: Bundle, ending: str, *, name: str) -> None:
    """The denial of another role's session advises to look at the credentials, and opens no policy to them."""
    cause = aws.error((DENIED + ending).replace("assumed-role/ModelWeights", "assumed-role/Node")).ask().first
    assert cause.name == name
    assert cause.fix.startswith("Check first which credentials the client uses")
    assert "Node" not in cause.fix
