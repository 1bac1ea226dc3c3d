"""A plan as a bundle in memory: a folder for each target, whose files are what the clouds print after apply."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.files import Bundle, BundleError
from oidc_doctor.documents.planned import to_json
from oidc_doctor.model.planned import FILE as PLANNED
from oidc_doctor.model.planned import Planned
from oidc_doctor.plans.aws import AwsPart
from oidc_doctor.plans.gaps import Gaps
from oidc_doctor.plans.gcp import GcpPart
from oidc_doctor.plans.plan import read_plan
from oidc_doctor.plans.target_files import folder_of

if TYPE_CHECKING:
    from oidc_doctor.plans.target_files import TargetFiles


def bundle_of_plan(text: str, label: str) -> Bundle:
    """Return the bundle of `terraform show -json PLAN` or `tofu show -json PLAN`. Raises BundleError.

    `label` is the plan's name in messages. The target of a role is named by the role's address in the plan.
    """
    plan = read_plan(text, label)
    gaps = Gaps()
    targets: list[TargetFiles] = [*AwsPart(plan, gaps).targets(), *GcpPart(plan, gaps).targets()]
    if not targets:
        message = f"{label}: the plan has no IAM role, OIDC provider or workload identity pool provider"
        raise BundleError(message)
    bundle = Bundle(label, {}, own_manifest=True, loose=True)
    bundle.is_plan = True
    shown: dict[str, str] = {}
    reads = []
    taken: set[str] = set()
    for target in targets:
        folder = f"{contract.TARGETS}{folder_of(target.target.name, taken)}/"
        for path, content in target.written(folder).items():
            bundle.add(path, content.encode("utf-8", "replace"))
        shown |= {f"{folder}{path}": name for path, name in target.shown.items()}
        reads += [read | {"path": f"{folder}{read['path']}"} for read in target.reads]
    bundle.name(shown)
    if plan.notes:
        bundle.add(PLANNED, to_json(Planned(notes=tuple(plan.notes))).encode("utf-8", "replace"))
    bundle.add(contract.MANIFEST, json.dumps({"reads": reads}).encode())
    return bundle
