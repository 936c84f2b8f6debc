"""Its error has a text of a million characters."""

raise RuntimeError("no " * 333_333)
