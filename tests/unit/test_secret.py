"""A secret shows itself to nobody who does not ask."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
from collections.abc import Callable

import msgspec
import pytest

from trackwire.login import HubTarget
from trackwire.secret import Secret

SECRET = "hunter2"


@pytest.mark.parametrize(
    "show",
    [
        str,
        repr,
        "{}".format,
        "{!r}".format,
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - one of the ways to show
        lambda secret: f"{[secret]} {secret}",
        lambda secret: json.dumps({"token": secret}, default=str),
        lambda secret: repr(HubTarget(endpoint="e", token=secret, token_source=None)),
        lambda secret: "\n".join(dir(secret)),
        lambda secret: str(AssertionError(secret)),
    ],
)
def test_secret_is_not_shown(show: Callable[[Secret], str]) -> None:
    assert SECRET not in show(Secret(SECRET))


def test_secret_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").warning("%s %r", Secret(SECRET), Secret(SECRET))
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "encode",
    [
        json.dumps,
        msgspec.json.encode,
        msgspec.toml.encode,
        pickle.dumps,
        copy.deepcopy,
        lambda secret: dataclasses.asdict(HubTarget(endpoint="e", token=secret, token_source=None)),
    ],
)
def test_secret_cannot_be_encoded(encode: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError):
        encode(Secret(SECRET))


def test_secret_is_read_on_purpose() -> None:
    assert Secret(SECRET).reveal() == SECRET


def test_secrets_are_equal_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"


def test_equal_secrets_count_once_in_a_set() -> None:
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
