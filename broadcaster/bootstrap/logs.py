"""Log lines as JSON: a constant message, what was done, and ids; never an address or a body."""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

#: What every record has; the rest is what the event brought along.
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "data",
    "color_message",
}


_trace: list[Callable[[], str | None]] = []


def tell_trace(current: Callable[[], str | None]) -> None:
    """Have each line say to which trace it belongs, as `current` tells."""
    _trace[:] = [current]


def forget_trace() -> None:
    """Have lines belong to no trace any more."""
    _trace.clear()


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the moment, the level, the message and the event's own fields."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "message": _constant(record),
        }
        extra = {name: value for name, value in vars(record).items() if name not in _PLAIN}
        if record.exc_info and record.exc_info[0]:
            # The trace may show values; its last line's kind and place are enough to find it.
            extra["fault"] = record.exc_info[0].__name__
            extra["trace"] = _places(record)
        found = _trace[0]() if _trace else None
        if found:
            extra["trace_id"] = found
        return self._written(line, extra)

    def _written(self, line: Mapping[str, object], extra: Mapping[str, object]) -> str:
        return json.dumps({**line, **extra}, ensure_ascii=False, default=str)


class TextFormatter(JsonFormatter):
    """The same for people who read along: the moment, the level, the message, and the fields."""

    def _written(self, line: Mapping[str, object], extra: Mapping[str, object]) -> str:
        fields = " ".join(
            f"{name}={json.dumps(value, ensure_ascii=False, default=str)}"
            for name, value in extra.items()
        )
        return f"{line['at']} {line['level']!s:<8} {line['message']} {fields}".rstrip()


def _constant(record: logging.LogRecord) -> str:
    """Give the message; of a failed task without the error's text, which may quote values."""
    if record.exc_info and record.name.startswith("celery"):
        data = getattr(record, "data", None)
        task = data.get("name") if isinstance(data, dict) else None
        return f"task failed: {task or record.name}"
    return record.getMessage()


def _places(record: logging.LogRecord) -> list[str]:
    """Name the files and lines that an exception came through, without their values."""
    trace = record.exc_info[2] if record.exc_info else None
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places


def set_up(level: int = logging.INFO, form: str = "json") -> None:
    """Send all log lines of this process to standard error, as `json` or as `text`."""
    handler = logging.StreamHandler()
    handler.setFormatter(TextFormatter() if form == "text" else JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # A line for each task says nothing that the ledger and our own events don't.
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
