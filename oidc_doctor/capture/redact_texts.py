"""Redact texts: replace every word that does not belong to the clouds, the issuer or a language.

Redaction does not depend only on field names: a word has the same pseudonym in a subject, a pattern, an ARN, a CEL
string, a file name and an error message. The first pass over all evidence collects the issuers and audiences, which are
kept, and the pieces of words that patterns match.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from oidc_doctor.capture import plain_words, vocabulary
from oidc_doctor.capture.pseudonyms import Cipher
from oidc_doctor.judge import error_texts
from oidc_doctor.model.secret_texts import removed

SECRET: Final = "[removed]"
_MOST_KEPT: Final = 50_000  # values
_SHORT_NUMBER: Final = 5  # digits: a shorter number is a version, a port or a count
_EPOCH = re.compile(r"1[5-9]\d{8}|2[01]\d{8}")  # seconds since 1970, in present times
_TELLING: Final = 4  # characters: a shorter pseudonym may occur by chance

LONGEST: Final = 1024 * 1024  # characters of one text; AWS and Google log 256 KiB at most
_LONGEST_PHRASE: Final = 2_048  # characters; AWS and Google store at most 256
_MOST_PHRASES: Final = 2_000
_MOST_CACHED: Final = 2_000  # characters
_MOST_FLOATING: Final = 400  # pieces that may be inside words
_LONGEST_CEL: Final = 64 * 1024
_TAG_NAME = re.compile(
    r"((?:.*/)?(?:PrincipalTag|RequestTag|ResourceTag|ExistingObjectTag|RequestObjectTag|principal_tags)/)(.+)",
    re.DOTALL | re.IGNORECASE,
)

_SERVICES = (
    "sts|iam|s3|ecr|ecr-public|kms|ec2|lambda|logs|cloudtrail|secretsmanager|ssm|organizations|athena|access-analyzer"
    "|s3-object-lambda|sagemaker|bedrock|dynamodb|sqs|sns|events|glue|batch|eks|ecs|cloudformation|cloudwatch|tag"
)
_GOOGLE = (
    "iam|sts|storage|artifactregistry|resourcemanager|serviceusage|logging|cloudkms|compute|container|run|bigquery|pubsub"
    "|iamcredentials|cloudresourcemanager|orgpolicy|secretmanager|monitoring|cloudbuild|aiplatform"
)
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_PARTS = re.compile(
    r"(?P<stays>"
    rf"\d{{4}}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
    rf"|(?<![\w:.-])\d{{1,2}}:\d\d:\d\d(?![\w:-])|\d{{8}}T\d{{4,6}}Z|\b(?:{_MONTHS})\b"
    r"|\$\{[A-Za-z0-9._/-]+:[A-Za-z_]+"  # a policy variable, without the name of a tag
    r"|\b(?:attribute|google|assertion)\.[a-z_][a-z0-9_]*\b"
    rf"|(?<![\w/-])(?:{_SERVICES}):(?:[A-Z][A-Za-z]*\*?|\*)(?![\w-])"
    rf"|(?<![\w./@-])(?:{_GOOGLE})(?:\.googleapis\.com/\w+)?\.[a-zA-Z]+\.[a-z][A-Za-z]+(?![\w-])"
    r"|(?<![\w/])roles/[a-z][A-Za-z]*(?:\.[A-Za-z]+)?(?![\w-])"
    r"|\burn:(?:ietf|amazon)[\w:.-]*|type\.googleapis\.com/[\w.]+|constraints/[\w.]+|logs/cloudaudit\.googleapis\.com%2F\w+"
    r"|%[0-9A-Fa-f]{2}|&[a-z]+;"
    r")"
    r"|(?P<address>(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?![\w.]*\d)"
    r"|(?<![\w:])(?=[0-9a-fA-F:]*:[0-9a-fA-F:]*:)[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?:/\d{1,3})?(?![\w:]))"
    r"|(?P<id>\b(?:AROA|AIDA|AGPA|ANPA|AIPA|APKA|ASCA|AKIA|ASIA)[A-Z0-9]{12,}\b)"
    r"|(?P<word>[\w-]+)"
)
_TOOL = re.compile(
    r"--[a-z-]+|[a-z][a-z0-9]*(?:-[a-z0-9]+){0,5}|[a-z-]+:[A-Z][A-Za-z]+|[a-z]+(?:\.[a-zA-Z]+){1,3}|GET|TLS"
)
_WILD = "*?"
_CEL_STRING = re.compile(
    r"(?P<call>\.\s*(?P<name>\w+)\s*\(\s*(?:[^()'\"]*,\s*)?)?"
    r"(?P<lead>[rR]?)(?P<quote>\"\"\"|'''|\"|')(?P<body>(?:\\.|(?!(?P=quote)).)*)(?P=quote)"
    r"|(?P<comment>//[^\n]*)",
    re.DOTALL,
)
_ANYWHERE = frozenset(
    ("contains", "endsWith", "split", "extract", "replace", "indexOf", "lastIndexOf", "matches", "substring")
)
_HOLE = re.compile(r"(\{\w*\})")
_REGEX = re.compile(r"(\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{\d*,?\d*\}|\(\?[^:)>]*[:)>])")
_QUOTED_ISSUER = re.compile(r"(?:ID Token|in config:|ones:|your account for) (https?://[^\s\"'<>]+)")
_ISSUER_KEY = re.compile(r"([^:]+\.[^:]+):[\w/-]+")  # a condition key of an OIDC provider: its URL, and a claim


class CollectedNames:
    """Names and pieces of patterns that the first pass collects."""

    def __init__(self) -> None:
        self.phrases: set[str] = set()  # issuers and audiences, which are kept in full
        self.names: set[str] = set()  # kept words: names of claims and attributes, and the token's times
        self.words: set[str] = set()  # all words of names and values that are not kept
        self.used: set[str] = set()  # kept words
        self.starts: set[str] = set()  # pieces of patterns before a wildcard
        self.floating: set[str] = set()  # pieces that may be in the middle of a word
        self.secrets: dict[str, int] = {}

    def issuer(self, url: object) -> None:
        """Keep an issuer or a provider's URL, with and without its scheme."""
        if isinstance(url, str) and url.strip():
            bare = url.strip()
            self._keep(bare)
            self._keep(bare.removeprefix("https://"))

    def audience(self, value: object) -> None:
        """Keep an audience, unless it is a provider's full resource name or an e-mail address."""
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, str) and entry.strip() and "@" not in entry and "/workloadIdentityPools/" not in entry:
                self._keep(entry.strip())

    def _keep(self, phrase: str) -> None:
        """Keep a phrase, unless it is too long, or they are too many, to be the issuers and audiences of a cloud."""
        if len(phrase) <= _LONGEST_PHRASE and len(self.phrases) < _MOST_PHRASES:
            self.phrases.add(phrase)

    def condition_key(self, name: str) -> None:
        """Keep the provider that a condition key such as oidc.example.com/id/1:sub names."""
        match = _ISSUER_KEY.fullmatch(name)
        if match:
            self.issuer(match[1])


