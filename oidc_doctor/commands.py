"""The one guard of commands that people copy: every value in them may come from a token, a policy or a log.

A command is for bash and zsh, every word quoted. A value that a program would read as an option, or as the name of a
file or page to read, is in none of them, nor is one with characters that are not seen: then there is no command, and
the words of the fix stand alone.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from typing import Any

_OPTIONS_AND_FILES = ("-", "@", "file:", "fileb:", "http:")
_FETCHED = ("https:",)
_JSON = ("[", "{")  # the AWS CLI parses the one text of a list that begins so
_BARE = re.compile(r"(?!=)[A-Za-z0-9_@%+=:,./-]+")  # zsh reads =name as the path of a program
_OPTION = re.compile(r"(--[a-z][a-z-]*=)(.+)", re.DOTALL)
_FLAG = re.compile(r"-[A-Za-z]+|(--[a-z][a-z-]*)(?:=.*)?", re.DOTALL)
# The options of the programs that read evidence into a request; others, such as gcloud's --flags-file, are no word of
# ours, so a name in the evidence is one.
_OUR_OPTIONS = {
    "aws": frozenset({"--query", "--output", "--region"}),
    "gcloud": frozenset(
        {
            "--allowed-audiences",
            "--attribute-condition",
            "--attribute-mapping",
            "--condition",
            "--disabled",
            "--enabled",
        }
        | {"--filter", "--format", "--issuer-uri", "--location", "--member", "--no-disabled", "--project", "--role"}
        | {"--show-deleted", "--workload-identity-pool"}
    ),
}
_EXPRESSIONS = ("--attribute-condition", "--attribute-mapping", "--condition")  # texts of their own language
_LISTS = ("--allowed-audiences",)
_PARAMETERS = {  # options of the AWS CLI, and the API's names of the parameters
    "--role-name": "RoleName",
    "--policy-name": "PolicyName",
    "--policy-document": "PolicyDocument",
    "--assume-role-policy-document": "AssumeRolePolicyDocument",
    "--max-session-duration": "MaxSessionDuration",
    "--open-id-connect-provider-arn": "OpenIDConnectProviderArn",
    "--url": "Url",
    "--client-id": "ClientID",
    "--client-id-list": "ClientIDList",
    "--thumbprint-list": "ThumbprintList",
}
_OPTION_OF = {name: option for option, name in _PARAMETERS.items()}
_DOCUMENTS = ("PolicyDocument", "AssumeRolePolicyDocument")  # texts of JSON
_LINE = 64  # columns of a line of a JSON document, where its texts allow: a report indents it by 16
_STEP = "  "


def is_plain(value: str, *, of_aws: bool = False) -> bool:
    """Whether a command reads this value as the value of an option or as an argument, and shows it as it is.

    Not so an option, the name of a file or page to read, and characters that are not seen. The AWS CLI reads the file
    that `file://` and `fileb://` name; version 1 also fetches `http://` and `https://`, unless cli_follow_urlparam is
    false, except for the options that take a URL (awscli 1.46.3, paramfile.py; AWS CLI User Guide, load a parameter).
    """
    refused = (*_OPTIONS_AND_FILES, *((*_FETCHED, *_JSON) if of_aws else ()))
    return bool(value) and value.isprintable() and not value.lower().startswith(refused)


def is_expression(text: str) -> bool:
    """Whether a text in a language of its own, of lines perhaps, can stand in a command: each character is seen."""
    return all(character.isprintable() or character in "\n\r\t" for character in text)


def command(*words: str) -> str:
    """A command with every word quoted; empty where the guard refuses a word."""
    ours = _OUR_OPTIONS.get(words[0]) if words else None
    if not all(_is_harmless(word, ours) for word in words):
        return ""
    return " ".join(as_word(word) for word in words)


def _is_harmless(word: str, ours: frozenset[str] | None) -> bool:
    flag = _FLAG.fullmatch(word)
    if not flag:
        return is_plain(word)
    name, _, value = word.partition("=")
    if ours is not None and name not in ours:
        return False
    if name in _EXPRESSIONS:
        return is_expression(value)
    if name in _LISTS and value:
        separator = value[1] if value[:1] == "^" and value[2:3] == "^" else ","
        values = (value[3:] if separator != "," else value).split(separator)
        return all(is_plain(part) for part in values)
    return not value or is_plain(value)


def commands(words: str, *values: str) -> tuple[str, ...]:
    """The command `words` with each {} replaced by a quoted value, as the only command of a Words.

    Empty when a value is not known, or is not plain (`is_plain`). A page is asked for by https:// alone. Where the AWS
    CLI would fetch a value, all its parameters are given as JSON, in which it reads a value as it is.
    """
    rest = list(values)
    filled: list[str] = []
    as_json = False
    for word in words.split():
        value = rest.pop(0) if "{}" in word else ""
        if "{}" in word:
            if not is_plain(value) or (words.startswith("curl ") and not value.lower().startswith("https://")):
                return ()
            # --url takes a URL
            as_json |= words.startswith("aws ") and filled[-1:] != ["--url"] and not is_plain(value, of_aws=True)
        filled.append(word.replace("{}", value))
    if as_json:
        return _as_json(filled)
    return (" ".join(map(as_word, filled)),)


def _as_json(words: list[str]) -> tuple[str, ...]:
    """The AWS CLI's command with its parameters as JSON, where all of them are known."""
    start, parameters, rest = words[:3], {}, []
    for option, value in zip(words[3::2], words[4::2], strict=True):
        name = _PARAMETERS.get(option)
        if name:
            parameters[name] = [value] if name.endswith("List") else value
        elif option in _OUR_OPTIONS["aws"]:
            rest += [option, as_word(value)]
        else:
            return ()
    return (" ".join([*start, "--cli-input-json", quoted_json(parameters), *rest]),)


