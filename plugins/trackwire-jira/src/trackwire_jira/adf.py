"""The text of a rich-text body of API v3, in the Atlassian Document Format."""

from __future__ import annotations

from trackwire_jira.adf_markdown import markdown_of
from trackwire_jira.adf_text import plain_text

__all__ = ["markdown", "plain_text"]


def markdown(document: object) -> str:
    """Give a document as Markdown that loses no text, or else its plain text.

    Args:
        document: The parsed JSON of a document or of any node in one.
    """
    try:
        return markdown_of(document)
    except Exception:  # one odd body must not stop the reading of a whole project
        return plain_text(document)
