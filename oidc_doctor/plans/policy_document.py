"""Render a data source aws_iam_policy_document as the provider does, where the plan leaves its `json` open.

Source: hashicorp/aws, Data Source aws_iam_policy_document (arguments, merging, `&{`), and its resource schema. Its
order of values under one element has no effect and is kept. A value that is not known stays an `Open` where it can be
any text; where it may be any part of a policy, the whole policy is open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.documents.json_text import Unreadable, load
from oidc_doctor.plans.masked import Open, first_open
from oidc_doctor.plans.provider_urls import ProviderUrls
from oidc_doctor.plans.references import all_referenced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from oidc_doctor.model.document import Json
    from oidc_doctor.plans.plan import Plan, Resource

    # The ARN of a resource whose `arn` is open, as far as it is known; None for any other resource.
    Symbolic = Callable[[Resource], str | None]

TYPE = "aws_iam_policy_document"
_VERSION = "2012-10-17"  # of a document without one
_DEEPEST = 16  # documents merged into documents
_MOST_STATEMENTS = 1_000  # IAM takes no policy as long
_MEMBERS = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition")
_JSON = ("json", "minified_json")


class Renderer:
    """Renders the documents of a plan. `symbolic` names the ARN of a resource that the plan creates."""

    def __init__(self, plan: Plan, symbolic: Symbolic) -> None:
        self._plan = plan
        self._symbolic = symbolic
        self._urls = ProviderUrls(plan)
        self._policies: dict[str, dict[str, Any] | Open] = {}
        self.named: dict[str, dict[str, None]] = {}  # of a document, the providers that its open identifiers refer to

    def policy(self, document: Resource, depth: int = 0) -> dict[str, Any] | Open:
        """Return the policy with an `Open` in place of each text that is not known; an Open if more is not known."""
        values = document.after
        if values is None or document.doubt or depth > _DEEPEST:
            return Open("json", "shape")
        if document.address not in self._policies:
            try:
                self._policies[document.address] = self._merged(document, values, depth)
            except _OpenPart as part:
                self._policies[document.address] = part.value
        return self._policies[document.address]

    def _merged(self, document: Resource, values: dict[str, Any], depth: int) -> dict[str, Any]:
        for name in ("source_json", "override_json"):  # former arguments
            if values.get(name) not in (None, ""):
                raise _OpenPart(_opened(values[name], name))
        version = values.get("version")
        version = _VERSION if version is None else _text(version, "version")
        own: dict[str, Any] = {"Version": version}
        if values.get("policy_id") not in (None, ""):
            own["Id"] = values["policy_id"]
        statements = _listed(values.get("statement"), "statement")
        own["Statement"] = [
            self._statement(document, index, _object(statement, f"statement[{index}]"), version)
            for index, statement in enumerate(statements)
        ]
        sources = self._documents(document, values, "source_policy_documents", depth)
        overrides = self._documents(document, values, "override_policy_documents", depth)
        if sources or overrides:
            merged: dict[str, Any] = {"Version": "", "Statement": []}
            for part in (*sources, own, *overrides):
                _merge(merged, part)
                if len(merged["Statement"]) > _MOST_STATEMENTS:
                    raise _OpenPart(Open("statement", "shape"))
            own = merged
        return {name: part for name, part in own.items() if name != "Statement" or part}

    def _documents(self, document: Resource, values: dict[str, Any], name: str, depth: int) -> list[dict[str, Any]]:
        listed = _listed(values.get(name), name)
        sources = all_referenced(self._plan, document, self._plan.expression_of(document, name))
        documents = []
        for index, text in enumerate(listed):
            if text is None:
                continue
            if isinstance(text, str):
                documents.append(_read(text, f"{name}[{index}]"))
                continue
            if not isinstance(text, Open) or text.why != "unknown" or not sources or len(sources) != len(listed):
                raise _OpenPart(_opened(text, f"{name}[{index}]"))
            source = sources[index]
            if source.resource.type != TYPE or not source.is_attribute(*_JSON):
                raise _OpenPart(text)
            part = self.policy(source.resource, depth + 1)
            if isinstance(part, Open):
                raise _OpenPart(text)
            self.named.setdefault(document.address, {}).update(self.named.get(source.resource.address, {}))
            documents.append(part)
        return documents

    def _statement(self, document: Resource, index: int, values: dict[str, Any], version: str) -> dict[str, Any]:
        place = f"statement[{index}]"
        effect = values.get("effect")
        statement: dict[str, Any] = {"Effect": "Allow" if effect is None else _text(effect, f"{place}.effect")}
        if values.get("sid") not in (None, ""):
            statement["Sid"] = values["sid"]
        for name, element in (
            ("actions", "Action"),
            ("not_actions", "NotAction"),
            ("resources", "Resource"),
            ("not_resources", "NotResource"),
        ):
            texts = _texts(values.get(name), f"{place}.{name}")
            if texts:
                replaced = texts if name.endswith("actions") else [_variables(text, version) for text in texts]
                statement[element] = _one_or_all(replaced)
        for name, element in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
            principals = self._principals(document, index, name, values, version)
            if principals:
                statement[element] = principals
        conditions = self._conditions(document, values.get("condition"), f"{place}.condition", version)
        if conditions:
            statement["Condition"] = conditions
        return {name: statement[name] for name in _MEMBERS if name in statement}

    def _principals(
        self, document: Resource, index: int, name: str, values: dict[str, Any], version: str
    ) -> dict[str, Any] | str:
        place = f"statement[{index}].{name}"
        blocks = [_object(block, f"{place}[{number}]") for number, block in enumerate(_listed(values.get(name), place))]
        principals: dict[str, list[Any]] = {}
        for number, block in enumerate(blocks):
            type_ = _text(block.get("type"), f"{place}[{number}].type")
            identifiers = _texts(block.get("identifiers"), f"{place}[{number}].identifiers")
            expression = self._identifiers_of(document, index, name, type_, len(blocks))
            known = self._resolved(document, identifiers, expression, _issuers(values.get("condition")))
            principals.setdefault(type_, []).extend(_variables(text, version) for text in known)
        if list(principals.items()) == [("*", ["*"])] and len(blocks) == 1:
            return "*"
        return {type_: _one_or_all(names) for type_, names in principals.items()}

    def _identifiers_of(self, document: Resource, index: int, name: str, type_: str, count: int) -> Json:
        """Return the expression of the identifiers; None where the configuration has other blocks than the plan.

        A dynamic block is not in the configuration, so numbers that differ show one.
        """
        written = self._plan.expression_of(document, "statement")
        statements = document.after.get("statement") if document.after else None
        if not isinstance(written, list) or not isinstance(statements, list) or len(written) != len(statements):
            return None
        principals = written[index].get(name) if isinstance(written[index], dict) else None
        if not isinstance(principals, list) or len(principals) != count:
            return None
        of_type = [
            part for part in principals if isinstance(part, dict) and part.get("type") == {"constant_value": type_}
        ]
        return of_type[0].get("identifiers") if len(of_type) == 1 else None

    def _resolved(
        self, document: Resource, identifiers: list[Any], expression: Json, issuers: frozenset[str]
    ) -> list[Any]:
        """Return the identifiers with the ARNs of the providers that the open ones refer to.

        The identifiers are a set, so which of the open ones is which provider makes no difference. A statement whose
        condition keys are all of other issuers shows that the text is made from a part of the ARN.
        """
        unknown = [text for text in identifiers if isinstance(text, Open) and text.why == "unknown"]
        if not unknown:
            return identifiers
        sources = all_referenced(self._plan, document, expression)
        if sources is None:
            return identifiers
        arns = [self._symbolic(source.resource) for source in sources if source.is_attribute("arn", "id")]
        known_arns = [arn for arn in arns if arn is not None]
        is_whole = not any(text.path.endswith(".identifiers") for text in unknown)
        if len(known_arns) != len(sources) or len(sources) != len(unknown) or len({*known_arns}) != len(unknown):
            return identifiers
        if not is_whole or (issuers and not any(arn.partition(":oidc-provider/")[2] in issuers for arn in known_arns)):
            return identifiers
        named = self.named.setdefault(document.address, {})
        named |= dict.fromkeys(source.resource.address for source in sources)
        return [text for text in identifiers if text not in unknown] + known_arns

    def _conditions(self, document: Resource, value: Any, path: str, version: str) -> dict[str, dict[str, Any]]:
        merged: dict[str, dict[str, list[Any]]] = {}
        for index, condition in enumerate(_listed(value, path)):
            place = f"{path}[{index}]"
            block = _object(condition, place)
            test = _text(block.get("test"), f"{place}.test")
            variable = _text(block.get("variable"), f"{place}.variable")
            made = self._urls.is_made_of_url(document, variable, "variable")
            if made == "maybe":
                raise _OpenPart(Open(f"{place}.variable", "url"))
            variable = self._urls.without_scheme(variable) if made == "yes" else variable
            texts = merged.setdefault(test, {}).setdefault(variable, [])
            for number, text in enumerate(_texts(block.get("values"), f"{place}.values")):
                is_url = isinstance(text, str) and self._urls.is_made_of_url(document, text, "values") != "no"
                texts.append(Open(f"{place}.values[{number}]", "url") if is_url else _variables(text, version))
        return {
            test: {variable: _one_or_all(texts) for variable, texts in variables.items()}
            for test, variables in merged.items()
        }


class _OpenPart(Exception):  # noqa: N818 - a part of a document that leaves all of it open
    def __init__(self, value: Open) -> None:
        super().__init__(value)
        self.value = value


def _opened(value: Any, path: str) -> Open:
    return value if isinstance(value, Open) else first_open(value) or Open(path, "shape")


def _object(value: Any, path: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise _OpenPart(_opened(value, path))


def _listed(value: Any, path: str) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise _OpenPart(_opened(value, path))


def _text(value: Any, path: str) -> str:
    if isinstance(value, str):
        return value
    raise _OpenPart(_opened(value, path))


def _texts(value: Any, path: str) -> list[Any]:
    """Return the texts of a list, open ones included; a list that is open as a whole is one open text."""
    if isinstance(value, Open):
        return [value]
    texts = _listed(value, path)
    return [text if isinstance(text, str) else _opened(text, f"{path}[{index}]") for index, text in enumerate(texts)]


def _one_or_all(texts: list[Any]) -> Any:
    return texts[0] if len(texts) == 1 else texts


def _variables(text: Any, version: str) -> Any:
    """Return the text with `&{` written `${`. The provider refuses it in the former version of the language."""
    if not isinstance(text, str) or "&{" not in text:
        return text
    if version != _VERSION:
        raise _OpenPart(Open("version", "shape"))
    return text.replace("&{", "${")


def _issuers(value: Any) -> frozenset[str]:
    """Return the issuers of the condition keys of a statement: `HOST/PATH` of `HOST/PATH:sub`."""
    conditions = value if isinstance(value, list) else []
    keys = [block.get("variable") for block in conditions if isinstance(block, dict)]
    issuers = [key.removeprefix("https://").rpartition(":")[0] for key in keys if isinstance(key, str)]
    return frozenset(issuer for issuer in issuers if "." in issuer)


# Documents that are merged


def _merge(merged: dict[str, Any], part: dict[str, Any]) -> None:
    """Merge a document into another as the provider does: a statement replaces the one of the same Sid."""
    if part.get("Id"):
        merged["Id"] = part["Id"]
    merged["Version"] = max(merged["Version"], part.get("Version", ""))
    statements: list[dict[str, Any]] = merged["Statement"]
    for statement in part.get("Statement", []):
        sid = statement.get("Sid")
        if isinstance(sid, Open) or any(isinstance(other.get("Sid"), Open) for other in statements):
            raise _OpenPart(sid if isinstance(sid, Open) else first_open(statements) or Open("statement"))
        same = [index for index, other in enumerate(statements) if sid and other.get("Sid") == sid]
        if same:
            statements[same[0]] = statement
        else:
            statements.append(statement)


def _read(text: str, path: str) -> dict[str, Any]:
    """Read a document to be merged, in the forms that the provider keeps; everything else leaves the policy open."""
    try:
        document = load(text, path)
    except Unreadable:
        raise _OpenPart(Open(path, "shape")) from None
    value = document.value
    statements = value.get("Statement", []) if isinstance(value, dict) else None
    is_plain = isinstance(statements, list) and all(map(_is_plain, statements))
    if document.duplicates or not is_plain or not {*(value or ())} <= {"Version", "Id", "Statement"}:
        raise _OpenPart(Open(path, "shape"))
    return {"Version": "", **value, "Statement": [_as_kept(statement) for statement in statements or ()]}


def _as_kept(statement: dict[str, Any]) -> dict[str, Any]:
    """Return a statement as the provider keeps it: a condition's true or false is a text, a single value no list."""
    if "Condition" not in statement:
        return statement
    conditions = {
        test: {key: _kept_value(value) for key, value in block.items()}
        for test, block in statement["Condition"].items()
    }
    return statement | {"Condition": conditions}


def _kept_value(value: Json) -> Json:
    if isinstance(value, bool):
        return str(value).lower()
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _is_plain(statement: Json) -> bool:
    if not isinstance(statement, dict) or not {*statement} <= {*_MEMBERS}:
        return False
    conditions: Json = statement.get("Condition", {})
    is_block = isinstance(conditions, dict) and all(isinstance(block, dict) for block in conditions.values())
    values = [value for block in conditions.values() for value in block.values()] if is_block else []
    return (
        is_block
        and all(_is_text_or_texts(value) or isinstance(value, bool) for value in values)
        and all(_is_text_or_texts(value) for value in _elements(statement))
    )


def _elements(statement: dict[str, Any]) -> Iterator[Json]:
    """Yield the values of a statement's elements, without its conditions."""
    for name, value in statement.items():
        if name in ("Principal", "NotPrincipal") and isinstance(value, dict):
            yield from value.values()
        elif name in ("Principal", "NotPrincipal"):
            yield value if value == "*" else None
        elif name != "Condition":
            yield value


def _is_text_or_texts(value: Json) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(text, str) for text in value))
