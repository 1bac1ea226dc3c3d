"""Redact a bundle in two passes over its files: the first collects names and patterns, the second writes the copy."""

from __future__ import annotations

import codecs
import itertools
import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.bounds import TooMany, too_many
from oidc_doctor.capture import plain_words, redact_files, redact_formats
from oidc_doctor.capture.pseudonyms import Cipher, Mode
from oidc_doctor.capture.redact_extract import extract_name, split_header
from oidc_doctor.capture.redact_texts import SECRET, CollectedNames, LeftOut, Texts, kept_starts
from oidc_doctor.documents.json_text import Unreadable, load
from oidc_doctor.documents.manifest import LOCAL, OUTCOMES
from oidc_doctor.documents.provider import parse_gcp_providers
from oidc_doctor.documents.token import parse_token
from oidc_doctor.judge.keys import check_keys
from oidc_doctor.logs.extract.file import ENDING
from oidc_doctor.model.document import Document, Origin
from oidc_doctor.model.evidence import Token
from oidc_doctor.model.limits import ERROR_TEXT, MANIFEST, SETUP_OUTPUT
from oidc_doctor.model.secret_texts import beginning_without_secrets, without_secrets

if TYPE_CHECKING:
    from typing import BinaryIO

    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.model.events import Source

_CHUNK: Final = 256 * 1024
_TRIES: Final = 24  # keys to try at most; the key with the fewest clashes is used
_CHARACTERS_TRIED: Final = 200_000  # over all words and keys; with very many words, every key has clashes
_TRAIL_FILE = re.compile(r"(\d{12})(_CloudTrail_[a-z0-9-]+_\d{8}T\d{4}Z_)([\w-]+)(.*)")

Writer = Callable[[str, Iterator[bytes]], None]


@dataclass
class Redacted:
    """The outcome of a redaction. `images` maps each original to its pseudonym and is for the user only."""

    removed: dict[str, dict[str, int]] = field(default_factory=dict)  # file → what → how often
    images: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # file of the original → file of the copy
    left_out: list[str] = field(default_factory=list)
    too_large: dict[str, str] = field(default_factory=dict)  # file that is left out as a whole → why
    too_many: dict[str, TooMany] = field(default_factory=dict)  # folder → the files in it that are left out
    plain: list[str] = field(default_factory=list)  # words of sentences that are kept as words of a language
    addresses: list[str] = field(default_factory=list)  # IP addresses and networks that are kept
    issuers: list[str] = field(default_factory=list)  # issuers and audiences, which are kept in full
    members: list[str] = field(default_factory=list)  # names of claims and attributes outside the dictionaries
    stand_in: Callable[[str], str] = str  # returns the redacted form of a name, subject, ARN or path


def redact_bundle(
    bundle: Bundle,
    write: Writer,
    key: bytes,
    *,
    mode: Mode = "prefix",
    names_stay: bool = False,
    addresses_stay: bool = True,
) -> Redacted:
    """Write a redacted copy of every file of the contract that a report reads. Raises OSError if `write` does.

    `write` receives a file's name and its bytes in pieces. `names_stay` removes only signatures and secrets.
    `addresses_stay` keeps IP addresses, which conditions on networks and the tracing of calls need.
    """
    collected = CollectedNames()
    unread = too_many(filter(contract.is_known, bundle.names()))
    learner = _Copy(bundle, Texts(collected), Redacted(too_many=unread))
    for name in learner.names:
        for _ in learner.pieces(name):
            pass
    if not names_stay:
        for name in learner.names:
            learner.path(name)
        _settle_names(collected)
    cipher = Cipher(key, mode, kept_starts(collected))
    if not names_stay:
        cipher = _best(collected, cipher)
    result = Redacted(too_large=learner.result.too_large, too_many=unread)
    copy = _Copy(bundle, Texts(collected, cipher, names_stay=names_stay, addresses_stay=addresses_stay), result)
    copy.name_all()
    for name, new in result.names.items():
        if _path(name) == contract.MANIFEST:
            continue
        copy.texts.removed = {}
        write(new, copy.pieces(name))
        if copy.texts.removed:
            result.removed[new] = copy.texts.removed
    manifests = {name.removesuffix(contract.MANIFEST) for name in result.names if _path(name) == contract.MANIFEST}
    for prefix in sorted(
        manifests | {""}, reverse=True
    ):  # the bundle's own is last: it lists what was removed from the others
        copy.texts.removed = {}
        write(copy.path(prefix) + contract.MANIFEST, iter([copy.manifest(prefix + contract.MANIFEST)]))
    result.images = dict(copy.texts.images)
    result.plain = list(copy.texts.plain)
    result.addresses = list(copy.texts.addresses)
    result.issuers = sorted(collected.phrases)
    result.members = sorted(filter(_may_be_a_name, collected.names))
    result.stand_in = copy.texts.value
    return result


