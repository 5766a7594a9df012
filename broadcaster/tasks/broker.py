"""One fault of the broker's client mended: a worker must not stop because a connection broke.

Celery acknowledges a message as it receives it, and swallows the error when the connection breaks
over that. Kombu's Redis transport then counts the message as unacknowledged for as long as the
process lives; as many of them as a worker may fetch ahead, and it never fetches again, while
everything looks well (kombu 5.6, `transport/redis.py`, `QoS.ack`).
"""

from kombu.transport import redis, virtual


class LenientQoS(redis.QoS):
    """Counts a message as acknowledged also when the server could not be told.

    What stays behind there is delivered again some day, which does nothing: a message only says
    where to look.
    """

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge; raises what the connection raises, and has counted it all the same."""
        try:
            super().ack(delivery_tag)
        finally:
            # Kombu's own way to count it; once or twice is the same.
            virtual.QoS.ack(self, delivery_tag)


def mend() -> None:
    """Let every channel to a server of the Redis protocol count in the lenient way."""
    redis.Channel.QoS = LenientQoS
