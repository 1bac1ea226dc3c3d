"""Check untrusted host names and addresses: only public ones are called.

A host is checked twice: as written, which is all that can be checked if a proxy resolves it, and by each address that
it resolves to. This module never connects.
"""

from __future__ import annotations

import ipaddress
import re

# Networks without issuers: the special-purpose registries of IANA (RFC 6890 and its updates), of 2026, and public
# addresses that a cloud uses for its own metadata. The standard library's `is_global` follows an older registry, and
# differs between releases of Python.
_NOT_PUBLIC_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network, RFC 791
        "10.0.0.0/8",  # private use, RFC 1918
        "100.64.0.0/10",  # carrier-grade NAT, RFC 6598; Alibaba Cloud's metadata is 100.100.100.200
        "127.0.0.0/8",  # loopback, RFC 1122
        "168.63.129.16/32",  # Azure's host: Microsoft, What is IP address 168.63.129.16
        "169.254.0.0/16",  # link local, RFC 3927; the metadata of most clouds is 169.254.169.254
        "172.16.0.0/12",  # private use, RFC 1918
        "192.0.0.0/24",  # protocol assignments, RFC 6890; Oracle Cloud's metadata was 192.0.0.192
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.31.196.0/24",  # AS112, RFC 7535
        "192.52.193.0/24",  # AMT, RFC 7450
        "192.88.99.0/24",  # relays of 6to4, deprecated by RFC 7526
        "192.168.0.0/16",  # private use, RFC 1918
        "192.175.48.0/24",  # AS112, RFC 7534
        "198.18.0.0/15",  # benchmarks, RFC 2544
        "198.51.100.0/24",  # documentation, RFC 5737
        "203.0.113.0/24",  # documentation, RFC 5737
        "224.0.0.0/4",  # multicast, RFC 5771
        "240.0.0.0/4",  # reserved and broadcast, RFC 1112, RFC 919
    )
)
# IANA assigns global unicast addresses from 2000::/3 alone (RFC 4291, section 2.4, and the registry of IPv6 address
# space). So loopback, IPv4-compatible ::/96 (RFC 4291), IPv4-translated ::ffff:0:0:0/96 (SIIT, RFC 2765), discard-only
# 100::/64 (RFC 6666), local-use NAT64 64:ff9b:1::/48 (RFC 8215), SRv6 5f00::/16 (RFC 9602), unique local fc00::/7 (RFC
# 4193; AWS's metadata is fd00:ec2::254), link local fe80::/10, site local fec0::/10 (RFC 3879) and multicast are none
# of them, whatever is assigned later.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, RFC 2928, with Teredo (RFC 4380), ORCHID and benchmarks
        "2001:db8::/32",  # documentation, RFC 3849
        "2620:4f:8000::/48",  # AS112, RFC 7534
        "3ffe::/16",  # the former 6bone, RFC 3701
        "3fff::/20",  # documentation, RFC 9637
    )
)
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")  # IPv4-mapped, RFC 4291
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: how a network without IPv4 reaches public addresses
_6TO4 = ipaddress.IPv6Network("2002::/16")  # RFC 3056
_ISATAP = 0x00005EFE  # the interface identifier before an IPv4 address, RFC 5214; with the bit of a unique one, 0x0200…
_UNIQUE = 0x02000000

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_LONGEST_NAME = 253  # RFC 1035
# Names that nobody owns on the internet: RFC 6761 (localhost, invalid, test), RFC 6762 (local, and appendix G), RFC
# 7686, RFC 8375, RFC 9476, ICANN on internal (2024) and on corp, home and mail (2018); and the suffixes of Kubernetes,
# Consul and Docker.
_INSIDE: tuple[str, ...] = ("alt", "arpa", "cluster", "consul", "corp", "default", "docker", "home", "internal", "lan")
_INSIDE += ("intranet", "invalid", "kube", "local", "localdomain", "localhost", "mail", "onion", "private", "svc")
_INSIDE += ("test",)
_TOP = re.compile(r"[a-z]{2,}|xn--[a-z0-9-]+")  # of the domains in IANA's root zone
_METADATA = ("metadata.tencentyun.com",)  # a public name: Tencent Cloud, instance metadata


def is_public(text: str) -> bool:
    """Whether an address is public; an embedded IPv4 address is checked as well. Raises ValueError."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    number = int(address)
    if address in _MAPPED or address in _NAT64:
        return is_public(str(ipaddress.IPv4Address(number & 0xFFFFFFFF)))
    if address not in _GLOBAL_V6 or any(address in network for network in _NOT_PUBLIC_V6):
        return False
    inner = None
    if address in _6TO4:
        inner = number >> 80 & 0xFFFFFFFF
    elif (number >> 32 & 0xFFFFFFFF) & ~_UNIQUE == _ISATAP:
        inner = number & 0xFFFFFFFF
    return inner is None or is_public(str(ipaddress.IPv4Address(inner)))


def is_address(host: str) -> bool:
    """Whether a host is an IPv4 or IPv6 address in the usual spelling."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def refusal_of_host(host: str, *, private: bool = False) -> str:
    """Return why a host, as written, is not called; empty if allowed. `private`: the user allows private hosts.

    Addresses in other spellings (an integer, octal, hexadecimal, short, with a dot at the end) are always refused:
    inet_aton and the WHATWG URL standard interpret them as addresses in different ways.
    """
    host = host.lower()
    if is_address(host) and "%" not in host:  # a zone refers to this machine's own networks
        return "" if private or is_public(host) else "not a public address"
    labels = host.split(".")
    if len(host) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        return "not the name of a host"
    if labels[-1].isdecimal() or re.fullmatch(r"0x[0-9a-f]*", labels[-1]):
        return "an address in another spelling"
    if private:
        return ""
    local = len(labels) == 1 or labels[-1] in _INSIDE or not _TOP.fullmatch(labels[-1]) or host in _METADATA
    return "a name of the local network" if local else ""
