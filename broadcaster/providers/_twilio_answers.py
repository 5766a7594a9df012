"""What Twilio's answer to a request means for its message."""

import json
import re
from datetime import datetime

from broadcaster.domain.delivery import DeliveryEvent, Reason
from broadcaster.ports import Clock, Message, Submission
from broadcaster.providers._http import Answer
from broadcaster.providers._twilio import SID, STATUSES, born_failed, code_of, rule_of
from broadcaster.providers.base import result

# What a message that was plainly taken is said to be, as nearly all are. Reading all that is said
# of it takes longer than all else of an answer; what is in any way not this plain is read whole.
#: Within a text a quotation mark has a backslash before it: a customer's words are no name.
_PLAIN_SID = re.compile(rb'"sid": "((?:SM|MM)[0-9a-fA-F]{32})"')
_PLAIN_STATUS = re.compile(rb'"status": "(?:accepted|scheduled|queued|sending|sent)"')
_OPENING, _CLOSING = b"{}"


def read(clock: Clock, message: Message, answer: Answer) -> Submission:
    """Read an answer."""
    status, _, body = answer
    if status == 201:  # noqa: PLR2004  (created)
        sid, word = _PLAIN_SID.search(body), _PLAIN_STATUS.search(body)
        if (
            sid is not None
            and word is not None
            # Of two of a name the last one counts, or one belongs to something within.
            and body.find(b'"sid"', sid.end()) < 0
            and body.find(b'"status"', word.end()) < 0
            and body[0] == _OPENING
            and body[-1] == _CLOSING
        ):
            return Submission(
                delivery=message.delivery,
                attempt=message.attempt,
                event=DeliveryEvent.ACCEPT,
                reference=sid[1].decode("ascii"),
            )
    return _read_whole(message, answer, clock.now())


def _read_whole(message: Message, answer: Answer, now: datetime) -> Submission:
    if not taken(answer):
        return refused(message, answer, now)
    try:
        values = json.loads(answer.body.decode("utf-8", "replace"))
        return created(message, values.get("sid"), values.get("status"), values.get("error_code"))
    except (ValueError, AttributeError, RecursionError):
        return malformed(message)


def taken(answer: Answer) -> bool:
    """Tell whether the request succeeded."""
    return 200 <= answer.status < 300  # noqa: PLR2004  (success)


def created(message: Message, sid: object, status: object, code: object) -> Submission:
    """Read a new message resource, which may be born failed."""
    sid, status = str(sid), str(status)
    if not SID.match(sid):
        return malformed(message)
    if STATUSES.get(status) is DeliveryEvent.FAIL:
        rule, word = born_failed(status, str(code or "")), str(code or status)
        halt = rule.halt
        return result(message, rule.event, rule.reason, reference=sid, code=word, halt=halt)
    return result(message, DeliveryEvent.ACCEPT, reference=sid)


def malformed(message: Message) -> Submission:
    """Read what is no clear answer: it may have been taken."""
    return result(message, DeliveryEvent.LOSE, Reason.NO_ANSWER, code="malformed")


def refused(message: Message, answer: Answer, now: datetime) -> Submission:
    """Read a refusal, and how long Twilio wishes us to wait."""
    code = code_of(answer.body)
    wish = answer.retry_after(now)
    rule = rule_of(answer.status, code, later=wish is not None)
    return result(
        message,
        rule.event,
        rule.reason,
        code=code or str(answer.status),
        retry_after=wish if rule.event is DeliveryEvent.DEFER else None,
        halt=rule.halt,
    )
