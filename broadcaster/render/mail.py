"""From MJML to the HTML that mail programs understand."""

import mrml

from broadcaster.errors import ConfigurationError
from broadcaster.render.locales import Locale

#: No web fonts: a mail fetches nothing from anywhere.
_OPTIONS = mrml.RenderOptions(fonts={})
_PARSER = mrml.ParserOptions(include_loader=mrml.noop_loader())


def to_html(source: str, name: str, locale: Locale) -> str:
    """Turn rendered MJML into HTML; ConfigurationError naming the template.

    The direction is repeated on every table: mail programs drop the attributes of `html` and
    `body`, where MJML's compiler writes it.
    """
    try:
        html = mrml.to_html(source, _PARSER, _OPTIONS).content
    except OSError as error:
        # The compiler has no error class of its own.
        message = f"{name}: is not MJML ({error}). Close every element."
        raise ConfigurationError(message) from error
    return html.replace("<table ", f'<table dir="{locale.direction}" ')
