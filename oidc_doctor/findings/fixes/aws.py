"""Edits of AWS trust policies and OIDC providers, grouped by kind of refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from oidc_doctor.findings.fixes.aws_conditions import (
    audience_beside,
    audience_corrected,
    key_renamed,
    subject_beside,
    subject_corrected,
    subject_instead,
    subject_under_audience,
    value_beside,
    wildcard_under_like,
)
from oidc_doctor.findings.fixes.aws_permissions import policy_added
from oidc_doctor.findings.fixes.aws_statements import (
    actions_added,
    principal_corrected,
    statement_beside,
    statement_rewritten,
)
from oidc_doctor.findings.fixes.edit import Candidate, Maker
from oidc_doctor.findings.fixes.target import TARGET_EDITS
from oidc_doctor.findings.fixes.trust_policy import (
    ASSUME,
    audience_of,
    issuer_host,
    provider_arn,
)
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import AwsOidcProvider
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case


def _client_id(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    aws = case.evidence.aws
    audience = refusal.fact("audience")
    if aws is None or not isinstance(aws.provider, AwsOidcProvider) or not audience:
        return
    provider = aws.provider
    if isinstance(provider.client_ids, tuple):
        wider = provider._replace(client_ids=(*provider.client_ids, audience))
        yield Candidate(case.evidence._replace(aws=aws._replace(provider=wider)), "add", "declared")


def _new_provider(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Create the issuer's OIDC provider in the role's account, with the token's audience as client ID."""
    aws, host, audience, arn = case.evidence.aws, issuer_host(case), audience_of(case), provider_arn(case)
    if refusal.fact("planned_at"):
        return  # it exists, and a plan takes it away
    if aws is None or not host or not audience or not arn:
        return
    document = Document("aws/oidc-provider.json", "", {"Arn": arn, "Url": host, "ClientIDList": [audience]})
    document = document._replace(text=json.dumps(document.value, indent=2))
    provider = AwsOidcProvider(host, arn, (audience,), (), document)
    listed = () if isinstance(aws.provider_arns, Missing) else aws.provider_arns
    evidence = case.evidence._replace(aws=aws._replace(provider=provider, provider_arns=(*listed, arn)))
    yield Candidate(evidence, "create", "declared")


_SUBJECT = (subject_corrected, subject_beside, statement_beside)

AWS_EDITS: dict[Kind, tuple[Maker, ...]] = {
    Kind.PROVIDER_MISSING: (_new_provider,),
    Kind.PROVIDER_URL_DIFFERS: (_new_provider,),
    Kind.AUDIENCE_NOT_REGISTERED: (_client_id,),
    Kind.CLIENT_ID_LIST_EMPTY: (_client_id,),
    Kind.AZP_DECIDES_AUDIENCE: (_client_id,),
    Kind.WILDCARD_UNDER_STRING_EQUALS: (wildcard_under_like, statement_beside, statement_rewritten),
    Kind.SUBJECT_CASE_DIFFERS: _SUBJECT,
    Kind.SUBJECT_FORMAT_CHANGED: (subject_beside, statement_beside, statement_rewritten),
    Kind.SUBJECT_FORM_DIFFERS: (subject_beside, statement_beside, statement_rewritten),
    Kind.SUBJECT_SEGMENT_DIFFERS: _SUBJECT,
    Kind.AUDIENCE_CONDITION_DIFFERS: (
        *(subject_under_audience, audience_corrected, audience_beside, statement_beside, statement_rewritten),
    ),
    Kind.CONDITION_KEY_MISSPELLED: (key_renamed, statement_beside, statement_rewritten),
    Kind.CONDITION_KEY_NOT_PROVIDED: (subject_instead, statement_beside, statement_rewritten),
    Kind.CONDITION_VALUE_DIFFERS: (value_beside,),
    Kind.CONDITION_OPERATOR_MISUSED: (statement_beside, statement_rewritten),
    Kind.POLICY_VARIABLE_UNRESOLVED: (statement_beside, statement_rewritten),
    Kind.PLACEHOLDER_LEFT_IN: (subject_corrected, statement_beside, statement_rewritten),
    Kind.INVISIBLE_CHARACTER_IN_VALUE: (
        subject_corrected,
        audience_corrected,
        statement_beside,
        statement_rewritten,
    ),
    Kind.NO_ALLOW_STATEMENT: (statement_beside, statement_rewritten),
    Kind.ACTION_DIFFERS: (actions_added(ASSUME), statement_beside, statement_rewritten),
    Kind.SESSION_TAGS_NOT_ALLOWED: (actions_added(ASSUME, "sts:TagSession"), statement_beside, statement_rewritten),
    Kind.SOURCE_IDENTITY_NOT_ALLOWED: (
        actions_added(ASSUME, "sts:SetSourceIdentity"),
        statement_beside,
        statement_rewritten,
    ),
    Kind.PERMISSION_MISSING: (policy_added,),
    Kind.KMS_DECRYPT_MISSING: (policy_added,),
    Kind.PRINCIPAL_DIFFERS: (principal_corrected, statement_beside, statement_rewritten),
    Kind.ROLE_ARN_MALFORMED: TARGET_EDITS[Kind.ROLE_ARN_MALFORMED],
    Kind.ROLE_MISSING: TARGET_EDITS[Kind.ROLE_MISSING],
    Kind.PROVIDER_IN_OTHER_ACCOUNT: (principal_corrected, statement_beside, statement_rewritten),
}
