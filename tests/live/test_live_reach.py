"""Which hosts and addresses are called, and who may name an issuer: the inputs of strangers."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.issuers.catalogue import all_profiles, match_for, read_toml
from oidc_doctor.live.addresses import is_public, refusal_of_host
from oidc_doctor.live.collect import CallError
from oidc_doctor.live.https import Rules, fetch
from oidc_doctor.live.issuer import is_known

if TYPE_CHECKING:
    from clouds.command_line import FinishedRun
    from clouds.issuer import Site

PRIVATE_V4 = ["10.1.2.3", "127.0.0.1", "169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "0.1.2.3"]


# addresses


@pytest.mark.parametrize(
    "address",
    [
        *PRIVATE_V4,
        "192.0.2.1",
        "198.18.0.1",
        "203.0.113.7",
        "192.88.99.1",
        "240.0.0.1",
        "255.255.255.255",
        "::7f00:1",  # IPv4-compatible
        "::808:808",
        "::ffff:0:7f00:1",  # SIIT
        "64:ff9b:1::a9fe:a9fe",
        "64:ff9b:1:a9fe:a9:fe00::",
        "fec0::2",
        "fd00:ec2::254",
        "fd20:ce::254",
        "3fff::1",
        "5f00::1",
        "100::1",
        "2001:db8::1",
        "2001:0:7f00:1::",  # Teredo
        "2002:a9fe:a9fe::1",
        "2a00:1450::5efe:a00:1",  # ISATAP
        "2a00:1450::200:5efe:a00:1",
        "4000::1",  # not assigned
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)
    assert refusal_of_host(address)
    assert refusal_of_host(ipaddress.ip_address(address).exploded)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "9.9.9.9", "2606:4700:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1", "2002:101:101::1"]
)
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)
    assert not refusal_of_host(address)


@given(st.ip_addresses())
def test_no_address_is_public_that_the_standard_library_calls_private(address: Any) -> None:
    if not address.is_global or address.is_multicast:
        mapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped
        assert mapped or not is_public(str(address))


@given(st.sampled_from([ipaddress.IPv4Address(text) for text in PRIVATE_V4]), st.integers(0, 0xFFFF))
def test_a_private_address_is_private_in_every_other_form(inner: ipaddress.IPv4Address, site: int) -> None:
    number = int(inner)
    for outer in (
        number,
        0xFFFF << 32 | number,
        0xFFFF << 48 | number,
        0x64FF9B << 96 | number,
        0x64FF9B0001 << 80 | site << 64 | number,
        0x2002 << 112 | number << 80 | site << 64 | 1,
        0x2A00 << 112 | site << 64 | 0x5EFE << 32 | number,
    ):
        assert not is_public(str(ipaddress.IPv6Address(outer)))


# names


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0X7F000001",
        "017700000001",
        "127.1",
        "127.0.1",
        "0251.0376.0251.0376",
        "0xa9.0xfe.0xa9.0xfe",
        "127.0.0.01",
        "1.2.3.0x4",
        "0x",
        "999.999.999.999",
        "1.2.3.4.5",
        "127.0.0.1.",
        "10.0.0.1.",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "a.localhost",
        "metadata",
        "metadata.google.internal",
        "metadata.google.internal.",
        "foo.INTERNAL",
        "printer.local",
        "router.lan",
        "nas.home.arpa",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "vault.service.consul",
        "kubernetes.default",
        "dns.kube-system",
        "api.team_1",
        "metadata.tencentyun.com",
        "hidden.onion",
        "oidc.example.com.",
        "oidc..example.com",
        ".example.com",
        "",
        ".",
        "127%2e0.0.1",
        "fe80::1%eth0",
        "2606:4700::1111%25eth0",
        "oidc\u3002example\u3002com",
        "oidc\uff0eexample\uff0ecom",
        "\u2460\u2461\u2466.0.0.1",
        "exa_mple com",
        "evil.example\\.oidc.example.com",
        "a@b.example.com",
        "-x.example.com",
        "x-.example.com",
        "a" * 64 + ".example.com",
        ".".join(["a" * 60] * 5) + ".example.com",
    ],
)
def test_hosts_that_are_not_called_whoever_resolves_them(host: str) -> None:
    assert refusal_of_host(host)


@pytest.mark.parametrize(
    "host", ["oidc.baseten.co", "OIDC.Example.com", "xn--bcher-kva.example.org", "1.example.com", "a.xn--p1ai"]
)
def test_hosts_that_are_called(host: str) -> None:
    assert not refusal_of_host(host)


def test_private_hosts_are_called_where_the_user_says_so_but_no_other_spelling_is() -> None:
    for host in ("localhost", "gitlab", "gitlab.corp", "10.0.0.1", "fd00::1"):
        assert not refusal_of_host(host, private=True)
    for host in ("2130706433", "127.1", "localhost.", "a b", ""):
        assert refusal_of_host(host, private=True)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A proxy that refuses every tunnel; the list has the first line of each request."""
    asked: list[str] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                asked.append(client.recv(4096).decode().split("\r\n")[0])
                client.sendall(b"HTTP/1.1 502 No\r\n\r\n")

    threading.Thread(target=serve, daemon=True).start()
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server.getsockname()[1]}")
    for name in ("no_proxy", "NO_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield asked
    with contextlib.suppress(OSError):
        server.shutdown(socket.SHUT_RDWR)
    server.close()


@pytest.mark.parametrize(
    "url",
    [
        "https://2130706433/",
        "https://0x7f000001/",
        "https://127.1/",
        "https://127.0.0.1./",
        "https://localhost./",
        "https://0251.0376.0251.0376/",
        "https://metadata.google.internal./",
        "https://kubernetes.default.svc/",
        "https://[fec0::2]/",
        "https://[::ffff:0:7f00:1]/",
        "https://127%2e0%2e0%2e1/",
        "https://oidc\u3002localhost/",
        "https://user@oidc.example.com/",
        "https://oidc.example.com\\@127.0.0.1/",
    ],
)
def test_a_proxy_is_asked_for_no_private_host(url: str, proxy: list[str]) -> None:
    with pytest.raises(CallError) as caught:
        fetch(url, Rules())
    assert caught.value.code in ("NotPublic", "NotAnAddress")
    assert not proxy


def test_a_proxy_is_asked_for_a_public_host(proxy: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = {"oidc.example.com": "1.1.1.1", "inside.example.com": "10.0.0.7"}

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        if host not in resolved:
            raise OSError
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (resolved[host], port))]

    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *more, **named: (
            real(host, *more, **named) if host == "127.0.0.1" else getaddrinfo(host, *more, **named)
        ),
    )
    for host in ("oidc.example.com", "unresolved.example.com", "inside.example.com"):
        with pytest.raises(CallError) as caught:
            fetch(f"https://{host}/", Rules())
        assert caught.value.code == ("NotPublic" if host.startswith("inside") else "Proxy")
    assert proxy == [f"CONNECT {host}:443 HTTP/1.1" for host in ("oidc.example.com", "unresolved.example.com")]


