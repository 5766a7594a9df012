"""What leaves as CSV is opened in spreadsheets, which take some texts for formulas and run them."""

#: What a formula may begin with (OWASP, CSV injection): also behind a line break that a program
#: drops, and with the full-width signs that programs for Japanese read as the usual ones.
_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def defused(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula."""
    return f"'{text}" if text.startswith(_BEGINNINGS) else text
