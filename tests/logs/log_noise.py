"""Audit records that are about something else, quickly: a few dozen shapes, filled in with new values each time.

Several hold the names that a reader looks for where they mean nothing: in user agents, in escaped JSON, in nested
request parameters, in error messages.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from itertools import accumulate
from random import Random
from typing import Any

import aws_shapes
import gcp_shapes
import log_shapes as shapes
from log_shapes import Json

_SLOT = re.compile(r"@@(\w+)@@")
_ADDRESSES = ("192.0.2.", "198.51.100.", "203.0.113.")

_SEARCH = json.dumps({"eventSource": "sts.amazonaws.com", "eventName": "AssumeRoleWithWebIdentity", "errorCode": "*"})
_PATTERN = json.dumps(
    {
        "source": ["aws.iam"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["iam.amazonaws.com"],
            "eventName": ["UpdateAssumeRolePolicy", "DeleteOpenIDConnectProvider", "UpdateRole"],
        },
    }
)
_QUERY = (
    'SELECT eventtime, useridentity.username FROM cloudtrail_logs WHERE eventname = "AssumeRoleWithWebIdentity" AND '
    "requestparameters LIKE '%\"roleArn\":\"arn:aws:iam::%' AND errorcode = 'AccessDenied' ORDER BY eventtime"
)
_LIVE_EVENT = {
    "eventVersion": "1.11",
    "eventSource": "iam.amazonaws.com",
    "eventName": "UpdateAssumeRolePolicy",
    "eventID": "11111111-2222-4333-a444-555555555555",
    "eventTime": "2026-01-01T00:00:00Z",
    "requestParameters": {"roleName": "ModelWeights", "policyDocument": "{}"},
}
_ENVIRONMENT = {f"SETTING_{index}": f"value-{index}-of-the-service" for index in range(24)}


def _aws_shapes(account: str, role: str) -> list[tuple[int, Json]]:
    """(weight, record) with @@slots@@. `role` is the name of the role that the archive is about."""
    rng = Random(account)

    def record(service: str, name: str, request: Any = None, response: Any = None, **members: Any) -> Json:
        identity = members.pop("identity", None) or aws_shapes.assumed_role(
            rng, account, "OrderService", "i-0@@h16@@", 0
        )
        base = {
            "eventTime": "@@time@@",
            "awsRegion": "@@region@@",
            "sourceIPAddress": "@@ip@@",
            "requestID": "@@uuid@@",
            "eventID": "@@uuid@@",
            "requestParameters": request,
            "responseElements": response,
        }
        return aws_shapes.aws_record(rng, 0, service, name, identity, account, **(base | members))

    service = {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}
    auditor = aws_shapes.assumed_role(rng, account, "SecurityAudit", "audit-@@h16@@", 0)
    table = f"arn:aws:dynamodb:us-east-1:{account}:table/orders"
    denied = (
        f"User: arn:aws:sts::{account}:assumed-role/SecurityAudit/audit is not authorized to perform: "
        f"iam:UpdateAssumeRolePolicy on resource: role {role} because no identity-based policy allows the "
        "iam:UpdateAssumeRolePolicy action"
    )
    return [
        (14, record("kms", "Decrypt", {"encryptionAlgorithm": "SYMMETRIC_DEFAULT",
             "encryptionContext": {"aws:s3:arn": "arn:aws:s3:::orders-@@h16@@/part-@@h16@@.parquet"}},
             resources=[{"accountId": account, "type": "AWS::KMS::Key",
                         "ARN": f"arn:aws:kms:us-east-1:{account}:key/9dc144ee-9890-4037-bb0f-c7e5dd4223ba"}])),
        (8, record("kms", "GenerateDataKey", {"keySpec": "AES_256", "keyId": "alias/orders",
             "encryptionContext": {"PARAMETER_ARN": f"arn:aws:ssm:us-east-1:{account}:parameter/@@h16@@"}})),
        (12, record("sts", "AssumeRole", {"roleArn": f"arn:aws:iam::{account}:role/OrderService",
             "roleSessionName": "i-0@@h16@@", "durationSeconds": 3600},
             {"credentials": {"accessKeyId": "ASIA@@key@@EXAMPLE", "sessionToken": "IQoJb3JpZ2luX2Vj@@h32@@EXAMPLE",
                              "expiration": "Nov 20, 2026, 9:12:44 AM"},
              "assumedRoleUser": {"assumedRoleId": "AROA@@key@@EXAMPLEA:i-0@@h16@@",
                                  "arn": f"arn:aws:sts::{account}:assumed-role/OrderService/i-0@@h16@@"}},
             identity=service, sourceIPAddress="ec2.amazonaws.com", userAgent="ec2.amazonaws.com",
             sharedEventID="@@uuid@@")),
        (6, record("sts", "GetCallerIdentity", None, None, tlsDetails=aws_shapes.tls("sts.@@region@@.amazonaws.com"))),
        (10, record("ec2", "DescribeInstances", {"maxResults": 1000, "instancesSet": {}, "filterSet": {"items": [
             {"name": "tag:fleet", "valueSet": {"items": [{"value": "orders-@@h16@@"}]}},
             {"name": "instance-state-name", "valueSet": {"items": [{"value": "running"}]}}]}})),
        (4, record("ec2", "RunInstances", {"instancesSet": {"items": [{"imageId": "ami-0@@h16@@", "minCount": 1,
             "maxCount": 4}]}, "instanceType": "c7i.4xlarge", "blockDeviceMapping": {"items": [
             {"deviceName": "/dev/xvda", "ebs": {"volumeSize": 200, "deleteOnTermination": True}}]},
             "monitoring": {"enabled": True}, "tagSpecificationSet": {"items": [{"resourceType": "instance",
             "tags": [{"key": "fleet", "value": "orders"}, {"key": "owner", "value": "platform"}]}]}},
             {"instancesSet": {"items": [{"instanceId": f"i-0@@h16@@{index}", "currentState": {"code": 0,
              "name": "pending"}, "privateIpAddress": f"10.0.3.{index}",
              "placement": {"availabilityZone": "@@region@@a", "tenancy": "default"},
              "networkInterfaceSet": {"items": [{"networkInterfaceId": "eni-0@@h16@@",
              "subnetId": "subnet-0@@h16@@", "status": "in-use"}]}} for index in range(3)]}})),
        (6, record("ssm", "GetParameter", {"name": "/orders/@@h16@@", "withDecryption": True})),
        (5, record("secretsmanager", "GetSecretValue", {"secretId": "orders/db-@@h16@@"})),
        (6, record("logs", "CreateLogStream", {"logGroupName": "/aws/lambda/orders", "logStreamName":
             "2026/11/20/[$LATEST]@@h32@@"}, readOnly=False)),
        (4, record("dynamodb", "DescribeTable", {"tableName": "orders"}, None, resources=[
             {"accountId": account, "type": "AWS::DynamoDB::Table", "ARN": table}])),
        (5, record("ecr", "BatchGetImage", {"registryId": account, "repositoryName": "orders", "imageIds": [
             {"imageTag": "build-@@h16@@"}], "acceptedMediaTypes": ["application/vnd.oci.image.index.v1+json",
             "application/vnd.docker.distribution.manifest.v2+json"]})),
        (3, record("ecs", "RegisterTaskDefinition", {"family": "orders", "containerDefinitions": [{"name": "orders",
             "image": f"{account}.dkr.ecr.us-east-1.amazonaws.com/orders:@@h16@@", "cpu": 1024, "memory": 2048,
             "environment": [{"name": key, "value": value} for key, value in _ENVIRONMENT.items()]}]},
             readOnly=False)),
        (4, record("s3", "GetBucketAcl", {"bucketName": "orders-@@h16@@", "Host": "s3.amazonaws.com", "acl": ""},
             identity={"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"},
             sourceIPAddress="cloudtrail.amazonaws.com", userAgent="cloudtrail.amazonaws.com",
             additionalEventData={"SignatureVersion": "SigV4", "bytesTransferredOut": 542, "x-amz-id-2": "@@h32@@="})),
        (3, record("lambda", "UpdateFunctionCode20150331v2", {"functionName": "orders", "publish": False,
             "dryRun": False}, {"functionName": "orders", "runtime": "python3.13", "codeSha256": "@@h32@@=",
             "environment": {}, "lastModified": "@@time@@", "role": f"arn:aws:iam::{account}:role/OrderService"},
             readOnly=False)),
        (3, record("iam", "GetRole", {"roleName": role}, None, identity=auditor)),
        (2, record("iam", "ListOpenIDConnectProviders", None, None, identity=auditor)),
        (1, record("iam", "GetRole", None, None, identity=auditor, errorCode="AccessDenied", errorMessage=denied)),
        (2, record("cloudtrail", "LookupEvents", {"maxResults": 50, "lookupAttributes": [
             {"attributeKey": "EventName", "attributeValue": "AssumeRoleWithWebIdentity"}],
             "startTime": "Nov 19, 2026, 8:00:00 AM"}, identity=auditor)),
        (1, record("athena", "StartQueryExecution", {"queryString": _QUERY, "clientRequestToken": "@@uuid@@",
             "workGroup": "primary", "resultConfiguration": {"outputLocation": "s3://athena-@@h16@@/"}},
             {"queryExecutionId": "@@uuid@@"}, identity=auditor, readOnly=False)),
        (1, record("events", "PutRule", {"name": "iam-watch", "state": "ENABLED", "eventPattern": _PATTERN},
             readOnly=False)),
        (1, record("lambda", "Invoke", {"functionName": "iam-watch", "clientContext": _SEARCH,
             "payload": {"Records": [_LIVE_EVENT]}}, readOnly=False)),
        (2, record("sts", "GetCallerIdentity", userAgent="probe/1.0 (tests AssumeRoleWithWebIdentity; "
             '\\"eventName\\":\\"AssumeRoleWithWebIdentity\\") UpdateAssumeRolePolicy')),
        (1, record("signin", "ConsoleLogin", None, {"ConsoleLogin": "Success"}, eventType="AwsConsoleSignIn",
             additionalEventData={"LoginTo": "https://console.aws.amazon.com/iam/home?#/roles/details/" + role,
                                  "MobileVersion": "No", "MFAUsed": "Yes"}, readOnly=False)),
        (1, record("ssm", "PutParameter", {"name": "/orders/@@h16@@", "type": "SecureString",
             "value": "HIDDEN_DUE_TO_SECURITY_REASONS"}, errorCode="ThrottlingException",
             errorMessage="Rate exceeded", readOnly=False)),
        (1, record("kms", "RotateKey", None, None, eventType="AwsServiceEvent", identity={"accountId": account,
             "invokedBy": "AWS Internal"}, serviceEventDetails={"keyId":
             f"arn:aws:kms:us-east-1:{account}:key/@@uuid@@"})),
    ]  # fmt: skip


def _gcp_shapes(project: str, number: str, email: str) -> list[tuple[int, str, Json]]:
    """(weight, log, entry) with @@slots@@."""
    rng = Random(project)
    caller = {"authenticationInfo": {"principalEmail": f"orders@{project}.iam.gserviceaccount.com"}}
    person = {"authenticationInfo": {"principalEmail": f"platform-admin@{project}.iam.gserviceaccount.com"}}

    def entry(log: str, service: str, method: str, name: str, payload: Json, **members: Any) -> Json:
        made = gcp_shapes.gcp_entry(rng, 0, project, log, service, method, name, payload, **members)
        made |= {"insertId": "@@h16@@", "timestamp": "@@fine@@", "receiveTimestamp": "@@later@@"}
        made["protoPayload"]["requestMetadata"] |= {"callerIp": "@@ip@@"}
        made["protoPayload"]["requestMetadata"]["requestAttributes"]["time"] = "@@fine@@"
        return made

    def granted(permission: str, resource: str) -> Json:
        return {"authorizationInfo": [{"granted": True, "permission": permission, "resource": resource,
                                       "permissionType": "DATA_READ", "resourceAttributes": {}}]}  # fmt: skip

    bucket = "projects/_/buckets/orders"
    pool = f"projects/{number}/locations/global/workloadIdentityPools/other-pool"
    query = (
        'protoPayload.methodName="google.identity.sts.v1.SecurityTokenService.ExchangeToken" AND severity=ERROR AND '
        'protoPayload.methodName:"UpdateWorkloadIdentityPoolProvider"'
    )
    nodes = {f"node-{index}": {"cpu": "3920m", "memory": "14226Mi", "pods": "110"} for index in range(12)}
    return [
        (20, "data_access", entry("data_access", "storage", "storage.objects.get", f"{bucket}/objects/@@h32@@",
             caller | granted("storage.objects.get", f"{bucket}/objects/@@h32@@"))),
        (12, "data_access", entry("data_access", "bigquery", "google.cloud.bigquery.v2.JobService.InsertJob",
             f"projects/{project}/jobs/@@uuid@@", caller | {"metadata": {"@type":
             "type.googleapis.com/google.cloud.audit.BigQueryAuditMetadata", "jobInsertion": {"reason": "JOB_INSERT",
             "job": {"jobName": "@@h16@@", "jobConfig": {"type": "QUERY", "queryConfig": {"priority": "QUERY_BATCH",
             "query": "SELECT order_id, SUM(total) FROM orders.lines WHERE day = @@h16@@ GROUP BY order_id " * 6,
             "destinationTable": f"projects/{project}/datasets/tmp/tables/@@h16@@"}}}}}})),
        (10, "data_access", entry("data_access", "k8s", "io.k8s.core.v1.nodes.list", "core/v1/nodes", caller | {
             "response": {"kind": "NodeList", "items": nodes}})),
        (8, "data_access", entry("data_access", "secretmanager",
             "google.cloud.secretmanager.v1.SecretManagerService.AccessSecretVersion",
             f"projects/{number}/secrets/orders/versions/3", caller | {"request": {"name":
             f"projects/{project}/secrets/orders/versions/latest"}})),
        (6, "data_access", entry("data_access", "iam", "google.iam.admin.v1.ListServiceAccounts",
             f"projects/{project}", caller)),
        (5, "data_access", entry("data_access", "iam", "google.iam.admin.v1.GetIAMPolicy",
             f"projects/-/serviceAccounts/{email}", person)),
        (3, "data_access", entry("data_access", "logging", "google.logging.v2.LoggingServiceV2.ListLogEntries",
             f"projects/{project}", person | {"request": {"filter": query, "pageSize": 50, "resourceNames":
             [f"projects/{project}"]}})),
        (2, "data_access", entry("data_access", "sts", gcp_shapes.EXCHANGE, f"{pool}/providers/ci", {
             "authenticationInfo": {"principalSubject": "job-@@h16@@"}, "metadata": {"mapped_principal":
             f"principal://iam.googleapis.com/{pool}/subject/job-@@h16@@"}, "request": {"audience":
             f"//iam.googleapis.com/{pool}/providers/ci"}})),
        (2, "data_access", entry("data_access", "storage", "storage.objects.get", f"{bucket}/objects/@@h32@@",
             caller | {"status": {"code": 7, "message": "orders does not have storage.objects.get access; see "
             "ExchangeToken and GenerateAccessToken of " + email}})),
        (5, "activity", entry("activity", "compute", "v1.compute.instances.insert",
             f"projects/{project}/zones/us-central1-a/instances/orders-@@h16@@", person | {"request": {
             "machineTypes": "n2-standard-8", "networkInterfaces": [{"network": "default"}] * 3, "labels":
             dict(list(_ENVIRONMENT.items())[:10])}}, operation={"first": True, "id": "operation-@@h16@@",
             "producer": "compute.googleapis.com"}, agent="Terraform/1.13.4 UpdateWorkloadIdentityPoolProvider")),
        (3, "activity", entry("activity", "compute", "v1.compute.instances.insert",
             f"projects/{project}/zones/us-central1-a/instances/orders-@@h16@@", person, operation={"last": True,
             "id": "operation-@@h16@@", "producer": "compute.googleapis.com"})),
        (1, "activity", entry("activity", "run", "google.cloud.run.v2.Services.UpdateService",
             f"projects/{project}/locations/us-central1/services/orders", person | {"request": {"service": {
             "template": {"containers": [{"image": "us-docker.pkg.dev/@@h16@@", "env": _ENVIRONMENT}]}}}})),
    ]  # fmt: skip


class Noise:
    """Texts of records, one line each. Every call gives a new one; `rng` decides."""

    def __init__(self, found: list[tuple[int, Json]]) -> None:
        self.shapes = [_SLOT.split(shapes.compact(record)) for _, record in found]
        self.weights = list(accumulate(weight for weight, _ in found))

    @classmethod
    def aws(cls, account: str, role: str) -> Noise:
        """A trail's records of this account."""
        return cls(_aws_shapes(account, role))

    @classmethod
    def gcp(cls, project: str, number: str, email: str, log: str) -> Noise:
        """Entries of this log of a project."""
        return cls([(weight, entry) for weight, name, entry in _gcp_shapes(project, number, email) if name == log])

    def texts(self, rng: Random, times: list[float], region: str = "") -> list[str]:
        """One record for each of the times."""
        chosen = rng.choices(self.shapes, cum_weights=self.weights, k=len(times))
        return ["".join(self._filled(parts, rng, at, region)) for parts, at in zip(chosen, times, strict=True)]

    def _filled(self, parts: list[str], rng: Random, at: float, region: str) -> list[str]:
        out = parts[:]
        bits = f"{rng.getrandbits(512):0128x}"
        used = 0
        for index in range(1, len(out), 2):
            slot = out[index]
            used = (used + 8) % 96
            if slot == "uuid":
                some = f"{rng.getrandbits(128):032x}"
                out[index] = f"{some[:8]}-{some[8:12]}-4{some[13:16]}-a{some[17:20]}-{some[20:]}"
            elif slot == "time":
                out[index] = shapes.stamp(at)
            elif slot == "region":
                out[index] = region
            elif slot == "ip":
                out[index] = f"{_ADDRESSES[used // 32]}{int(bits[used : used + 2], 16) % 254 + 1}"
            elif slot == "h32":
                out[index] = bits[used : used + 32]
            elif slot == "key":
                out[index] = bits[used : used + 9].upper().translate(_NO_DIGITS)
            elif slot == "fine":
                out[index] = shapes.fine_stamp(at)
            elif slot == "later":
                out[index] = shapes.fine_stamp(at + 0.7)
            else:
                out[index] = bits[used : used + 16]
        return out


_NO_DIGITS = str.maketrans("0189", "QRST")  # base 32 has the digits 2 to 7


def day_path(at: float) -> str:
    """YYYY/MM/DD, as both clouds lay their files out."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y/%m/%d")
