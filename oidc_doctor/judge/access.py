"""Sources that the workload's own configuration asks the cloud for: a source that Baseten does not serve with OIDC.

Baseten's OIDC documentation: ECR and S3 on AWS, Artifact Registry, GCR and Cloud Storage on Google Cloud; not
Cloudflare R2, Azure or Hugging Face. The Truss client accepts the other combinations silently (read in 0.18.36).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from oidc_doctor.model.document import Missing
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Clause, Side

if TYPE_CHECKING:
    from oidc_doctor.judge.exchange import ExchangeBuilder

_METHOD = {"aws": "AWS_OIDC", "gcp": "GCP_OIDC"}
_SCHEME = {"aws": "s3", "gcp": "gs"}
_REGISTRY = {
    "aws": re.compile(r"\d{12}\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|on\.aws)|public\.ecr\.aws"),
    "gcp": re.compile(r"([a-z0-9-]+-docker\.pkg\.dev|([a-z]+\.)?gcr\.io)"),
}


def judge_sources(exchange: ExchangeBuilder) -> None:
    """Refuse `permission` for each source of the Truss configuration that this cloud's OIDC method cannot serve."""
    truss = exchange.case.evidence.truss
    if isinstance(truss, Missing):
        return
    from oidc_doctor.documents.truss import truss_auths

    for auth in truss_auths(truss):
        resource = auth.resource
        if auth.auth_method != _METHOD[exchange.cloud] or not resource or exchange.gap(resource):
            continue
        scheme, mark, _ = resource.partition("://")
        if mark:
            served = scheme == _SCHEME[exchange.cloud]
            wanted = f"{_SCHEME[exchange.cloud]}://…"
        else:
            served = _REGISTRY[exchange.cloud].match(resource) is not None
            wanted = "an ECR image" if exchange.cloud == "aws" else "an Artifact Registry or GCR image"
        if not served:
            at = truss.at(auth.pointer)
            exchange.refuse(
                Kind.SOURCE_NOT_SERVED,
                expected=Side(wanted),
                actual=Side(resource, at),
                where=at,
                location=Clause((f"auth_method {auth.auth_method}",)),
                source=resource,
            )