class Texts:
    """Redacts texts by kind. Without a cipher (first pass) it collects names and returns texts unchanged."""

    def __init__(
        self,
        collected: CollectedNames,
        cipher: Cipher | None = None,
        *,
        names_stay: bool = False,
        addresses_stay: bool = True,
    ) -> None:
        self.collected = collected
        self.cipher = cipher
        self.names_stay = names_stay
        self.addresses_stay = addresses_stay
        self.addresses: dict[str, None] = {}  # kept IP addresses and networks, in order
        self.removed: dict[str, int] = {}
        self.images: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._said: frozenset[str] = frozenset()  # the words of the sentence that determines how a text is read
        self.plain: dict[str, None] = {}  # words of sentences that were kept as words of a language, in order
        self._sentences: dict[str, str] = {}
        self._everywhere = vocabulary.everywhere()
        self._phrases = _any_of(collected.phrases) if cipher else None
        self._floating: re.Pattern[str] | None = None
        self._kept: frozenset[str] = frozenset()
        if cipher:
            self._kept, self._floating = _kept_pieces(collected, self.is_kept)
            if cipher.mode != "prefix":
                self._floating = _any_of(self._kept, bounded=False)  # all other pieces are positioned by their order

    # ----------------------------------------------------------------------------------------------- kinds of text

    def value(self, text: str) -> str:
        """Redact a name, subject, pattern, ARN or path: every word but those of the vocabulary."""
        redacted = self._values.get(text)
        if redacted is None:
            check_length(text)
            redacted = self._apply(text, self._word)
            if SECRET not in redacted and len(text) < _MOST_CACHED and len(self._values) < _MOST_KEPT:
                self._values[text] = redacted  # logs repeat the same values many times
        return redacted

    def sentence(self, text: str) -> str:
        """Redact a sentence of a person or a service: words of the language and of the clouds' sentences are kept.

        If the sentence would no longer be read as the same refusal, the determining words are kept.
        """
        check_length(text)
        if self.cipher is None:
            for match in _QUOTED_ISSUER.finditer(text):
                self.collected.issuer(match[1].rstrip(".,;"))
            return text
        redacted_before = self._sentences.get(text)
        if redacted_before is not None:
            return redacted_before
        self._said = frozenset()
        counted = dict(self.removed)
        redacted = self._apply(text, self._word_of_sentence)
        if not self.names_stay and not _reads_alike(text, redacted):
            self.removed = counted
            (start, end), facts = error_texts.spoken(text)
            plain = text[start:end]
            for span in facts:
                plain = plain.replace(text[span[0] : span[1]], " ")
            self._said = frozenset(re.findall(r"[\w-]+", plain))
            redacted = self._apply(text, self._word_of_sentence)
        if len(text) < _MOST_CACHED and counted == self.removed and len(self._sentences) < _MOST_KEPT:
            self._sentences[text] = redacted
        return redacted

    def name(self, name: str) -> str:
        """Redact the name of a condition key or a claim that ends with the name of a tag."""
        tag = _TAG_NAME.fullmatch(name)
        return tag[1] + self.value(tag[2]) if tag else self.value(name)

    def call(self, text: str) -> str:
        """Redact the call of a manifest's read: the tool's own words are kept, its arguments are not."""
        words = text.split(" ")
        names = self.collected.words
        return " ".join(word if _TOOL.fullmatch(word) and word not in names else self.value(word) for word in words)

    def cel(self, text: str) -> str:
        """Redact the string literals and comments of a CEL expression."""
        if len(text) > _LONGEST_CEL:  # no expression that Google stores
            return self.value(text)
        text = self.without_secrets(text)
        pieces, end = [], 0
        for match in _CEL_STRING.finditer(text):
            pieces.append(text[end : match.start()])
            end = match.end()
            if match["comment"]:
                pieces.append("//" + self.value(match["comment"][2:]))
                continue
            loose = match["name"] in _ANYWHERE
            body = match["body"]
            if match["name"] == "matches":
                body = self._pieces(_REGEX, body, loose=True)
            elif match["name"] == "extract":
                body = self._pieces(_HOLE, body, loose=True)
            else:
                if loose or match["name"] == "startsWith":
                    self._starts(body)
                body = self._loose(body) if loose else self.value(body)
            pieces.append(f"{match['call'] or ''}{match['lead']}{match['quote']}{body}{match['quote']}")
        return "".join([*pieces, text[end:]])

    def secret(self, what: str) -> str:
        """Count a removed secret and return its replacement."""
        self.removed[what] = self.removed.get(what, 0) + 1
        return SECRET

    # -------------------------------------------------------------------------------------------------------- pieces

    def _pieces(self, marks: re.Pattern[str], text: str, *, loose: bool) -> str:
        """Redact `text` between the matches of `marks`, which are kept."""
        parts = marks.split(text)
        return "".join(part if index % 2 else self._loose(part) for index, part in enumerate(parts)) if loose else text

    def _loose(self, text: str) -> str:
        """Redact a text that matches anywhere: its first word may match inside a word."""
        first = re.match(r"[\w-]+", text)
        if first and self.cipher is None:
            self.collected.floating.add(first[0])
        return self.value(text)

    def _starts(self, text: str) -> None:
        """Collect the last word of a prefix: it may be the beginning of a longer word."""
        last = re.search(r"[\w-]+$", text)
        if last and self.cipher is None:
            self.collected.starts.add(last[0])

    def _apply(self, text: str, word: Callable[[str, int, int, str], str]) -> str:
        text = self.without_secrets(text)
        if self.names_stay:
            return text
        if self._phrases is None:
            return self._outside(text, word)
        pieces, end = [], 0
        for match in self._phrases.finditer(text):
            pieces += [self._outside(text[end : match.start()], word, text, end), match[0]]
            end = match.end()
        return "".join([*pieces, self._outside(text[end:], word, text, end)])

    def _outside(self, part: str, word: Callable[[str, int, int, str], str], text: str = "", offset: int = 0) -> str:
        if not part:
            return part
        text = text or part
        pieces, end = [], 0
        for match in _PARTS.finditer(part):
            pieces.append(part[end : match.start()])
            end = match.end()
            kind = match.lastgroup
            if kind == "word":
                pieces.append(word(match[0], offset + match.start(), offset + end, text))
            elif kind == "stays":
                pieces.append(match[0])
            elif kind == "address":
                shown = self._address(match[0])
                begin = offset + match.start()
                if shown is None:  # segments that are not base64url
                    shown = _each_word(match[0], begin, text, word)
                pieces.append(shown)
            else:
                pieces.append(self._unique_id(match[0]))
        return "".join([*pieces, part[end:]])

    def _address(self, text: str) -> str | None:
        if "." not in text and not re.search(r"[0-9a-fA-F]{3}", text):
            return None  # a::b is more likely a subject with an empty segment
        shown = Cipher(b"0").address(text) if self.cipher is None else self.cipher.address(text)
        if self.cipher is None:
            return None if shown is None else text
        if shown is not None and self.addresses_stay:
            if len(self.addresses) < _MOST_KEPT:
                self.addresses[text] = None
            return text
        if shown is not None:
            self.images[text] = shown
        return shown

    def _unique_id(self, text: str) -> str:
        """Redact an IAM unique id except its prefix. A hyphen keeps an access key id from looking real."""
        if self.cipher is None:
            return text
        mark = "-" if text.startswith(("AKIA", "ASIA")) else ""
        image = f"{text[:4]}{mark}{self.cipher.word(text[4:])}"
        self.images[text] = image
        return image

    def _word(self, word: str, start: int, end: int, text: str) -> str:
        is_kept = self.is_kept(word)
        if self.cipher is None:
            self._note(word, start, end, text, is_kept)
        return word if is_kept or self.cipher is None else self._image(word)

    def _word_of_sentence(self, word: str, start: int, end: int, text: str) -> str:
        if self.is_kept(word):
            return word
        before, after = text[start - 1 : start], text[end : end + 1]
        attached = (
            before in tuple("/:@=.\\")
            or after in tuple("/@=\\")
            or (after in tuple(":.") and text[end + 1 : end + 2].strip() != "")
        )
        is_name = word in self.collected.words
        if word in vocabulary.in_sentences() and not (attached and is_name):
            return word
        if not is_name and word in self._said and before not in tuple("/@=") and after not in tuple("/@="):
            return self._as_plain(word)
        if not is_name and _EPOCH.fullmatch(word):
            return word
        if not is_name and not attached and plain_words.is_plain(word, start, end, text):
            return self._as_plain(word)
        # a sentence may quote an unknown word: it is replaced here, but not collected as a name
        return word if self.cipher is None else self._image(word)

    def _as_plain(self, word: str) -> str:
        if len(self.plain) < _MOST_KEPT:
            self.plain[word.lower()] = None
        return word

    def is_kept(self, word: str) -> bool:
        """Return whether a word identifies no person, account or workload and is kept."""
        if word in self._everywhere or word in self.collected.names or word in self._kept:
            return True
        if word.isascii() and word.isdigit():
            return len(word) < _SHORT_NUMBER
        return not any(character.isalnum() for character in word) or bool(vocabulary.REGION.fullmatch(word))

    def _note(self, word: str, start: int, end: int, text: str, is_kept: bool) -> None:
        (self.collected.used if is_kept else self.collected.words).add(word)
        if start and text[start - 1] in _WILD:
            self.collected.floating.add(word)
        if end < len(text) and text[end] in _WILD:
            self.collected.starts.add(word)

    def _image(self, word: str) -> str:
        image = self.images.get(word)
        if image is None:
            assert self.cipher is not None  # noqa: S101 - the callers' branch
            image = self.images[word] = self._spelled(word, self.cipher)
        return image

    def _spelled(self, word: str, cipher: Cipher) -> str:
        if self._floating is None:
            return cipher.word(word)
        pieces, end = [], 0
        for match in self._floating.finditer(word):
            pieces += [self._atom(word[end : match.start()], cipher), self._atom(match[0], cipher)]
            end = match.end()
        return "".join([*pieces, self._atom(word[end:], cipher)])

    def _atom(self, atom: str, cipher: Cipher) -> str:
        return atom if atom in self._kept else cipher.word(atom)

    def without_secrets(self, text: str) -> str:
        """Remove tokens and other secrets, and count them."""
        clean, tokens, others = removed(text, SECRET)
        for what, count in (("a token", tokens), ("a secret in a text", others)):
            if count:
                self.removed[what] = self.removed.get(what, 0) + count
        return clean

    # ---------------------------------------------------------------------------------------------------------- looks

    def clashes(self) -> int:
        """Count the pseudonyms that equal a kept word or another original."""
        originals = self.collected.words
        return sum(
            self.is_kept(image) or (len(image) >= _TELLING and image in originals) for image in self.images.values()
        )


