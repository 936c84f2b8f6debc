"""The HTTP client that a provider plugin reads its tracker with.

It reaches no server but the tracker's, waits as long as the tracker asks, and repeats what failed
for now; a plugin adds its `Authorization` and reads answers with `trackwire.answers.read_answer`.
Import it where the tracker is read: httpx and tenacity cost time.
"""

from trackwire.fetching.client import TrackerClient, new_client
from trackwire.fetching.limits import Limits

__all__ = ["Limits", "TrackerClient", "new_client"]