# who may name an issuer


@pytest.mark.parametrize(
    "issuer",
    [
        "https://ghes.example.com/_services/token",
        "https://attacker.example:8443/_services/token",
        "https://gitlab.example.com",
        "https://oidc.eks.eu-west-1.amazonaws.com.example.com/id/A1",
        "https://oidc.eks.x#.amazonaws.com/id/A1",
        "https://oidc.eks.x?.amazonaws.com/id/A1",
        "https://oidc.eks.x@.amazonaws.com/id/A1",
        "https://oidc.eks.x\\.amazonaws.com/id/A1",
        "https://oidc.eks.x:1.amazonaws.com/id/A1",
        "https://agent.edge.buildkite.dev",
        "https://token.actions.githubusercontent.com:8443",
        "https://user@token.actions.githubusercontent.com",
        "http://oidc.baseten.co",
        "https://oidc.baseten.co.",
        "https://ghe.com.example.com/_services/token",
    ],
)
def test_an_address_that_anyone_may_host_is_not_known(issuer: str) -> None:
    assert not is_known(issuer)


@pytest.mark.parametrize(
    "issuer",
    [
        "oidc.baseten.co",
        "https://oidc.eks.eu-west-1.amazonaws.com/id/A1",
        "https://token.actions.githubusercontent.com/octo-org",
        "https://token.actions.octo-org.ghe.com",
        "https://gitlab.com",
    ],
)
def test_an_address_of_the_issuers_own_is_known(issuer: str) -> None:
    assert is_known(issuer)


def test_no_profile_calls_every_host_its_own() -> None:
    for profile in all_profiles():
        for match in profile.matches:
            hosts = ("attacker.example", "oidc.attacker.example", "x.ghe.com.attacker.example")
            assert not any(match.is_of_issuer(host) for host in hosts), profile.name
            assert all("." in domain and domain == domain.lower() for domain in match.domains)
        for issuer in read_toml(f"{profile.name}.toml")["examples"].get("issuers", ()):
            match_of_issuer = match_for(profile, issuer)
            if "<" not in issuer:  # not redacted
                assert is_known(issuer) == bool(match_of_issuer and match_of_issuer.domains), issuer


