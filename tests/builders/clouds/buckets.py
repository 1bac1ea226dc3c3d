"""Buckets of Amazon S3 and of Cloud Storage on the loopback, with what was asked of them, and STS for the login.

The answers are those of ListObjectsV2 and GetObject [Amazon S3 API reference], and of objects.list and objects.get
[Cloud Storage JSON API]: pages, ranges, and the precondition that the object is the one that was listed.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from clouds.aws import Broken
from clouds.servers import QuietServer, serving

ACCOUNT = "123456789012"
_IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Account>{ACCOUNT}</Account><Arn>arn:aws:iam::{ACCOUNT}:user/a</Arn><UserId>A</UserId></GetCallerIdentityResult>
</GetCallerIdentityResponse>"""


class FolderObjects(Mapping[str, bytes]):
    """The files of a folder as objects, read when they are asked for."""

    def __init__(self, folder: Path) -> None:
        self._paths = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}

    def __getitem__(self, name: str) -> bytes:
        return self._paths[name].read_bytes()

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def size(self, name: str) -> int:
        return self._paths[name].stat().st_size


@dataclass
class Buckets:
    """One bucket, which has every name. `lists` are the prefixes that were listed, `gets` the objects and ranges."""

    objects: Mapping[str, bytes] = field(default_factory=dict)
    page_size: int = 1_000
    latency: float = 0.0
    # "list" and the prefix; "get" and the name, with the range where there is one
    fault: Callable[[str, str], Broken | None] = lambda _kind, _name: None
    lists: list[str] = field(default_factory=list)
    gets: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)  # of the gets
    lock: Any = field(default_factory=threading.Lock)

    def empty(self) -> None:
        """Forget all objects, faults and requests."""
        self.__dict__.update(Buckets().__dict__)

    def below(self, prefix: str) -> list[str]:
        return sorted(name for name in self.objects if name.startswith(prefix))

    def size(self, name: str) -> int:
        return self.objects.size(name) if isinstance(self.objects, FolderObjects) else len(self.objects[name])

    def tag(self, name: str) -> str:
        if isinstance(self.objects, FolderObjects):
            return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
        return hashlib.md5(self.objects[name], usedforsecurity=False).hexdigest()

    def generation(self, name: str) -> str:
        return str(int(self.tag(name)[:12], 16))

    def page(self, names: list[str], token: str) -> tuple[list[str], str]:
        start = int(token or 0)
        more = start + self.page_size < len(names)
        return names[start : start + self.page_size], str(start + self.page_size) if more else ""

    def listed(self, prefix: str) -> None:
        with self.lock:
            self.lists.append(prefix)
        self._wait("list", prefix)

    def got(self, name: str, headers: Any) -> None:
        with self.lock:
            self.gets.append((name, headers.get("Range") or ""))
            self.headers.append(dict(headers))
        self._wait("get", f"{name} {headers.get('Range') or ''}".rstrip())

    def _wait(self, kind: str, name: str) -> None:
        if self.latency:
            time.sleep(self.latency)
        if broken := self.fault(kind, name):
            raise broken

    def list_xml(self, prefix: str, delimiter: str, token: str) -> bytes:
        names = self.below(prefix)
        folders = sorted({prefix + name[len(prefix) :].partition("/")[0] + "/" for name in names}) if delimiter else []
        page, following = ([], "") if delimiter else self.page(names, token)
        parts = [
            f"<Contents><Key>{escape(name)}</Key><Size>{self.size(name)}</Size><ETag>&quot;{self.tag(name)}&quot;</ETag>"
            "<LastModified>2026-11-01T00:00:00.000Z</LastModified></Contents>"
            for name in page
        ]
        parts += [f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>" for folder in folders]
        parts.append(f"<IsTruncated>{'true' if following else 'false'}</IsTruncated>")
        parts += [f"<NextContinuationToken>{following}</NextContinuationToken>"] if following else []
        return f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{"".join(parts)}</ListBucketResult>'.encode()

    def list_json(self, prefix: str, token: str) -> bytes:
        page, following = self.page(self.below(prefix), token)
        items = [{"name": name, "size": str(self.size(name)), "generation": self.generation(name)} for name in page]
        return json.dumps(
            ({"items": items} if items else {}) | ({"nextPageToken": following} if following else {})
        ).encode()


def no_such_key(name: str) -> Broken:
    return Broken(404, f"<Error><Code>NoSuchKey</Code><Message>none</Message><Key>{name}</Key></Error>".encode(), "xml")


def _answer(buckets: Buckets, path: str, headers: Any) -> tuple[int, bytes]:
    place, _, query_text = path.partition("?")
    query = {name: values[0] for name, values in urllib.parse.parse_qs(query_text, keep_blank_values=True).items()}
    place = urllib.parse.unquote(place).strip("/")
    is_google = place.startswith("storage/v1/b/")
    if is_google and "alt" not in query:
        buckets.listed(query["prefix"])
        return 200, buckets.list_json(query["prefix"], query.get("pageToken", ""))
    if "list-type" in query:
        prefix = query.get("prefix", "")
        buckets.listed(prefix)
        xml = buckets.list_xml(prefix, query.get("delimiter", ""), query.get("continuation-token", ""))
        return 200, xml
    name = place.partition("/o/")[2] if is_google else place.partition("/")[2]
    buckets.got(name, headers)
    if name not in buckets.objects:
        gone = json.dumps({"error": {"code": 404, "message": "No such object"}}).encode()
        raise Broken(404, gone, "application/json") if is_google else no_such_key(name)
    if is_google and query.get("generation") != buckets.generation(name):
        raise Broken(404, b'{"error": {"code": 404, "message": "No such generation"}}', "application/json")
    if not is_google and headers.get("If-Match", "").strip('"') != buckets.tag(name):
        raise Broken(412, b"<Error><Code>PreconditionFailed</Code><Message>changed</Message></Error>", "text/xml")
    data = buckets.objects[name]
    if wanted := headers.get("Range"):
        first, last = wanted.removeprefix("bytes=").split("-")
        return 206, data[int(first) : int(last) + 1]
    return 200, data


@contextmanager
def serving_buckets(buckets: Buckets) -> Iterator[tuple[str, Buckets]]:
    """The base URL of a running server, and its bucket."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            is_google = b"grant_type" in body
            token = {"access_token": "ya29.doctor", "expires_in": 3600, "token_type": "Bearer"}
            self.answer(200, json.dumps(token).encode() if is_google else _IDENTITY.encode(), is_json=is_google)

        def do_GET(self) -> None:
            try:
                status, body = _answer(buckets, self.path, self.headers)
            except Broken as error:
                status, body = error.status, error.body
                if error.cut:
                    self.answer(200, body, cut=True)
                    return
            self.answer(status, body)

        def answer(self, status: int, body: bytes, *, is_json: bool = False, cut: bool = False) -> None:
            self.send_response(status)
            kind = "application/json" if is_json or body[:1] in (b"{", b"[") else "application/octet-stream"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body) * 2 if cut else len(body)))
            self.close_connection = cut
            self.end_headers()
            self.wfile.write(body)

    with serving(QuietServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}", buckets
