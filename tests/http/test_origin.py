"""Hosts from configuration and from vendors: only what every parser reads alike is used."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

from helpdesk_bridge.errors import BadResponse, ConfigError
from helpdesk_bridge.http import Origin, check_base_url, vendor_origin
from helpdesk_bridge.http.origin import NotAUrl, target
from helpdesk_bridge.http.sockets import ForbiddenAddress, public_addresses

NASTY = [
    "evil.com/#",
    "evil.com?",
    "evil.com\\",
    "evil.com:443/",
    "x@evil.com",
    "-a",
    "a-",
    "a..b",
    "a.b",
    "evil.com%2f",
    "",
    ".",
    " a",
    "a\n",
    "a\r\nHost: x",
    "ａ",
    "ß",
    "a" * 64,
]


@pytest.mark.parametrize("label", NASTY)
def test_a_label_that_could_name_another_host_is_a_config_error(label):
    with pytest.raises(ConfigError, match="subdomain"):
        vendor_origin(label, "vendor.example", key="subdomain")


def test_a_plain_label_makes_the_vendors_origin():
    assert str(vendor_origin("RobotsRule", "vendor.example")) == "https://robotsrule.vendor.example"
    assert vendor_origin("a" * 63, "vendor.example").port == 443


@given(st.one_of(st.text(max_size=80), st.from_regex(r"[a-z0-9.@:/?#%\\-]{1,12}", fullmatch=True)))
def test_whatever_the_label_the_host_ends_with_the_vendors_domain(label):
    try:
        url = str(vendor_origin(label, "vendor.example"))
    except ConfigError:
        return
    assert urlsplit(url).hostname.endswith(".vendor.example")
    assert parse_url(url).host.endswith(".vendor.example")
    assert parse_url(url).auth is None


@pytest.mark.parametrize(
    ("given_", "used"),
    [
        ("https://robotsrule.deskie.io/", "https://robotsrule.deskie.io"),
        ("https://robotsrule.deskie.io/api/", "https://robotsrule.deskie.io/api"),
        ("HTTPS://Help.Example:443/api", "https://help.example/api"),
        ("https://help.example:8443", "https://help.example:8443"),
        ("http://127.0.0.1:4711", "http://127.0.0.1:4711"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://localhost:80/v1", "http://localhost/v1"),
        ("http://[::1]:4711", "http://[::1]:4711"),
    ],
)
def test_good_base_urls_are_normalised(given_, used):
    assert check_base_url(given_) == used


@pytest.mark.parametrize(
    ("url", "fix"),
    [
        ("http://help.example", "https://"),
        ("http://127.0.0.1.evil.example", "https://"),
        ("http://localhost.evil.example", "https://"),
        ("https://user:pw@help.example", "user name"),
        ("https://help.example?x=1", "remove everything"),
        ("https://help.example/#f", "remove everything"),
        ("https://help.example/?", "remove everything"),
        ("https://help.example/../x", "segments"),
        ("ftp://help.example", "https://host"),
        ("help.example", "https://host"),
        ("https://", "https://host"),
        ("https://help.example:99999", "port"),
        ("https://help.example:0", "port"),
        ("https://help.example:x", "port"),
        ("https://hélp.example", "host"),
        ("https://help .example", "blanks"),
        ("https://[::1", "https://host"),
    ],
)
def test_bad_base_urls_name_the_key_and_the_fix_and_quote_no_secret(url, fix):
    with pytest.raises(ConfigError) as caught:
        check_base_url(url)
    assert str(caught.value).startswith("base_url: ")
    assert fix in str(caught.value)
    assert "pw" not in str(caught.value)


@given(st.text(alphabet="ahtps:/.@?#\\[]%01[: \t\n-é", max_size=30).map("https://".__add__))
def test_every_parser_sees_the_same_origin_in_a_rebuilt_url(url):
    try:
        place = target(url)
    except BadResponse:
        return
    again = parse_url(place.url)
    assert again.auth is None
    assert again.scheme == place.origin.scheme
    assert again.host == place.origin.host
    assert (again.port or 443) == place.origin.port
    assert Origin.parse(place.url) == place.origin


def test_a_signed_url_stays_as_it_is():
    url = "https://s3.example/prod/a%20b/c+d.pdf?X-Amz-Credential=A%2F2026&X-Amz-Signature=ab%3D&x=%C3%A9~"
    assert target(url).url == url
    assert target("https://s3.example/über?ä=1#frag").url == "https://s3.example/%C3%BCber?%C3%A4=1"


@pytest.mark.parametrize("url", ["//host/x", "/x", "javascript:x", "file:///etc/passwd", "https://a@b/", ""])
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(NotAUrl):
        Origin.parse(url)


PRIVATE = [
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "192.0.2.1", "198.18.0.1", "192.88.99.1", "0.0.0.1",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "127.0.0.1", "::", "::1", "::8.8.8.8", "::ffff:10.0.0.1", "64:ff9b::808:808",
    "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:808:808::1", "3ffe::1", "3fff::1", "3fff:fff:ffff::1", "4000::1", "5f00::1",
    "fc00::1", "fe80::1", "fec0::1", "feff:ffff::1", "ff02::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_the_world_does_not_reach_is_not_public(address):
    with pytest.raises(ForbiddenAddress):
        public_addresses(address, 443, allow_loopback=False)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "192.89.0.1", "2606:4700::1111", "2a00::1", "3fef::1", "::ffff:8.8.8.8"]
)
def test_an_address_of_the_world_is_public(address):
    assert public_addresses(address, 443, allow_loopback=False)
