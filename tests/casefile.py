"""Markdown golden files: a heading is a case, fenced blocks are its inputs and outputs.

A block opens with three or more backticks, a language, and a name: ```` ```ir before ````.
`check_case` compares an output block with what the code made; with `--update-golden` it
rewrites the block in place instead. `golden/README.md` describes the format to people.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import final

from attrs import frozen

GOLDEN = Path(__file__).parent.parent / "golden"

_FENCE = re.compile(
    r"^(?P<fence>`{3,})(?P<lang>\S+)[ ]+(?P<name>\S.*?)\n(?P<body>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL
)


@final
@frozen
class Case:
    """One `##` section of a golden file: its title and its blocks by name."""

    file: Path
    title: str
    blocks: dict[str, str]

    def __str__(self) -> str:
        return f"{self.file.stem}: {self.title}"


def read_cases(file: Path) -> list[Case]:
    """Return the cases of `file` in order; a file without `##` headings is one case."""
    sections = re.split(r"^## (.+)$", _mask(file.read_text("utf-8")), flags=re.MULTILINE)
    pairs = list(zip(sections[1::2], sections[2::2], strict=True)) or [(file.stem, sections[0])]
    return [
        Case(file, title.strip(), {m["name"]: _unmask(m["body"]) for m in _FENCE.finditer(text)})
        for title, text in pairs
    ]


def read_folder(folder: str) -> list[Case]:
    """Return every case below `golden/<folder>`, files in name order."""
    return [case for file in sorted((GOLDEN / folder).rglob("*.md")) for case in read_cases(file)]


def check_case(case: Case, name: str, actual: str, update: bool) -> None:
    """Assert that block `name` of `case` holds `actual`, or rewrite it when `update`."""
    if actual and not actual.endswith("\n"):
        actual += "\n"
    if update and case.blocks.get(name) != actual:
        _rewrite(case, name, actual)
        return
    assert case.blocks.get(name) == actual, f"{case.file} ## {case.title}: block `{name}` differs"


def _rewrite(case: Case, name: str, actual: str) -> None:
    text = _mask(case.file.read_text("utf-8"))
    heading = re.search(rf"^## {re.escape(case.title)}$", text, re.MULTILINE)
    start = heading.end() if heading else 0
    following = re.compile(r"^## ", re.MULTILINE).search(text, start)
    end = following.start() if following else len(text)
    section = text[start:end]
    for match in _FENCE.finditer(section):
        if match["name"] == name:
            section = section[: match.start("body")] + _mask(actual) + section[match.end("body") :]
            break
    else:
        raise AssertionError(f"{case.file} ## {case.title}: no block named `{name}` to update")
    case.file.write_text(_unmask(text[:start] + section + text[end:]), "utf-8")


def _mask(text: str) -> str:
    """Hide `## ` at the start of lines inside fences, which are not headings."""
    lines, fence = [], ""
    for line in text.split("\n"):
        if fence:
            if line == fence:
                fence = ""
            elif line.startswith("## "):
                line = "\0" + line
        elif opened := re.match(r"`{3,}", line):
            fence = opened[0]
        lines.append(line)
    return "\n".join(lines)


def _unmask(text: str) -> str:
    return text.replace("\0## ", "## ")
