"""What an emulated Linear takes as credentials, and how much it lets an account ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

API_KEY = "lin_api_obviously-fake-key"
CLIENT_ID = "obviously-fake-client-id"
CLIENT_SECRET = "obviously-fake-client-secret"


@dataclass
class Budget:
    """How much may be asked for in a period; it is filled again at the period's end.

    Args:
        size: What it holds when full.
        seconds: The period.
        left: What it holds now.
        refilled_at: When it is filled again, in seconds since 1970; None while it is full.
    """

    size: int
    seconds: float = 3600.0
    left: int = 0
    refilled_at: float | None = None

    def __post_init__(self) -> None:
        self.left = self.size

    def take(self, amount: int, now: float) -> bool:
        """Take so much, or nothing where there is less."""
        if self.refilled_at is not None and now >= self.refilled_at:
            self.left, self.refilled_at = self.size, None
        if self.refilled_at is None:
            self.refilled_at = now + self.seconds
        if self.left < amount:
            return False
        self.left -= amount
        return True


@dataclass
class Accounts:
    """The credentials that are taken.

    Args:
        api_keys: Personal ones.
        access_tokens: Those that have not expired.
        refresh_tokens: Those that were not used yet.
        used: Those that were, each with how often.
    """

    api_keys: set[str] = field(default_factory=lambda: {API_KEY})
    access_tokens: set[str] = field(default_factory=set)
    refresh_tokens: set[str] = field(default_factory=set)
    used: dict[str, int] = field(default_factory=dict)
    issued: int = 0

    def issue(self) -> tuple[str, str]:
        """Make an access token and its refresh token."""
        self.issued += 1
        access = f"obviously-fake-access-token-{self.issued}"
        refresh = f"obviously-fake-refresh-token-{self.issued}"
        self.access_tokens.add(access)
        self.refresh_tokens.add(refresh)
        return access, refresh

    def take(self, authorization: str) -> bool:
        """Tell whether an `Authorization` is good: keys go bare, tokens as `Bearer`."""
        scheme, _, token = authorization.partition(" ")
        return authorization in self.api_keys or (
            scheme == "Bearer" and token in self.access_tokens
        )

    def exchange(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer a request for new tokens (RFC 6749, section 6); a refresh token rotates."""
        client = (form.get("client_id"), form.get("client_secret"))
        if client != (CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client"}
        if form.get("grant_type") != "refresh_token":
            return 400, {"error": "unsupported_grant_type"}
        refresh = form.get("refresh_token", "")
        self.used[refresh] = self.used.get(refresh, 0) + 1
        if refresh not in self.refresh_tokens:
            said = f"the refresh token {refresh} has been expired or revoked"
            return 400, {"error": "invalid_grant", "error_description": said}
        self.refresh_tokens.discard(refresh)
        access, rotated = self.issue()
        return 200, {
            "access_token": access,
            "refresh_token": rotated,
            "token_type": "Bearer",
            "expires_in": 86399,
        }
