"""Texts of a policy document that a configuration makes from the `url` of an OIDC provider.

The url of a new provider has its scheme in the plan and loses it on apply, since IAM returns it without one; a document
that is read after that has the other text. Source: hashicorp/aws, Resource aws_iam_openid_connect_provider (its state
has the Url that GetOpenIDConnectProvider returns).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from oidc_doctor.plans.masked import Open

if TYPE_CHECKING:
    from oidc_doctor.model.document import Json
    from oidc_doctor.plans.plan import Plan, Resource

_TYPE = "aws_iam_openid_connect_provider"
_SCHEME = "https://"
_HIDING = ("local.", "each.value", "module.", "var.")  # references behind which a url may be


class ProviderUrls:
    """The urls of the providers that a plan creates, which change on apply."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        urls = [(provider.after or {}).get("url") for provider in plan.of_type(_TYPE) if "create" in provider.actions]
        self._has_open = any(isinstance(url, Open) for url in urls)
        self._urls = {url for url in urls if isinstance(url, str) and url.startswith(_SCHEME)}

    def without_scheme(self, text: str) -> str:
        """Return the text as it is after apply, where it begins with the url of a provider."""
        return text.removeprefix(_SCHEME)

    def is_made_of_url(self, document: Resource, text: str, attribute: str) -> Literal["no", "yes", "maybe"]:
        """Whether a text of a document's `attribute`, such as a condition's variable, is made from a provider's url."""
        is_known = any(text.startswith(url) for url in self._urls)
        if not is_known and not (self._has_open and text.startswith(_SCHEME)):
            return "no"
        block = self._plan.block_of(document)
        if block is None:
            return "maybe"
        constants, references = set(), set()
        for expression in _expressions(block.expressions.get("statement"), attribute):
            constants |= set(_texts(expression.get("constant_value")))
            references |= set(_texts(expression.get("references")))
        if text in constants:
            return "no"
        if any(reference.startswith(f"{_TYPE}.") and reference.endswith(".url") for reference in references):
            return "yes" if is_known else "maybe"
        is_root = not document.module
        hiding = [reference for reference in references if reference.startswith(_HIDING)]
        plain = hiding and is_root and all(reference.startswith("var.") for reference in hiding)
        return "no" if plain else "maybe"


def _expressions(value: Json, attribute: str) -> Iterator[dict[str, Any]]:
    """Yield the expressions of an attribute anywhere below a list of blocks."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            for name, child in part.items():
                if name == attribute and isinstance(child, dict):
                    yield child
                else:
                    waiting.append(child)


def _texts(value: Json) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    return [text for text in listed if isinstance(text, str)]
