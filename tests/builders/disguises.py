"""Secrets in disguise: encoded, in pieces, behind prefixes of lines, and as tools print them. See `canaries`."""

from __future__ import annotations

import base64
import json
import random
import textwrap

from canaries import Canary, _pieces, _segment, _word, compact_jwt

_KEY_ID = "ASIA" + "IOSFODNN7EXAMPLE"


def disguises() -> list[Canary]:
    """All kinds."""
    return [*_spelled(), *_in_lines(), *_encrypted(), *_encoded(), *_printed()]


def _of_token(kind: str, text: str, jwt: str) -> Canary:
    signature = jwt.rpartition(".")[2]
    return Canary(kind, text, tuple(signature[at : at + 14] for at in (0, 150, 328)))


def _spelled() -> list[Canary]:
    """A token whose full stops are written in another way."""
    made = []
    for stop in (
        "%25252E",
        "&period;",
        "&#46;",
        "&#x002E;",
        "\\.",
        "\\056",
        "\\U0000002e",
        "\\u{2e}",
        " . ",
        "[.]",
        "(dot)",
        "\uff0e",
        '", "',
    ):
        jwt = compact_jwt(f"stop{stop}")
        made.append(_of_token(f"JWT, full stop as {stop}", jwt.replace(".", stop), jwt))
    return made


def _in_lines() -> list[Canary]:
    """A token in lines that something else begins or ends."""
    forms = {
        "numbered": lambda lines: "\n".join(f"{number:4}  {line}" for number, line in enumerate(lines)),
        "with times": lambda lines: "\n".join(f"2026-11-19T12:00:00.000Z {line}" for line in lines),
        "colours": "\x1b[0m\n\x1b[33m".join,
        "zero width": "\u200b".join,
        "soft hyphens": "\u00ad".join,
        "of Python": lambda lines: " \\\n".join(f"'{line}'" for line in lines),
        "of JavaScript": lambda lines: " +\n  ".join(f'"{line}"' for line in lines),
        "of a shell": "\\\n".join,
        "of JSON": json.dumps,
    }
    made = []
    for name, form in forms.items():
        jwt = compact_jwt(f"lines{name}")
        made.append(_of_token(f"JWT, lines {name}", form(textwrap.wrap(jwt, 76)), jwt))
    jwt = compact_jwt("two fields")
    made.append(_of_token("JWT in two fields", json.dumps({"part1": jwt[:200], "part2": jwt[200:]}), jwt))
    jwt = compact_jwt("no header")
    made.append(_of_token("JWT without its header", jwt.partition(".")[2], jwt))
    return made


def _encrypted() -> list[Canary]:
    """A token of five parts, and one whose second part is empty."""
    made = []
    for header in ({"alg": "RSA-OAEP", "enc": "A256GCM"}, {"alg": "dir", "enc": "A256GCM"}):
        name = header["alg"]
        key = "" if name == "dir" else _word(f"{name}key", 342)
        text, tag = _word(f"{name}text", 200), _word(f"{name}tag", 22)
        whole = ".".join([_segment(json.dumps(header).encode()), key, _word(f"{name}iv", 16), text, tag])
        made.append(Canary(f"JWE {name}", whole, (*_pieces(text), *_pieces(tag))))
    return made


def _encoded() -> list[Canary]:
    made = []
    body = base64.b64encode(random.Random(1).randbytes(900)).decode()
    account = {
        "type": "service_account",
        "private_key": f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n",
    }
    basic = base64.b64encode(f"user:{_word('encoded basic', 20)}".encode()).decode()
    jwt = compact_jwt("encoded")
    for kind, text in {
        "a header": f"Authorization: Basic {basic}",
        "a bearer token": f"Authorization: Bearer {jwt}",
        "a variable": f"AWS_SECRET_ACCESS_KEY={_word('encoded variable', 40)}",
        "a key file": json.dumps(account),
        "a token": jwt,
    }.items():
        for name, encoded in {
            "base64": base64.b64encode(text.encode()).decode(),
            "base64url": _segment(text.encode()),
            "hexadecimal": text.encode().hex(),
            "percent": "".join(f"%{byte:02X}" for byte in text.encode()),
        }.items():
            if not (kind == "a key file" and name in ("hexadecimal", "percent")):
                made.append(Canary(f"{kind} in {name}", encoded, (encoded[-30:-6], encoded[60:84])))
    for kind, begin in {
        "OpenSSH": "b3BlbnNzaC1rZXktdjEAAAAA",
        "PKCS 1": "MIIEpAIBAAKCAQEA",
        "PKCS 8": "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
        "PKCS 12": "MIIJqQIBAzCC",
    }.items():
        for newline, width in (("", 900), ("\n", 64)):
            lines = textwrap.wrap(begin + body, width or 900)
            made.append(Canary(f"{kind} in base64, {width}", newline.join(lines), (lines[0][-20:], lines[-1][-20:])))
    return made


