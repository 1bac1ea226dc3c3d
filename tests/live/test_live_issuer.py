"""What an issuer's host may answer, good and bad, and where the doctor does not call at all."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.live.addresses import is_public
from oidc_doctor.live.collect import CallError, Collected, collect
from oidc_doctor.live.https import MOST_BYTES, Rules, chain, fetch
from oidc_doctor.live.issuer import IssuerScope, is_known, readers
from oidc_doctor.report.parts.sentences import summary

if TYPE_CHECKING:
    from clouds.command_line import FinishedRun
    from clouds.issuer import Site

DISCOVERY = "/.well-known/openid-configuration"
PRIVATE = Rules(private=True)


def gather(site: Site, **more: Any) -> Collected:
    wanted = IssuerScope(**({"named": site.issuer, "rules": PRIVATE} | more))
    return collect(readers(wanted), timeout=15)


def read(found: Collected, name: str) -> dict[str, Any]:
    return next((one for one in found.reads if one["path"] == f"issuer/{name}"), {})


def outcome(found: Collected, name: str = "openid-configuration.json") -> tuple[str, str]:
    one = read(found, name)
    return one.get("outcome", ""), one.get("code", "")


def test_all_three_are_read(site: Site) -> None:
    found = gather(site)
    assert {one["outcome"] for one in found.reads} == {"ok"}
    assert json.loads(found.bundle.read("issuer/openid-configuration.json"))["issuer"] == site.issuer
    assert found.bundle.read("issuer/jwks.json") == b'{"keys": []}'
    assert found.bundle.read("issuer/chain.pem").count(b"BEGIN CERTIFICATE") == 2
    assert 0 < read(found, "jwks.json")["seconds"] < 5
    assert not found.warnings


# documents


@pytest.mark.parametrize(
    ("body", "status", "headers", "expected"),
    [
        (b'{"issuer": "https://', 200, {}, ("failed", "NotJson")),
        (b"<html>sign in</html>", 200, {"Content_Type": "text/html"}, ("failed", "NotJson")),
        (b'["a list"]', 200, {}, ("failed", "NotJson")),
        (b"[" * 100_000, 200, {}, ("failed", "NotJson")),
        (b"", 200, {}, ("failed", "NotJson")),
        (b" " * (MOST_BYTES + 1), 200, {}, ("failed", "TooLarge")),
        (b"no", 404, {}, ("not_found", "HTTP404")),
        (b"no", 403, {}, ("denied", "HTTP403")),
        (b"no", 302, {}, ("failed", "HTTP302")),
    ],
)
def test_bad_documents(body: bytes, status: int, headers: dict[str, str], expected: Any, site: Site) -> None:
    site.serve(DISCOVERY, body, status, **headers)
    found = gather(site)
    assert outcome(found) == expected
    assert "issuer/openid-configuration.json" not in found.bundle
    assert site.asked.count(DISCOVERY) == 1, "it is not asked again"
    assert not read(found, "jwks.json"), "an address of the key set is not known, so nobody failed to reach it"


def test_a_fault_of_the_server_is_asked_again(site: Site) -> None:
    good = site.answers[DISCOVERY]
    site.serve(DISCOVERY, b"", 503)

    def heal(handler: Any) -> None:
        site.answers[DISCOVERY] = good
        handler.send_error(503)

    site.answers[DISCOVERY] = heal
    assert outcome(gather(site)) == ("ok", "")
    assert site.asked.count(DISCOVERY) == 2


def test_another_content_type_is_told(site: Site) -> None:
    site.answers[DISCOVERY][1]["Content-Type"] = "text/plain; charset=utf-8"
    found = gather(site)
    assert outcome(found) == ("ok", "")
    assert found.warnings == ("the discovery document is served as text/plain, not as application/json",)


def test_the_key_sets_address_may_be_bad(site: Site) -> None:
    document = json.loads(site.answers[DISCOVERY][2])
    for uri, expected in (
        ("http://localhost/jwks", ("failed", "NotHttps")),
        ("file:///etc/passwd", ("failed", "NotHttps")),
        ("https://user:password@localhost/jwks", ("failed", "NotAnAddress")),
        ("https://localhost:99999/", ("failed", "NotAnAddress")),
        ("https://local host/", ("failed", "NotAnAddress")),
        (site.issuer + "/absent", ("not_found", "HTTP404")),
    ):
        site.serve(DISCOVERY, document | {"jwks_uri": uri})
        assert outcome(gather(site), "jwks.json") == expected, uri


def test_slow_answers_end(site: Site) -> None:
    def drip(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b" ")
            time.sleep(0.1)

    site.answers["/drip"] = drip
    began = time.monotonic()
    with pytest.raises(CallError) as caught:
        fetch(site.issuer + "/drip", PRIVATE, 1.0)
    assert time.monotonic() - began < 2.0
    assert caught.value.outcome == "timeout"


def test_an_answer_that_ends_early(site: Site) -> None:
    def half(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"{}")

    site.answers["/half"] = half
    with pytest.raises(CallError) as caught:
        fetch(site.issuer + "/half", PRIVATE)
    assert caught.value.outcome == "failed"


# addresses


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - it is refused
        ("224.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
        ("ff02::1", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_private_address_is_not_called(site: Site) -> None:
    found = gather(site, rules=Rules())
    for name in ("openid-configuration.json", "chain.pem"):
        assert outcome(found, name) == ("failed", "NotPublic")
        assert "--private-issuer" in read(found, name)["message"]
    assert not site.asked


def test_openssls_variable_names_the_authorities_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert outcome(gather(site)) == ("failed", "CertificateNotTrusted")
    monkeypatch.setenv("SSL_CERT_FILE", site.ca_file)
    assert outcome(gather(site))[0] == "ok"


def test_each_redirect_is_looked_at(site: Site) -> None:
    site.serve("/loop", b"", 302, Location="/loop")
    site.serve("/plain", b"", 302, Location="http://localhost/")
    site.serve("/metadata", b"", 302, Location="https://169.254.169.254/latest/")
    site.serve("/ok", b"", 301, Location="/jwks")
    for path, code in (("/loop", "TooManyRedirects"), ("/plain", "NotHttps")):
        with pytest.raises(CallError) as caught:
            fetch(site.issuer + path, PRIVATE)
        assert caught.value.code == code
    page = fetch(site.issuer + "/ok", PRIVATE)
    assert page.redirects == (site.issuer + "/jwks",)


def test_a_redirect_to_a_private_address_is_not_followed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # the first host is taken for public by its proxy's word, as behind a company's proxy; the second is an address
    site.serve("/metadata", b"", 302, Location="https://169.254.169.254/latest/")
    with tunnel(site.port) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with pytest.raises(CallError) as caught:
            fetch("https://oidc.example.com/metadata", Rules())
    assert caught.value.code in ("NotPublic", "CertificateNotTrusted")


def test_a_secret_follows_no_redirect(site: Site) -> None:
    site.serve("/away", b"", 302, Location="/jwks")
    with pytest.raises(CallError):
        fetch(site.issuer + "/away", PRIVATE, bearer="secret")
    assert site.asked == ["/away"]


def test_a_proxy_is_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with tunnel(site.port) as port:
        monkeypatch.setenv("https_proxy", f"http://user:word@127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "")
        assert fetch(site.issuer + "/jwks", PRIVATE).body == b'{"keys": []}'
        assert len(chain(site.issuer, PRIVATE).certificates) == 2
        with pytest.raises(CallError, match="NotPublic"):
            fetch(site.issuer + "/jwks", Rules())


class tunnel:  # noqa: N801 - a context
    """An http proxy that connects everything to one port of this machine."""

    def __init__(self, port: int) -> None:
        self.to = port

    def __enter__(self) -> int:
        import threading

        self.server = socket.create_server(("127.0.0.1", 0))
        self.open = [self.server]
        threading.Thread(target=self.serve, daemon=True).start()
        return int(self.server.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        for one in self.open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def serve(self) -> None:
        import threading

        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            assert head.startswith(b"CONNECT ")
            upstream = socket.create_connection(("127.0.0.1", self.to))
            self.open += [client, upstream]
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            for one, other in ((client, upstream), (upstream, client)):
                threading.Thread(target=self.pump, args=(one, other), daemon=True).start()

    @staticmethod
    def pump(one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass


# who says so


def test_an_issuer_that_only_a_token_names_is_not_called(site: Site) -> None:
    found = gather(site, named=None, claimed=(site.issuer,))
    assert not site.asked
    assert not found.reads
    assert "--fetch-token-issuer" in found.warnings[0]
    assert len(found.warnings) == 1
    assert outcome(gather(site, named=None, claimed=(site.issuer,), from_token=True)) == ("ok", "")


@pytest.mark.parametrize("voucher", ["provider", "role", "google", "listed"])
def test_an_issuer_that_the_account_names_is_called(voucher: str, site: Site) -> None:
    from oidc_doctor.live.collect import Reader

    key = site.issuer.removeprefix("https://")
    policy = {"Statement": [{"Principal": {"Federated": f"arn:aws:iam::1:oidc-provider/{key}"}}]}
    answers: dict[str, Any] = {
        "provider": {"arn:…": {"Url": key}},
        "role": {"AssumeRolePolicyDocument": policy},
        "google": {"oidc": {"issuerUri": site.issuer}},
        "listed": [{"oidc": {"issuerUri": site.issuer}}],
    }
    teller = Reader("teller", "x", "x", lambda _: answers[voucher])
    for claimed in ((site.issuer,), ()):
        wanted = IssuerScope(None, claimed, rules=PRIVATE, vouchers=("teller",))
        found = collect([teller, *readers(wanted)], timeout=15)
        assert outcome(found) == ("ok", "")


def test_catalogued_issuers() -> None:
    assert is_known("https://oidc.baseten.co")
    assert is_known("https://token.actions.githubusercontent.com")
    assert not is_known("https://oidc.baseten.co.example.com")
    assert not is_known("https://example.com/oidc.baseten.co")


# certificates


@pytest.mark.parametrize("kind", ["expired", "self-signed", "no-intermediate"])
def test_a_certificate_that_is_not_trusted(kind: str, site_with: Callable[..., Site]) -> None:
    site = site_with(kind)
    site.good()
    found = gather(site)
    assert outcome(found) == ("failed", "CertificateNotTrusted")
    assert not site.asked, "nothing was said to it"
    assert read(found, "chain.pem")["outcome"] == "ok", "what it sends is read all the same"


def test_a_host_that_speaks_tls_13_only(site_with: Callable[..., Site]) -> None:
    site = site_with(minimum=ssl.TLSVersion.TLSv1_3)
    site.good()
    found = gather(site)
    assert outcome(found) == ("ok", "")
    assert read(found, "chain.pem")["tls13_only"] is True


@pytest.mark.parametrize(
    ("kind", "thumbprint", "names"),
    [
        ("good", "right", []),
        ("good", "wrong", ["thumbprint-mismatch"]),
        ("self-signed", "wrong", ["issuer-unreachable", "thumbprint-mismatch"]),
        ("expired", "wrong", ["issuer-unreachable", "thumbprint-mismatch"]),
        ("out-of-order", "wrong", ["thumbprint-mismatch"]),
    ],
)
def test_certificates_are_judged_as_aws_does(
    kind: str,
    thumbprint: str,
    names: list[str],
    site_with: Callable[..., Site],
    doctor: Callable[..., Any],
    tmp_path: Path,
) -> None:
    site = site_with(kind)
    site.good()
    key = site.issuer.removeprefix("https://")
    arn = f"arn:aws:iam::123456789012:oidc-provider/{key}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{key}:aud": "sts.amazonaws.com", f"{key}:sub": "job:1"}},
    }
    role = {"Arn": "arn:aws:iam::123456789012:role/Weights", "AssumeRolePolicyDocument": {"Statement": [statement]}}
    stored = site.thumbprint.upper() if thumbprint == "right" else "b" * 40
    provider = {"Arn": arn, "Url": key, "ClientIDList": ["sts.amazonaws.com"], "ThumbprintList": [stored]}
    files = {
        "aws/role.json": {"Role": role},
        "aws/oidc-provider.json": provider,
        "claims.json": {"iss": site.issuer, "sub": "job:1", "aud": "sts.amazonaws.com"},
    }
    found = collect(readers(IssuerScope(site.issuer, rules=PRIVATE)), given=files.items(), timeout=15)
    report = run(found.bundle, Question())
    assert sorted(one.name for one in report.causes) == sorted(names), found.reads
    assert all(one.confidence == "suspected" for one in report.causes)
    for cause in report.causes:
        if cause.name == "thumbprint-mismatch":
            assert site.thumbprint in str(report), "the command has the present thumbprint"


def test_a_slow_issuer_is_doubted_for_aws(site: Site, tmp_path: Path) -> None:
    found = gather(site).bundle
    manifest = json.loads(found.read("manifest.json"))
    for one in manifest["reads"]:
        if one["path"] == "issuer/jwks.json":
            one["seconds"] = 6.25
    files = {name: found.read(name) for name in found.names()}
    files["manifest.json"] = json.dumps(manifest).encode()
    files["claims.json"] = json.dumps({"iss": site.issuer, "sub": "job:1", "aud": "sts.amazonaws.com"}).encode()
    files["aws/role.json"] = b'{"Role": {"Arn": "arn:aws:iam::123456789012:role/x"}}'
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    report = run(open_bundle(tmp_path), Question())
    slow = [summary(cause) for cause in report.causes if cause.name == "jwks-unreachable"]
    assert len(slow) == 1
    assert "from here it took 6.2 s, and AWS gives up after 5 s" in slow[0]


def test_a_host_that_is_not_there() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    server.close()
    for url, code in ((f"https://127.0.0.1:{port}/", "NoConnection"), ("https://nowhere.invalid/", "NoSuchHost")):
        with pytest.raises(CallError) as caught:
            fetch(url, PRIVATE)
        assert caught.value.code == code


# alone


def test_an_issuer_alone_has_a_verdict_for_each_document(site: Site, doctor: Callable[..., FinishedRun]) -> None:
    done = doctor("--live", "--issuer", site.issuer, "--private-issuer")
    alone = json.loads(done.out)["alone"]
    assert (done.code, alone["thing"]) == (3, "issuer")
    judged = {fact["name"]: fact["sign"] for fact in alone["facts"] if fact["sign"]}
    assert (judged["discovery"], judged["key set"], judged["keys"]) == ("✓", "✓", "✗")
    assert "the key set is empty" in alone["headline"]


def test_an_issuer_that_does_not_answer_is_no_fault_of_it(doctor: Callable[..., FinishedRun]) -> None:
    alone = json.loads(doctor("--live", "--issuer", "https://issuer.invalid").out)["alone"]
    assert "could not be read from here" in alone["headline"]
    assert not any(fact["sign"] == "✗" for fact in alone["facts"])
