"""Makes `descriptions/jira-cloud.json` from the OpenAPI document of Jira Cloud's REST API v3.

    python -m emulators.extract_jira swagger-v3.v3.json

It keeps the operations that `jira_cloud` serves and drops all prose. Version 2 has the same
operations with the same parameters. What the official document says in words only, or not at
all, is added here, and nothing else.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_OPERATIONS = (
    ("GET", "serverInfo"),
    ("GET", "myself"),
    ("GET", "project/search"),
    ("GET", "project/{projectIdOrKey}"),
    ("GET", "search/jql"),
    ("POST", "search/jql"),
    ("POST", "search/approximate-count"),
    ("POST", "issue/bulkfetch"),
    ("GET", "issue/{issueIdOrKey}"),
)
_SCHEMAS = (
    "BulkFetchIssueRequestBean",
    "BulkIssueResults",
    "IssueBean",
    "IssueError",
    "JQLCountRequestBean",
    "JQLCountResultsBean",
    "PageBeanProject",
    "Project",
    "SearchAndReconcileRequestBean",
    "SearchAndReconcileResults",
    "ServerInformation",
    "User",
)
_KEYWORDS = frozenset(
    {"type", "properties", "items", "required", "enum", "maximum", "minimum", "maxLength"}
    | {"uniqueItems", "additionalProperties", "allOf", "$ref"}
)
# the two limits stand in the text that describes the parameter
_LIMITS = {
    ("SearchAndReconcileRequestBean", "reconcileIssues"): 50,
    ("BulkFetchIssueRequestBean", "issueIdsOrKeys"): 100,
}
# a scoped token's user finds the site's id here; it belongs to the site, not to the REST API
_TENANT_INFO = {
    "method": "GET",
    "path": "/_edge/tenant_info",
    "query": {"type": "object", "properties": {}, "additionalProperties": False},
    "answer": {"type": "object", "required": ["cloudId"]},
}

Json = dict[str, Any]


def extract(document: Json) -> Json:
    """Return the description, in the form that `emulators.described` reads."""
    operations = [
        _operation(document["paths"][f"/rest/api/3/{path}"][method.lower()], method, path, version)
        for version in (2, 3)
        for method, path in _OPERATIONS
    ]
    schemas = {name: _schema(document["components"]["schemas"][name]) for name in _SCHEMAS}
    for (name, member), limit in _LIMITS.items():
        schemas[name]["properties"][member]["maxItems"] = limit
    return {
        "source": f"{document['info']['title']}, {document['info']['version']}",
        "operations": [*operations, _TENANT_INFO],
        "schemas": schemas,
    }


def _operation(declared: Json, method: str, path: str, version: int) -> Json:
    parameters = [p for p in declared.get("parameters", ()) if p["in"] == "query"]
    properties = {p["name"]: _schema(p["schema"]) for p in parameters}
    if "reconcileIssues" in properties:
        properties["reconcileIssues"]["maxItems"] = 50
    operation: Json = {
        "method": method,
        "path": f"/rest/api/{version}/{path}",
        "query": {
            "type": "object",
            "properties": properties,
            "required": [p["name"] for p in parameters if p.get("required")],
            "additionalProperties": False,
        },
        "answer": _schema(_json_schema(declared["responses"]["200"])),
    }
    if "requestBody" in declared:
        operation["body"] = _schema(_json_schema(declared["requestBody"]))
    return operation


def _json_schema(holder: Json) -> Json:
    schema: Json = holder["content"]["application/json"]["schema"]
    return schema


def _schema(declared: Json) -> Json:
    """Keep what restricts a value; a reference to a schema that is left out restricts nothing."""
    kept = {name: value for name, value in declared.items() if name in _KEYWORDS}
    if "$ref" in kept:
        name = kept["$ref"].rpartition("/")[2]
        return {"$ref": f"#/schemas/{name}"} if name in _SCHEMAS else {}
    if "allOf" in kept:
        kept["allOf"] = [_schema(part) for part in kept["allOf"]]
    if "properties" in kept:
        kept["properties"] = {name: _schema(part) for name, part in kept["properties"].items()}
    for name in ("items", "additionalProperties"):
        if isinstance(kept.get(name), dict):
            kept[name] = _schema(kept[name])
    return kept


if __name__ == "__main__":
    source = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    target = Path(__file__).parent / "descriptions" / "jira-cloud.json"
    target.write_text(json.dumps(extract(source), indent=1) + "\n", encoding="utf-8")
