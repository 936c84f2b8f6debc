"""Raises at import what no `except Exception` catches."""

raise GeneratorExit
