"""The GraphQL texts that are sent to Linear: every list in them names how much it asks for."""

from __future__ import annotations

ISSUES = """\
query Issues($first: Int!, $after: String, $filter: IssueFilter!) {
  issues(first: $first, after: $after, filter: $filter, orderBy: updatedAt, includeArchived: true) {
    nodes {
      id identifier title url description priority priorityLabel updatedAt archivedAt trashed
      state { type name } assignee { id } parent { id } team { id }
      labels(first: 10) { nodes { name } pageInfo { hasNextPage } }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""

CENSUS = """\
query Census($after: String, $filter: IssueFilter!) {
  issues(first: 250, after: $after, filter: $filter, orderBy: createdAt, includeArchived: false) {
    nodes { id updatedAt }
    pageInfo { hasNextPage endCursor }
  }
}
"""

LABELS = """\
query Labels($issue: String!, $after: String) {
  issue(id: $issue) {
    labels(first: 250, after: $after) { nodes { name } pageInfo { hasNextPage endCursor } }
  }
}
"""

WHO = """\
query Who {
  viewer { id name timezone }
  organization { name urlKey previousUrlKeys }
}
"""

TEAMS = """\
query Teams($after: String) {
  teams(first: 100, after: $after) { nodes { id key name } pageInfo { hasNextPage endCursor } }
}
"""
