"""Where a request comes from, for whatever counts by it: sign-ins, codes, subscriptions."""

from collections.abc import Sequence
from ipaddress import IPv6Address, IPv6Network, ip_address

from starlette.requests import Request

from broadcaster.settings import Network

#: One household has at least so much of the addresses of IPv6.
_HOME = 64
#: How much is looked at of who a proxy says has asked.
_FORWARDED = 500


def source_of(request: Request, proxies: Sequence[Network]) -> str:
    """Give the network address that asks: the last one that is not a proxy of ours.

    Of an address of IPv6 it is the first half: who has one has them all. Empty where it is none.
    """
    hosts = [request.client.host if request.client else ""]
    forwarded = request.headers.get("x-forwarded-for", "")[-_FORWARDED:]
    hosts += [word.strip() for word in reversed(forwarded.split(","))]
    found = hosts[0]
    for host in hosts:
        try:
            address = ip_address(host)
        except ValueError:
            break
        found = host
        if not any(address in network for network in proxies):
            break
    return _home(found)


def _home(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    if not isinstance(address, IPv6Address):
        return str(address)
    mapped = address.ipv4_mapped
    return str(mapped or IPv6Network((address, _HOME), strict=False).network_address)
