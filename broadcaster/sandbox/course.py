"""What becomes of an SMS after the carrier took it: a pure function of the dice."""

from dataclasses import dataclass

from broadcaster.sandbox.trouble import Dice

#: Why the network could not deliver: unreachable handset, unknown handset, carrier, other.
_CODES = (30003, 30005, 30006, 30008)


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """When which status comes about and is called back; times are in epoch seconds.

    `fate` is the last status, `code` its error.
    """

    fate: str
    code: int | None
    statuses: list[tuple[float, str]]
    calls: list[tuple[float, str]]


def course(
    dice: Dice, to: str, attempt: int, *, at: float, pace: float, service: bool, validity: int
) -> Course:
    """Decide the course of a message taken `at`, which may wait for `validity` seconds at most."""
    who = (to, attempt)
    fate, code = "delivered", None
    if dice.hit("carrier.undelivered", *who):
        fate = "undelivered"
        code = _CODES[int(dice.roll("code", *who) * len(_CODES))]
    delay = 0.1 + dice.roll("sending", *who) * 0.4
    steps = [(delay, "sending")]
    delay += 0.1 + dice.roll("sent", *who) * 0.5
    steps.append((delay, "sent"))
    delay += 0.3 + dice.roll("arrival", *who) * 2
    steps.append((delay, fate))
    if service:
        steps.insert(0, (0.05, "queued"))
    if steps[-2][0] * pace > validity:
        fate, code = "failed", 30036
        steps = [(validity / pace, fate)]
    calls = _calls(dice, who, steps)
    return Course(
        fate=fate,
        code=code,
        statuses=[(at + delay * pace, status) for delay, status in steps],
        calls=[(at + delay * pace, status) for delay, status in calls],
    )


def _calls(
    dice: Dice, who: tuple[str, int], steps: list[tuple[float, str]]
) -> list[tuple[float, str]]:
    """Decide which status is called back when: some late, twice, out of order or never."""
    times = [delay for delay, _ in steps]
    if dice.hit("carrier.callback_disordered", *who):
        times.reverse()
    calls = []
    for delay, (_, status) in zip(times, steps, strict=True):
        what = (*who, status)
        if dice.hit("carrier.callback_lost", *what):
            continue
        late = 5 + dice.roll("late", *what) * 15 if dice.hit("carrier.callback_late", *what) else 0
        calls.append((delay + late, status))
        if dice.hit("carrier.callback_repeated", *what):
            calls.append((delay + late + 0.5 + dice.roll("again", *what) * 3, status))
    return sorted(calls)
