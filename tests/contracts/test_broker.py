"""The broker's client on a real server of the Redis protocol."""

from contextlib import suppress
from queue import Empty

import pytest
from kombu import Connection, Queue
from kombu.message import Message
from kombu.transport import redis
from redis.exceptions import ConnectionError as RedisConnectionError

from broadcaster import bootstrap
from broadcaster.tasks import app


def test_a_broken_acknowledgement_does_not_stop_the_fetching(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker whose acknowledgements get lost goes on to fetch messages."""
    url, _ = bootstrap.broker(redis_url)
    celery = app.make(url, 1)
    for _ in range(3):
        celery.send_task("broadcaster.tick", queue=app.CONTROL)
    celery.close()
    fetched: list[Message] = []

    def broken(*_: object, **__: object) -> None:
        message = "the connection broke"
        raise RedisConnectionError(message)

    def take(_: object, message: Message) -> None:
        fetched.append(message)
        message.ack_log_error(celery.log.get_default_logger(), (RedisConnectionError,))

    with Connection(url) as connection, connection.channel() as channel:
        monkeypatch.setattr(redis.QoS, "_remove_from_indices", broken)
        # As Celery asks for one worker child.
        channel.basic_qos(0, 1, apply_global=False)  # type: ignore[attr-defined]  # of this transport
        consumer = connection.Consumer([Queue(app.CONTROL)], callbacks=[take], channel=channel)
        with consumer, suppress(TimeoutError, Empty):
            while True:
                connection.drain_events(timeout=0.5)
    assert len(fetched) == 3
