"""Findings about one distribution file: one diagnostic for each code, however often it applies."""

from __future__ import annotations

from typing import Final, final

from ...ir.diagnostics import Code, Diagnostic, Severity

SHOWN_NAMES: Final = 5
HELP: Final = "tell the authors of the package, and use another version until it is mended"


class FormatError(Exception):
    """The file breaks its format at a point after which reading on makes no sense."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@final
class Findings:
    """What is wrong with the file called `shown`. Texts continue a sentence that starts with its name."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._texts: dict[tuple[Code, Severity], list[str]] = {}

    def add(self, code: Code, text: str, severity: Severity | None = None) -> None:
        """Record that the file `text`."""
        self._texts.setdefault((code, severity or code.severity), []).append(text)

    @property
    def failed(self) -> bool:
        """Whether an error was recorded."""
        return any(severity is Severity.ERROR for _, severity in self._texts)

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return what was recorded, by code; further texts of a code are notes."""
        result = []
        for (code, severity), texts in sorted(self._texts.items(), key=lambda item: item[0][0].code):
            notes = [f"it also {text}" for text in texts[1:SHOWN_NAMES]]
            if len(texts) > SHOWN_NAMES:
                notes.append(f"and {len(texts) - SHOWN_NAMES} more like that")
            message = f"`{self._shown}` {texts[0]}"
            result.append(code.at(None, message, notes=tuple(notes), help=HELP, severity=severity))
        return tuple(result)
