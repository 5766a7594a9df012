"""Which addresses belong to the public network: what comes from outside may name no others; pure.

One rule for everything that is called because somebody asked for it: push services and webhooks.
"""

import ipaddress

#: Prefixes under which an IPv4 address is reached by IPv6 (RFC 6052).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: Where IPv6 has its public addresses (RFC 4291, 2.4), and what of that is for examples (RFC 9637).
#: All else leads elsewhere: site-local addresses, and IPv4 ones in wraps of other sorts.
_UNICAST = ipaddress.ip_network("2000::/3")
_EXAMPLES = ipaddress.ip_network("3fff::/20")


def is_public(address: str) -> bool:
    """Tell whether an address is one of the public network, whatever it is wrapped in."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            ip = inner
        elif ip not in _UNICAST or ip in _EXAMPLES:
            return False
    return ip.is_global and not ip.is_multicast