def _path(name: str) -> str:
    """Return a file's path in the layout of a folder, the same for `earlier/`: its content is redacted likewise."""
    return contract.split_earlier(contract.split_target(name)[1])[1]


def _may_be_a_name(word: str) -> bool:
    return not word.isdigit() and not plain_words.is_made_of_known_parts(word)


def verify_bundle_token(token: Token, documents: list[Document]) -> dict[str, Any]:
    """Return the member `verified` of a compact token: its kid, its alg, and whether a key set verifies it."""
    signature: bool | None = None
    for document in documents:
        for cloud in ("aws", "gcp"):
            answer = check_keys(cloud, token, document)
            if answer.checked and answer.kind is None:
                signature = True
            elif signature is None and answer.kind is not None and str(answer.kind) == "signature-invalid":
                signature = False
    header = token.header or {}
    return {"signature": signature, "kid": header.get("kid"), "alg": header.get("alg")}


def _settle_names(collected: CollectedNames) -> None:
    """Remove kept words from the names to replace."""
    is_kept = Texts(collected, Cipher(b"0")).is_kept
    for phrase in collected.phrases:
        collected.used |= set(re.findall(r"[\w-]+", phrase))
    collected.words = {word for word in collected.words if not is_kept(word)}


def _best(collected: CollectedNames, first: Cipher) -> Cipher:
    """Derive the cipher from the key under which the fewest pseudonyms equal a word that is kept."""
    best, fewest = first, -1
    tries = min(_TRIES, _CHARACTERS_TRIED // (1 + sum(map(len, collected.words))))
    if tries <= 1:
        return first
    for number in range(tries):
        key = first.key if not number else first.key[:32] + bytes([number])
        cipher = Cipher(key, first.mode, kept_starts(collected))
        texts = Texts(collected, cipher)
        for word in collected.words:
            texts.value(word)
        clashes = texts.clashes()
        if fewest < 0 or clashes < fewest:
            best, fewest = cipher, clashes
        if not clashes:
            break
    return best


class _Copy:
    """A pass over the files of a bundle."""

    def __init__(self, bundle: Bundle, texts: Texts, result: Redacted) -> None:
        self.bundle = bundle
        self.texts = texts
        self.result = result
        unread = {name for files in result.too_many.values() for name in files.names}
        self.names = [name for name in bundle.names() if name not in unread]
        self.unread = len(unread)

    # --------------------------------------------------------------------------------------------------------- names

    def name_all(self) -> None:
        """Assign every file of the contract its name in the copy."""
        taken: set[str] = set()
        for name in self.names:
            path = contract.split_target(name)[1]
            if not contract.is_known(name):
                if path != contract.EXPECTED:
                    self.result.left_out.append(name)
                continue
            if name in self.result.too_large:
                continue
            new = self.path(name)
            if path == contract.TOKEN_FILES[0]:
                new = new.removesuffix(contract.TOKEN_FILES[0]) + contract.TOKEN_FILES[1]
            elif contract.is_token(path) and self.compact(name) is not None:
                new = new.rpartition("/")[0] + "/" + new.rpartition("/")[2].partition(".")[0] + ".json"
            elif path == contract.TOKEN_FILES[1] and self._repeats_token(name):
                continue
            while new in taken:
                stem, dot, ending = new.partition(".")
                new = f"{stem}-2{dot}{ending}"
            taken.add(new)
            self.result.names[name] = new

    def _repeats_token(self, name: str) -> bool:
        """Return whether the same folder contains a token.jwt with the same claims as the claims.json."""
        jwt = name.removesuffix(contract.TOKEN_FILES[1]) + contract.TOKEN_FILES[0]
        return jwt in self.bundle

    def path(self, name: str) -> str:
        """Return a path of the contract with its names redacted."""
        prefix, rest = contract.split_target(name)
        if prefix:
            prefix = f"{contract.TARGETS}{self.texts.value(prefix.split('/')[1])}/"
        earlier, path = contract.split_earlier(rest)
        prefix += earlier
        folder = next((start for start in contract.OPEN_FOLDERS if path.startswith(start)), None)
        if folder is None:
            return prefix + path
        parts = []
        for part in path.removeprefix(folder).split("/"):
            trail = _TRAIL_FILE.fullmatch(part)
            if trail:
                parts.append(self.texts.value(trail[1]) + trail[2] + self.texts.value(trail[3]) + trail[4])
            elif part.endswith(ENDING):
                parts.append(extract_name(part, self.texts))
            else:
                parts.append(self.texts.value(part))
        return prefix + folder + "/".join(parts)

    # --------------------------------------------------------------------------------------------------------- files

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield one redacted file in pieces."""
        path = _path(name)
        if not contract.is_known(name) or path == contract.MANIFEST:
            if path == contract.MANIFEST and self.texts.cipher is None:
                self.manifest(name)
            return
        try:
            if contract.is_log(path):
                yield from self._log(name)
                return
            text = self._small(name, path)
            if self.texts.cipher is not None:  # the first pass writes nothing
                yield _bytes(without_secrets(text, SECRET))
        except LeftOut as error:
            self.result.too_large[name] = str(error)
        except (Unreadable, OSError) as error:
            self.texts.removed[f"the file, which cannot be read ({type(error).__name__})"] = 1

    def _small(self, name: str, path: str) -> str:
        text = self.bundle.read(name).decode("utf-8-sig", "surrogateescape")
        if path in (contract.TOKEN_FILES) or contract.is_token(path):
            return self._token(name, text)
        if path == contract.TARGET_FILE:
            return redact_formats.toml_text(text, self.texts)
        if path == "truss/config.yaml":
            return redact_formats.yaml_text(text, self.texts)
        if path == contract.ERROR:
            return self._beginning(text, ERROR_TEXT.most)
        if path == "setup/output.txt":
            return self._beginning(text, SETUP_OUTPUT.most)
        if path == "truss/version.txt":
            return redact_formats.version_text(text)
        if path == "truss/whoami.txt":
            return redact_files.json_text(text, self.texts) if text.lstrip().startswith("{") else self._whoami(text)
        if path == "issuer/chain.pem":
            return redact_formats.chain_text(text, self.texts)
        if path.startswith(contract.ISSUER):
            self._learn_issuer(text)
            return redact_formats.public_text(text, self.texts)
        return redact_files.json_text(text, self.texts)

    def _beginning(self, text: str, most: int) -> str:
        """Redact the beginning of a text, of which a report reads no more. Secrets are removed before truncation."""
        if len(text.strip()) <= most:
            return self.texts.sentence(text)
        kept, is_all = beginning_without_secrets(text.strip(), most, self.texts.without_secrets)
        if not is_all:
            self.texts.removed[f"all but the first {len(kept):,} of {len(text.strip()):,} characters"] = 1
        return self.texts.sentence(kept)

    def _learn_issuer(self, text: str) -> None:
        if self.texts.cipher is None:
            redact_files.json_text(text, self.texts)

    def _whoami(self, text: str) -> str:
        """Redact the rows of `truss whoami`; their labels and the issuer are kept."""
        rows = []
        for line in self.texts.without_secrets(text).splitlines(keepends=True):  # a secret may have several rows
            label = re.match(r"\W{0,40}[A-Za-z][A-Za-z ]{1,30}(?::|\s{0,80}[│┃|])", line)
            if label and not plain_words.is_made_of_known_parts(label[0].strip("-*•│┃|: \t")):
                label = None
            value = line[label.end() :] if label else line
            head = label[0] if label else ""
            if self.texts.cipher is None and re.search(r"(?i)issuer|audience", head):
                word = re.search(r"[^\s│┃|]+", value)
                self.texts.collected.issuer(word[0] if word else None)
            rows.append(head + self.texts.value(value))
        return "".join(rows)

    def compact(self, name: str) -> Token | None:
        """Return the token of a file with a compact JWT, even a damaged one; None for other files."""
        try:
            text = self.bundle.read(name).decode("utf-8-sig", "surrogateescape")
        except (Unreadable, OSError):
            return None
        token = parse_token(text, Origin(name))
        return token if token.kind == "jwt" and token.verified is None else None

    def _token(self, name: str, text: str) -> str:
        token = parse_token(text, Origin(name))
        if token.kind != "jwt" or token.verified is not None:  # decoded claims, or a captured token
            document = load(text, name) if text.lstrip().startswith("{") else None
            value = document.value if document else None
            wrapped = isinstance(value, dict) and not value.keys() & {"iss", "sub", "aud"} and "claims" in value
            return redact_files.json_text(text, self.texts, () if wrapped else ("claims",))
        members: dict[str, Any] = {"complete": True, "compact": {"size": token.size}}
        if token.fault:
            members["compact"] |= {"fault": token.fault, "kind": token.fault_kind, "where": token.fault_where}
        members["verified"] = verify_bundle_token(token, self._key_sets(name)) if token.signing_input else None
        self.texts.removed["the signature"] = 1
        header, claims = (_decoded(token, index) for index in (0, 1))
        other_members = json.dumps(members, indent=2).removeprefix("{\n")
        token_document = f'{{\n  "header": {header},\n  "claims": {claims},\n{other_members}\n'
        return redact_files.json_text(token_document, self.texts)

    def _key_sets(self, name: str) -> list[Document]:
        prefix = contract.split_target(name)[0]
        key_sets: list[Document] = []
        for path in dict.fromkeys((prefix + "issuer/jwks.json", "issuer/jwks.json")):
            document = self._loaded(path)
            if document is not None:
                key_sets.append(document)
                break
        document = self._loaded(prefix + "gcp/provider.json")
        if document is not None:
            try:
                providers = parse_gcp_providers(document.text, document.file)
                key_sets += [load(provider.jwks_json, document.file) for provider in providers if provider.jwks_json]
            except Unreadable:
                pass
        return key_sets

    def _loaded(self, path: str) -> Document | None:
        if path not in self.bundle:
            return None
        try:
            return load(self.bundle.read(path).decode("utf-8-sig"), path)
        except (Unreadable, UnicodeDecodeError):
            return None

    def _log(self, name: str) -> Iterator[bytes]:
        """Yield a log file in pieces, compressed if its name ends in .gz."""
        zipped = name.lower().endswith(".gz")
        packer = zlib.compressobj(6, zlib.DEFLATED, 31) if zipped else None
        with self.bundle.open(name) as stream:
            texts = _characters(stream, self.texts)
            header = ""
            if name.endswith(ENDING):
                source: Source = "cloudtrail" if _path(name).startswith(contract.CLOUDTRAIL) else "gcp-logs"
                header, texts = split_header(texts, source, self.texts)
            for piece in itertools.chain((header,), redact_files.json_pieces(texts, self.texts)):
                data = _bytes(piece)
                yield packer.compress(data) if packer else data
        if packer:
            yield packer.flush()

    def manifest(self, name: str) -> bytes:
        """Return the manifest with the copy's paths and a list of what was removed."""
        prefix = name.removesuffix(contract.MANIFEST)
        folder, earlier = prefix.removesuffix(contract.EARLIER), prefix.endswith(contract.EARLIER)
        document: Any = {}
        if name in self.bundle:
            try:
                document = load(self.bundle.read(name).decode("utf-8-sig", "surrogateescape"), name).value
            except Unreadable as error:
                self.texts.removed[f"the manifest, which cannot be read ({error.reason})"] = 1
        document = document if isinstance(document, dict) else {}
        reads = document.get("reads")
        reads = reads if isinstance(reads, list) else []
        if len(reads) > MANIFEST.most:  # reports do not read it either
            self.texts.removed[f"the manifest: {MANIFEST.exceeded_by(len(reads))}"] = 1
            document, reads = {}, []
        for read in reads:
            if isinstance(read, dict) and isinstance(read.get("path"), str):
                path = read["path"].removeprefix("./")
                path = contract.place_in_earlier(folder, path) if earlier else folder + path
                read["path"] = self.result.names.get(path, self.path(path)).removeprefix(self.path(prefix))
                if isinstance(read.get("message"), str):
                    read["message"] = self.texts.sentence(read["message"])
        kept = [_kept_of_read(read) if isinstance(read, dict) else {} for read in reads]
        redacted: Any = json.loads(redact_files.json_text(json.dumps(document), self.texts))
        copied = redacted.get("reads")
        for read, members in zip(copied if isinstance(copied, list) else [], kept, strict=False):
            if isinstance(read, dict):
                read.update(members)
        if self.texts.cipher is not None and self.texts.removed:
            self.result.removed[self.path(prefix) + contract.MANIFEST] = self.texts.removed
        if self.texts.cipher is not None and not prefix:
            redacted["redaction"] = {
                "names": "kept" if self.texts.names_stay else "replaced",
                "addresses": "kept" if self.texts.names_stay or self.texts.addresses_stay else "replaced",
                "removed": self.result.removed,
                "left_out": len(self.result.left_out) + len(self.result.too_large) + self.unread,
            }
        text = json.dumps(redacted, indent=2, ensure_ascii=False)
        return _bytes(without_secrets(text, SECRET) + "\n")


def _kept_of_read(read: dict[str, Any]) -> dict[str, Any]:
    """Remove the path, which is redacted already, and the contract's own words from a read of the manifest."""
    contracts = {"local": LOCAL, "outcome": OUTCOMES}
    words = {member: read.pop(member) for member, words in contracts.items() if read.get(member) in words}
    return words | ({"path": read.pop("path")} if read.get("path") is not None else {})


_NO_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def _bytes(text: str) -> bytes:
    """Encode a text: bytes that were not UTF-8 as they were, other surrogates as JSON writes them."""
    return _NO_BYTE.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode("utf-8", "surrogateescape")


def _decoded(token: Token, index: int) -> str:
    """Return header (0) or claims (1) as JSON text, repeated members included; {} or null if they cannot be decoded."""
    import base64
    import binascii

    parts = token.signing_input.decode("utf-8", "replace").split(".")
    value = (token.header if index == 0 else token.claims) if len(parts) > index else None
    if not value:
        return "{}" if index else "null"
    try:
        bare = parts[index].rstrip("=").replace("+", "-").replace("/", "_")
        text = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4)).decode("utf-8")
        return text if json.loads(text) == value else json.dumps(value)
    except (binascii.Error, ValueError):
        return json.dumps(value)


def _characters(stream: BinaryIO, texts: Texts) -> Iterator[str]:
    """Yield the text of a file in pieces, after gzip and after a UTF-8 or UTF-16 byte order mark."""
    pieces = _inflated(stream, texts)
    head = next(pieces, b"")
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decoder = codecs.getincrementaldecoder("utf-16" if wide else "utf-8-sig")("replace" if wide else "surrogateescape")
    for piece in itertools.chain([head], pieces):
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _inflated(stream: BinaryIO, texts: Texts) -> Iterator[bytes]:
    head = stream.read(_CHUNK)
    pieces = itertools.chain([head], iter(lambda: stream.read(_CHUNK), b""))
    if not head.startswith(b"\x1f\x8b"):
        yield from pieces
        return
    member = zlib.decompressobj(31)
    try:
        for piece in pieces:
            data = piece
            while data:
                if member.eof:
                    data = data.lstrip(b"\0")
                    if not data:
                        break
                    member = zlib.decompressobj(31)
                yield member.decompress(data, 4 * _CHUNK)
                data = member.unused_data if member.eof else member.unconsumed_tail
        yield member.flush()
    except zlib.error:
        texts.removed["what follows damaged gzip data"] = 1
