"""A bundle folder: its files as such, its manifest, its error and its targets."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from evidence.names import Names

Json = Any


class Folder(Names):
    """Files of a bundle. The methods that write return the bundle, so calls can be chained."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, content: str | bytes | Json) -> Self:
        """A file: text and bytes as they are, everything else as JSON."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            place.write_bytes(content)
        else:
            place.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")
        return self

    def read(self, path: str) -> Json:
        """A JSON file that was written before, to be changed and written again."""
        return json.loads((self.root / path).read_text(encoding="utf-8"))

    def remove(self, *paths: str) -> Self:
        """Files, or whole folders, that are not in the bundle."""
        for path in paths:
            place = self.root / path
            if place.is_dir():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)
        return self

    def keep_as_earlier(self, *reads: Json) -> Self:
        """earlier/: the configuration that the bundle has now, read a day before its instant."""
        for place in sorted(self.root.rglob("*")):
            name = place.relative_to(self.root).as_posix()
            configuration = name.startswith(("issuer/", "aws/", "gcp/")) and not name.startswith(("aws/cl", "gcp/logs"))
            if place.is_file() and configuration:
                self.write(f"earlier/{name}", place.read_bytes())
        return self.write("earlier/manifest.json", {"collected_at": self.times(-86_400), "reads": list(reads)})

    def only(self, *paths: str) -> Self:
        """Nothing but these files."""
        for place in sorted(self.root.rglob("*")):
            if place.is_file() and place.relative_to(self.root).as_posix() not in paths:
                place.unlink()
        return self

    def manifest(
        self,
        reads: tuple[Json, ...] | list[Json] = (),
        *,
        collected_at: str | None = Names.COLLECTED_AT,
        read: str = "",
    ) -> Self:
        """manifest.json. `read` is a space-separated list of paths that were read from the cloud in order."""
        rows = [*reads, *({"path": path, "outcome": "ok"} for path in read.split())]
        return self.write("manifest.json", {"collected_at": collected_at, "reads": rows})

    def from_the_cloud(self) -> Self:
        """The manifest says of every file that it was read from the cloud: nothing in them is a placeholder."""
        names = [place.relative_to(self.root).as_posix() for place in self.root.rglob("*") if place.is_file()]
        return self.manifest(read=" ".join(name for name in names if name.startswith(("aws/", "gcp/"))))

    def error(self, text: str) -> Self:
        """error.txt: what the caller saw."""
        return self.write("error.txt", text + "\n")

    def target(self, *, aws: Json = None, gcp: Json = None, issuer: str | None = None, name: str = "weights") -> Self:
        """oidc-doctor.toml with one target."""
        lines = ["[[target]]", f"name = {json.dumps(name)}"]
        if issuer is not None:
            lines.append(f"issuer = {json.dumps(issuer)}")
        for cloud, values in (("aws", aws), ("gcp", gcp)):
            if values is not None:
                lines.append(f"[target.{cloud}]")
                for key, value in values.items():
                    pairs = value if isinstance(value, dict) else None
                    text = json.dumps(value)
                    if pairs is not None:
                        text = "{ " + ", ".join(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in pairs.items()) + " }"
                    lines.append(f"{key} = {text}")
        return self.write("oidc-doctor.toml", "\n".join(lines) + "\n")

    def not_found(self, *paths: str) -> Self:
        """Files that are not there because the cloud said that there is no such thing."""
        self.remove(*paths)
        return self.manifest([{"path": path, "outcome": "not_found", "code": "NoSuchEntity"} for path in paths])

    def denied(self, *paths: str) -> Self:
        """Files that are not there because the reader was not allowed to read them."""
        self.remove(*paths)
        return self.manifest([{"path": path, "outcome": "denied", "code": "AccessDenied"} for path in paths])

    def times(self, seconds: int) -> str:
        """RFC 3339 of the bundle's instant and so many seconds."""
        return datetime.fromtimestamp(self.NOW + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
