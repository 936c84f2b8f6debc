"""The reference hub: receives snapshots, resolves their routes, and queues what it cannot."""