def _each_word(part: str, begin: int, text: str, word: Callable[[str, int, int, str], str]) -> str:
    """Apply `word` to the words of a part, which begins at `begin` of the text."""
    pieces = re.split(r"([\w-]+)", part)
    replaced, at = [], begin
    for index, piece in enumerate(pieces):
        replaced.append(word(piece, at, at + len(piece), text) if index % 2 else piece)
        at += len(piece)
    return "".join(replaced)


def _reads_alike(text: str, redacted: str) -> bool:
    """Return whether both texts are read as the same refusal of the same speaker."""
    before, after = (error_texts.read_error(version) for version in (text, redacted))
    if before is None or after is None:
        return before is after
    return (before.kind, before.steps, before.speaker) == (after.kind, after.steps, after.speaker)


class LeftOut(Exception):  # noqa: N818 - a file that is left out is no fault of ours
    """A file cannot be redacted within bounds and is omitted; the message is the reason."""


def check_length(text: str) -> None:
    """Raise LeftOut for a text that is too long to be redacted in bounded memory."""
    if len(text) > LONGEST:
        raise LeftOut(f"a text in it is longer than {LONGEST // 1024 // 1024} MiB")


def _low_words(collected: CollectedNames) -> list[str]:
    used = collected.used | collected.names | {word for phrase in collected.phrases for word in _split(phrase)}
    return sorted({word.lower() for word in used})


