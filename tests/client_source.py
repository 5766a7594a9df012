"""The client's methods, written from what the API says of itself: `python -m tests.client_source`.

A test holds the file to it, so that no call is without its method.
"""

import re
from pathlib import Path
from textwrap import fill
from typing import Any

from fastapi import FastAPI

from broadcaster.web.api.app import GROUPS, describe
from broadcaster.web.api.calls import install

FILE = Path(__file__).parent.parent / "broadcaster" / "client" / "operations.py"

_HEAD = '''"""The calls of the API, a method for each.

Written from the API's own description by `python -m tests.client_source`; not by hand.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from broadcaster.client.transport import Answer, Transport, quoted


class Operations:
    """Every call; bodies are keyword arguments as docs/api.md has them, answers are JSON values."""

    def __init__(self, transport: Transport) -> None:
        """Ask by a transport."""
        self._transport = transport
'''
_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


def document() -> dict[str, Any]:
    """Describe the API, without a server."""
    app = FastAPI(title="Broadcaster", openapi_url=None)
    install(app, *GROUPS)
    return describe(app)


def source() -> str:
    """Write the file."""
    found = document()
    parts = [_HEAD]
    for path, operations in found["paths"].items():
        for method, one in operations.items():
            parts.append(_method(found, path, method.upper(), one))
    return "".join(parts)


def _method(found: dict[str, Any], path: str, method: str, one: dict[str, Any]) -> str:
    given = one.get("parameters", [])
    places = [each for each in given if each["in"] == "path"]
    queries = [each for each in given if each["in"] == "query"]
    matches = [each for each in given if each["name"] == "If-Match"]
    content = one.get("requestBody", {}).get("content", {})
    fields = _fields(found, content)
    listed = any(each["name"] == "after" for each in queries)
    if listed:
        queries = [each for each in queries if each["name"] not in {"after", "limit"}]
    file = "application/octet-stream" in content
    lines = [f"{each['name']}: {_type(found, each['schema'])}" for each in places]
    options = [_option(found, each, required=each.get("required", False)) for each in queries]
    options += [
        _option(found, {"name": name, "schema": schema}, required=needed)
        for name, schema, needed in fields
    ]
    if file:
        options.append("content: bytes")
    if matches:
        options.append("if_match: str | None = None")
    if listed:
        options.append("limit: int = 50")
    # What has to be given stands first, as it does in calls.
    options.sort(key=lambda text: "=" in text)
    arguments = ["self", *lines, *(["*", *options] if options else [])]
    raw = _raw(one)
    answer = "Answer" if raw else "dict[str, Any]"
    returned = "Iterator[dict[str, Any]]" if listed else answer
    said = _said(one["description"])
    call = _call(
        path, method, queries, fields, file=file, matched=bool(matches), listed=listed, raw=raw
    )
    note = "  # noqa: PLR0913  (each is a field)" if len(arguments) > 10 else ""
    head = f"    def {one['operationId']}({note}\n"
    head += "".join(f"        {argument},\n" for argument in arguments)
    return f"\n{head}    ) -> {returned}:\n{said}{call.replace('<answer>', answer)}"


def _said(text: str) -> str:
    first, _, rest = text.partition("\n\n")
    first = " ".join(first.split())
    lines = f'        """{first}'
    if rest:
        body = fill(" ".join(rest.split()), 92, initial_indent=" " * 8, subsequent_indent=" " * 8)
        lines += f"\n\n{body}\n        "
    return f'{lines}"""\n'


def _call(
    path: str,
    method: str,
    queries: list[dict[str, Any]],
    fields: list[tuple[str, Any, bool]],
    *,
    file: bool,
    matched: bool,
    listed: bool,
    raw: bool,
) -> str:
    target = re.sub(r"\{(\w+)\}", r"{quoted(\1)}", path)
    written = f'f"{target}"' if "{" in target else f'"{target}"'
    names = [each["name"] for each in queries] + (["limit"] if listed else [])
    lines = ""
    if names:
        pairs = ", ".join(f'"{name}": {name}' for name in names)
        lines += f"        query: dict[str, Any] = {{{pairs}}}\n"
    query = ", query=query" if names else ""
    if listed:
        return (
            f"{lines}        return self._transport.pages({written}{query.replace('query=', '')})\n"
        )
    if fields:
        pairs = ", ".join(f'"{name}": {name}' for name, _, _ in fields)
        lines += f"        given: dict[str, Any] = {{{pairs}}}\n"
        lines += "        body = {name: one for name, one in given.items() if one is not None}\n"
    more = ", body=body" if fields else ""
    more += ", file=content" if file else ""
    if matched:
        lines += '        headers = {} if if_match is None else {"If-Match": if_match}\n'
        more += ", headers=headers"
    ask = f'self._transport.ask("{method}", {written}{query}{more})'
    end = "" if raw else ".object()"
    return f"{lines}        return {ask}{end}\n"


def _raw(one: dict[str, Any]) -> bool:
    """Tell whether what is answered is a file, and no JSON."""
    done = next(answer for status, answer in one["responses"].items() if status.startswith("2"))
    return "application/json" not in done.get("content", {})


def _fields(found: dict[str, Any], content: dict[str, Any]) -> list[tuple[str, Any, bool]]:
    schema = content.get("application/json", {}).get("schema")
    if not schema:
        return []
    # A body that may be left out has null beside it.
    given = next(one for one in schema.get("anyOf", [schema]) if one.get("type") != "null")
    whole = _resolved(found, given)
    needed = set(whole.get("required", []))
    return [(name, one, name in needed) for name, one in whole["properties"].items()]


def _resolved(found: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        whole: dict[str, Any] = found["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return whole
    return schema


def _option(found: dict[str, Any], one: dict[str, Any], *, required: bool) -> str:
    kind = _type(found, one["schema"])
    if required:
        return f"{one['name']}: {kind}"
    optional = kind if kind.endswith("| None") else f"{kind} | None"
    return f"{one['name']}: {optional} = None"


def _type(found: dict[str, Any], schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        kinds = [_type(found, one) for one in schema["anyOf"] if one.get("type") != "null"]
        more = " | None" if any(one.get("type") == "null" for one in schema["anyOf"]) else ""
        return " | ".join(dict.fromkeys(kinds)) + more
    whole = _resolved(found, schema)
    if whole.get("type") == "array":
        return f"Sequence[{_type(found, whole['items'])}]"
    if whole.get("type") == "object" or "properties" in whole:
        return "Mapping[str, Any]"
    return _TYPES.get(str(whole.get("type")), "Any")


if __name__ == "__main__":
    FILE.write_text(source(), encoding="utf-8")
