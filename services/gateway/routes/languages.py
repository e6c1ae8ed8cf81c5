"""The languages people are answered in; codes are English everywhere."""

from typing import Final, Literal, NamedTuple

Language = Literal["en", "id", "ar"]
_KNOWN: Final[dict[str, Language]] = {"en": "en", "id": "id", "in": "id", "ar": "ar"}
"""Browsers still say ``in``, the old tag of Indonesian."""


class Said(NamedTuple):
    """One message; ``document`` is what the document itself says, whatever language that is."""

    document: str
    en: str
    id: str
    ar: str

    def to(self, language: Language | None) -> str:
        """Return the message for a language; the document's own for nobody's in particular."""
        match language:
            case "en":
                return self.en
            case "id":
                return self.id
            case "ar":
                return self.ar
            case None:
                return self.document


def english(en: str, id: str, ar: str) -> Said:  # noqa: A002 - the language's own name
    """Return a message that the documents have in English, or not at all."""
    return Said(en, en, id, ar)


def language_of(header: str) -> Language | None:
    """Return the language that an Accept-Language header likes best; None when it does not say."""
    liked: list[tuple[float, Language]] = []
    for part in header.split(","):
        tag, _, parameter = part.strip().partition(";")
        language = _KNOWN.get(tag.strip().lower().partition("-")[0])
        quality = _quality(parameter)
        if language and quality > 0:
            liked.append((quality, language))
    return max(liked, key=lambda each: each[0])[1] if liked else None


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
