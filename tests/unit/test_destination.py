"""URL rules: normal forms and refusals."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackwire.destination import ENDPOINT_PATH, endpoint_url, hub_of
from trackwire.errors import UsageError
from trackwire.origin import origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://hub.example", "https://hub.example"),
        (" HTTPS://Hub.Example/ \n", "https://hub.example"),
        ("https://hub.example.:443/x", "https://hub.example"),
        ("https://hub.example:", "https://hub.example"),
        ("http://hub.example:80", "http://hub.example"),
        ("https://hub.example:80", "https://hub.example:80"),
        ("https://hub.example:8443", "https://hub.example:8443"),
        ("https://b\u00fccher.example", "https://xn--bcher-kva.example"),
        ("https://B\u00dcCHER.example", "https://xn--bcher-kva.example"),
        ("https://\uff11\uff12\uff17.0.0.1", "https://127.0.0.1"),
        ("https://[0:0:0:0:0:0:0:1]:8443", "https://[::1]:8443"),
        ("https://[2001:DB8::0:1]", "https://[2001:db8::1]"),
    ],
)
def test_every_spelling_of_an_origin_has_one_form(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "no scheme"),
        ("hub.example", "no scheme"),
        ("hub.example:8443", "no scheme"),
        ("//hub.example", "no scheme"),
        ("ftp://hub.example", "neither http nor https"),
        ("file:///etc/passwd", "neither http nor https"),
        ("https://", "no host"),
        ("https://:443", "no host"),
        ("https://hub.example?x=1", "query or a fragment"),
        ("https://hub.example/#x", "query or a fragment"),
        ("https://hub.example?", "query or a fragment"),
        ("https://hub.example:99999", "cannot be read"),
        ("https://hub.example:https", "cannot be read"),
        ("https://hub.example:-1", "cannot be read"),
        ("https://hub.example:0", "port 0"),
        ("https://[::1", "cannot be read"),
        ("https://[::zz]", "cannot be read|invalid host"),
        ("https://[fe80::1%25eth0]", "cannot be read|invalid host"),
        ("https://hub example", "blank"),
        ("https://hub.example\\evil.example", "backslash"),
        ("https://hub\texample", "control character"),
        ("https://hub..example", "invalid host"),
        ("https://-hub.example", "invalid host"),
        ("https://hub%2eexample", "invalid host"),
        ("https://127.1", "invalid host"),
        ("https://0x7f000001", "invalid host"),
        ("https://2130706433", "invalid host"),
        ("https://1.2.3.256", "invalid host"),
        ("https://" + "a" * 64 + ".example", "invalid host"),
        pytest.param("https://" + "abc." * 80 + "example", "invalid host", id="long host"),
        ("https://hub.example/a/../b", r"\. or \.\."),
        ("https://hub.example/\udcff", "not UTF-8 text"),
    ],
)
def test_unusable_address_is_refused_with_its_reason(url: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        endpoint_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:hunter2@hub.example",
        "https://hunter2@hub.example",
        "user:hunter2@hub.example",
        "https://hub.example/?token=hunter2",
        "https://hub.example/#hunter2",
        "ftp://user:hunter2@hub.example?x",
    ],
)
def test_refusal_shows_nothing_that_may_be_secret(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        endpoint_url(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("hub", "endpoint"),
    [
        ("https://hub.example", f"https://hub.example{ENDPOINT_PATH}"),
        ("https://hub.example/", f"https://hub.example{ENDPOINT_PATH}"),
        ("https://hub.example/team//", f"https://hub.example/team{ENDPOINT_PATH}"),
        ("https://hub.example/Team", f"https://hub.example/Team{ENDPOINT_PATH}"),
        ("https://hub.example/a%20b/\u00fc", f"https://hub.example/a%20b/%C3%BC{ENDPOINT_PATH}"),
    ],
)
def test_endpoint_joins_the_prefix_with_one_slash(hub: str, endpoint: str) -> None:
    assert endpoint_url(hub) == endpoint


@pytest.mark.parametrize(
    "hub",
    [
        "http://localhost:8000",
        "http://LOCALHOST.",
        "http://127.0.0.1",
        "http://127.9.8.7:1",
        "http://[::1]:8000",
    ],
)
def test_plain_http_is_for_loopback(hub: str) -> None:
    assert endpoint_url(hub).startswith("http://")


@pytest.mark.parametrize(
    "hub",
    [
        "http://hub.example",
        "http://localhost.example",
        "http://10.0.0.1",
        "http://128.0.0.1",
        "http://[::2]",
        "http://0.0.0.0",
        "http://127.0.0.1.example",
    ],
)
def test_plain_http_to_another_host_is_refused(hub: str) -> None:
    with pytest.raises(UsageError, match="plain http"):
        endpoint_url(hub)


def test_hub_is_found_in_its_endpoint() -> None:
    assert hub_of(endpoint_url("https://Hub.example/team/")) == "https://hub.example/team"


@given(st.text(max_size=40).map(lambda text: f"https://{text}"))
def test_normal_form_of_a_normal_form_is_itself(url: str) -> None:
    try:
        origin = origin_of(url)
    except UsageError:
        return
    assert origin_of(origin) == origin


def test_url_rules_load_no_http_client() -> None:
    code = "import sys, trackwire.destination; print('httpx' in sys.modules, 'idna' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
