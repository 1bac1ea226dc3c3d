"""Runtime OIDC disabled

Symptom
    Model code finds no token: B10_OIDC_TOKEN_PATH is not set, or the file that it names is not there.
Reason
    `runtime.oidc.enabled: false` in config.yaml keeps the token out of the model container. Images and weights are
    fetched with other tokens and are not affected. Where the key is not set, the operator's default applies.
Confirm
    Read runtime.oidc in the config.yaml that was pushed, and print os.environ.get("B10_OIDC_TOKEN_PATH") in load().
Fix
    Set runtime.oidc.enabled to true and push again. boto3 also needs AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN,
    which the public recipes set in the model's code.
Source
    The published truss package since 0.18.22; basetenlabs/truss-examples, oidc-recipes.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("ACC033", "runtime-oidc-disabled", Kind.RUNTIME_OIDC_DISABLED)
def runtime_oidc_disabled(refusal: Refusal) -> Words:  # noqa: ARG001 - the configuration has no other value
    """Name the key that keeps the token out of the container."""
    return Words(
        "the Truss configuration has runtime.oidc.enabled: false, so model code gets no token",
        "Set runtime.oidc.enabled to true, and push again.",
    )
