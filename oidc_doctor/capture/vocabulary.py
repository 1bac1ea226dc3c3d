"""Words that are kept: words of the clouds, the issuers or a language, which identify no person or account."""

from __future__ import annotations

import re
from functools import cache

from oidc_doctor.bundle import contract
from oidc_doctor.plans.words import vocabulary as of_plans

# Kept everywhere, also inside names and subjects.
_EVERYWHERE = """
    arn aws aws-us-gov aws-cn iam sts s3 ecr ecr-public kms ec2 eks ecs lambda cloudtrail signin logs dynamodb sns sqs
    secretsmanager ssm organizations athena access-analyzer cognito-identity cloudformation events states batch
    role user group policy root assumed-role federated-user instance-profile oidc-provider saml-provider
    service-role aws-service-role aws-reserved AWSReservedSSO repository key alias dkr api fips dualstack
    amazonaws com cn amazon amazoncognito accounts google googleapis gserviceaccount googleusercontent goog cloud
    docker pkg dev gcr iamcredentials cloudresourcemanager serviceusage orgpolicy logging artifactregistry storage
    cloudkms compute container developer appspot system cloudservices universe_domain www auth cloud-platform
    projects folders organizations locations global workloadIdentityPools workforcePools providers serviceAccounts
    principal principalSet serviceAccount domain allUsers allAuthenticatedUsers allAuthenticatedPrincipals deleted uid
    subject attribute generateAccessToken generateIdToken operations keys services repositories buckets objects
    cryptoKeys keyRings datasets cloudaudit data_access activity policy system_event roles namespaces
    v1 v2 v3 http https gs file ssh git github gitlab io org net co token tokens actions main master HEAD
    repo ref refs heads tags pull branch branches tag pull_request environment environments
    v team model deployment env type model_container model_build production staging development
    org_id team_id model_id deployment_id workload_type
    project project_path ref_type ref_path pipeline pipelines workspace run_phase organization run project_id
    serviceaccount kubernetes svc cluster local default kube-system kubernetes-admin spiffe ns sa oidc
    openid-configuration jwks well-known jwt issuer sub aud iss azp amr exp iat nbf jti kid alg id owner
    job_workflow_ref repository_owner
    json gz jsonl ndjson toml yaml yml txt pem zip var run secrets opt mnt tmp etc home usr bin
    config manifest claims entries
    CloudTrail AWSLogs CloudTrail-Digest CloudTrail-Insight cloudaudit
    true false null none redacted hidden masked omitted removed secret snip
    AwsApiCall AwsServiceEvent AwsConsoleSignIn Management Data WebIdentityUser AssumedRole IAMUser AWSService Root
    OidcProviderArn BasetenOIDCRole BasetenOIDCProvider
"""
# Kept in sentences, in addition to the words of the table of error texts.
_IN_SENTENCES = """
    An error occurred when calling the operation Error code google auth exceptions OAuthError RefreshError botocore
    ClientError Unable acquire impersonated credentials error error_description invalid_grant invalid_target
    invalid_request unauthorized_client quota_exceeded message status details reason metadata permission domain
    PERMISSION_DENIED UNAUTHENTICATED NOT_FOUND INVALID_ARGUMENT FAILED_PRECONDITION RESOURCE_EXHAUSTED INTERNAL
    IAM_PERMISSION_DENIED SERVICE_DISABLED ACCESS_TOKEN_SCOPE_INSUFFICIENT SECURITY_POLICY_VIOLATED ErrorInfo rpc
    AccessDenied AccessDeniedException InvalidIdentityToken ExpiredTokenException ExpiredToken IDPRejectedClaim
    IDPCommunicationError MalformedPolicyDocument PackedPolicyTooLarge RegionDisabledException ValidationError
    NoSuchEntity AssumeRoleWithWebIdentity AssumeRole TagSession SetSourceIdentity DurationSeconds MaxSessionDuration
    WebIdentityErr WebIdentityToken OIDC JWT ARN STS IAM AWS API ID URL HTTP SDK CLI Token token
    AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN B10_OIDC_TOKEN_PATH ACTIONS_ID_TOKEN_REQUEST_URL
    ACTIONS_ID_TOKEN_REQUEST_TOKEN GOOGLE_APPLICATION_CREDENTIALS id-token external_account RequestID StatusCode
    fatal exception traceback caused by Caused Exception line File stderr stdout exit
    scanned processed estimated kB MB GB TB PB kiB MiB GiB TiB BETWEEN AND timestamp partitions queries
"""
_WORD = re.compile(r"[^\W]+(?:-[^\W]+)*")
REGION = re.compile(
    r"(?:[a-z]{2}(?:-(?:gov|iso[a-z]?))?-(?:north|south|east|west|central|northeast|northwest|southeast|southwest)-\d[a-z]?"
    r"|(?:us|europe|asia|northamerica|southamerica|australia|me|africa)-[a-z]+\d{1,2}(?:-[a-z])?|global|us|eu|asia)"
)


@cache
def everywhere() -> frozenset[str]:
    """Return the words kept in names and subjects: those above, and those that the issuers' profiles document.

    A profile documents the literals of its subjects, and the values of a claim that are the same in every tenant.
    """
    from oidc_doctor.issuers.catalogue import all_profiles

    words = set(_EVERYWHERE.split()) | contract.FOLDER_NAMES | set(_WORD.findall(of_plans()))
    for profile in all_profiles():
        for rule in profile.grammar.rules:
            for text in (rule.key, *rule.values):
                words |= set(_WORD.findall(text))
        for values in profile.claim_values.values():
            words |= set(values)
    return frozenset(word for word in words if not (word.isdigit() and len(word) > 4))  # noqa: PLR2004


@cache
def in_sentences() -> frozenset[str]:
    """Return the words of the clouds' own sentences."""
    from oidc_doctor.documents import setup_output
    from oidc_doctor.judge import error_texts

    words = set(_IN_SENTENCES.split())
    texts = [value for name, value in vars(error_texts).items() if name.isupper() and isinstance(value, str)]
    texts += [*error_texts.patterns(), *setup_output.words()]
    for text in texts:
        words |= set(re.findall(r"[A-Za-z][\w'-]*", re.sub(r"\\[a-zA-Z]|\(\?P<\w+>|\(\?[a-z]+:", " ", text)))
    return frozenset(words)
