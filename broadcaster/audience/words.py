"""The words of the segment language, which no attribute may have for a name."""

#: Everything that means something in an expression; in lower case, and read in any.
KEYWORDS = frozenset(
    {
        "all", "and", "any", "area", "by", "campaign", "confirmed", "contains", "day", "days",
        "delivered", "ends", "failed", "false", "from", "has", "in", "is", "km", "may", "m",
        "missing", "month", "months", "not", "of", "opted", "or", "out", "present", "received",
        "receive", "segment", "starts", "targeted", "today", "true", "unconfirmed", "week",
        "weeks", "with", "within", "year", "years",
    }
)  # fmt: skip

_CONSENT = "may receive promotional by email"
_AREA = 'location in area "..."'
_NEAR = "location within 500 m of 33.59, -7.62"
_CAMPAIGN = 'received campaign "..."'
#: Words that people begin a condition with, and how such a condition is written.
EXAMPLES = {
    "consent": _CONSENT,
    "consents": _CONSENT,
    "consented": _CONSENT,
    "opted_in": _CONSENT,
    "opted_out": "opted out of service by sms",
    "area": _AREA,
    "near": _NEAR,
    "within": _NEAR,
    "segment": 'in segment "..."',
    "campaign": _CAMPAIGN,
    "got": _CAMPAIGN,
    "missing": "district is missing",
}
