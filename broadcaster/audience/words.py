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
