"""Log lines as JSON: a constant message, what was done, and ids; never an address or a body."""

import json
import logging
from datetime import UTC, datetime

#: What every record has; the rest is what the event brought along.
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "data",
    "color_message",
}


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
        return json.dumps({**line, **extra}, ensure_ascii=False, default=str)


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


def set_up(level: int = logging.INFO) -> None:
    """Send all log lines of this process to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # A line for each task says nothing that the ledger and our own events don't.
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
