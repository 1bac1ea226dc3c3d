"""Recognise the kind of a text or command line word, by content, or by a file's name if the content is ambiguous.

The result is data for the command line and the UI; this module uses no network, and no message quotes a text that may
be a token. A name inside a file is never followed.
"""

from __future__ import annotations

import os
import re
import shlex

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.file_alone import is_archive, log_of, path_of, read_beginning
from oidc_doctor.bundle.files import words
from oidc_doctor.documents.json_text import Unreadable, decode, value_of
from oidc_doctor.documents.setup_output import read_setup_output
from oidc_doctor.documents.token import parse_token
from oidc_doctor.documents.truss import parse_truss, parse_whoami, truss_sources
from oidc_doctor.judge.error_texts import read_error
from oidc_doctor.judge.speakers import speaker_of_envelope
from oidc_doctor.model.document import Origin
from oidc_doctor.model.limits import ERROR_TEXT, EVIDENCE_FILE, MIB
from oidc_doctor.model.secret_texts import contains_secret
from oidc_doctor.things.names import is_strict, recognise_name
from oidc_doctor.things.plan_file import (
    OF_CONFIGURATION,
    OF_SAVED_PLAN,
    is_configuration,
    is_plan,
    is_saved_plan,
    text_of_plan,
)
from oidc_doctor.things.thing import Kind, Thing

_SHORT = 80  # characters of a word that a message may repeat
_PROSE = 4096  # characters of a file in which its words are counted
_FEWEST_WORDS = 3
_MOST_NAMES = 2000  # of a folder, among which a mistyped name is looked for
_PATH_LIKE = re.compile(r"[^\s:]*[/\\][^\s:]*|[\w.-]+\.[A-Za-z][\w]{0,7}")
_MEMBER = re.compile(r'"(\w{1,40})"\s{0,9}:')
_OF_CLOUDS = frozenset(  # members by which the configuration and the logs of a cloud are recognised
    name for row in contract.BY_MEMBERS if row.path.startswith(("aws/", "gcp/")) for name in row.members
)
_NO_WORD = "no such file or folder, and no ARN, provider's name, issuer URL, token, subject or error text"
_ERROR_MEMBERS = frozenset({"error", "errors", "Error", "message", "Message", "error_description", "__type", "Code"})
_OWN_REPORT = re.compile(r'oidc-doctor \d+\.\d+\.\d+ ·|\{\s*"schema": "oidc-doctor\.report/')
_CERTIFICATE = re.compile(r"\s*-----BEGIN CERTIFICATE-----")


def recognise_text(text: str, name: str = "") -> Thing:
    """Return what a text is; `name` is that of the file which has it. Raises nothing.

    The kind and the place do not depend on white space around the text.
    """
    thing = recognise_name(text)
    if thing is not None:
        return thing
    if is_plan(text):
        return Thing(Kind.PLAN, text)
    try:
        place = place_of(text, name)
    except Unreadable as error:
        return Thing(Kind.NOTHING, text, hint=f"JSON that cannot be read: {error.reason}")
    if place is None:
        return Thing(Kind.NOTHING, text, hint=_hint(text))
    return Thing(_KINDS.get(place) or (Kind.LOG if contract.is_log(place) else Kind.DOCUMENT), text, place=place)


_KINDS = {
    contract.TOKEN_FILES[0]: Kind.TOKEN,
    contract.TOKEN_FILES[1]: Kind.CLAIMS,
    contract.ERROR: Kind.ERROR,
}


def place_of(text: str, file: str) -> str | None:
    """Return the contract path of a text by its content, also of an error text; None if it fits no bundle.

    Raises Unreadable for broken JSON.
    """
    bare = text.strip().removeprefix("\ufeff").strip()
    if not bare:
        return None
    if _is_token(bare):
        return contract.TOKEN_FILES[0]
    try:
        place = path_of(bare, file)
    except Unreadable:
        if _is_error(bare):
            return contract.ERROR
        raise
    return place or _place_of_prose(bare, file)


def place_of_file(text: str, file: str) -> str | None:
    """Return the contract path of a file that a user named: any text with words may be the caller's error.

    Raises Unreadable for broken JSON.
    """
    return place_of(text, file) or (contract.ERROR if _is_prose(text, file) else None)


def _place_of_prose(text: str, file: str) -> str | None:
    """Return the path of a text that is no JSON of the contract."""
    if _is_error(text):
        return contract.ERROR
    if _CERTIFICATE.match(text):
        return "issuer/chain.pem"
    if os.path.splitext(file)[1].lower() in (".yaml", ".yml"):
        try:
            return "truss/config.yaml" if truss_sources(parse_truss(text, file)) else None
        except Unreadable:
            return None
    if "\n" in text and text[0] not in "{[":
        if isinstance(parse_whoami(text, file).value.get("org_id"), str):
            return "truss/whoami.txt"
        if read_setup_output(text) is not None:
            return "setup/output.txt"
    return None


