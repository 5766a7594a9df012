"""Where the time of the worker children goes: a campaign with cProfile, the costliest functions.

`python -m benchmarks._profile [email|sms] [--count N]`. Profiling slows Python down by half
or more, and calls that do little look dearer than they are: it shows where to look, not how much.
"""

import pstats
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks import _frame
from benchmarks._sinks import sink
from benchmarks._world import mail_settings, sms_settings, world

_COUNT = 3000
_SHOWN = 30


def main() -> None:
    """Run a campaign and print the profile of all children together."""
    made = _frame.parser(__doc__)
    made.add_argument("channel", nargs="?", default="email", choices=("email", "sms"))
    given = made.parse_args()
    count = given.count or _COUNT
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        target = stack.enter_context(sink("smtp" if given.channel == "email" else "sms"))
        settings = {**mail_settings(target.port), **sms_settings(target.port)}
        scene = stack.enter_context(world(settings))
        scene.people(count)
        scene.start(profile=folder)
        course = scene.run(given.channel, count)
        scene.stop()
        first, *others = map(str, folder.glob("*.prof"))
        stats = pstats.Stats(first, *others).strip_dirs()
    print(f"{course.sent:,} messages in {course.seconds:.1f} s, profiled")
    for order in ("tottime", "cumulative"):
        stats.sort_stats(order).print_stats(_SHOWN)


if __name__ == "__main__":
    main()
