"""A connector, guarded: its failures name the plugin, and what it hands over is checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from trackwire.checking import checked_issue, foreign_field
from trackwire.connecting.calls import broken, called, code_of
from trackwire.connector import Listed, Page, Unfit, Unplaced
from trackwire.errors import ProviderError, RecordError, TrackerError
from trackwire.model import ExternalRef, Issue, is_utf8

if TYPE_CHECKING:
    from trackwire.connector import Connect, ConnectContext, Connector
    from trackwire.project import Binding

MAX_IDLE_PAGES = 1000
"""How many pages in a row may hold nothing new before the tracker counts as repeating itself."""

_CONNECTOR_METHODS = ("pages", "census", "fetch")
_LONGEST_NAME = 80
_KNOWN_IDS = 50_000


def opened(
    connect: Connect, context: ConnectContext, plugin: str, binding: Binding
) -> GuardedConnector:
    """Have a provider open the bound resource, guarded.

    Args:
        connect: The provider's.
        context: What it may know.
        plugin: The plugin's distribution and version, for messages.
        binding: What the project is bound to.

    Raises:
        TrackerError: The tracker refused.
        ProviderError: The plugin failed, or returned no connector.
    """
    connector = called(connect, "connect", context, plugin)
    lacking = [m for m in _CONNECTOR_METHODS if not callable(getattr(connector, m, None))]
    if lacking:
        raise broken(plugin, "connect", f"its connector has no {', '.join(lacking)}")
    return guarded(connector, plugin, binding)


def guarded(connector: Connector, plugin: str, binding: Binding) -> GuardedConnector:
    """Wrap a connector so that its failures name the plugin and its issues are checked.

    Args:
        connector: What the plugin's `connect` returned.
        plugin: The plugin's distribution and version, for messages.
        binding: What the project is bound to.
    """
    return GuardedConnector(connector, plugin, binding)


def _ids_of(page: Page) -> Iterator[str]:
    yield from (issue.ref.id for issue in page.issues)
    yield from (one.id for one in page.unfit)
    yield from page.gone


@dataclass(slots=True)
class _News:
    """Tells whether pages still bring ids that those before did not; it forgets the oldest."""

    known: set[str] = field(default_factory=set)
    older: set[str] = field(default_factory=set)
    idle: int = 0

    def any_lately(self, ids: Iterable[str]) -> bool:
        new = {key for key in ids if key not in self.known and key not in self.older}
        self.idle = 0 if new else self.idle + 1
        self.known |= new
        if len(self.known) > _KNOWN_IDS:
            self.known, self.older = set(), self.known
        return self.idle < MAX_IDLE_PAGES


@dataclass(frozen=True, slots=True)
class GuardedConnector:
    """A connector whose failures name the plugin, and whose issues and ids are checked.

    Args:
        connector: What the plugin's `connect` returned.
        plugin: The plugin's distribution and version, for messages.
        binding: What the project is bound to.
    """

    connector: Connector
    plugin: str
    binding: Binding

    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        """Read the issues that changed; see `trackwire.connector.Connector.pages`.

        Raises:
            TrackerError: An issue is not fit to be stored, or the tracker repeats itself.
            ProviderError: The plugin failed.
        """
        seen: set[str | None] = set()
        news = _News()
        ended = False
        for drawn in self._drawn("pages", lambda: self.connector.pages(since, cursor)):
            page = self._checked_page(drawn, "pages")
            if not news.any_lately(_ids_of(page)):
                raise self._repeats(f"{MAX_IDLE_PAGES} pages in a row hold nothing new")
            if page.cursor is not None and page.cursor in seen:
                raise self._repeats("a page has the cursor of an earlier one")
            seen.add(page.cursor)
            ended = page.cursor is None
            yield page
        if not ended:
            raise self._broken("pages", "it ended before a page that says it is the last")

    def census(self) -> Iterator[Sequence[Listed]]:
        """List every issue; see `trackwire.connector.Connector.census`.

        Raises:
            TrackerError: The tracker repeats itself.
            ProviderError: The plugin failed.
        """
        news = _News()
        for drawn in self._drawn("census", self.connector.census):
            listed = [self._checked_listed(item) for item in self._sequence(drawn, "census")]
            if not news.any_lately(one.id for one in listed):
                raise self._repeats(f"{MAX_IDLE_PAGES} pages in a row list nothing new")
            yield listed

    def fetch(self, ids: Sequence[str]) -> Page:
        """Read issues by their ids; see `trackwire.connector.Connector.fetch`.

        Raises:
            TrackerError: An issue is not fit to be stored.
            ProviderError: The plugin failed.
        """
        with code_of(self.plugin, "fetch"):
            page = self.connector.fetch(ids)
        return self._checked_page(page, "fetch")

    def _drawn(self, method: str, call: Callable[[], Iterable[object]]) -> Iterator[object]:
        with code_of(self.plugin, method):
            items = iter(call())
        end = object()
        try:
            while True:
                with code_of(self.plugin, method):
                    item = next(items, end)
                if item is end:
                    return
                yield item
        finally:
            close = getattr(items, "close", None)
            if callable(close):
                with code_of(self.plugin, method):
                    close()

    def _checked_page(self, page: object, method: str) -> Page:
        if not isinstance(page, Page):
            raise self._broken(method, f"it gave {type(page).__name__}, not a Page")
        if not isinstance(page.cursor, str | None) or page.cursor == "":
            raise self._broken(method, "a page's cursor is neither None nor a text")
        issues: list[Issue] = []
        unfit = [self._checked_unfit(one, method) for one in self._sequence(page.unfit, method)]
        for given in self._sequence(page.issues, method):
            checked = self._checked_issue(given, method)
            if isinstance(checked, Unfit):
                unfit.append(checked)
            else:
                issues.append(checked)
        return Page(
            issues=issues,
            unfit=unfit,
            gone=[self._checked_id(gone, method) for gone in self._sequence(page.gone, method)],
            cursor=page.cursor,
            unplaced=[
                self._checked_unplaced(name, method)
                for name in self._sequence(page.unplaced, method)
            ],
        )

    def _checked_issue(self, issue: object, method: str) -> Issue | Unfit:
        if not isinstance(issue, Issue) or not isinstance(issue.ref, ExternalRef):
            raise self._broken(method, f"a page holds {type(issue).__name__}, not an Issue")
        place = f"issue {str(issue.ref.key or issue.ref.id)[:_LONGEST_NAME]}"
        external_id = self._checked_id(issue.ref.id, method)
        try:
            checked = checked_issue(issue, place)
        except RecordError as error:
            return Unfit(external_id, str(error))
        if foreign := foreign_field(checked.ref, self.binding):
            raise self._broken(method, f"{place}: {foreign}")
        if checked.updated_at is None:
            return Unfit(external_id, f"{place}, field updated_at: it is missing")
        return checked

    def _checked_unfit(self, unfit: object, method: str) -> Unfit:
        if not isinstance(unfit, Unfit) or not isinstance(unfit.problem, str):
            raise self._broken(method, "an unfit issue is not an Unfit")
        self._checked_id(unfit.id, method)
        return unfit

    def _checked_listed(self, listed: object) -> Listed:
        if not isinstance(listed, Listed):
            raise self._broken("census", f"it gave {type(listed).__name__}, not a Listed")
        self._checked_id(listed.id, "census")
        time: object = listed.updated_at
        if time is not None and (not isinstance(time, datetime) or time.utcoffset() is None):
            raise self._broken("census", "an updated_at is no time with an offset from UTC")
        return listed

    def _checked_id(self, external_id: object, method: str) -> str:
        if not isinstance(external_id, str) or not external_id or not is_utf8(external_id):
            raise self._broken(method, "an id is no text, or empty")
        return external_id

    def _checked_unplaced(self, name: object, method: str) -> Unplaced:
        if (
            not isinstance(name, Unplaced)
            or name.kind not in {"status", "priority"}
            or not isinstance(name.name, str)
        ):
            raise self._broken(method, "an unplaced name is not an Unplaced of status or priority")
        return name

    def _sequence(self, items: object, method: str) -> Sequence[object]:
        if not isinstance(items, Sequence) or isinstance(items, str | bytes):
            raise self._broken(method, f"it gave {type(items).__name__}, not a sequence")
        return items

    def _broken(self, method: str, problem: str) -> ProviderError:
        return broken(self.plugin, method, problem)

    def _repeats(self, problem: str) -> TrackerError:
        return TrackerError(
            f"{self.plugin}: the tracker repeats itself: {problem}; run: trackwire pull --full, "
            "and if it happens again, report it to the plugin's author"
        )
