"""What a new plugin is called, in each of the places that name it."""

from __future__ import annotations

import keyword
import re
import sys
import unicodedata
from dataclasses import dataclass

from trackwire.errors import UsageError
from trackwire.provider import NAME_PATTERN, RESERVED_NAMES, normalize_provider_name

_WORDS = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_CORE = "trackwire"
_OTHER_FIELDS = frozenset({"base_url", "api_token"})
_TITLE_SIGNS = frozenset(" .,-+&'()/")
_LONGEST = 25  # with more characters, lines of the generated code would be too long
_LONGEST_TYPE = 40
_WORD = re.compile(r"[a-z]{3,12}")
_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """The names of a new plugin.

    Args:
        name: The provider's normalized name.
        title: The name that people use.
        resource_type: What the hub calls the kind of resource.
        credential_key: The field that holds the resource's id.
    """

    name: str
    title: str
    resource_type: str
    credential_key: str

    @property
    def distribution(self) -> str:
        """The distribution's name, such as `acme-tracker-trackwire`."""
        return f"{self.name.replace('_', '-')}-{_CORE}"

    @property
    def module(self) -> str:
        """The package to import, such as `acme_tracker_trackwire`."""
        return f"{self.name}_{_CORE}"

    @property
    def class_name(self) -> str:
        """What classes are called, such as `AcmeTracker`."""
        return "".join(word.capitalize() for word in self.name.split("_"))

    @property
    def resource(self) -> str:
        """What sentences call the resource, such as `board` for the type `acme_board`."""
        last = self.resource_type.rpartition("_")[2]
        return last if _WORD.fullmatch(last) else "resource"


def draw(
    name: str,
    *,
    title: str | None = None,
    resource_type: str | None = None,
    credential_key: str | None = None,
) -> Blueprint:
    """Name a new plugin and its parts.

    Args:
        name: The tracker's name, such as `acme-tracker`.
        title: The name that people use; None for the name in words.
        resource_type: What the hub is to call the kind of resource; None for a project of it.
        credential_key: The field that holds the resource's id; None for `project_key`.

    Raises:
        UsageError: One of them cannot be; says why, and what could be.
    """
    normalized = _provider_name(name)
    in_words = " ".join(word.capitalize() for word in normalized.split("_"))
    usual_type = f"{normalized}_project"
    return Blueprint(
        name=normalized,
        title=in_words if title is None else _title(title),
        resource_type=_identifier("resource type", resource_type, usual_type, _LONGEST_TYPE),
        credential_key=_credential_key(credential_key),
    )


def _provider_name(given: str) -> str:
    name = normalize_provider_name(given)
    if problem := _problem(name):
        raise UsageError(
            f"{given[:_SHOWN]!r} {problem}; choose another, such as {_suggestion(name)}"
        )
    return name


def _problem(name: str) -> str | None:
    """Tell why a new provider cannot bear a name; None where it can."""
    if _WORDS.fullmatch(name) is None or len(name) > _LONGEST:
        return (
            "cannot be a provider's name: it takes letters a to z, digits and single dashes, a "
            f"letter first, {_LONGEST} characters at most"
        )
    if _CORE in name.split("_"):
        return f"names the plugin: NAME is the tracker's alone, and {_CORE} is added to it"
    if name in RESERVED_NAMES:
        return "is reserved"
    if keyword.iskeyword(name) or name in sys.stdlib_module_names:
        return "is a word or a module of Python's own"
    return None


def _suggestion(name: str) -> str:
    """Give a name that would do, as like one that does not as can be."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = [word for word in re.findall("[a-z0-9]+", plain) if word != _CORE]
    alike = "_".join(words).lstrip("0123456789_")[:_LONGEST].rstrip("_")
    would_do = (one for one in (alike, f"{alike}_tracker") if _problem(one) is None)
    return next(would_do, "acme_tracker").replace("_", "-")


def _title(given: str) -> str:
    title = " ".join(given.split())
    is_fit = all(sign.isalnum() or sign in _TITLE_SIGNS for sign in title)
    if not title or not is_fit or len(title) > _LONGEST:
        raise UsageError(
            f"{given[:_SHOWN]!r} cannot be a title here: it takes letters, digits, blanks and "
            f".,-+&'()/, {_LONGEST} characters at most; choose a plain one now, and change it in "
            "trackwire_provider() later"
        )
    return title


def _credential_key(given: str | None) -> str:
    key = _identifier("credential key", given, "project_key", _LONGEST)
    if key in _OTHER_FIELDS:
        raise UsageError(
            f"the credential key {key!r} is another field, the site's address or the token; "
            "choose one for the id of the resource, such as project_key"
        )
    return key


def _identifier(what: str, given: str | None, usual: str, longest: int) -> str:
    value = usual if given is None else given
    if NAME_PATTERN.fullmatch(value) is None or len(value) > longest:
        raise UsageError(
            f"the {what} cannot be {value[:_SHOWN]!r}: it takes letters a to z, digits and "
            f"underscores, a letter first, {longest} characters at most; choose another, such as "
            f"{usual}"
        )
    return value