def _is_token(text: str) -> bool:
    """Whether a text is nothing but a token, whole or cut off, or another secret that was sent as one."""
    is_word = len(text.split()) == 1 and text[0] not in "{["
    if is_word and (text.startswith("eyJ") or ("://" not in text and contains_secret(text))):
        return True
    token = parse_token(text, Origin(""))
    return token.kind == "jwt" and (token.header is not None or (is_word and bool(token.claims)))


def _is_error(text: str) -> bool:
    """Whether a text is a sentence of a cloud or a client. JSON is one where it is the answer of a service."""
    if text[0] in "{[":
        value = value_of(text)
        if isinstance(value, list) or (isinstance(value, dict) and not _ERROR_MEMBERS & value.keys()):
            return False
        if value is None and _OF_CLOUDS & set(_MEMBER.findall(text[: ERROR_TEXT.most])):
            return False  # a broken document, or several: the words of a policy or an event are no caller's error
    return read_error(text) is not None or speaker_of_envelope(text[: ERROR_TEXT.most]) is not None


def _hint(text: str) -> str:
    bare = text.strip()
    if not bare:
        return "an empty text"
    if bare[0] in "{[":
        return "JSON, but not a role, provider, policy, token or event; docs/bundle.md lists the files"
    if len(bare.split()) > 1:
        return "no error text of AWS, Google Cloud or an SDK that is known; --error TEXT reads it as one"
    return _NO_WORD


# A word of the command line


def recognise_word(word: str) -> Thing:
    """Return what a word is: a name, a file or folder that exists, or a text. Raises nothing.

    A file is read to recognise it, within the bounds of a bundle's files. `-` is no word of its own: read stdin, and
    ask `recognise_text`.
    """
    thing = recognise_name(word)
    if thing is not None and is_strict(thing):
        return thing
    if os.path.isdir(word):
        return Thing(Kind.BUNDLE, "", word)
    if os.path.exists(word):
        return _file(word)
    if thing is not None:
        return thing
    thing = recognise_text(word)
    return thing if thing.kind is not Kind.NOTHING else _unknown_word(thing, word.strip())


def _file(path: str) -> Thing:
    try:
        head, size = read_beginning(path)
        if is_saved_plan(head):
            return Thing(Kind.NOTHING, "", path, hint=OF_SAVED_PLAN.format(path=shlex.quote(path)))
        if is_archive(path, head):
            return Thing(Kind.BUNDLE, "", path)
        log = log_of(path, head, size)
        if log is not None:
            return Thing(Kind.LOG, "", path, log)
        if size > EVIDENCE_FILE.most and text_of_plan(path) is not None:
            return Thing(Kind.PLAN, "", path)
        if size > EVIDENCE_FILE.most:
            return Thing(Kind.NOTHING, "", path, hint=f"larger than {EVIDENCE_FILE.most // MIB} MiB, and no log")
        with open(path, "rb") as stream:
            text = decode(stream.read(EVIDENCE_FILE.most + 1), path)
    except Unreadable as error:
        return Thing(Kind.NOTHING, "", path, hint=error.reason)
    except OSError as error:
        return Thing(Kind.NOTHING, "", path, hint=words(error))
    if _OWN_REPORT.match(text):
        return Thing(Kind.NOTHING, "", path, hint="a report of oidc-doctor, not evidence; -o FILE writes one")
    if is_configuration(text, path):
        return Thing(Kind.NOTHING, "", path, hint=OF_CONFIGURATION)
    thing = recognise_text(text, path)
    if thing.kind is Kind.NOTHING and _is_prose(text, path):
        thing = Thing(Kind.ERROR, text, place=contract.ERROR)
    if thing.hint == _NO_WORD:
        thing = thing._replace(hint="a file without a role, provider, policy, token, event or error text")
    return thing._replace(file=path)


def _is_prose(text: str, file: str) -> bool:
    """Whether a file that a user named may be a caller's error that is not known: text with several words.

    A file with the name of another file of the contract is not one: it has other content, or is broken.
    """
    name = os.path.basename(file)
    if name != contract.ERROR and any(row.path.rpartition("/")[2] == name for row in contract.FILES):
        return False
    is_plain = "\x00" not in text and text.lstrip("\ufeff \t\r\n")[:1] not in ("{", "[")
    return is_plain and len(text[:_PROSE].split()) >= _FEWEST_WORDS


def _unknown_word(thing: Thing, bare: str) -> Thing:
    """Return the thing with the hint of a word that is nothing: a file that does not exist, a name with a typo."""
    if not bare or len(bare) > _SHORT or not _PATH_LIKE.fullmatch(bare):
        return thing
    near = _similar(bare)
    return thing._replace(hint="no such file or folder" + (f"; did you mean {near}?" if near else ""), near=near)


def _similar(path: str) -> str:
    """Return the path of a file or folder next to `path` with a similar name; "" if there is none."""
    import difflib  # late: only for a word that is nothing
    from itertools import islice

    folder, name = os.path.split(path)
    try:
        with os.scandir(folder or ".") as listing:
            names = [entry.name for entry in islice(listing, _MOST_NAMES)]
    except OSError:
        return ""
    similar = difflib.get_close_matches(name, names, n=1, cutoff=0.7)
    return os.path.join(folder, similar[0]) if similar else ""
