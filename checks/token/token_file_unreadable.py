"""Token file unreadable

Symptom
    `unable to read file at … token: permission denied`, `EACCES: permission denied, open '…/token'`.
Reason
    The SDK was given the path of a token file, and the process may not read it: in a pod the projected token
    belongs to root unless fsGroup or runAsUser is set to fit.
Confirm
    Run `ls -ln` on the path and `id` in the container of the workload.
Fix
    Make the file readable for the user that the process runs as, in a pod by securityContext.fsGroup.
Source
    Kubernetes, Configure service accounts for pods; Amazon EKS User Guide, IAM roles for service accounts.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted


@cause("TOK018", "token-file-unreadable", Kind.TOKEN_FILE_UNREADABLE)
def token_file_unreadable(refusal: Refusal) -> Words:
    """Name the path that could not be read."""
    return Words(
        f"the process may not read the token file{given(' {}', quoted(refusal.fact('path'), ''))}",
        "Make the file readable for the user of the process: in a pod set securityContext.fsGroup, "
        "or runAsUser to the owner of the file.",
    )
