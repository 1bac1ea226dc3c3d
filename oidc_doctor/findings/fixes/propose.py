"""The proven edits of an exchange."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from oidc_doctor.judge import evaluate
from oidc_doctor.model.refusal import Refusal
from oidc_doctor.model.report import FixRow
from oidc_doctor.model.steps import PASSED

if TYPE_CHECKING:
    from oidc_doctor.findings.causes import Diagnosis
    from oidc_doctor.model.case import Case
from oidc_doctor.findings.fixes.aws import AWS_EDITS
from oidc_doctor.findings.fixes.edit import Edit
from oidc_doctor.findings.fixes.gcp import GCP_EDITS
from oidc_doctor.findings.strangers import foreign_subjects, refuses

_MOST_LOGGED = 200  # distinct subjects from the logs that an edit is tried on


def propose(diagnosis: Diagnosis, accepted: Sequence[str | None]) -> list[FixRow]:
    """The smallest edit that makes the refused token pass its refusing step; empty where none can be proven.

    `accepted` are subjects that the logs show as accepted before. An edit that would refuse any of them is not
    offered: for a trust policy the token's pattern is then added to the old one.
    """
    edits = {"aws": AWS_EDITS, "gcp": GCP_EDITS}[diagnosis.trace.cloud]
    logged = list(dict.fromkeys(subject for subject in accepted if subject))[:_MOST_LOGGED]
    for refusal in diagnosis.refusals:
        if not refusal.certain:
            continue
        for make in edits.get(refusal.kind, ()):
            edit = make(diagnosis.case, refusal)
            proof = _proof(diagnosis.case, edit, refusal, logged) if edit is not None else None
            if edit is not None and proof is not None:
                return [FixRow(str(refusal.kind), _diff(edit), edit.commands, proof, edit.after)]
    return []


def _proof(case: Case, edit: Edit, refusal: Refusal, logged: list[str]) -> str | None:
    """The proof of the edit, in words.

    None where the token does not pass, an accepted subject is refused, or a stranger who was refused is accepted.
    """
    edited = case._replace(evidence=edit.evidence, readings=())
    trace = evaluate(edited)
    if trace.step(refusal.step).state != PASSED:
        return None
    step = refusal.step
    if any(refuses(edited, subject, step) and not refuses(case, subject, step) for subject in logged):
        return None
    whole = not any(rest.certain for rest in trace.refusals)
    words = ["the token passes with it" if whole else "this step passes with it; another one still refuses"]
    if logged:
        words.append("every subject that the logs show as accepted still passes")
    refused_before = [subject for subject in foreign_subjects(case) if refuses(case, subject)]
    if any(not refuses(edited, subject) for subject in refused_before):
        return None  # an edit that admits one who was refused before is no fix
    if refused_before:
        words.append(f"{len(refused_before)} synthetic subjects of other tenants and teams are still refused")
    return ", ".join(words)


def _diff(edit: Edit) -> str:
    """The lines that change, with - and +, and one line around them. A comma added with a line is no change."""
    before, after = ([line.removesuffix(",") for line in text.splitlines()] for text in (edit.before, edit.after))
    lines = [
        line
        for line in difflib.unified_diff(before, after, lineterm="", n=1)
        if not line.startswith(("---", "+++", "@@"))
    ]
    margin = min((len(line) - 1 - len(line[1:].lstrip()) for line in lines), default=0)
    return "\n".join(f"{line[0]} {line[1 + margin :]}" for line in lines)
