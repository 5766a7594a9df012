"""Facts: what the team fills in for an advisory, typed and checked.

A fact is kept as JSON (`Advisory.facts`); `check` turns what came from outside into that form,
or refuses it with the fact's name. Nothing here knows a template.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from broadcaster.domain.advisory import FactValue
from broadcaster.domain.saying import said
from broadcaster.errors import InvalidInputError
from broadcaster.render.factchecks import CHECKS
from broadcaster.render.facttypes import ANY, FORMS, FactType


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One fact of a kind: its name, type, limits, and what stands when nothing is given.

    `sample` is what previews and checks use where there is no default. `labels` names the fact
    for people, by language, `en` at least. `contact` marks what customers are to use. `lapses`
    marks a time that must lie ahead when it is told; once it has passed, nothing that tells it may
    leave. `choice_labels` says each choice to people, by language, `en` at least.
    """

    name: str
    type: FactType
    labels: Mapping[str, str]
    contact: bool
    required: bool
    default: FactValue
    sample: FactValue
    max_length: int
    minimum: float
    maximum: float
    choices: tuple[str, ...]
    choice_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    lapses: bool = False

    def check(self, value: object, locales: Sequence[str]) -> FactValue:
        """Give the value as it is kept; InvalidInputError naming the fact.

        `locales` are those in which localized prose must be there.
        """
        if value is None:
            if self.required:
                raise self.refuse(said("is missing"), said("Give it as %(form)s.", form=self.form))
            return None
        return CHECKS[self.type](self, value, locales)

    @property
    def form(self) -> str:
        """How a value is written, in JSON."""
        if self.type is FactType.CHOICE:
            return " or ".join(f'"{choice}"' for choice in self.choices)
        return FORMS[self.type]

    def label(self, language: str) -> str:
        """Give its name for people in a language (`fr`), else in English."""
        return self.labels.get(language) or self.labels["en"]

    def choice_label(self, choice: str, language: str) -> str:
        """Say a choice to people in a language (`fr`), else in English, else by its own name."""
        labels = self.choice_labels.get(choice, {})
        return labels.get(language) or labels.get("en") or choice.replace("_", " ")

    def unlabelled(self, language: str) -> tuple[str, ...]:
        """Name the choices that have no words for people in a language."""
        labels = self.choice_labels
        return tuple(one for one in self.choices if not labels.get(one, {}).get(language))

    def speaks(self, value: FactValue, locale: str) -> bool:
        """Tell whether a value that is kept has its texts in a locale, if it has any.

        The locale may have been added since it was filled in. A name may be that for all languages;
        a sentence may not, or a message would be in two of them.
        """
        entries = value if isinstance(value, list) else [value]
        prose = self.type in {FactType.LOCALIZED, FactType.NAME, FactType.PLACES}
        texts = [one for one in entries if prose and isinstance(one, dict)]
        bare = {ANY} if self.type is FactType.LOCALIZED else set()
        return all(
            text_in({tag: text for tag, text in one.items() if tag not in bare}, locale)
            for one in texts
        )

    def refuse(self, problem: str, remedy: str) -> InvalidInputError:
        """Make the error that names this fact."""
        return InvalidInputError(f"facts.{self.name}", problem, remedy)


def text_in(texts: Mapping[str, str], locale: str) -> str | None:
    """Give the text for a locale: its own, that of its language, or that for all; None."""
    tags = (locale, locale.partition("-")[0], ANY)
    return next((texts[tag] for tag in tags if texts.get(tag)), None)
