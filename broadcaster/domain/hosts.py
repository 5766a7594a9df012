"""What a host name says by itself; pure, nothing is looked up."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine: its name `localhost`, or a loopback address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
