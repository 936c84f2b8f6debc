"""Rules about secrets: they go to the tracker in a header, and nowhere else."""

from __future__ import annotations

import base64
import binascii
import contextlib
import io
import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from trackwire import __version__
from trackwire.testing import faults
from trackwire.testing.rules.pulling import error_of, other_calls, pulled, succeeding
from trackwire.testing.rules.rule import Need, Rule, Violation
from trackwire.testing.samples import all_edited, samples
from trackwire.testing.workbench import Workbench

if TYPE_CHECKING:
    from trackwire.testing.faults import Fault
    from trackwire.testing.subject import Subject

_FEW, _SOME = 3, 12
_FAULTS: dict[str, Callable[[], Fault]] = {
    **{f"a {code}": partial(faults.status, code) for code in (401, 403, 404, 410, 429, 500)},
    "malformed JSON": faults.malformed,
    "another JSON": faults.other_json,
    "an expired login": faults.expired,
    "a broken connection": faults.hang_up,
}


def _uses_the_client(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_SOME)) as bench:
        _visit(bench)
        for request in bench.api.requests:
            agent = request.headers.get("user-agent", "")
            if agent != f"trackwire/{__version__}":
                raise Violation(
                    f"{request.method} {request.path} came from another client than "
                    f"context.client (User-Agent: {agent!r})"
                )


def _keeps_urls_plain(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_SOME)) as bench:
        _visit(bench)
        for request in bench.api.requests:
            if _shows(bench, request.target):
                # not even its path is shown: the secret may stand there
                raise Violation(f"a {request.method} request has a secret in its URL")


def _visit(bench: Workbench) -> None:
    """Do all that sends requests to the tracker."""
    pulled(bench)
    for name, call in other_calls(bench).items():
        with succeeding(bench, name):
            call()
    bench.api.issues = all_edited(bench.api.issues)[1:]
    error_of(partial(bench.pull, full=True))  # how it ends is for other rules to say


def _errors_are_clean(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_SOME)) as bench, _listening() as heard:
        pulled(bench)
        for name, fault in _FAULTS.items():
            pull = partial(bench.pull, full=True)
            calls: dict[str, Callable[[], object]] = {"a pull": pull, **other_calls(bench)}
            for what, call in calls.items():
                bench.api.plan(fault(), times=None)
                _require_clean(bench, f"{name} at the first request of {what}", error_of(call))
                bench.api.mend()
            bench.api.plan(fault(), after=1, times=None, pages=True)
            _require_clean(bench, f"{name} at the second page", error_of(pull))
            bench.api.mend()
        for where, text in heard.texts().items():
            if _shows(bench, text):
                raise Violation(f"a secret is {where}")
        if any(_shows(bench, note) for note in bench.notes):
            raise Violation("a secret is in what a person is told")


def _require_clean(bench: Workbench, what: str, error: BaseException | None) -> None:
    if error is not None and _shows(bench, str(error)):
        raise Violation(f"{what}: the error's text holds a secret")
    for link in _chain(error):
        if any(_shows(bench, text) for text in (str(link), repr(link), *_notes(link))):
            raise Violation(
                f"{what}: the error's chain, which trackwire --debug shows, holds a secret, in "
                f"{type(link).__name__}"
            )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        link = waiting.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [link.__cause__, link.__context__]


def _notes(error: BaseException) -> list[str]:
    return list(getattr(error, "__notes__", ()))


def _files_are_clean(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_SOME)) as bench:
        bench.api.plan(faults.hang_up(), after=2, times=None, pages=True)
        error_of(bench.pull)
        _require_clean_files(bench, "after a pull that broke off")
        bench.api.mend()
        pulled(bench)
        _require_clean_files(bench, "after a pull")


def _require_clean_files(bench: Workbench, when: str) -> None:
    for path in bench.files():
        if _shows(bench, path.read_bytes().decode("latin-1")):
            raise Violation(f"{when}, {path.relative_to(bench.root)} holds a secret")


def _shown_forms_are_clean(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_FEW)) as bench:
        with succeeding(bench, "opening the resource"), bench.connector() as guarded:
            pages = list(guarded.pages(None, None))
            shown = {
                "the provider": bench.provider,
                "the connector": guarded.connector,
                "its pages": pages,
            }
            texts = {name: f"{value!r} {value}" for name, value in shown.items()}
        for name, text in texts.items():
            if _shows(bench, text):
                raise Violation(f"the repr() of {name} holds a secret")