def aws_iam(operation: str, *, query: str = "", **parameters: str | int | Sequence[str]) -> str:
    """A command `aws iam OPERATION`; empty where the guard refuses a value.

    The parameters have the API's names; one in `_DOCUMENTS` is a text of JSON. Where the CLI would fetch a value or
    parse it, all parameters are given as JSON, in which it reads a value as it is.
    """
    texts = {
        name: [str(value)] if isinstance(value, str | int) else list(value)
        for name, value in parameters.items()
        if name not in _DOCUMENTS
    }
    if not all(is_plain(text) for values in texts.values() for text in values):
        return ""
    words = ["aws", "iam", operation]
    if all(values and all(is_plain(text, of_aws=name != "Url") for text in values) for name, values in texts.items()):
        for name, value in parameters.items():
            document = name in _DOCUMENTS and quoted_json(json.loads(str(value)))
            words += [_OPTION_OF[name], document or " ".join(map(as_word, texts[name]))]
    else:
        words += ["--cli-input-json", quoted_json(parameters)]
    return " ".join([*words, *(["--query", as_word(query)] if query else [])])


# --- words of a shell ------------------------------------------------------------------------------------------------


def as_word(word: str) -> str:
    """A word of a shell command, in the quotes that are the easiest to read."""
    option = _OPTION.fullmatch(word)
    if option:
        return option[1] + as_word(option[2])
    if _BARE.fullmatch(word):
        return word
    if not (word.isascii() and word.isprintable()):
        return f"$'{''.join(map(_escaped, word))}'"
    if "'" in word and not set(word) & set('"$`\\!'):
        return f'"{word}"'
    quoted = shlex.quote(word)
    return quoted if quoted != word else f"'{word}'"  # shlex leaves =name bare


def _escaped(character: str) -> str:
    """A character inside $'…' of bash and zsh. No quote is in it: to other shells too it is one text, no command."""
    if character.isascii() and character.isprintable() and character != "'":
        return character * 2 if character == "\\" else character
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character)
    return short or "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))


def quoted_json(value: Any) -> str:
    r"""A JSON value as one word of a shell: in single quotes, with ' and all but ASCII as \uXXXX."""
    return "'" + laid_out(value).replace("'", "\\u0027").replace("\x7f", "\\u007f") + "'"


def laid_out(value: Any, margin: str = "", lead: int = 0) -> str:
    """JSON in lines that are filled, so that a policy takes few of them; the first one follows `lead` characters.

    A line breaks before a member or an item that does not fit, and closing brackets are at the end of a line.
    """
    line = json.dumps(value)
    if not isinstance(value, dict | list) or not value or len(margin) + lead + len(line) < _LINE:
        return line
    inner = margin + _STEP
    named = value.items() if isinstance(value, dict) else (("", item) for item in value)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    text, column = opening, len(margin) + lead + 1
    for number, (key, item) in enumerate(named):
        name = f"{json.dumps(key)}: " if isinstance(value, dict) else ""
        if number and column + len(name) + len(json.dumps(item)) + 2 > _LINE:
            text, column = f"{text},\n{inner}", len(inner)
        elif number:
            text, column = f"{text}, ", column + 2
        laid = name + laid_out(item, inner, column - len(inner) + len(name))
        text += laid
        first, *more = laid.split("\n")
        column = len(more[-1]) if more else column + len(first)
    return text + closing
