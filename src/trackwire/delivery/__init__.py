"""The delivery of a rendered snapshot: one POST, repeated under one key within one deadline.

`sending.deliver` is what the rest of Trackwire calls. It costs an HTTP library to import, so
that `body`, which snapshots are rendered into, stands apart.
"""
