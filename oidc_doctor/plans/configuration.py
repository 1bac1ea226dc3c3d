"""The configuration in a plan: which expression gives which attribute its value, and through which modules.

Terraform, JSON Output Format, Configuration Representation: an expression is `constant_value`, or `references`, or
neither. Functions, operators and local values are not in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.plans.addresses import Reference, read_reference

if TYPE_CHECKING:
    from oidc_doctor.model.document import Json

ModuleNames = tuple[str, ...]  # the calls from the root module to a module, without the keys of instances


class ConfiguredResource(NamedTuple):
    """A resource block. `expressions` are those of its arguments, with lists for nested blocks."""

    expressions: dict[str, Json]
    provider: str  # the key of its provider configuration; "" if the plan does not say
    has_for_each: bool
    has_count: bool


class Configuration:
    """The configuration of a plan. Its author may have written anything: a part of a wrong type counts as absent."""

    def __init__(self, value: Json) -> None:
        self._root = _box(_box(value).get("root_module"))
        self._providers = _box(_box(value).get("provider_config"))
        self._modules: dict[ModuleNames, dict[str, Json] | None] = {(): self._root}
        self._resources: dict[ModuleNames, dict[str, list[dict[str, Json]]]] = {}

    def resource(self, module: ModuleNames, name: str) -> ConfiguredResource | None:
        """Return a resource's block by `type.name` or `data.type.name`; None if there is none, or more than one."""
        if module not in self._resources:
            by_name: dict[str, list[dict[str, Json]]] = {}
            listed = (self._module(module) or {}).get("resources")
            for block in listed if isinstance(listed, list) else []:
                if isinstance(block, dict):
                    prefix = "data." if block.get("mode") == "data" else ""
                    by_name.setdefault(f"{prefix}{block.get('type')}.{block.get('name')}", []).append(block)
            self._resources[module] = by_name
        blocks = self._resources[module].get(name, [])
        if len(blocks) != 1:
            return None
        key = blocks[0].get("provider_config_key")
        return ConfiguredResource(
            _box(blocks[0].get("expressions")),
            self._inherited(key) if isinstance(key, str) else "",
            "for_each_expression" in blocks[0],
            "count_expression" in blocks[0],
        )

    def _inherited(self, key: str) -> str:
        """Return the key of the provider configuration that a module's own key stands for.

        A module that only requires a provider has a key without expressions, and inherits the configuration of the
        module above it, in the end the root's (Terraform, Providers Within Modules). A call may pass it another one,
        which the plan does not show: so nothing is inherited where the plan has several of this provider.
        """
        place, colon, name = key.rpartition(":")
        if not colon or self._has_another(name):
            return key
        while colon and "." not in name and not _box(self._providers.get(f"{place}:{name}")).get("expressions"):
            place = place.rpartition(".module.")[0] if ".module." in place else ""
            if not place:
                return name
        return f"{place}{colon}{name}"

    def _has_another(self, name: str) -> bool:
        """Whether the plan has a configuration of this provider besides the root's own."""
        beginning = f"{name.partition('.')[0]}."
        for key, entry in self._providers.items():
            own = key.rpartition(":")[2]
            if own.startswith(beginning) or (own == name != key and _box(entry).get("expressions")):
                return True
        return False

    def input(self, module: ModuleNames, name: str) -> Json:
        """Return the expression that the call of a module has for an input; None if it has none."""
        if not module:
            return None
        return _box(self._call(module).get("expressions")).get(name)

    def output(self, module: ModuleNames, name: str) -> Json:
        """Return the expression of a module's output; None if there is none."""
        return _box(_box((self._module(module) or {}).get("outputs")).get(name)).get("expression")

    def is_repeated(self, module: ModuleNames) -> bool:
        """Whether the call of a module has for_each or count."""
        call = self._call(module)
        return "for_each_expression" in call or "count_expression" in call

    def _call(self, module: ModuleNames) -> dict[str, Json]:
        return _box(_box((self._module(module[:-1]) or {}).get("module_calls")).get(module[-1]))

    def _module(self, module: ModuleNames) -> dict[str, Json] | None:
        if module not in self._modules:
            self._modules[module] = _box(self._call(module).get("module"))
        return self._modules[module]


def _box(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def only_reference(expression: Json) -> tuple[Reference, bool] | None:
    """Return the only reference of an expression, and whether it is indexed by the instance's own key.

    A plan lists a reference with each of its beginnings: `data.T.N.json`, then `data.T.N`. An index such as each.key
    cuts the reference off and is listed itself. None where the expression has other references as well, the same
    one twice, or none: then the value is not that of the reference alone.
    """
    listed = _box(expression).get("references")
    if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
        return None
    if len(set(listed)) != len(listed):
        return None
    own_key = [text for text in listed if text in ("each.key", "count.index")]
    texts = [text for text in listed if text not in own_key]
    longest = [
        text
        for text in texts
        if not any(other != text and other.startswith((f"{text}.", f"{text}[")) for other in texts)
    ]
    if len(longest) != 1 or len(own_key) > 1:
        return None
    reference = read_reference(longest[0])
    if reference is None or (own_key and (reference.key is not None or reference.rest)):
        return None
    return reference, bool(own_key)


def references_in(expression: Json) -> list[Reference] | None:
    """Return the references of an expression without their beginnings; None if one of them cannot be read."""
    listed = _box(expression).get("references")
    if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
        return None
    if len(set(listed)) != len(listed):
        return None
    longest = [
        text
        for text in listed
        if not any(other != text and other.startswith((f"{text}.", f"{text}[")) for other in listed)
    ]
    references = [read_reference(text) for text in longest]
    return [reference for reference in references if reference] if all(references) else None
