"""AWS's global condition keys at AssumeRoleWithWebIdentity: present, absent or unknown.

Source: IAM User Guide, AWS global condition context keys ("Availability" of each key, and the services that support the
keys of VPC endpoints), and STS API, AssumeRoleWithWebIdentity, which is called without a signature. A key of AWS's list
that no row settles is unknown, never absent.
"""

from __future__ import annotations

from oidc_doctor.judge.typos import similarity

_ABSENT = frozenset(
    name.lower()
    for name in (
        "aws:PrincipalArn",  # recorded as absent, September 2026, as is the organization of a federated caller
        "aws:PrincipalOrgID",
        "aws:PrincipalIsAWSService",
        "aws:PrincipalServiceName",
        "aws:PrincipalServiceNamesList",
        "aws:username",
        "aws:TokenIssueTime",
        "aws:MultiFactorAuthPresent",
        "aws:MultiFactorAuthAge",
        # of a direct call
        "aws:CalledVia",
        "aws:CalledViaFirst",
        "aws:CalledViaLast",
        "aws:CalledViaAWSMCP",
        "aws:ViaAWSMCPService",
        "aws:SignInSessionArn",
        "aws:SourceAccount",
        "aws:SourceArn",
        "aws:SourceOrgID",
        # STS does not support them as of November 2026; the lists grow
        "aws:SourceVpcArn",
        "aws:VpceAccount",
        "aws:VpceOrgID",
        "aws:VpceOrgPaths",
        # keys of other STS calls (IAM User Guide, available keys for AWS STS)
        "sts:AWSServiceName",
        "sts:TaskPolicyArn",
    )
)
_ABSENT_PREFIXES = ("aws:principaltag/",)  # of IAM users and roles; "Anonymous requests do not include this key"
_OF_AN_ENDPOINT = frozenset(("aws:sourcevpcarn", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths"))

_UNKNOWN = frozenset(
    name.lower()
    for name in (
        "aws:SourceIp",
        "aws:SourceVpc",
        "aws:SourceVpce",
        "aws:VpcSourceIp",
        "aws:UserAgent",
        "aws:referer",
        "aws:ResourceOrgID",  # a property of the role, so the call has it; a bundle does not show the organization
        "aws:ResourceOrgPaths",
        "aws:PrincipalOrgPaths",
        "aws:SourceOrgPaths",
        "aws:SourceIdentity",
        "aws:AssumedRoot",
        "aws:ChatbotSourceArn",
        "aws:Ec2InstanceSourceVpc",
        "aws:Ec2InstanceSourcePrivateIPv4",
        "ec2:RoleDelivery",
        "ec2:SourceInstanceArn",
        "glue:RoleAssumedBy",
        "glue:CredentialIssuingService",
        "lambda:SourceFunctionArn",
        "ssm:SourceInstanceArn",
        "identitystore:UserId",
    )
)

# The role's tags: that a trust policy sees them is inferred from the keys of STS's role resource (IAM's service
# reference). The others are of the identity propagation that an OIDC provider may have since November 2026; that the
# call itself has them is inferred too.
_UNKNOWN_PREFIXES = ("aws:resourcetag/", "iam:resourcetag/", "aws:transactioncontext/", "aws:originidentity/")


# Keys that the call has, always or if the token requests them: `request_context` determines their presence.
_OF_THE_CALL = frozenset(
    name.lower()
    for name in (
        *("aws:CurrentTime", "aws:EpochTime", "aws:SecureTransport", "aws:ViaAWSService", "aws:PrincipalType"),
        *("aws:PrincipalAccount", "aws:ResourceAccount", "aws:RequestedRegion", "aws:FederatedProvider", "aws:userid"),
        *("aws:TagKeys", "aws:RequestTag/", "sts:TransitiveTagKeys", "sts:SourceIdentity", "sts:RoleSessionName"),
        *("sts:RoleAuthorizedByIdp", "sts:ExternalId"),
    )
)
_LISTED = _ABSENT | _UNKNOWN | _OF_THE_CALL
_MISSPELLED = 0.8  # minimum similarity of a misspelled name and the listed key


# Keys of the compute services are sent with requests to other services; any other service's key, such as s3:prefix, is
# not.
_PREFIXES_OF_AWS = ("aws:", "sts:", "ec2:", "lambda:", "glue:", "ssm:", "identitystore:")


def is_unlisted(key: str) -> bool:
    """Whether the key has a prefix of AWS and is in no list here: AWS may have added it since November 2026.

    A name similar to a listed key is a misspelling: AWS has no such key, so the call does not have it.
    """
    folded = key.lower()
    if not folded.startswith(_PREFIXES_OF_AWS) or folded in _LISTED:
        return False
    if folded.startswith((*_ABSENT_PREFIXES, *_UNKNOWN_PREFIXES, "aws:requesttag/")):
        return False
    name = folded.partition("/")[0]
    return not any(similarity(name, listed.partition("/")[0]) >= _MISSPELLED for listed in _LISTED)


def is_absent(key: str) -> bool:
    """Whether the key belongs to other calls and callers, so that this call never has it."""
    folded = key.lower()
    return folded in _ABSENT or folded.startswith(_ABSENT_PREFIXES)


def supported_instead(key: str) -> str:
    """Return the keys that STS supports instead of an unsupported VPC endpoint key; empty for other keys."""
    return "aws:SourceVpce, aws:SourceVpc or aws:VpcSourceIp" if key.lower() in _OF_AN_ENDPOINT else ""


def is_unknown(key: str) -> bool:
    """Whether it is a global key whose presence or value is unknown without further evidence."""
    folded = key.lower()
    return folded in _UNKNOWN or folded.startswith(_UNKNOWN_PREFIXES)
