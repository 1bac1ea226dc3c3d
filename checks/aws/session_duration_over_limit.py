"""Session duration over the limit

Symptom
    ValidationError `The requested DurationSeconds exceeds the MaxSessionDuration set for this role.`
Reason
    The call asks for a longer session than the role grants. The default is 3600 seconds; a role can be set to 43200 at
    most. STS refuses the call instead of shortening the session. A session of a role that is assumed with another
    role's session (role chaining) lasts at most 1 hour.
Confirm
    `aws iam get-role --role-name NAME --query Role.MaxSessionDuration`.
Fix
    Ask for a shorter session, or raise the role's maximum.
Source
    STS API reference, AssumeRoleWithWebIdentity; IAM API reference, UpdateRole.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands, given, role_name, seconds


@cause("AWS045", "session-duration-over-limit", Kind.SESSION_DURATION_OVER_LIMIT)
def session_duration_over_limit(refusal: Refusal) -> Words:
    """Compare the session asked for with the role's maximum."""
    if refusal.fact("chained"):
        return Words(
            "a role assumed with the session of another role is limited to 1 hour, whatever its MaxSessionDuration is",
            "Ask for at most 3600 seconds in the second AssumeRole, or assume the second role with the token itself.",
        )
    requested, limit = refusal.fact("requested"), refusal.fact("limit")
    request = given("a session of {} is asked for", seconds(requested)) or "a longer session is asked for"
    grants = given(", and the role allows {} at most", seconds(limit)) or " than the role allows"
    raise_limit = "aws iam update-role --role-name {} --max-session-duration {}"
    return Words(
        request + (grants if requested or not limit else f" than the {seconds(limit)} that the role allows"),
        f"Ask for {given('at most {}', seconds(limit)) or 'a shorter session'} in DurationSeconds, "
        "or raise the role's MaxSessionDuration.",
        commands(raise_limit, role_name(refusal), requested if requested.isdigit() else ""),
    )
