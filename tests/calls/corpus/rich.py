"""Calls of rich: a console that records, tables, texts, markup, errors."""

from __future__ import annotations

import io

from rich import cells, color, console, filesize, markup, panel, table, text, tree

SPEC = "rich@==15.0.0"
NEAR = {"a table", "a panel", "a tree"}


def calls(w):
    yield "a table", lambda: show(w, table_through(w)), lambda: show_directly(table_directly())
    yield (
        "a panel",
        lambda: show(w, w.Panel_fit_with("x", {"title": "T"})),
        lambda: show_directly(panel.Panel.fit("x", title="T")),
    )
    yield (
        "markup",
        lambda: w.Text_plain(w.markup_render("[bold]a[/bold] b")),
        lambda: markup.render("[bold]a[/bold] b").plain,
    )
    yield "malformed markup", lambda: w.markup_render("[/a]"), lambda: markup.render("[/a]")
    yield "escaped", lambda: w.markup_escape("[a]"), lambda: markup.escape("[a]")
    yield "wide characters", lambda: w.cells_cell_len("日本"), lambda: cells.cell_len("日本")
    yield (
        "cut into lines",
        lambda: w.cells_chop_cells("日本語", 4),
        lambda: cells.chop_cells("日本語", 4),
    )
    yield "a size", lambda: w.filesize_decimal(12345), lambda: filesize.decimal(12345)
    yield (
        "a colour",
        lambda: w.Color_get_truecolor(w.Color_parse("red")),
        lambda: color.Color.parse("red").get_truecolor(),
    )
    yield "an unknown colour", lambda: w.Color_parse("nocolour"), lambda: color.Color.parse("nocolour")
    yield (
        "a tree",
        lambda: show(w, tree_through(w)),
        lambda: show_directly(tree_directly()),
    )
    yield (
        "a renderable of functions",
        lambda: show(w, w.ConsoleRenderable_implement(lambda _, options: ["one", width(w, options)])),
        lambda: show_directly(Renderable()),
    )
    yield (
        "a text",
        lambda: w.Text_len(w.Text_append(w.Text_new_with({"text": "ab"}), "cd")),
        lambda: len(text.Text("ab").append("cd")),
    )


def width(w, options):
    return str(w.ConsoleOptions_max_width(options))


class Renderable:
    def __rich_console__(self, _, options) -> list[str]:
        return ["one", str(options.max_width)]


def show(w, renderable):
    made = w.Console_new_with({"file": io.StringIO(), "width": 40, "record": True})
    w.Console_print_with(made, {"args": [renderable]})
    return w.Console_export_text(made)


def show_directly(renderable):
    made = console.Console(file=io.StringIO(), width=40, record=True)
    made.print(renderable)
    return made.export_text()


def table_through(w):
    made = w.Table_new_with({"title": "Sums"})
    w.Table_add_column_with(made, {"header": "n", "justify": "right"})
    w.Table_add_row_with(made, {"args": ["1"]})
    return made


def table_directly():
    made = table.Table(title="Sums")
    made.add_column("n", justify="right")
    made.add_row("1")
    return made


def tree_through(w):
    made = w.Tree_new("root")
    w.Tree_add(w.Tree_add(made, "branch"), "leaf")
    return made


def tree_directly():
    made = tree.Tree("root")
    made.add("branch").add("leaf")
    return made