def bundle_files(site: Site) -> dict[str, dict[str, Any]]:
    """Files of a bundle that name the site as the issuer, each alone."""
    key = site.issuer.removeprefix("https://")
    arn = f"arn:aws:iam::123456789012:oidc-provider/{key}"
    claims = {"iss": site.issuer, "sub": "job:1", "aud": "x"}
    provider = {"name": "projects/1/locations/global/workloadIdentityPools/p/providers/q"}
    target = f'[[target]]\nissuer = "{site.issuer}"\n'
    return {
        "target": {"oidc-doctor.toml": target},
        "target and token": {"oidc-doctor.toml": target, "claims.json": claims},
        "token": {"claims.json": claims},
        "aws provider": {"aws/oidc-provider.json": {"Arn": arn, "Url": key, "ClientIDList": ["x"]}},
        "google provider": {"gcp/provider.json": provider | {"oidc": {"issuerUri": site.issuer}}},
        "whoami": {"truss/whoami.txt": f"Issuer: {site.issuer}\nAudience: x\n"},
        "whoami json": {"truss/whoami.txt": json.dumps({"issuer": site.issuer, "audience": "x"})},
        "discovery": {"issuer/openid-configuration.json": {"issuer": site.issuer, "jwks_uri": f"{site.issuer}/jwks"}},
    }


KINDS = ["target", "target and token", "token", "aws provider", "google provider", "whoami", "whoami json", "discovery"]


def written(folder: Path, files: dict[str, Any]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_a_bundle_does_not_vouch_for_its_issuer(
    kind: str, site: Site, doctor: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    bundle = written(tmp_path / "bundle", bundle_files(site)[kind])
    live = ("--live", "--no-logs", "--private-issuer", "--from", bundle)
    doctor(*live)
    assert site.asked == []


def test_the_file_that_names_the_issuer_is_told_and_the_flag_fetches(
    site: Site, doctor: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    bundle = written(tmp_path / "bundle", bundle_files(site)["target"])
    live = ("--live", "--no-logs", "--private-issuer", "--from", bundle)
    said = doctor(*live)
    assert "is named by oidc-doctor.toml alone, so its address was not fetched" in said.out + said.err
    doctor(*live, "--fetch-token-issuer")
    assert "/jwks" in site.asked
    site.asked.clear()
    doctor(*live, "--issuer", site.issuer)
    assert "/jwks" in site.asked


def test_the_target_of_the_working_folder_vouches_for_no_issuer(site: Site, doctor: Callable[..., FinishedRun]) -> None:
    written(Path(), bundle_files(site)["target"])
    doctor("--live", "--no-logs", "--private-issuer")
    assert site.asked == []


def test_a_target_file_that_is_a_link_out_of_the_folder_is_not_read(
    site: Site, doctor: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    (tmp_path / "private.toml").write_text('CANARY = "x"\n')
    Path("oidc-doctor.toml").symlink_to(tmp_path / "private.toml")
    done = doctor("--live", "--no-logs")
    assert done.code == 2
    assert "leads out of this folder" in done.err
    assert "CANARY" not in done.out + done.err
    assert site.asked == []


@pytest.mark.parametrize(
    ("origins", "bundle", "by_option", "speaks"),
    [
        ({"gcp.provider": "--gcp-provider"}, True, False, True),
        ({"gcp.provider": "oidc-doctor.toml"}, True, False, False),
        ({"gcp.provider": "oidc-doctor.toml"}, False, False, False),
        ({"gcp.provider": "gcp/provider.json"}, True, False, False),
        ({"gcp.provider": "truss/config.yaml"}, False, False, False),
        ({"gcp.audience": "gcp/credentials.json"}, False, True, False),
        ({"gcp.audience": "gcp/credentials.json"}, True, False, False),
        ({"gcp.audience": "gcp/credentials.json"}, False, False, True),  # GOOGLE_APPLICATION_CREDENTIALS
        ({}, False, False, False),
    ],
)
def test_a_provider_of_google_speaks_for_its_issuer_where_the_user_names_it(
    origins: dict[str, str], bundle: bool, by_option: bool, speaks: bool
) -> None:
    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.cli.live import _goal
    from oidc_doctor.cli.options import make_parser
    from oidc_doctor.live.plan import CollectionRequest, _of_issuer
    from oidc_doctor.model.document import Origin
    from oidc_doctor.model.evidence import Target

    options = make_parser().parse_args(["--credentials", "x.json"] if by_option else [])
    target = Target("x", origins={name: Origin(file) for name, file in origins.items()})
    goal = _goal(options, target, (), Bundle("", {}) if bundle else None)
    vouchers = _of_issuer(CollectionRequest((goal,)), goal, "").vouchers
    assert ("gcp.provider" in vouchers) == speaks
    assert "aws.provider" in vouchers, "it is read in the account of the credentials"
