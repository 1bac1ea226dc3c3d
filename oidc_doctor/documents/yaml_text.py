"""Parse YAML text into a Document of JSON values with the YAML's lines.

No message quotes unreadable text, which may contain a token or a key.
"""

from __future__ import annotations

import re
from typing import Any

from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.model.document import Document, Json
from oidc_doctor.model.json_pointer import INDEX, segments
from oidc_doctor.model.limits import YAML, YAML_DEPTH, YAML_VALUES

_DEEPEST = YAML_DEPTH.most
_TOO_DEEP = f"nested more than {_DEEPEST} levels deep"
YamlNode = Any  # from a library that is imported late


def load_yaml(text: str, file: str) -> Document:
    """Parse YAML text as a Document of JSON values. Raises only Unreadable, whatever the text."""
    text = text.removeprefix("\ufeff")
    root = _compose(text, file)
    return Document(file, text, _Yaml(file).value(root), find_line=_Lines(root).line_of)


def _compose(text: str, file: str) -> YamlNode:
    """Return the nodes of a YAML text. They have lines, and nothing is constructed from tags."""
    import yaml  # type: ignore[import-untyped,unused-ignore]  # late: 24 ms, for one file of the bundle

    if len(text) > YAML.most:
        raise Unreadable(file, None, None, YAML.exceeded_by(len(text)))

    class Loader(yaml.SafeLoader):  # type: ignore[misc,unused-ignore]
        values = depth = 0

        def compose_node(self, parent: YamlNode, index: Any) -> YamlNode:
            """Stop where `_Yaml` would: it counts the names of members as no values."""
            self.values += parent is None or index is not None
            if self.depth > _DEEPEST or self.values > YAML_VALUES.most:
                fault = YAML_VALUES.exceeded_by() if self.depth <= _DEEPEST else _TOO_DEEP
                mark = self.peek_event().start_mark  # type: ignore[no-untyped-call,unused-ignore]
                raise Unreadable(file, mark.line + 1, None, fault)
            self.depth += 1
            node = super().compose_node(parent, index)
            self.depth -= 1
            return node

    try:
        return yaml.compose(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise Unreadable(file, line, column, f"not YAML: {error.problem}") from None
    except yaml.YAMLError:
        raise Unreadable(file, None, None, "not YAML: a character that YAML does not allow") from None
    except RecursionError:
        raise Unreadable(file, None, None, _TOO_DEEP) from None
    except ValueError:
        raise Unreadable(file, None, None, "not YAML") from None


class _Yaml:
    """Converts YAML nodes to JSON values: strings stay strings unless plain numbers, booleans or null."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.count = 0

    def value(self, node: YamlNode, depth: int = 0) -> Json:
        """Return the node's JSON value. Raises Unreadable if aliases make it endless."""
        self.count += 1
        if depth > _DEEPEST:
            raise Unreadable(self.file, node.start_mark.line + 1, None, _TOO_DEEP)
        if self.count > YAML_VALUES.most:
            raise Unreadable(self.file, node.start_mark.line + 1, None, YAML_VALUES.exceeded_by())
        if node is None:
            return None
        if node.id == "scalar":
            return _scalar(node.tag.rpartition(":")[2], node.value)
        if node.id == "sequence":
            return [self.value(child, depth + 1) for child in node.value]
        merged: dict[str, Json] = {}
        members: dict[str, Json] = {}
        for key, child in node.value:
            if key.tag.endswith(":merge"):
                inherited = self.value(child, depth + 1)
                for mapping in reversed(inherited if isinstance(inherited, list) else [inherited]):
                    merged |= mapping if isinstance(mapping, dict) else {}
            else:
                members[_name(key)] = self.value(child, depth + 1)
        return merged | members


def _name(key: YamlNode) -> str:
    return key.value if isinstance(key.value, str) else ""


def _scalar(tag: str, text: str) -> Json:
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() in {"yes", "true", "on"}
    if tag == "int" and re.fullmatch(r"0|-?[1-9][0-9]{0,17}", text):  # an account id with a leading zero stays a string
        return int(text)
    if tag == "float" and re.fullmatch(r"-?[0-9]{1,15}\.[0-9]{1,15}", text):
        return float(text)
    return text


class _Lines:
    """The lines of a text's values, from its nodes: the text is composed once, and each mapping indexed once."""

    def __init__(self, root: YamlNode) -> None:
        self._root = root
        self._members: dict[YamlNode, dict[str, tuple[YamlNode, YamlNode]]] = {}

    def line_of(self, _text: str, pointer: str) -> int | None:
        """Return the line, from 1, of the value at a JSON pointer; None if there is none."""
        node = self._root
        mark = node and node.start_mark
        for name in segments(pointer):
            kind = node.id if node else ""
            if kind == "mapping":
                key, node = self._members_of(node).get(name, (None, None))
                if key is None:
                    return None
                mark = key.start_mark
            elif kind == "sequence" and INDEX.fullmatch(name) and int(name) < len(node.value):
                node = node.value[int(name)]
                mark = node.start_mark
            else:
                return None
        return mark.line + 1 if mark else None

    def _members_of(self, mapping: YamlNode) -> dict[str, tuple[YamlNode, YamlNode]]:
        """Return key and value by name; the last ones for a repeated name."""
        if mapping not in self._members:
            self._members[mapping] = {_name(key): (key, child) for key, child in mapping.value}
        return self._members[mapping]
