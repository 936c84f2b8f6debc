"""Ends the interpreter at import."""

raise SystemExit("this interpreter will not do")
