"""Addresses of things that people name: any printable text may be in a path, or else behind it."""

from urllib.parse import quote

from starlette.requests import Request

#: Longer paths are answered to nobody (`security.Guard`).
_LONGEST = 800


def way(root: str, name: str) -> str:
    """Give the address of a named thing.

    What a browser would tidy away (dots), or an address of ours has already, goes into the query.
    """
    written = quote(name, safe="")
    own = name == "new" or name.startswith("new/") or name == "import"
    if own or not name.strip(".") or len(written) > _LONGEST or name != name.strip("/"):
        return f"{root}/new?of={written}"
    return f"{root}/{written}"


def named(request: Request) -> str:
    """Give the name that an address has; empty for that of something new."""
    return str(request.path_params.get("name", "")) or request.query_params.get("of", "")
