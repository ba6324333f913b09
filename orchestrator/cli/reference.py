"""The reference of the command, as Markdown made from the command itself.

`python -m orchestrator.cli.reference > docs/cli.md` writes it; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main

from orchestrator.cli.app import app
from orchestrator.cli.failures import MEANINGS

_HEAD = """# The command line

Made by `python -m orchestrator.cli.reference` from the command itself; a test keeps the two equal.

Every verb takes `--json`: then the standard output holds one JSON document and nothing else, amounts are decimal
strings in USD, progress and notices go to the standard error, and nobody is asked anything. A verb that cannot be
carried out (codes 2 to 4) writes no document; the standard error says why. Where a request was
interrupted, every verb says so in one line on the standard error; `offers` and `pick` of such a request finish it
first. What is printed of states, reasons and names is made inert: control characters show as escapes such as `\\x1b`.

`VICKREY_HOME` is the folder of the default store, `VICKREY_CONFIG` a config, `NO_COLOR=1` turns colours off, and
`VICKREY_DEBUG=1` shows the traceback of a failure.
"""


def reference() -> str:
    """All verbs, their arguments and options, and the exit codes."""
    root = typer.main.get_command(app)
    lines = [_HEAD, "## Exit codes", "", "| Code | Meaning |", "|---|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in MEANINGS.items()]
    for words, command in _verbs(root, "vickrey"):
        lines += ["", *_section(words, command)]
    return "\n".join(lines) + "\n"


def _verbs(group: Any, words: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _verbs(command, f"{words} {name}")
        else:
            yield f"{words} {name}", command


def _section(words: str, command: Any) -> Iterator[str]:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and each.name != "help"]
    usage = " ".join([words, *(_shown(each) for each in arguments), "[OPTIONS]"])
    yield f"## `{words}`"
    yield ""
    yield from (line.strip() for line in (command.help or "").strip().splitlines())
    yield ""
    yield f"    {usage}"
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield from (f"| `{_escaped(_shown(each))}` | {_escaped(_help(each))} |" for each in arguments)
    yield from (f"| {_flags(each)} | {_escaped(_help(each))} |" for each in options)


def _shown(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return str(name if argument.required else f"[{name}]")


def _flags(option: Any) -> str:
    value = "" if option.is_flag else f" {option.metavar or 'NUMBER'}"
    return ", ".join(f"`{flag}{value}`" for flag in (*option.opts, *option.secondary_opts))


def _help(parameter: Any) -> str:
    text = parameter.help or ""
    if getattr(parameter, "secondary_opts", ()):
        return f"{text} Default: `{(parameter.opts if parameter.default else parameter.secondary_opts)[0]}`."
    if getattr(parameter, "is_flag", False) or parameter.default in (None, "", ()):
        return f"{text} Required." if parameter.required and parameter.param_type_name == "option" else text
    return f"{text} Default: `{parameter.default}`."


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    print(reference(), end="")