def _shows(bench: Workbench, text: str) -> bool:
    """Tell whether a text holds a secret, plain, as in a URL, coded, or as it was sent."""
    plain = bench.secrets
    escaped = [quote(secret, safe=safe) for secret in plain for safe in ("", "/")]
    coded = [form for secret in plain for form in _coded(secret.encode())]
    return any(form in text for form in {*plain, *escaped, *coded, *_sent(bench)})


def _coded(secret: bytes) -> Iterator[str]:
    """Give what Base64 and hexadecimal make of a secret, also in the middle of something else."""
    yield secret.hex()
    yield secret.hex().upper()
    for before in range(3):
        whole = (before + len(secret)) * 8 // 6  # what follows does not change these
        for code in (base64.b64encode, base64.urlsafe_b64encode):
            yield code(bytes(before) + secret).decode()[(0, 2, 3)[before] : whole]


def _sent(bench: Workbench) -> set[str]:
    """Return the coded forms in which the secrets were sent, such as that of HTTP's Basic."""
    words = {
        word
        for request in bench.api.requests
        for value in request.headers.values()
        for word in value.split()
    }
    return {word for word in words if any(s in decoded(word) for s in bench.secrets)}


def decoded(word: str) -> str:
    """Give what a word is the Base64 of, or nothing.

    Args:
        word: A word of a header.
    """
    try:
        return base64.b64decode(word, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


@dataclass
class _Heard:
    """What code in a block says beside its errors."""

    log: io.StringIO = field(default_factory=io.StringIO)
    output: io.StringIO = field(default_factory=io.StringIO)
    warned: list[warnings.WarningMessage] = field(default_factory=list)

    def texts(self) -> dict[str, str]:
        return {
            "logged": self.log.getvalue(),
            "printed": self.output.getvalue(),
            "in a warning": "\n".join(str(one.message) for one in self.warned),
        }


@contextlib.contextmanager
def _listening() -> Iterator[_Heard]:
    heard = _Heard()
    root, handler = logging.getLogger(), logging.StreamHandler(heard.log)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with (
            contextlib.redirect_stdout(heard.output),
            contextlib.redirect_stderr(heard.output),
            warnings.catch_warnings(record=True) as heard.warned,
        ):
            warnings.simplefilter("always")
            yield heard
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


RULES: tuple[Rule, ...] = (
    Rule(
        id="context-client",
        text="Every request goes through context.client, with its User-Agent.",
        reason="Another client waits for nobody, repeats nothing, and sends the secrets anywhere.",
        remedy=(
            "Use context.client for all requests, and leave its headers as they are but for the "
            "authorization."
        ),
        need=Need.CONNECT,
        check=_uses_the_client,
    ),
    Rule(
        id="secrets-not-in-urls",
        text="No URL holds a secret.",
        reason="URLs end up in the logs of servers and proxies, and in errors.",
        remedy="Send the secret in a header: context.client.headers, or context.client.auth.",
        need=Need.CONNECT,
        check=_keeps_urls_plain,
    ),
    Rule(
        id="secrets-not-in-errors",
        text=(
            "No error, log record, warning or output holds a secret, even where the tracker's "
            "answer repeats it."
        ),
        reason="People paste errors and logs into issues and chats.",
        remedy=(
            "Raise what trackwire.answers.read_answer raises; quote an answer by "
            "trackwire.answers.words_of alone, and log and print nothing."
        ),
        need=Need.CONNECT,
        check=_errors_are_clean,
    ),
    Rule(
        id="secrets-not-in-files",
        text="Nothing that a pull stores in the project holds a secret, not even coded.",
        reason="The project's files are copied, and a snapshot carries issues to others.",
        remedy="Keep secrets out of cursors and of issues' URLs: only what tells the place.",
        need=Need.CONNECT,
        check=_files_are_clean,
    ),
    Rule(
        id="secrets-not-in-repr",
        text="The repr() of provider, connector and pages holds no secret.",
        reason="Debuggers and error reports show the values of variables.",
        remedy=(
            "Keep the trackwire.secret.Secret, and reveal() it only where it is sent; or leave "
            "the field out of the repr: dataclasses.field(repr=False)."
        ),
        need=Need.CONNECT,
        check=_shown_forms_are_clean,
    ),
)
"""In the order in which they are checked."""
