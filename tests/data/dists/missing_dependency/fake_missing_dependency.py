"""Needs a distribution that is not installed."""

import absent_dependency  # type: ignore[import-not-found]  # noqa: F401 - it is absent on purpose
