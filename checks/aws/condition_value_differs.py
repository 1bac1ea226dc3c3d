"""Condition value differs

Symptom
    `Not authorized to perform sts:AssumeRoleWithWebIdentity`; subject and audience match.
Reason
    Another condition of the statement is false: a provider-specific claim, sts:RoleSessionName, aws:SourceIp, a time.
    For OIDC callers some keys have other values than you may expect: the source address is the issuer's or vendor's
    egress, and keys about an AWS principal are mostly absent.
Confirm
    Compare the value in the condition with the request: token, session name, caller's address in CloudTrail.
Fix
    Correct the value that the condition names, as narrow as the workload allows. A negated operator (StringNotEquals,
    NotIpAddress) names the values that it excludes, so there remove the value, or run the workload with another one. A
    Null condition tests only whether the key is present.
Source
    IAM User Guide, global condition keys and condition operators; recorded STS calls, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted, trust_policy_commands


@cause("AWS031", "condition-value-differs", Kind.CONDITION_VALUE_DIFFERS)
def condition_value_differs(refusal: Refusal) -> Words:
    """Name the key whose value is not the expected one, is an excluded one, or should (not) be there."""
    key = quoted(refusal.fact("key"), "one of its condition keys")
    excluded, wanted = refusal.fact("excluded"), refusal.fact("wanted")
    if excluded:
        summary, fix = _excluded(refusal, key, excluded)
    elif wanted:
        summary = f"the trust policy requires {key} to be {wanted} in the request (Null condition)"
        fix = _presence(refusal.fact("key"), wanted)
    else:
        note = "" if refusal.actual and refusal.actual.spans else refusal.fact("note")  # the pair shows what differs
        summary = _date(refusal, key) or f"the trust policy expects another value of {key}{given(' ({})', note)}"
        fix = _expected(refusal, quoted(refusal.fact("key"), "that key"))
    return Words(summary, fix, trust_policy_commands(refusal))


_TIMES = ("aws:currenttime", "aws:epochtime")


def _date(refusal: Refusal, key: str) -> str:
    """Name the date that was reached, or is still to come; empty for another condition."""
    date = refusal.expected.value if refusal.expected else ""
    operator = refusal.fact("operator").lower()
    if refusal.fact("key").lower() not in _TIMES or not date or not refusal.actual:
        return ""
    if "lessthan" in operator:
        return f"the trust policy allows it only until {date} ({key}), and that time is past"
    if "greaterthan" in operator:
        return f"the trust policy allows it only from {date} on ({key}), and that time is still to come"
    return ""


def _expected(refusal: Refusal, key: str) -> str:
    actual = refusal.actual.value if refusal.actual else ""
    if refusal.fact("key").lower() in ("aws:sourceip", "aws:vpcsourceip"):
        seen = given("add {} to the networks under {},", quoted(actual, ""), key) or f"add its address under {key},"
        return f"If the workload is meant to call from that address, {seen} or send its calls through one of them."
    name, operator = refusal.fact("key").lower(), refusal.fact("operator").lower()
    expected = quoted(refusal.expected.value if refusal.expected else "", "the value that the policy names")
    if "date" in operator or name in _TIMES:
        return f"If the workload should have access at this time, correct the time under {key}."
    if name == "sts:roleauthorizedbyidp":
        return f"Have the issuer name the role in the token's roles claim: {key} is true only then."
    if name == "sts:rolesessionname":
        return f"Send a RoleSessionName that the policy expects, {expected}, or add the one that is sent to {key}."
    value = quoted(actual, "the value of the request")
    return (
        f"If this workload should have access, add {value} to the values of {key}; otherwise send a request that has "
        f"{expected}."
    )


def _excluded(refusal: Refusal, key: str, excluded: str) -> tuple[str, str]:
    actual, operator = quoted(refusal.actual.value if refusal.actual else "", ""), refusal.fact("operator")
    value = given("the value {} of {}", actual, key) or f"the request's value of {key}"
    fix = (
        f"{operator or key} excludes this workload on purpose, as far as the policy shows: run it with another value, "
        "or ask the role's owner."
    )
    return f"the trust policy excludes {value}{given(': {} names {}', operator, quoted(excluded, ''))}", fix


def _presence(key: str, wanted: str) -> str:
    if wanted == "absent":
        return f"Present a token, or send a request, without {quoted(key, 'this key')}."
    return f"Present a token, or send a request, that has {quoted(key, 'this key')}."