_FORMS = (
    "+ export AWS_SECRET_ACCESS_KEY={}\n+ aws sts get-caller-identity",
    "++ aws configure set aws_secret_access_key {}",
    "+ curl -u admin:{} https://x.example",
    "curl --user bob:{} https://x.example",
    "> GET /x HTTP/2\n> Host: x.example\n> authorization: Bearer {}\n> user-agent: curl/8",
    "< set-cookie: sid={}; Path=/",
    "    Environment:\n      AWS_SECRET_ACCESS_KEY:  {}\n      REGION:  eu-west-1",
    "machine api.example login bob password {}",
    "db.example:5432:app:bob:{}",
    "db.example:26257:app:bob:{}",
    "//registry.npmjs.org/:_authToken={}",
    "//r.example/:_password={}",
    "index-url = https://bob:{}@pypi.example/simple",
    "extra-index-url = https://{}:@pypi.example/simple",
    "unable to access 'https://x-access-token:{}@github.com/a/b.git/'",
    "https://b.s3.amazonaws.com/k?X-Amz-Date=20261119T120000Z&X-Amz-SignedHeaders=host&X-Amz-Signature={}",
    "https://b.s3.amazonaws.com/k?AWSAccessKeyId=" + _KEY_ID + "&Expires=1700000000&Signature={}%3D",
    "https://x.blob.core.windows.net/c?sv=2022&sr=b&sig={}%3D&se=2026",
    "DefaultEndpointsProtocol=https;AccountName=x;AccountKey={}==;EndpointSuffix=core",
    "https://x.example/cb?code={}&state=1",
    _KEY_ID + " / {}",
    _KEY_ID + "\n{}",
    _KEY_ID + ",{}",
    "User name,Password,Access key ID,Secret access key\nbob,," + _KEY_ID + ",{}",
    "AWS Secret Access Key [None]: {}",
    "aws_access_key_id\taws_secret_access_key\n" + _KEY_ID + "\t{}",
    "%3CSecretAccessKey%3E{}%3C%2FSecretAccessKey%3E",
    "SecretAccessKey%2522%253A%2522{}%2522",
    "AWS_SECRET_ACCESS_KEY%253D{}",
    "secret_access_key&#61;{}",
    "the secret access key is {}",
    "password is {}",
    "using token {}",
    "AWS_SECRET_ACCESS_KEY -> {}",
    "AWS_SECRET_ACCESS_KEY → {}",
    '"AWS_SECRET_ACCESS_KEY","{}"',
    "name,value\nAWS_SECRET_ACCESS_KEY,{}",
    "AWS_SECRET_ACCESS_KEY;{}",
    "AWS_SECRET_ACCESS_KEY: >-\n    {}",
    "AWS_SECRET_ACCESS_KEY=\\\n{}",
    '("AWS_SECRET_ACCESS_KEY", "{}")',
    '{{"value": "{}", "name": "AWS_SECRET_ACCESS_KEY"}}',
    "- name: AWS_SECRET_ACCESS_KEY\n  value: {}",
    "- value: {}\n  name: AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_ACCESS_KEY = (string) {}",
    "AWS_SECRET_ACCESS_KEY=$'{}'",
    '"x-api-key": ["{}"]',
    "mysql -u root -p{} db",
    "sshpass -p {} ssh x",
    "redis-cli -h x -a {}",
    "openssl rsa -passin pass:{}",
    "aws ssm put-parameter --value {} --type SecureString",
    '"Plaintext":"{}"',
    "ENCRYPTION_KEY_BASE64={}",
    "SECRET_KEY_BASE={}",
    "hmac_key={}",
    "laravel_session={}",
    "AWSALB={}",
    "AGE-SECRET-KEY-1{}",
    "$6$salt${}",
)


def _printed() -> list[Canary]:
    made = []
    for form in _FORMS:
        value = _word(f"printed {form}", 40)
        made.append(Canary(f"printed: {form}", form.format(value), _pieces(value)))
    return made
