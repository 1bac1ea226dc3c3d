"""The evidence of a bundle's folder, and each target's part of it."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.choose import (
    Resources,
    choose_aws_provider,
    choose_gcp_pool,
    choose_gcp_provider,
    choose_role,
    choose_service_account,
    derive,
    further_targets,
)
from oidc_doctor.bundle.file_parsers import as_text
from oidc_doctor.bundle.of_plan import planned_of
from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.documents.setup_output import read_setup_output
from oidc_doctor.documents.token import parse_token
from oidc_doctor.documents.truss import truss_sources
from oidc_doctor.model.document import Document, Missing, Origin
from oidc_doctor.model.evidence import (
    AwsEvidence,
    GcpEvidence,
    IssuerEvidence,
    ObservedError,
    Role,
    Target,
    TargetAws,
    TargetEvidence,
    TargetGcp,
    Token,
)
from oidc_doctor.model.limits import ERROR_TEXT, SETUP_OUTPUT, TOKENS, Limit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oidc_doctor.bundle.reader import BundleReader
    from oidc_doctor.model.evidence import Documents
    from oidc_doctor.model.steps import Cloud

T = TypeVar("T")
D = TypeVar("D")


class Folder:
    """The files below `prefix`, each read once for all targets of the folder.

    `shared` is the folder whose issuer documents count where this one has none.
    """

    def __init__(
        self, reader: BundleReader, prefix: str, extra_tokens: Sequence[Token] = (), *, shared: str = ""
    ) -> None:
        self.reader = reader
        self.prefix = prefix
        self.shared = shared
        self.names = frozenset(name.removeprefix(prefix) for name in reader.names.get(prefix, ()))
        self.tokens = (*extra_tokens, *self._tokens())
        planned = planned_of(reader, prefix)
        self.common = TargetEvidence(
            target=Target(""),
            tokens=self.tokens,
            issuer=self._issuer(),
            aws=None,
            gcp=None,
            observed=self._observed(),
            truss=self._read("truss/config.yaml"),
            truss_version=_or(self._read("truss/version.txt"), None),
            setup_output=self._setup_output(),
            whoami=self._read("truss/whoami.txt"),
            planned=planned.changes,
            unknown_values=planned.unknown_values,
            plan_assumes=planned.assumed,
        )
        self.cloudtrail = self._logs(contract.CLOUDTRAIL)
        self.gcp_logs = self._logs(contract.GCP_LOGS)
        self.resources = Resources(
            tokens=self.tokens,
            truss=_or(self.common.truss, None),
            whoami=_or(self.common.whoami, None),
            discovery=_or(self.common.issuer.discovery, None),
            setup=read_setup_output(self.common.setup_output or ""),
        )
        self.aws = self._read_aws()
        self.gcp, self.pool = self._read_gcp()

    def also_named(self, first: Target) -> list[TargetEvidence]:
        """Return the evidence for every further role and provider in the Truss file, each as a separate target.

        The observed error belongs to the first target.
        """
        truss = _or(self.common.truss, None)
        further = []
        for target in further_targets(truss, first) if truss is not None else ():
            evidence = self.evidence(target, only="aws" if target.aws is not None else "gcp")._replace(observed=())
            if evidence.gcp is not None and first.gcp and evidence.target.gcp:
                path = "gcp/service-account-policy.json"
                if evidence.target.gcp.service_account != first.gcp.service_account:
                    policy = Missing(path, f"assumed to be that of {first.gcp.service_account}")
                    evidence = evidence._replace(gcp=evidence.gcp._replace(service_account_policy=policy))
            further.append(evidence)
        return further

    def evidence(self, target: Target, only: Cloud | None = None) -> TargetEvidence:
        """Return the evidence for `target`, with open values filled from the files; `only`: limit to one cloud."""
        target = derive(target._replace(pasted=self._is_pasted), self.resources)
        if only is not None:
            target = target._replace(aws=None) if only == "gcp" else target._replace(gcp=None)
        truss = _or(self.common.truss, None)
        asked = {source.cloud for source in truss_sources(truss)} if truss is not None else set()
        asked |= {self.resources.setup.cloud} if self.resources.setup else set()
        names_aws = target.aws is not None or "aws/" in self._clouds or "aws" in asked
        names_gcp = target.gcp is not None or "gcp/" in self._clouds or "gcp" in asked
        if only is not None:
            names_aws, names_gcp = only == "aws", only == "gcp"
        if not (names_aws or names_gcp):  # only the shared logs mention a cloud
            names_aws, names_gcp = bool(self.cloudtrail), bool(self.gcp_logs)
        target = target._replace(
            aws=target.aws or (TargetAws() if names_aws else None),
            gcp=target.gcp or (TargetGcp() if names_gcp else None),
        )
        return self.common._replace(
            target=target,
            aws=self._aws_of(target) if names_aws else None,
            gcp=self._gcp_of(target) if names_gcp else None,
            cloudtrail=self.cloudtrail if names_aws else (),
            gcp_logs=self.gcp_logs if names_gcp else (),
        )

    def evidence_of_then(self, target: Target) -> TargetEvidence:
        """Return what these files say about a target that is known already: no value of it comes from them."""
        return self.common._replace(
            target=target._replace(pasted=self._is_pasted),
            aws=self._aws_of(target) if target.aws is not None else None,
            gcp=self._gcp_of(target) if target.gcp is not None else None,
        )

    def cover_what_is_missing(self, targets: list[TargetEvidence]) -> None:
        """Add a row for each file of the contract that would concern these targets and is absent."""
        paths = [] if self.tokens else [contract.TOKEN_FILES[0]]
        paths += [contract.ERROR]
        if any(evidence.aws for evidence in targets):
            paths += _files_then_folders("aws/")
            paths += [] if self.cloudtrail else [contract.CLOUDTRAIL]
        if any(evidence.gcp for evidence in targets):
            paths += _files_then_folders("gcp/")
            paths += [] if self.gcp_logs else [contract.GCP_LOGS]
        ordered = sorted(self.names)
        for path in paths:
            if path.endswith("/") and self.reader.has_reads_in(self.prefix + path):
                continue  # each has a row of its own
            place = bisect_left(ordered, path)
            if not (place < len(ordered) and ordered[place].startswith(path)):
                self.reader.cover_missing(self.prefix + path)
        for row in contract.below(contract.ISSUER):
            if row.path not in self.names:
                self.reader.cover_missing(row.path)

    # ------------------------------------------------------------------------------------------------------- reading

    def _read(self, path: str, prefix: str | None = None) -> Any:
        """Return the parsed value of a file, or the reason why there is none; of a folder, a tuple of values."""
        row = contract.row_of(path)
        parser: Callable[[str, str], Any] = row.parser or as_text
        if row.folder:
            return self.reader.each(self.prefix, row.folder, parser)
        prefix = self.prefix if prefix is None else prefix
        return self.reader.parsed(prefix + path, parser, lenient=row.lenient)

    def _read_below(self, folder: str) -> tuple[dict[str, Any], dict[str, Documents]]:
        """Return every file of a cloud, by the name of its evidence field, or by its path if it has none."""
        values: dict[str, Any] = {}
        documents: dict[str, Documents] = {}
        for row in contract.below(folder):
            value = self._read(row.path)
            if row.field:
                values[row.field] = value
            else:
                documents[row.path] = (value,) if isinstance(value, Document) else value
        return values, documents

    def _issuer(self) -> IssuerEvidence:
        """Return the documents of the issuer, from the folder, otherwise from the top."""
        values = {}
        reads = {}
        for row in contract.below(contract.ISSUER):
            read = self.reader.reads.get(self.prefix + row.path) or self.reader.reads.get(self.shared + row.path)
            if read is not None:
                reads[row.path] = read
            values[row.field] = self._read(row.path, self.prefix if row.path in self.names else self.shared)
        chain = reads.get("issuer/chain.pem")
        return IssuerEvidence(
            **values,
            seconds={path: read.seconds for path, read in reads.items() if read.seconds is not None},
            redirects={path: read.redirects for path, read in reads.items() if read.redirects},
            tls_fault=chain.untrusted if chain else "",
            tls13_only=bool(chain and chain.tls13_only),
        )

    def _logs(self, folder: str) -> tuple[str, ...]:
        """Return the log files of the folder, then the shared ones, in the order of the bundle."""
        names = self.reader.log_names
        return tuple(
            name
            for prefix in dict.fromkeys((self.prefix, ""))
            for name in names.get(prefix, ())
            if name.startswith(prefix + folder)
        )

    def _tokens(self) -> list[Token]:
        tokens: list[Token] = []
        samples = sorted(name for name in self.names if contract.is_token(name))
        unread = self.reader.too_many.get(self.prefix + TOKENS.of)
        if unread is not None:
            place = f"{self.prefix}{TOKENS.of} beyond the first {TOKENS.most}"
            self.reader.cover(place, "missing", unread.reason, named=True)
        for path in (*contract.TOKEN_FILES, *samples[: TOKENS.most]):
            name = "token" if path in contract.TOKEN_FILES else path.rpartition("/")[2].partition(".")[0]
            parse = partial(_token, name=name)
            token = self.reader.parsed(self.prefix + path, parse, lenient=path.endswith(".jwt"))
            if isinstance(token, Missing):
                continue
            if path == contract.TOKEN_FILES[1] and any(token.claims == other.claims for other in tokens):
                self.reader.cover(self.prefix + path, "read", "a second copy of the claims of token.jwt")
                continue
            read = self.reader.reads.get(self.prefix + path)
            tokens.append(token._replace(recorded=read is not None and read.outcome == "ok"))
        return tokens

    def _observed(self) -> tuple[ObservedError, ...]:
        text = _or(self._read(contract.ERROR), None)
        if text is None:
            return ()
        path = self.prefix + contract.ERROR
        if not text.strip():
            self.reader.cover(path, "partial", "the file is empty")
            return ()
        self._cover_beginning(path, text.strip(), ERROR_TEXT)
        return (ObservedError.read(text.strip(), Origin(self.reader.bundle.shown(path))),)

    def _setup_output(self) -> str | None:
        text = _or(self._read("setup/output.txt"), None)
        self._cover_beginning(self.prefix + "setup/output.txt", text or "", SETUP_OUTPUT)
        return text

    def _cover_beginning(self, path: str, text: str, limit: Limit) -> None:
        """Write the row of a text of which only the beginning is read, if it is longer."""
        if len(text) > limit.most:
            reason = f"the first {limit.most:,} of its {len(text):,} characters ({limit.source})"
            self.reader.cover(path, "partial", reason, named=True)

    def _read_aws(self) -> AwsEvidence:
        """Read aws/. `resources` receives the resources, from which those of the target are chosen later."""
        values, documents = self._read_below("aws/")
        roles, providers = values["role"], values["provider"]
        listed_roles, listed = values["roles"], values["provider_arns"]
        for role in _or(roles, ()):
            if isinstance(role.trust_policy, Missing):
                broken = role.trust_policy.outcome == "unreadable"
                self.reader.cover(self.prefix + "aws/role.json", "partial", role.trust_policy.reason, named=broken)
        self.resources = self.resources._replace(
            roles=_or(roles, ()),
            listed_roles=() if isinstance(listed_roles, Missing) else listed_roles[1],
            aws_providers=_or(providers, ()) + (() if isinstance(listed, Missing) else listed[2]),
        )
        values |= {
            "role": _why(roles, self.prefix + "aws/role.json"),
            "provider": _why(providers, self.prefix + "aws/oidc-provider.json"),
            "provider_arns": listed if isinstance(listed, Missing) else listed[1],
            "provider_arns_document": None if isinstance(listed, Missing) else listed[0],
            "roles": listed_roles if isinstance(listed_roles, Missing) else listed_roles[0],
            "caller_account": _or(values["caller_account"], None),
            "unread_rcps": self.reader.unread(self.prefix, "aws/rcps/"),
            "unread_controls": (
                *self.reader.unread(self.prefix, "aws/scps/"),
                *self.reader.unread(self.prefix, "aws/endpoint-policies/"),
            ),
        }
        return AwsEvidence(**values, documents=documents)

    def _read_gcp(self) -> tuple[GcpEvidence, Missing]:
        """Read gcp/ in the same way; also return why the pool of the target is missing."""
        values, documents = self._read_below("gcp/")
        providers, pools = values["provider"], values["pool"]
        listed, listed_pools = values["provider_list"], values["pool_list"]
        number, project_id, project_state = _or(values["project_id"], (None, None, None))
        self.resources = self.resources._replace(
            gcp_providers=_or(providers, ()),
            listed_gcp_providers=() if isinstance(listed, Missing) else listed[1],
            gcp_pools=_or(pools, ()),
            listed_gcp_pools=() if isinstance(listed_pools, Missing) else listed_pools[1],
            project=(number, project_id),
            service_account=_or(values["service_account"], None),
            credentials=_or(values["credentials"], None),
        )
        missing_pool = _why(pools, self.prefix + "gcp/pool.json")
        values |= {
            "provider": _why(providers, self.prefix + "gcp/provider.json"),
            "pool": missing_pool,
            "provider_list": listed if isinstance(listed, Missing) else listed[0],
            "pool_list": listed_pools if isinstance(listed_pools, Missing) else listed_pools[0],
            "project_number": number,
            "project_id": project_id,
            "project_state": project_state,
        }
        return GcpEvidence(**values, documents=documents), missing_pool

    # ---------------------------------------------------------------------------------------------------- one target

    @cached_property
    def _clouds(self) -> frozenset[str]:
        """`aws/` and `gcp/`, where files of the folder, or their entries in the manifest, belong to that cloud."""
        reader = self.reader
        return frozenset(
            cloud
            for cloud in ("aws/", "gcp/")
            if any(name.startswith(cloud) and contract.is_known(name) for name in self.names)
            or self.prefix + cloud in reader.reads
            or reader.has_reads_in(self.prefix + cloud)
        )

    @cached_property
    def _is_pasted(self) -> bool:
        """Return False if the manifest marks every configuration file as read from the cloud."""
        files = [
            self.prefix + name
            for name in self.names
            if name.startswith(("aws/", "gcp/")) and not contract.is_log(name) and contract.is_known(name)
        ]
        reads = self.reader.reads
        return not files or not all(path in reads and reads[path].outcome == "ok" for path in files)

    def _aws_of(self, target: Target) -> AwsEvidence:
        role, near = choose_role(target, self.resources)
        provider, others = choose_aws_provider(target, self.resources)
        return self.aws._replace(
            role=role or _not_the_target(self.aws.role, [role.arn for role in near], "role"),
            near_roles=near,
            provider=provider or self.aws.provider,
            other_providers=others,
        )

    def _gcp_of(self, target: Target) -> GcpEvidence:
        account = choose_service_account(target, self.resources)
        provider, near = choose_gcp_provider(target, self.resources)
        pool, near_pools = choose_gcp_pool(target, self.resources)
        return self.gcp._replace(
            provider=provider or _not_the_target(self.gcp.provider, [resource.name for resource in near], "provider"),
            near_providers=near,
            pool=pool or _not_the_target(self.pool, [resource.name for resource in near_pools], "pool"),
            service_account=account or self.gcp.service_account,
            near_service_accounts=(self.resources.service_account,)
            if isinstance(account, Missing) and self.resources.service_account
            else (),
        )


def _files_then_folders(folder: str) -> list[str]:
    """Return the paths of the parsed files of a cloud, those that a command prints first, then its folders."""
    rows = contract.below(folder)
    files = sorted((row for row in rows if not row.folder), key=lambda row: not row.printed_by)
    return [row.path for row in files] + [row.folder for row in rows if row.folder]


def _token(text: str, file: str, name: str) -> Token:
    token = parse_token(text, Origin(file), name)
    no_claims = file.endswith(".json") and not text.lstrip().startswith("{") and not (token.header or token.claims)
    if token.fault and (no_claims or not token.fault_kind):  # the file is malformed, not the token
        raise Unreadable(file, None, None, token.fault)
    return token


def _or(value: T | Missing, otherwise: D) -> T | D:
    return otherwise if isinstance(value, Missing) else value


def _why(value: object, path: str) -> Missing:
    """Return why a resource is missing. If its file was read, the file contains no resource of the target."""
    return value if isinstance(value, Missing) else Missing(path, "the file holds nothing of the target's")


def _not_the_target(missing: Role | object, near: Sequence[str | None], what: str) -> Missing:
    """Return `missing`, with the resource that was read instead."""
    why = _why(missing, "")
    if not near or why.outcome != "not-asked":
        return why
    return why._replace(reason=f"{near[0]} was read, which is not the target's {what}")
