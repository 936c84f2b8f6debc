"""The delivery of a rendered snapshot: one POST, repeated under one key within one deadline.

`sending.deliver` is what the rest of Trackwire calls. Importing it loads an HTTP library, which
importing `body`, the rendered snapshot's form, does not.
"""
