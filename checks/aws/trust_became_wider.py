"""Trust became wider

Symptom
    None: the exchange works. Tokens that were refused before are now accepted too.
Reason
    The trust policy or the ClientIDList (AWS), or the attribute condition, the mapping, the allowed audiences or
    the bindings (Google Cloud) were edited. The finding names a token that the configuration accepts now and that
    the earlier one refused; both were evaluated with it. The earlier configuration is that of the last run (the
    folder earlier/ of the bundle), or one that the logs show. Two edits are no finding: a repair of the exchange's
    own token, which also opens its team's other workloads again, and the replacement of the exchange's own workload
    by another, which the cause of its refusal reports.
Confirm
    Run oidc-doctor --report BUNDLE --subject SUBJECT with the subject that the finding names.
Fix
    Restore the earlier clause, unless the workloads that the finding names are meant to be accepted.
Source
    The two configurations, judged by the same evaluators.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, Widened, Widening, commands, on, weakness

_AUDIENCE = "another audience"
_PRINTS = {
    "aws": "aws iam get-role --role-name {} --query Role.AssumeRolePolicyDocument",
    "gcp": "gcloud iam workload-identity-pools providers describe {} --format=json",
}


@weakness("AWS101", "trust-became-wider", other="GCP104", about="change")
def trust_became_wider(widened: Widened) -> Iterator[Finding]:
    """Report, for each clause, a token that passes now and did not before."""
    for widening in widened.widenings():
        yield Finding(
            f"{widening.clause} accepts {_tokens(widening)}{_since(widening)}: {widening.subject}{_with(widening)}",
            f"Restore the earlier clause, unless that workload is meant to be accepted{_look(widened)}.",
            widening.then,
            widening.now,
            cloud=widened.cloud,
            target=widened.resource,
        )


def _tokens(widening: Widening) -> str:
    kinds = [widening.who, *widening.others][:3]
    whose = " and ".join(filter(None, (", ".join(kinds[:-1]), kinds[-1])))
    return f"tokens {'with' if kinds[0] == _AUDIENCE else 'of'} {whose}"


def _since(widening: Widening) -> str:
    if not widening.call:
        return f", which were refused {on(widening.at) if widening.at else 'before'}"
    by = f" by {widening.by}" if widening.by else ""
    return f" since {widening.call} {on(widening.at)}{by} (event {widening.event_id}), which were refused before"


def _with(widening: Widening) -> str:
    if widening.issuer:
        return f" of {widening.issuer}"
    return f" with the audience {widening.audience}" if widening.audience else ""


def _look(widened: Widened) -> str:
    """The command that prints the present clause."""
    name = widened.resource.rpartition("/")[2] if widened.cloud == "aws" else widened.resource
    shown = commands(_PRINTS[widened.cloud], name)
    return f": `{shown[0]}` prints the present one" if shown else ""
