"""How a limit gives way to a network that says we are too fast, and comes back; pure.

Lowered at once and raised little by little (additive increase, multiplicative decrease, as in
congestion control): whoever shares a bottleneck so comes to rest near what it can take. How far it
is lowered follows from which part of what we sent was refused, as in data center TCP (RFC 8257,
section 3.3): all of it halves, a few strays in a hundred, which some networks always refuse, cost
next to nothing. Were each of them to halve it, such a network would be left at a crawl for ever.
"""

import math
from dataclasses import replace

from broadcaster.throttle.window import SECOND, State

#: The least that is left of a limit.
LEAST = 1 / 64
#: However many complain, it counts once in this time, microseconds.
ONCE = SECOND
#: Without a complaint for this long, or this part of it, it comes back; by a tenth of the limit a
#: second.
REST = 5 * SECOND
RISE = 10 * SECOND
#: The longest that a network can have nothing sent, microseconds.
LONGEST = 60 * SECOND


def allowed(state: State, now: int) -> float:
    """Say which share of the limit is allowed now, from 1/64 to 1."""
    rested = now - state.slowed - state.rest
    return state.share if rested <= 0 else min(1.0, state.share + rested / RISE)


def slowed(state: State, pause: int, now: int, part: float = 1.0) -> State:
    """Lower what is allowed, at most once a second, and let nothing leave for `pause`.

    `part` is the part of what was sent that was refused as too fast, from 0 to 1: all of it halves
    what is allowed and is remembered for `REST`, less does so in proportion.
    """
    paused = max(state.paused, now + min(pause, LONGEST)) if pause > 0 else state.paused
    if now - state.slowed < ONCE:
        return replace(state, paused=paused)
    share = max(LEAST, allowed(state, now) * (1 - part / 2))
    return replace(state, share=share, slowed=now, rest=math.floor(REST * part), paused=paused)
