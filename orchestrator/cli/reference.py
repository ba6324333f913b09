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
carried out (codes 2 to 4) writes no document; the standard error says why. (`practise` without `--yes` ends with 2,
too, and writes what it would cost.) What is in a document stands [below](#json-documents). Where a request was
interrupted, every verb says so in one line on the standard error; `offers` and `pick` of such a request finish it
first. What is printed of states, reasons and names is made inert: control characters show as escapes such as `\\x1b`.

`VICKREY_HOME` is the folder of the default store, `VICKREY_CONFIG` a config, `NO_COLOR=1` turns colours off, and
`VICKREY_DEBUG=1` shows the traceback of a failure.
"""


_RESULT = ("request_id", "status", "reason", "bounty", "offers", "picked", "statement", "journal_hash")
_MEMORY = (
    *("format", "version", "bidder", "policy", "policy_version", "digest", "shared_with", "practised", "memory"),
    "beliefs",
)
_ROSTER = ("config", "bidders", "warnings", "broken_plugins", "types")

# The keys of each verb's document; a verb with several forms has one for each.
DOCUMENTS = {
    "run": _RESULT,
    "run --dry-run": (
        *("config", "bounty", "deposit", "spend_cap", "judge", "bidders", "first_stage_cost_max", "spend_max"),
        *("user_loss_max", "user_loss_max_if_picked", "user_loss_max_if_rejected", "warnings"),
    ),
    "compare": ("request_id", "spend_cap", "models", "left_out", "entries"),
    "offers": ("request_id", "status", "reason", "offers", "picked"),
    "pick": _RESULT,
    "cancel": _RESULT,
    "resume": ("results",),
    "show": (
        *("request_id", "text", "status", "reason", "bounty", "seed", "requester", "rule", "stages", "offers"),
        *("picked", "judge", "journal_hash"),
    ),
    "statement REQUEST": (
        *("request_id", "status", "bounty", "payout", "refund", "returned", "treasury", "profits", "costs"),
        *("unknown_costs", "judging", "escrow", "balanced", "flows", "nets"),
    ),
    "statement BIDDER": ("account", "flows", "in", "out", "balance", "held", "spendable", "balanced"),
    "requests": ("requests",),
    "leaderboard": ("bidders",),
    "progress": (
        *("requests", "objective", "attribution", "adjustment", "prices", "thinness", "rivalry", "discounts"),
        "practice_cost",
    ),
    "practise": ("plan", "practice", "tasks", "cost", "bidders", "taught"),
    "export": ("request_id", "path"),
    "replay": (
        *("request_id", "rule_then", "rule", "without", "identical", "recorded_hash", "journal_hash", "calls"),
        *("rows", "unknown_beyond", "status", "then", "now", "presence"),
    ),
    "verify": ("findings",),
    "audit": ("findings",),
    "init": ("path",),
    "bidders list": _ROSTER,
    "bidders check": (*_ROSTER, "models"),
    "bidders topup": ("bidder", "balance"),
    "bidders memory": _MEMORY,
    "bidders retire": ("bidder", "status", "left"),
    "bidders reinstate": ("bidder", "status", "returned", "balance"),
}

_DOCUMENTS_HEAD = """## JSON documents

Documents are objects with these keys; later versions may add some. `results` of `resume` holds what `run` writes. In
`offers` each offer has `rank`, `bidder`, `last_bid`, `price`, `text` and `chain`, the sales that led to it. `picked` is
a rank, or null. A cost that nobody knows is `"unknown"`. A balance that is low after `bidders topup` adds `warning`;
`progress --png` adds `png`, the file that was drawn; `practise --recorded`, which costs nothing, has no `plan`."""


def reference() -> str:
    """All verbs, their arguments and options, and the exit codes."""
    root = typer.main.get_command(app)
    lines = [_HEAD, "## Exit codes", "", "| Code | Meaning |", "|---|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in MEANINGS.items()]
    lines += ["", _DOCUMENTS_HEAD, "", "| Verb | Keys |", "|---|---|"]
    lines += [f"| `{verb}` | {', '.join(f'`{key}`' for key in keys)} |" for verb, keys in DOCUMENTS.items()]
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
