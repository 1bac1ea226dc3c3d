"""Bodies that no service should send, by what is wrong with them."""

from __future__ import annotations

BODIES: dict[str, bytes] = {
    "empty": b"",
    "half": b'{"Role": {"Arn": "arn:aws',
    "html": b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>away</p></body></html>",
    "number": b"5",
    "list": b"[null, [1]]",
    "not UTF-8": b'{"Role": "\xff\xfe\xfa", "name": "\xff"}',
    "lone surrogate": b'{"Role": "\\ud800", "name": "\\udfff", "Policies": "\\ud800"}',
    "deep list": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep XML": b"<a>" * 20_000 + b"</a>" * 20_000,
    "long number": b'{"Role": ' + b"9" * 5_000 + b"}",
    "long": b"x" * 3_000_000,
}