def kept_starts(collected: CollectedNames) -> frozenset[str]:
    """Return the prefixes that a pattern shares with a kept word, which must be kept too."""
    from bisect import bisect_left

    low = _low_words(collected)
    return frozenset(
        piece
        for piece in collected.starts
        if (at := bisect_left(low, piece.lower())) < len(low) and low[at].startswith(piece.lower())
    )


def _kept_pieces(
    collected: CollectedNames, is_kept: Callable[[str], bool]
) -> tuple[frozenset[str], re.Pattern[str] | None]:
    """Return the pieces to keep because a kept word contains them, and the pattern of the floating pieces."""
    floating = {piece for piece in collected.floating if any(character.isalnum() for character in piece)}
    if len(floating) > _MOST_FLOATING:  # no honest policy has so many
        floating = set(sorted(floating)[:_MOST_FLOATING])
    used = "\0".join(_low_words(collected))
    kept = {piece for piece in floating if is_kept(piece)}
    kept |= {piece for piece in floating if len(piece) >= 3 and piece.lower() in used}  # noqa: PLR2004
    kept |= kept_starts(collected)
    # a piece that is always a full word needs no pattern
    words = {word.lower() for word in collected.words}
    joined = "\0".join(words)
    inside = {piece for piece in floating if joined.count(piece.lower()) > (piece.lower() in words)}
    return frozenset(kept), _any_of(inside, bounded=False)


def _split(phrase: str) -> Iterable[str]:
    return re.findall(r"[\w-]+", phrase)


def _any_of(texts: Iterable[str], *, bounded: bool = True) -> re.Pattern[str] | None:
    longest_first = sorted(texts, key=lambda text: (-len(text), text))
    if not longest_first:
        return None
    body = "|".join(map(re.escape, longest_first))
    return re.compile(rf"(?<![\w-])(?:{body})(?![\w-])" if bounded else f"(?i:{body})")
