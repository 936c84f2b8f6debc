"""Cannot be imported."""

raise RuntimeError("cannot start:\n  no engine")
