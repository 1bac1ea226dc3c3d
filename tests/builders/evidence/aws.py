"""AWS's side of a bundle: the request, the role and its trust policy, the OIDC provider, CloudTrail's records."""

from __future__ import annotations

import copy
from typing import Self

from evidence.folder import Folder, Json
from evidence.names import Names


class AwsFiles(Folder):
    """aws/ and the AWS half of oidc-doctor.toml."""

    def sends(self, **aws: Json) -> Self:
        """oidc-doctor.toml with the healthy AWS request and changes; a member given as `...` is left out."""
        request: dict[str, Json] = {
            "role_arn": self.ROLE_ARN,
            "role_session_name": "weights",
            "region": "us-east-1",
        } | aws
        return self.target(aws={name: value for name, value in request.items() if value is not ...})

    def statement(self, condition: Json = None, **changes: Json) -> dict[str, Json]:
        """A healthy Allow statement; `condition` replaces its Condition, a member given as `...` is left out."""
        box: dict[str, Json] = {
            "Effect": "Allow",
            "Principal": {"Federated": self.PROVIDER_ARN},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {self.AUD_KEY: self.AUDIENCE},
                "StringLike": {self.SUB_KEY: self.PATTERN},
            }
            if condition is None
            else condition,
        } | changes
        return {name: value for name, value in copy.deepcopy(box).items() if value is not ...}

    def subject(self, *patterns: str, operator: str = "StringLike") -> dict[str, Json]:
        """A Condition with the healthy audience, and these values of the subject."""
        values = patterns[0] if len(patterns) == 1 else list(patterns)
        condition: dict[str, Json] = {"StringEquals": {self.AUD_KEY: self.AUDIENCE}}
        condition.setdefault(operator, {})[self.SUB_KEY] = values
        return condition

    def policy(self, *statements: Json, **changes: Json) -> dict[str, Json]:
        """A trust policy: the healthy statement unless statements are given."""
        box: dict[str, Json] = {"Version": "2012-10-17", "Statement": list(statements) or [self.statement()]} | changes
        return {name: value for name, value in box.items() if value is not ...}

    def trust(self, *statements: Json, **changes: Json) -> Self:
        """aws/role.json with a trust policy of these statements."""
        return self.aws_role(self.policy(*statements, **changes))

    def condition(self, condition: Json, **changes: Json) -> Self:
        """aws/role.json with one Allow statement that has this Condition."""
        return self.trust(self.statement(condition, **changes))

    def aws_role(self, policy: Json = None, **role: Json) -> Self:
        """aws/role.json as aws iam get-role prints it; a member given as `...` is left out."""
        box: dict[str, Json] = {
            "Path": "/",
            "RoleName": "ModelWeights",
            "RoleId": "AROAEXAMPLEEXAMPLE000",
            "Arn": self.ROLE_ARN,
            "CreateDate": "2026-03-02T09:15:00+00:00",
            "AssumeRolePolicyDocument": self.policy() if policy is None else policy,
            "MaxSessionDuration": 3600,
        } | role
        return self.write("aws/role.json", {"Role": {name: value for name, value in box.items() if value is not ...}})

    def aws_provider(
        self,
        client_ids: Json = (Names.AUDIENCE,),
        url: str = Names.AUDIENCE,
        arn: Json = Names.PROVIDER_ARN,
        **members: Json,
    ) -> Self:
        """aws/oidc-provider.json as aws iam get-open-id-connect-provider prints it, with its Arn added."""
        box: dict[str, Json] = {
            "Arn": arn,
            "Url": url,
            "ClientIDList": list(client_ids) if isinstance(client_ids, tuple) else client_ids,
            "ThumbprintList": ["06b25927c42a721631c1efd9431e648fa62e1e39"],
            "CreateDate": "2026-03-02T09:10:00+00:00",
        } | members
        return self.write("aws/oidc-provider.json", {name: value for name, value in box.items() if value is not ...})

    def aws_providers(self, *arns: str) -> Self:
        """aws/oidc-providers.json as aws iam list-open-id-connect-providers prints it."""
        return self.write("aws/oidc-providers.json", {"OpenIDConnectProviderList": [{"Arn": arn} for arn in arns]})

    def event(self, *, event_id: str = "73ab4876-1f53-4f7c-8a6c-5f1f4b1f7e10", **changes: Json) -> dict[str, Json]:
        """A CloudTrail record of a refused AssumeRoleWithWebIdentity. `subject`, `role` and `at` are short for more."""
        subject = changes.pop("subject", self.SUBJECT)
        role = changes.pop("role", self.ROLE_ARN)
        base: dict[str, Json] = {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "WebIdentityUser",
                "principalId": f"{self.PROVIDER_ARN}:{self.AUDIENCE}:{subject}",
                "userName": subject,
                "identityProvider": self.PROVIDER_ARN,
            },
            "eventTime": changes.pop("at", "2026-11-22T22:30:00Z"),
            "eventSource": "sts.amazonaws.com",
            "eventName": "AssumeRoleWithWebIdentity",
            "awsRegion": "us-east-1",
            "sourceIPAddress": "198.51.100.24",
            "userAgent": "Boto3/1.40.0",
            "errorCode": "AccessDenied",
            "errorMessage": "An unknown error occurred",
            "requestParameters": {"roleArn": role, "roleSessionName": "weights"},
            "responseElements": None,
            "eventID": event_id,
            "readOnly": True,
            "resources": [{"accountId": self.ACCOUNT, "type": "AWS::IAM::Role", "ARN": role}],
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": self.ACCOUNT,
            "eventCategory": "Management",
        }
        return {name: value for name, value in (base | changes).items() if value is not ...}

    def accepted_event(self, **changes: Json) -> dict[str, Json]:
        """A CloudTrail record of an AssumeRoleWithWebIdentity that gave credentials."""
        response = {
            "credentials": {"accessKeyId": "ASIAEXAMPLEEXAMPLE00", "expiration": "Nov 22, 2026"},
            "subjectFromWebIdentityToken": changes.get("subject", self.SUBJECT),
            "provider": self.PROVIDER_ARN,
            "audience": self.AUDIENCE,
        }
        return self.event(**{"responseElements": response, "errorCode": ..., "errorMessage": ..., **changes})

    def cloudtrail(self, records: list[Json] | tuple[Json, ...], name: str = "events") -> Self:
        """A trail file below aws/cloudtrail/."""
        return self.write(f"aws/cloudtrail/{name}.json", {"Records": list(records)})
