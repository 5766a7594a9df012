"""Drafted messages that wait for the throttle, in order for each set of limits."""

from collections import deque
from collections.abc import Callable, Sequence

from broadcaster.ports import Message, Want


class Ready:
    """Messages with what they want; those of a slow destination do not hold up the others."""

    def __init__(self) -> None:
        """Nothing waits."""
        self._queues: dict[tuple[str, ...], deque[tuple[Message, Want]]] = {}
        self._count = 0

    def __len__(self) -> int:
        """Count what waits."""
        return self._count

    def add(self, message: Message, want: Want) -> None:
        """Put a message behind the others of its limits."""
        self._queues.setdefault(want.limits, deque()).append((message, want))
        self._count += 1

    def reconsider(self, want: Callable[[Message], Want]) -> None:
        """Ask anew what each message wants, since other limits hold than when it was drafted."""
        queues, self._queues, self._count = self._queues, {}, 0
        waiting = [message for queue in queues.values() for message, _ in queue]
        for message in sorted(waiting, key=lambda one: one.delivery.number):
            self.add(message, want(message))

    def first(self, most: int) -> list[tuple[Message, Want]]:
        """Give up to `most` messages to ask for, every set of limits in turn, in their order."""
        if len(self._queues) == 1:
            (queue,) = self._queues.values()
            return [queue[index] for index in range(min(most, len(queue)))]
        chosen: list[tuple[Message, Want]] = []
        for index in range(most):
            row = [queue[index] for queue in self._queues.values() if index < len(queue)]
            chosen += row[: most - len(chosen)]
            if not row or len(chosen) == most:
                break
        return chosen

    def take(
        self, chosen: Sequence[tuple[Message, Want]], granted: Sequence[int]
    ) -> list[tuple[Message, Want]]:
        """Take out what was granted of what `first` gave; within its limits that is a prefix.

        Where nothing was granted, the others are asked for first the next time.
        """
        refused = dict.fromkeys(want.limits for _, want in chosen)
        taken = [chosen[index] for index in granted]
        for pair in taken:
            limits = pair[1].limits
            refused.pop(limits, None)
            queue = self._queues[limits]
            if queue[0] is pair:
                queue.popleft()
            else:
                queue.remove(pair)
            if not queue:
                del self._queues[limits]
        for limits in refused:
            self._queues[limits] = self._queues.pop(limits)
        self._count -= len(taken)
        return taken
