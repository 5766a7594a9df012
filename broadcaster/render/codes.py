"""The message that brings somebody the code of their page, in the languages of the console.

`_` only marks a text for the catalogue.
"""

from html import escape

from broadcaster.domain.message import Channel, Content, EmailContent, SmsContent
from broadcaster.render.speech import ConsoleSpeech


def _(text: str) -> str:
    return text


#: Short enough for one SMS; without a link, so that nobody learns to follow one for a code.
TEXT = _("%(code)s is your code for the page of your messages. It is valid for 10 minutes.")
WARNING = _("Nobody of us will ever ask you for it. You asked for no code? Then do nothing.")
SUBJECT = _("Your code: %(code)s")


def code_message(speech: ConsoleSpeech, channel: Channel, code: str) -> Content:
    """Write it for a channel, SMS or mail."""
    text = speech.gettext(TEXT) % {"code": code}
    if channel is Channel.SMS:
        return SmsContent(body=text)
    warning = speech.gettext(WARNING)
    lang, direction = speech.locale.lang, speech.locale.direction
    html = (
        f'<!doctype html><html lang="{escape(lang)}" dir="{direction}"><head>'
        '<meta charset="utf-8"></head><body>'
        f"<p>{escape(text)}</p><p>{escape(warning)}</p></body></html>"
    )
    return EmailContent(
        subject=speech.gettext(SUBJECT) % {"code": code},
        text=f"{text}\n\n{warning}\n",
        html=html,
    )
