"""What Twilio's Messages API says, as JSON, and how it signs.

https://www.twilio.com/docs/messaging/api/message-resource
https://www.twilio.com/docs/usage/twilios-response
https://www.twilio.com/docs/usage/security#validating-requests
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from email.utils import formatdate
from types import MappingProxyType
from urllib.parse import urlencode

from broadcaster.sandbox.record import Line

VERSION = "2010-04-01"

#: Errors by code: HTTP status and words. https://www.twilio.com/docs/api/errors
ERRORS: Mapping[int, tuple[int, str]] = MappingProxyType(
    {
        20001: (400, "The request's parameters can not be read."),
        20003: (401, "Authenticate"),
        20004: (405, "Method not allowed"),
        20404: (404, "The requested resource was not found"),
        20429: (429, "Too Many Requests"),
        20500: (500, "Internal Server Error"),
        21211: (400, "Invalid 'To' Phone Number"),
        21212: (400, "Invalid 'From' Number"),
        21602: (400, "Message body is required."),
        21603: (400, "A 'From' number or a 'MessagingServiceSid' is required."),
        21604: (400, "A 'To' phone number is required."),
        21609: (400, "The 'StatusCallback' URL is not valid."),
        21610: (400, "Attempt to send to unsubscribed recipient"),
        21614: (400, "'To' number is not a valid mobile number"),
        21617: (400, "The message body exceeds the 1600 character limit"),
        21624: (400, "Invalid validity period value"),
    }
)


def error(code: int) -> tuple[int, dict[str, object]]:
    """Give status and body of an error answer."""
    status, message = ERRORS[code]
    more = f"https://www.twilio.com/docs/errors/{code}"
    return status, {"code": code, "message": message, "more_info": more, "status": status}


def status_at(line: Line, now: float) -> tuple[str, float]:
    """Tell a message's status, and since when it has it (epoch seconds)."""
    status, since = ("accepted" if line["service"] else "queued"), line["at"]
    for due, following in line["statuses"]:
        if due <= now:
            status, since = following, due
    return status, since


def resource(line: Line, account: str, now: float) -> dict[str, object]:
    """Show a recorded message as the API does at this moment."""
    status, since = status_at(line, now)
    ended = status in {"undelivered", "failed"}
    sent = next((due for due, name in line["statuses"] if name == "sent" and due <= now), None)
    uri = f"/{VERSION}/Accounts/{account}/Messages/{line['sid']}"
    return {
        "account_sid": account,
        "api_version": VERSION,
        "body": line["body"],
        "date_created": formatdate(line["at"]),
        "date_sent": None if sent is None else formatdate(sent),
        "date_updated": formatdate(since),
        "direction": "outbound-api",
        "error_code": line["code"] if ended else None,
        "error_message": None,
        "from": line["from"],
        "messaging_service_sid": line["service"],
        "num_media": "0",
        "num_segments": str(line["segments"]),
        "price": None,
        "price_unit": "USD",
        "sid": line["sid"],
        "status": status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": line["to"],
        "uri": f"{uri}.json",
    }


def callback(line: Line, account: str, status: str) -> dict[str, str]:
    """Give the form fields of a status callback; `ErrorCode` is blank when nothing went wrong."""
    ended = status in {"undelivered", "failed"}
    fields = {
        "AccountSid": account,
        "ApiVersion": VERSION,
        "ErrorCode": str(line["code"]) if ended else "",
        "From": line["from"] or "",
        "MessageSid": line["sid"],
        "MessageStatus": status,
        "SmsSid": line["sid"],
        "SmsStatus": status,
        "To": line["to"],
    }
    if line["service"]:
        fields["MessagingServiceSid"] = line["service"]
    return fields


def sign(url: str, fields: Mapping[str, str], token: str) -> str:
    """Make `X-Twilio-Signature`: HMAC-SHA1 over the URL and every name and value, by name."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")


def page(
    *,
    account: str,
    filters: Mapping[str, str],
    number: int,
    size: int,
    messages: list[dict[str, object]],
    following: str | None,
) -> dict[str, object]:
    """Show one page of a list; `following` is the token of the next one."""
    path = f"/{VERSION}/Accounts/{account}/Messages.json"

    def uri(wanted: int, token: str | None) -> str:
        query = {**filters, "PageSize": str(size), "Page": str(wanted)}
        return f"{path}?{urlencode({**query, 'PageToken': token} if token else query)}"

    start = number * size
    return {
        "end": max(start + len(messages) - 1, 0),
        "first_page_uri": uri(0, None),
        "messages": messages,
        "next_page_uri": uri(number + 1, following) if following else None,
        "page": number,
        "page_size": size,
        "previous_page_uri": None,
        "start": start,
        "uri": uri(number, None),
    }
