"""AWS's global condition keys at AssumeRoleWithWebIdentity: which the call has, which it has not, which are not known.

Source: IAM User Guide, AWS global condition context keys ("Availability" of each key, and the services that support the
keys of VPC endpoints), and STS API, AssumeRoleWithWebIdentity, which is called without a signature. A key of AWS's list
that no row settles is unknown, and never absent.
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
        # STS is none of the services that support them, as of November 2026; the lists grow
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
        "aws:ResourceOrgID",  # of the role, so the call has it; a bundle does not know the organization
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


# Keys that the call has, or has where the token asks for them: whether one is there is read elsewhere.
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
_MISSPELLED = 0.8  # how similar a name is to one of the list that it misspells


# Keys of the compute services travel with requests to others; a key of any other service, as s3:prefix, is of its own.
_PREFIXES_OF_AWS = ("aws:", "sts:", "ec2:", "lambda:", "glue:", "ssm:", "identitystore:")


def is_unlisted(key: str) -> bool:
    """Whether it is a key in AWS's own names that no list here has: AWS may have added it since November 2026.

    A name that nearly is one of the list misspells that one: AWS has no such key, and the call does not have it.
    """
    folded = key.lower()
    if not folded.startswith(_PREFIXES_OF_AWS) or folded in _LISTED:
        return False
    if folded.startswith((*_ABSENT_PREFIXES, *_UNKNOWN_PREFIXES, "aws:requesttag/")):
        return False
    name = folded.partition("/")[0]
    return not any(similarity(name, listed.partition("/")[0]) >= _MISSPELLED for listed in _LISTED)


def is_absent(key: str) -> bool:
    """Whether it is a key of other calls and callers, which this call never has."""
    folded = key.lower()
    return folded in _ABSENT or folded.startswith(_ABSENT_PREFIXES)


def supported_instead(key: str) -> str:
    """The keys that STS does support, for one of a VPC endpoint that it does not; else empty."""
    return "aws:SourceVpce, aws:SourceVpc or aws:VpcSourceIp" if key.lower() in _OF_AN_ENDPOINT else ""


def is_unknown(key: str) -> bool:
    """Whether it is a global key of which neither absence nor value is known without further evidence."""
    folded = key.lower()
    return folded in _UNKNOWN or folded.startswith(_UNKNOWN_PREFIXES)
