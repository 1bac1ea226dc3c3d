"""Registry differs from image

Symptom
    The base image cannot be pulled, although the exchange works.
Reason
    The credentials are made for the host that `docker_auth.registry` names. That host must also be the host part of
    `base_image.image`; Truss does not compare the two.
Confirm
    Compare the part of the image before its first slash with `registry`.
Fix
    Write the host of the image as `registry`.
Source
    Baseten's documentation of private registries; the published truss package, 0.18.36.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, quoted


@cause("ACC027", "registry-differs-from-image", Kind.REGISTRY_DIFFERS_FROM_IMAGE)
def registry_differs_from_image(refusal: Refusal) -> Words:
    """Name both hosts."""
    host = refusal.expected.value if refusal.expected else ""
    registry = refusal.actual.value if refusal.actual else ""
    return Words(
        f"docker_auth names the registry {quoted(registry, 'another host')}, and the image is in "
        f"{quoted(host, 'another')}",
        f"Write registry: {host}, the host of the image." if host else "Write the host of the image as registry.",
    )
