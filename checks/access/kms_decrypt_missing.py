"""KMS decrypt missing

Symptom
    S3 answers AccessDenied for an object that the role may read; the bucket encrypts with a key of AWS KMS. Cloud
    Storage answers: Permission denied on Cloud KMS key.
Reason
    S3 decrypts the object for the caller, who needs `kms:Decrypt` on the key. The key's own policy has to allow it, or
    to delegate to the IAM policies of its account; an Allow of the role alone is never enough. On Google Cloud the
    service agent of the storage service uses the key, not the caller.
Confirm
    `aws kms get-key-policy --key-id KEY --policy-name default`, and the policies of the role.
Fix
    Allow `kms:Decrypt` on the key in the role's policies, and in the key policy where that does not delegate to the
    account.
Source
    Amazon S3 User Guide, Using server-side encryption with AWS KMS keys; AWS KMS Developer Guide, Key policies; Cloud
    Storage documentation, Customer-managed encryption keys.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, role_name


@cause("ACC030", "kms-decrypt-missing", Kind.KMS_DECRYPT_MISSING)
def kms_decrypt_missing(refusal: Refusal) -> Words:
    """Name the key, and who may not use it."""
    if refusal.cloud == "gcp":
        return Words(
            "the service agent of the service that stores the data may not use its Cloud KMS key",
            "Grant the service agent roles/cloudkms.cryptoKeyEncrypterDecrypter on the key; the caller needs no role "
            "on it.",
        )
    role = role_name(refusal)
    holder = f"the role {role}" if role else "the role"
    key = refusal.fact("on") or "the bucket's key"
    return Words(
        f"{holder} is not allowed kms:Decrypt on {key}, which encrypts the bucket",
        f"Allow kms:Decrypt on that key to {holder}: in the role's policies, and in the key policy where it does not "
        "delegate to the account.",
    )
