"""README and docs say what is true: their code runs, their commands parse, their links and names lead somewhere.

Every check is a function from a page to what is wrong with it, and is itself tried on pages with a planted fault.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import pkgutil
import re
import shlex
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal
from functools import cache
from importlib.metadata import entry_points
from itertools import dropwhile, takewhile, zip_longest
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest
import typer.main
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from benchmarks.soundness import threats
from bidders.llm import prompt_file
from bidders.models import reasoning, structured
from bidders.policies import describing as policy_tables
from bidders.policies.pooled import embedding
from orchestrator import Announcement, Market, Observation, Posting, Receipt, Result, WonLot, errors
from orchestrator.cli.accounts import MEANINGS
from orchestrator.cli.app import app
from orchestrator.cli.failures import exit_code
from orchestrator.config import BidderSpec, PluginSpec, load_config
from orchestrator.config.document import FILE_BYTES_MAX
from orchestrator.config.entries import is_path_option
from orchestrator.config.sections import ConfigSection, PluginSection
from orchestrator.core.answer import FaultKind
from orchestrator.core.events import EVENT_TYPES
from orchestrator.engine import describing
from orchestrator.engine.isolation import bidder as isolation
from orchestrator.engine.isolation.process import MESSAGE_BYTES_MAX
from orchestrator.errors import InvalidConfig, VickreyError
from orchestrator.plugins import BIDDERS, JUDGES, POLICIES, load_plugin, takes
from orchestrator.progress import rivalry
from orchestrator.progress.reading import REPLAYS
from orchestrator.record import export_request
from orchestrator.store import postgresql
from orchestrator.telemetry import CAPTURE_VARIABLE
from tests.layers import LAYERS
from tests.record.scenarios import SCENARIOS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [page for page in (ROOT / "README.md", *sorted(DOCS.glob("*.md"))) if page.exists()]
CONFIGS = [*sorted((ROOT / "configs").glob("*.yaml")), ROOT / "orchestrator" / "config" / "template.yaml"]
PROMISED = ("architecture", "configuration", "design", "glossary", "ledger", "mechanism", "writing-a-bidder")

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
TREE = re.compile(r"(?:orchestrator|bidders|benchmarks|tests|configs|docs)/[\w./*-]*")
DOTTED = re.compile(r"(?:orchestrator|bidders|benchmarks|tests)(?:\.[A-Za-z_]\w*)+")
# A test, or what a state machine of hypothesis is collected as.
KNOWN_TEST = re.compile(r"^ *(?:def )?(test_\w+)(?:\(| =|:)", re.MULTILINE)
# What makes transfers, and which of its arguments is the code.
MAKERS = {"transfer": 4, "hold": 4, "_move": 4, "Transfer": 6, "_to_treasury": 1}
TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)

# --- reading pages ---


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the words after that, its text, and the line on which the text begins."""

    language: str
    marks: tuple[str, ...]
    text: str
    line: int


def blocks(markdown: str) -> list[Block]:
    """A page's fenced blocks, in order."""
    return [block for block in _pieces(markdown) if isinstance(block, Block)]


def prose(markdown: str) -> str:
    """A page without its fenced blocks."""
    return "\n".join(piece for piece in _pieces(markdown) if isinstance(piece, str))


def _pieces(markdown: str) -> Iterator[Block | str]:
    fence, info, start, held = "", "", 0, list[str]()
    for number, line in enumerate(markdown.splitlines(), 1):
        found = FENCE.match(line)
        if not fence and found:
            fence, info, start = found[1], found[2], number + 1
        elif fence and found and found[1].startswith(fence) and not found[2].strip():
            language, *marks = info.split() or [""]
            yield Block(language, tuple(marks), "\n".join([*held, ""]), start)
            fence, held = "", []
        elif fence:
            held.append(line)
        else:
            yield line


def rows(markdown: str, columns: int) -> dict[str, list[str]]:
    """The rows of a page's tables of so many columns, by the first code in their first cell."""
    found: dict[str, list[str]] = {}
    for line in prose(markdown).splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        key = CODE.search(cells[0]) if len(cells) == columns else None
        if key:
            found[key[1]] = cells
    return found


def section(markdown: str, heading: str) -> str:
    """What stands under a heading of the second level."""
    return markdown.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def anchors(markdown: str) -> set[str]:
    """What a page's headings are called in links."""
    names = (re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(prose(markdown)))
    return set(names)


# --- checks ---


def run_python(page: str, markdown: str) -> list[str]:
    """Run a page's Python blocks in one namespace; a `text output` block after one must be what it prints."""
    module = ModuleType("documented_page")
    sys.modules[module.__name__] = module
    found = blocks(markdown)
    try:
        for block, following in zip_longest(found, found[1:]):
            if block.language != "python":
                continue
            try:
                printed = _run(page, block, module.__dict__)
            except Exception:
                return [f"{page}:{block.line}: {traceback.format_exc(limit=-3)}"]
            expected = following.text if following and following.marks == ("output",) else None
            if expected is not None and "no-run" not in block.marks and printed != expected:
                return [f"{page}:{block.line}: it prints\n{printed}"]
    finally:
        del sys.modules[module.__name__]
    return []


def _run(page: str, block: Block, namespace: dict[str, Any]) -> str:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = compile("\n" * (block.line - 1) + block.text, page, "exec", flags=flags, dont_inherit=True)
    printed = io.StringIO()
    if "no-run" not in block.marks:
        with contextlib.redirect_stdout(printed):
            result = eval(code, namespace)
            if inspect.iscoroutine(result):
                asyncio.run(_awaited(result))
    return printed.getvalue()


async def _awaited(result: Any) -> None:
    await result


def check_commands(page: str, markdown: str) -> list[str]:
    """Every `vickrey` command in a shell block must parse, and every `make` target exist."""
    problems = []
    for block in blocks(markdown):
        if block.language not in ("sh", "console", "bash", "shell"):
            continue
        lines = block.text.replace("\\\n", " ").splitlines()
        for line in lines:
            if block.language == "console" and not line.startswith("$ "):
                continue
            problem = command_problem(line.removeprefix("$ "))
            if problem:
                problems.append(f"{page}:{block.line}: {line}: {problem}")
    return problems


def command_problem(line: str) -> str:
    """What is wrong with a command line; nothing where it is no command of ours."""
    words = shlex.split(line, comments=True)
    while words and re.fullmatch(r"\w+=.*", words[0]):
        words = words[1:]
    end = next((place for place, word in enumerate(words) if word in ("|", ">", ">>", "&&", ";", "<")), len(words))
    program, arguments = (Path(words[0]).name, words[1:end]) if words else ("", [])
    if program == "make":
        return "".join(f"no target {word}" for word in arguments if "=" not in word and word not in make_targets())
    return parse_problem(arguments) if program == "vickrey" else ""


def parse_problem(arguments: list[str]) -> str:
    """What the command line's parser says against some arguments, without running anything."""
    command: Any = cli()
    context = None
    try:
        name = "vickrey"
        while True:
            context = command.make_context(name, list(arguments), parent=context)
            if not hasattr(command, "resolve_command"):
                return ""
            left = dropwhile(lambda word: word.startswith("-"), arguments)
            name, command, arguments = command.resolve_command(context, list(left))
    except Exception as error:
        # Help and version end the parsing, which is as it should be.
        said = error.format_message() if hasattr(error, "format_message") else str(error)
        return "" if getattr(error, "exit_code", None) == 0 else said or "it does not parse"


@cache
def cli() -> Any:
    """The command with all its verbs."""
    return typer.main.get_command(app)


@cache
def make_targets() -> frozenset[str]:
    """The Makefile's targets."""
    return frozenset(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))


def check_links(page: str, markdown: str) -> list[str]:
    """Relative links must lead to files, and their anchors to headings."""
    problems = []
    for link in LINK.findall(prose(markdown)):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (ROOT / page).parent / path
        if path and not target.exists():
            problems.append(f"{page}: {link}: there is no such file")
        elif anchor and (not path or target.suffix == ".md"):
            text = target.read_text(encoding="utf-8") if path else markdown
            if anchor not in anchors(text):
                problems.append(f"{page}: {link}: there is no such heading")
    return problems


def check_names(page: str, markdown: str) -> list[str]:
    """Modules, files, verbs, targets and tests that are named in code type must exist."""
    problems = []
    for name in dict.fromkeys(CODE.findall(prose(markdown))):
        problem = _name_problem(name)
        if problem:
            problems.append(f"{page}: `{name}`: {problem}")
    return problems


def _name_problem(name: str) -> str:
    program, _, rest = name.partition(" ")
    if DOTTED.fullmatch(name) and name not in set().union(*config_keys(ConfigSection)):
        try:
            pkgutil.resolve_name(name)
        except (ImportError, AttributeError) as error:
            return str(error)
    elif TREE.fullmatch(name):
        return "" if (ROOT / name).exists() or any(ROOT.glob(name)) else "there is no such file"
    elif re.fullmatch(r"test_\w+", name):
        return "" if name in known_tests() else "there is no such test"
    elif program == "vickrey" and rest:
        return _verb_problem(rest.split())
    elif program == "make" and re.fullmatch(r"[a-z-]+", rest):
        return "" if rest in make_targets() else "there is no such target"
    return ""


def _verb_problem(words: list[str]) -> str:
    command: Any = cli()
    for word in words:
        if word.startswith("-") or not hasattr(command, "commands"):
            return ""
        if word not in command.commands:
            return f"there is no verb {word!r}"
        command = command.commands[word]
    return ""


@cache
def known_tests() -> frozenset[str]:
    """The names of all tests."""
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return frozenset(name for source in sources for name in re.findall(KNOWN_TEST, source))


def check_config_keys(page: str, markdown: str) -> list[str]:
    """Every key of the config must have a row with its default, and no other key a row."""
    told = {name: cells[1].strip("`") for name, cells in rows(markdown, 3).items()}
    leaves, sections = config_keys(ConfigSection)
    problems = [f"{page}: the key {name} is missing" for name in leaves if name not in told]
    problems += [f"{page}: there is no key {name}" for name in told if name not in leaves.keys() | sections]
    for name, default in leaves.items():
        if told.get(name, default) != default:
            problems.append(f"{page}: the default of {name} is {default}, not {told[name]}")
    return problems


def config_keys(model: type[BaseModel], prefix: str = "") -> tuple[dict[str, str], set[str]]:
    """The keys of a config with their defaults as a page writes them, and the keys of its sections."""
    leaves: dict[str, str] = {}
    sections: set[str] = set()
    for name, field in model.model_fields.items():
        inner = _model_in(field.annotation)
        if inner is None:
            leaves[prefix + name] = _default(field)
        else:
            sections.add(prefix + name)
            below, nested = config_keys(inner, f"{prefix}{name}.")
            leaves |= below
            sections |= nested
    return leaves, sections


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for found in map(_model_in, get_args(annotation)) if found is not None), None)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None:
        return "none"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(list(value) if isinstance(value, tuple) else value)


def check_yaml(page: str, markdown: str) -> list[str]:
    """Every block of YAML must be part of a config that loads, with options that what they are for takes."""
    problems = []
    for block in blocks(markdown):
        if block.language != "yaml":
            continue
        given = yaml.safe_load(block.text)
        given.setdefault("models", {"small": {"type": "mock"}})
        _make_paths(given)
        try:
            config = load_config(given)
        except InvalidConfig as refusal:
            problems.append(f"{page}:{block.line}: {refusal}")
            continue
        entries: list[tuple[str, PluginSpec | BidderSpec]] = [(JUDGES, config.judge)]
        entries += [(BIDDERS, bidder) for bidder in config.bidders]
        entries += [(POLICIES, bidder.policy) for bidder in config.bidders if bidder.policy]
        problems += [f"{page}:{block.line}: {each}" for group, spec in entries for each in _not_taken(group, spec)]
    return problems


def _make_paths(given: Any) -> None:
    """Make the files and folders that a config names; those of somebody's home are taken to be there."""
    for key, value in given.items() if isinstance(given, dict) else enumerate(given if isinstance(given, list) else ()):
        if isinstance(value, str) and is_path_option(str(key)):
            path = Path(value)
            if path.is_absolute():
                given[key] = path = Path(path.name)
            path.mkdir(exist_ok=True) if value.endswith("/") else path.touch()
        else:
            _make_paths(value)


def _not_taken(group: str, spec: PluginSpec | BidderSpec) -> list[str]:
    """Options that a plugin does not take; none where it is a stranger's."""
    installed = {entry.name for entry in entry_points(group=group)}
    plugin = load_plugin(group, spec.type) if spec.type in installed else None
    return [f"{plugin} has no option {name}" for name in spec.options if plugin and not takes(plugin, name)]


def check_bidders_and_judges(page: str, markdown: str) -> list[str]:
    """Every bidder and judge that comes along must be named."""
    return unnamed(page, markdown, "bidders", "judges")


def check_bidders(page: str, markdown: str) -> list[str]:
    """Every bidder that comes along must have its part."""
    told = set(HEADING.findall(prose(markdown)))
    return [
        f"{page}: {entry.name} has no part"
        for entry in entry_points(group=BIDDERS)
        if entry.value.startswith("bidders.") and entry.name not in told
    ]


def check_policies(page: str, markdown: str) -> list[str]:
    """Every policy that comes along must be named."""
    return unnamed(page, markdown, "policies")


def unnamed(page: str, markdown: str, *groups: str) -> list[str]:
    return [
        f"{page}: {entry.group} {entry.name} is not named"
        for group in groups
        for entry in entry_points(group=f"vickrey.{group}")
        if entry.value.partition(".")[0] in ("bidders", "orchestrator") and f"`{entry.name}`" not in markdown
    ]


def check_layers(page: str, markdown: str) -> list[str]:
    """The table of layers must be the one that is enforced."""
    told = {name: set(CODE.findall(cells[2])) for name, cells in rows(markdown, 3).items() if name in LAYERS}
    enforced = {
        name: {other.removeprefix("orchestrator.") for other in layer.may_import} for name, layer in LAYERS.items()
    }
    return [f"{page}: {name} may import {sorted(may)}" for name, may in enforced.items() if told.get(name) != may]


def check_codes(page: str, markdown: str) -> list[str]:
    """The table of codes must hold those of the source, and no others."""
    told = set(rows(section(markdown, "Codes"), 4))
    return [f"{page}: the code {code} is missing or not there" for code in sorted(told ^ transfer_codes())]


# Runs in which most codes move something.
MOVING = ("cancelled-beyond-promise", "subsidised", "refilled", "fallback-with-forfeit")
ACCOUNTS = {"bidder": "wallet", "requester": "purse"}


def check_moves(page: str, markdown: str) -> list[str]:
    """The table of codes must say between which accounts each moves, as far as some runs show it."""
    told = rows(section(markdown, "Codes"), 4)
    problems = []
    for code, debit, credit in sorted(moves()):
        for end, account in ((1, debit), (2, credit)):
            word = ACCOUNTS.get(account, account)
            if code in told and not re.search(rf"(?<![\w-]){word}(?![\w-])", told[code][end]):
                problems.append(f"{page}: {code} moves from {debit} to {credit}, not {' to '.join(told[code][1:3])}")
    return problems


@cache
def moves() -> frozenset[tuple[str, str, str]]:
    """Codes of transfers with the kinds of accounts that they moved between."""
    stores = [SCENARIOS[name].play().market.store for name in MOVING]
    transfers = [each for store in stores for each in store.read(lambda reader: reader.transfers())]
    return frozenset((each.code, each.debit.partition(":")[0], each.credit.partition(":")[0]) for each in transfers)


@cache
def transfer_codes() -> frozenset[str]:
    """The codes that the source gives to transfers."""
    codes = set()
    for path in (ROOT / "orchestrator").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            node.target.id: node.value
            for node in tree.body
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
                for given in node.args[MAKERS[node.func.id] :][:1]:
                    code = constants.get(given.id) if isinstance(given, ast.Name) else given
                    codes |= {code.value} if isinstance(code, ast.Constant) else set()
    return frozenset(map(str, codes))


def check_faults(page: str, markdown: str) -> list[str]:
    """The table of faults must hold every kind there is."""
    told = set(rows(section(markdown, "When a bidder misbehaves"), 3))
    return [f"{page}: the fault {kind} is missing or not there" for kind in sorted(told ^ (kinds_of_fault()))]


@cache
def kinds_of_fault() -> frozenset[str]:
    """The kinds of fault that some code finds."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "orchestrator" / "engine").glob("*.py")]
    sources += [path.read_text(encoding="utf-8") for path in (ROOT / "orchestrator" / "core").glob("[!b]*.py")]
    return frozenset(kind for kind in get_args(FaultKind) if any(f'"{kind}"' in source for source in sources))


def check_fields(page: str, markdown: str) -> list[str]:
    """The tables of what bidders and policies see must hold every field, in order."""
    problems = []
    for made in (Announcement, WonLot, Observation, Receipt):
        told = [CODE.findall(row[0])[0] for row in named_table(markdown, f"Field of `{made.__name__}`")]
        if told != list(made.__annotations__):
            problems.append(f"{page}: the fields of {made.__name__} are {list(made.__annotations__)}")
    return problems


def check_glossary(page: str, markdown: str) -> list[str]:
    """The words must be in order, each once."""
    cells = [line.split("|")[1].strip() for line in markdown.splitlines() if line.startswith("| ")]
    words = [cell for cell in cells if cell not in ("Word", "---")]
    return [] if words and words == sorted(set(words)) else [f"{page}: the words are not in order, each once"]


def check_rules(page: str, markdown: str) -> list[str]:
    """Every rule of the design must have its paragraph."""
    return [f"{page}: R{number} is missing" for number in range(1, 15) if f"\n**R{number} " not in markdown]


def check_record(page: str, markdown: str) -> list[str]:
    """The table of an exported run's fields must hold those that it has, in their order."""
    table = section(markdown, "The format")
    told = [name for line in table.splitlines() if line.startswith("| `") for name in CODE.findall(line.split("|")[1])]
    with Market({"version": 1, "store": "memory"}) as market:
        market.run("Plan a day out", budget=1)
        true = list(export_request(market.store, "r1"))
    return [] if told == true else [f"{page}: a run's fields are {true}, not {told}"]


def check_members(page: str, markdown: str) -> list[str]:
    """The tables of what can be called must hold every public member, and no others."""
    problems = []
    for made in (Market, Result):
        told = {name for row in named_table(markdown, f"Member of `{made.__name__}`") for name in CODE.findall(row[0])}
        members = {name for name in vars(made) if not name.startswith("_")}
        members |= {"request_id"} if made is Result else set()
        problems += [f"{page}: {made.__name__}.{name} is missing or not there" for name in sorted(told ^ members)]
    options = {row[0].strip("`"): row[1].strip("`") for row in named_table(markdown, "Option of a request")}
    defaults = {
        each.name: "required" if each.default is MISSING else str(each.default or "none") for each in fields(Posting)
    }
    return problems if options == defaults else [*problems, f"{page}: a request's options are {defaults}"]


def named_table(markdown: str, heading: str) -> list[list[str]]:
    """The rows of the table whose first column is called so."""
    lines = iter(prose(markdown).splitlines())
    found = takewhile(lambda line: line.startswith("|"), dropwhile(lambda line: heading not in line, lines))
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in list(found)[2:]]


def check_errors(page: str, markdown: str) -> list[str]:
    """The table of errors must hold every error there is, in its group, with the exit code that it leads to."""
    rows_of = {row[0].strip("`"): row for row in named_table(markdown, "Group")}
    told = {(group, name) for group, row in rows_of.items() for name in CODE.findall(row[2])}
    kinds = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, VickreyError)]
    true = {
        (kind.__mro__[1].__name__, kind.__name__) for kind in kinds if kind.__mro__[1] not in (Exception, VickreyError)
    }
    problems = [f"{page}: {name} of {group} is missing or not there" for group, name in sorted(told ^ true)]
    for kind in (each for each in kinds if each.__mro__[1] is not Exception):
        row = rows_of.get(kind.__name__) or rows_of.get(kind.__mro__[1].__name__, [""])
        own = re.search(rf"`{kind.__name__}` (\d)", row[-1])
        code = own[1] if own else row[-1][:1]
        if code != str(exit_code(kind.__new__(kind))):
            problems.append(f"{page}: {kind.__name__} does not lead to the exit code {code!r}")
    return problems


def check_messages(page: str, markdown: str) -> list[str]:
    """What a check of models is said to show must be what some code says."""
    told = [CODE.findall(row[0])[0] for row in named_table(markdown, "You see")]
    pieces = [piece.strip() for message in told for piece in message.split("...")]
    missing = [piece for piece in pieces if not any(piece in source for source in sources())]
    return [f"{page}: nothing says {piece!r}" for piece in missing] if told else [f"{page}: the messages are missing"]


@cache
def sources() -> tuple[str, ...]:
    """The text of all modules that come along."""
    folders = (ROOT / "orchestrator", ROOT / "bidders")
    return tuple(path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py"))


@cache
def phrases() -> Mapping[str, tuple[str, ...]]:
    """What pages say in figures of the code, with the figures that it has."""
    beliefs = f"{describing.TABLES_MAX} tables of {describing.COLUMNS_MAX} columns and {describing.ROWS_MAX} rows"
    cells = f"{describing.TEXT_CHARACTERS_MAX} characters a cell and {describing.CHARACTERS_MAX:,} in all"
    return {
        "docs/configuration.md": (f"more than {FILE_BYTES_MAX:,} bytes",),
        "docs/ledger.md": (
            f"for up to {postgresql.PATIENCE_SECONDS:.0f} seconds",
            f"gives up after {postgresql.PATIENCE_SECONDS:.0f} seconds",
        ),
        "docs/models.md": (
            f"An estimate has {tokens_of('estimate')} tokens",
            f"a judge's pick {tokens_of('judge')}",
            f"else {reasoning.TOKENS_MAX:,} where they ask for thinking",
            f"an answer of more than {structured.OBJECT_CHARACTERS_MAX:,} characters",
        ),
        "docs/policies.md": (
            f"at most {policy_tables.ROWS_MAX} rows",
            f"at most {embedding.DIMENSIONS_MAX} numbers",
        ),
        "docs/progress.md": (
            f"on {rivalry.LOTS_MIN} lots or more of the latest {rivalry.REQUESTS_MAX} requests",
            f"Of more than {rivalry.PRINCIPALS_MAX} principals",
            f"latest requests without the bidder (`--replays`, {REPLAYS})",
        ),
        "docs/theory.md": (f"for {threats.BROKE_REQUESTS} requests on end",),
        "docs/writing-a-bidder.md": (
            f"{beliefs}, {cells}",
            f"a limit of {_in_words(isolation.LEARN_SECONDS)} seconds",
            f"it must fit into {MESSAGE_BYTES_MAX // 10**6} MB",
        ),
    }


def tokens_of(prompt: str) -> int:
    """The most that a prompt lets a model write."""
    words = frozenset({"state", "mark", "work", "preferences", "count"})
    return prompt_file.load_prompt(prompt, None, words, frozenset()).front.max_tokens


def _in_words(number: float) -> str:
    return {5: "five", 10: "ten"}[int(number)]


def check_environment(page: str, markdown: str) -> list[str]:
    """Every variable of the environment that some code reads by name must have a row."""
    told = {name for row in named_table(markdown, "| Variable |") for name in CODE.findall(row[0])}
    read = {name for source in sources() for name in re.findall(r'environ\.get\("(\w+)"', source)}
    read |= {
        name for source in sources() for name in re.findall(r'"((?:OPENAI|ANTHROPIC)_(?:API_KEY|BASE_URL))"', source)
    }
    return [f"{page}: the variable {name} is missing" for name in sorted({*read, CAPTURE_VARIABLE} - told)]


def check_figures(page: str, markdown: str) -> list[str]:
    """Figures of the code in the prose must be those that the code has."""
    text = " ".join(markdown.split())
    return [f"{page}: it does not say {phrase!r}" for phrase in phrases()[page] if phrase not in text]


RECORD = "outcomes/dev_zeroeval_gsm8k_mathl5"
UNCOMPARED = f"{RECORD}_without_answers"
CASCADE, TRIO = "agreement cascade A+B->C", "best fixed trio, all shown"
ONCE, PRACTISED = "market, trained in one pass", "market, practised"


def check_measured(page: str, markdown: str) -> list[str]:
    """The README's figures must be those of the tables that it speaks of."""

    def held_out(shown: int, method: str) -> str:
        return f"{measured(f'outcomes/dev_zeroeval_gsm8k_mathl5/0.1/{shown}/held-out', method, 'utility'):.1f}"

    def stream(method: str) -> str:
        return f"{measured('outcomes/dev_zeroeval_gsm8k_mathl5/0.1/1/stream', method, 'utility'):.1f}"

    def writing(method: str, column: str = "utility") -> str:
        return f"{measured('writing', method, column):.2f}"

    pool = "market, `bayes` in a pool"
    told = (
        f"chosen with every answer known, brings {held_out(1, 'best single')}",
        f"a cascade tuned alike {held_out(1, CASCADE)}",
        f"the market {held_out(1, ONCE)} when trained on bounties alone, {held_out(1, PRACTISED)} when practised",
        f"and {held_out(3, ONCE)} and {held_out(3, PRACTISED)} where the user looks at three answers",
        f"{stream('market')} against {stream('best single in hindsight')} of the model that was best in hindsight",
        f"{writing(pool, 'last 100 requests')} of the bounty a request (learning included {writing(pool)})",
        f"the best writer alone {writing('the best writer alone (known)')}",
        f"if it were known, {writing('the best set of writers (known)')}",
    )
    text = " ".join(markdown.split())
    return [f"{page}: it does not say {phrase!r}" for phrase in told if phrase not in text]


IN_SHORT: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "Practised on labelled tasks": (f"{RECORD}/0.1/1/held-out", PRACTISED, (CASCADE, "best single")),
    "Learned from bounties alone, in one pass": (
        f"{RECORD}/0.1/1/held-out",
        ONCE,
        ("Thompson sampling", CASCADE, "best single"),
    ),
    "Three answers shown, practised": (f"{RECORD}/0.1/3/held-out", PRACTISED, (TRIO,)),
    "Three answers shown, from bounties": (f"{RECORD}/0.1/3/held-out", ONCE, (TRIO,)),
    "A right answer worth 0.01, practised": (f"{RECORD}/0.01/1/held-out", PRACTISED, (CASCADE, "best single")),
    "From nothing, the whole stream": (
        f"{RECORD}/0.1/1/stream",
        "market",
        ("Thompson sampling", "best single in hindsight"),
    ),
    "Answers that cannot be compared, practised": (
        f"{UNCOMPARED}/0.1/1/held-out",
        PRACTISED,
        ("kNN router", "best single"),
    ),
    "The same, three shown": (f"{UNCOMPARED}/0.1/3/held-out", PRACTISED, (TRIO,)),
}
"""What the page of learning says in short: in which table it stands, of which method, and beside which others."""


def check_in_short(page: str, markdown: str) -> list[str]:
    """The table at the head of the page must hold what the tables below it do."""
    found = []
    for what, (table, method, rivals) in IN_SHORT.items():
        form = "{:.2f}" if "/0.01/" in table else "{:.1f}"
        figures = [form.format(measured(table, each, "utility")) for each in (method, *rivals)]
        told = ", ".join(f"{figure} {rival}" for figure, rival in zip(figures[1:], rivals, strict=True))
        row = f"| {what} | {figures[0]} | {told} |"
        if row not in markdown:
            found.append(f"{page}: it does not say {row!r}")
    return found


def check_speed(page: str, markdown: str) -> list[str]:
    """What the page repeats of the ledger's page must be what stands there."""
    free, paid = (
        f"{measured('auctions', row, 'median a second', 'ledger'):,.0f}"
        for row in ("no cost a transform (10 transfers an auction)", "costs held and charged (20 transfers)")
    )
    said = f"[{free} auctions a second](ledger.md) where work costs nothing, and {paid} where costs are held"
    return [] if said in " ".join(markdown.split()) else [f"{page}: it does not say {said!r}"]


def check_events(page: str, markdown: str) -> list[str]:
    """Every kind of event must be named."""
    return [f"{page}: the event {kind} is not named" for kind in EVENT_TYPES if f"`{kind}`" not in markdown]


def measured(benchmark: str, method: str, column: str, page: str = "learning") -> float:
    """A figure of a measured table."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    table = text.partition(f"<!-- benchmark {benchmark} -->")[2].partition("<!-- end")[0]
    header, _, *lines = (
        [cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("|")
    )
    (row,) = (cells for cells in lines if cells[0] == method)
    return float(row[header.index(column)].replace(",", ""))


def check_comments(name: str, text: str) -> list[str]:
    """What a config's comments say: their commands must parse, and what they name in code type be there."""
    comments = [line.partition("#")[2] for line in text.splitlines() if "#" in line]
    # Behind a command stands what it does, three blanks away.
    commands = [re.split(r" {3,}", line.strip())[0] for line in comments if re.match(r" {3,}(vickrey|make) ", line)]
    found = [f"{name}: {command}: {problem}" for command in commands if (problem := command_problem(command))]
    return [*found, *check_names(name, "\n".join(comments))]


Check = Callable[[str, str], list[str]]
EVERYWHERE: tuple[Check, ...] = (check_commands, check_links, check_names, check_yaml)
PAGE_CHECKS: Mapping[str, tuple[Check, ...]] = {
    "README.md": (check_measured,),
    "docs/architecture.md": (check_layers,),
    "docs/bidders.md": (check_bidders,),
    "docs/configuration.md": (check_config_keys, check_bidders_and_judges, check_environment, check_figures),
    "docs/models.md": (check_figures,),
    "docs/policies.md": (check_policies, check_figures),
    "docs/progress.md": (check_figures,),
    "docs/trying-models.md": (check_messages,),
    "docs/embedding.md": (check_errors, check_events, check_members),
    "docs/learning.md": (check_in_short, check_speed),
    "docs/glossary.md": (check_glossary,),
    "docs/ledger.md": (check_codes, check_figures, check_moves),
    "docs/mechanism.md": (check_rules,),
    "docs/run-record.md": (check_record,),
    "docs/writing-a-bidder.md": (check_faults, check_fields, check_figures),
}


# --- the pages keep them ---


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder like a fresh checkout's, as far as pages name files in it; its home is empty."""
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VICKREY_CONFIG", raising=False)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_python_of_a_page_runs_and_prints_what_the_page_says(page: Path) -> None:
    problems = run_python(name_of(page), page.read_text(encoding="utf-8"))
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("check", EVERYWHERE, ids=lambda check: check.__name__)
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_names_only_what_is_there(page: Path, check: Check) -> None:
    problems = check(name_of(page), page.read_text(encoding="utf-8"))
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", PAGE_CHECKS)
def test_the_tables_of_a_page_are_those_of_the_code(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    problems = [problem for check in PAGE_CHECKS[name] for problem in check(name, text)]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", PROMISED)
def test_the_pages_that_are_promised_are_there(name: str) -> None:
    assert (DOCS / f"{name}.md").is_file()


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.name)
def test_the_comments_of_a_config_name_only_what_is_there(config: Path) -> None:
    problems = check_comments(config.name, config.read_text(encoding="utf-8"))
    assert not problems, "\n".join(problems)


def test_statements_have_words_for_every_code() -> None:
    assert transfer_codes() == MEANINGS.keys()


# --- and the checks bite ---

# Each: a page with a fault, the check that must find it, and what it must say.
PLANTED: dict[str, tuple[Check, str, str]] = {
    "raises": (run_python, "```python\nx = 1\n```\n\n```python\nassert x == 2\n```\n", r"page\.md:6"),
    "does not compile": (run_python, "```python no-run\ndef:\n```\n", "SyntaxError"),
    "prints otherwise": (run_python, "```python\nprint(1)\n```\n\n```text output\n2\n```\n", "it prints\n1"),
    "prints nothing": (run_python, "```python\nx = 1\n```\n\n```text output\n1\n```\n", "it prints\n"),
    "imports what is not public": (run_python, "```python\nfrom orchestrator import Markt\n```\n", "ImportError"),
    "awaits in vain": (run_python, "```python\nimport asyncio\nawait asyncio.gather(1)\n```\n", "TypeError"),
    "no such verb": (check_commands, "```sh\nvickrey rum x\n```\n", "rum"),
    "no such option": (check_commands, "```sh\nvickrey run x --budjet 10\n```\n", "budjet"),
    "no such verb in a group": (check_commands, "```sh\nvickrey bidders buy x\n```\n", "buy"),
    "an argument is missing": (check_commands, "```console\n$ vickrey pick\n```\n", "REQUEST"),
    "on a second line": (check_commands, "```sh\nvickrey run x \\\n  --budjet 1\n```\n", "budjet"),
    "behind a variable": (check_commands, "```sh\nVICKREY_HOME=x vickrey rum\n```\n", "rum"),
    "no such target": (check_commands, "```sh\nmake tea\n```\n", "no target tea"),
    "no such file": (check_links, "[x](orchestrator/none.py)", "no such file"),
    "no such heading": (check_links, "# One\n\n[x](#two)", "no such heading"),
    "no such heading elsewhere": (check_links, "[x](docs/ledger.md#none)", "no such heading"),
    "code in the link's text": (check_links, "[`a[0]`](none.md)", "no such file"),
    "no such module": (check_names, "`orchestrator.core.none`", "none"),
    "no such attribute": (check_names, "`orchestrator.core.rules.Rulez`", "Rulez"),
    "no such path": (check_names, "`tests/none.py`", "no such file"),
    "no such test": (check_names, "`test_that_nobody_wrote`", "no such test"),
    "no such verb in prose": (check_names, "`vickrey rum r1`", "no verb 'rum'"),
    "no such target in prose": (check_names, "`make tea`", "no such target"),
    "no such option in a comment": (check_comments, "#   vickrey run x --budjet 10     (pays)\n", "budjet"),
    "no such verb in a comment": (check_comments, "a: 1  # then `vickrey rum r1`\n", "no verb 'rum'"),
    "no such key": (check_yaml, "```yaml\nrules: {coppies: 1}\n```\n", "page.md:2: .*coppies: unknown key"),
    "no such option of a bidder": (
        check_yaml,
        "```yaml\nbidders:\n  - {name: a, type: documents, options: {path: notes/, about: x}}\n```\n",
        "page.md:2: bidder 'documents' of .* has no option about",
    ),
    "no such option of a policy": (
        check_yaml,
        "```yaml\nbidders:\n  - {name: a, type: tool, policy: {type: fraction, options: {x: 1}}}\n```\n",
        "policy 'fraction' of .* has no option x",
    ),
    "no such option of a judge": (
        check_yaml,
        "```yaml\njudge: {type: verifier, options: {funktion: x}}\n```\n",
        "judge 'verifier' of .* has no option funktion",
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_fault_is_found(planted: str) -> None:
    check, page, said = PLANTED[planted]
    problems = check("page.md", page)
    assert len(problems) == 1
    assert re.search(said, problems[0]), problems[0]


CLEAN = """# A page

[a](docs/ledger.md#the-laws), [b](#a-page), [c](https://example.com/none), `orchestrator.core.rules.Rules`,
`vickrey bidders topup`, `orchestrator/core/*.py`, `make test`, `anything else`

```python
first = 1
```

```python no-run
raise SystemExit
```

```python
import asyncio
await asyncio.sleep(0)
print(first)
```

```text output
1
```

```console
$ VICKREY_HOME=x vickrey run "a text" --budget 10 --judge top | less  # watch it
vickrey: what a program prints is no command
$ vickrey --help
$ make test PYTEST_ARGS=-x
```
"""


@pytest.mark.parametrize("check", [run_python, *EVERYWHERE], ids=lambda check: check.__name__)
def test_a_page_without_faults_passes(check: Check) -> None:
    assert check("page.md", CLEAN) == []


# Each: a check of one page, and a change to that page that it must notice.
CHANGED: dict[str, tuple[str, str, str]] = {
    "a config key is missing": ("docs/configuration.md", "| `rules.offers_max` ", "| `rules.offers_most` "),
    "a default has changed": ("docs/configuration.md", "`wealth.refills_max` | `10` |", "`wealth.refills_max` | `9` |"),
    "a bidder is not named": ("docs/configuration.md", "`scripted`", "`scripts`"),
    "a policy is not named": ("docs/policies.md", "`calibrated`", "`calibrate`"),
    "a layer may import more": ("docs/architecture.md", "| `errors`, `money`, `core` |", "| `errors`, `money` |"),
    "a layer is missing": ("docs/architecture.md", "| [`orchestrator.plugins`]", "| [`orchestrator.plugin`]"),
    "a code is missing": ("docs/ledger.md", "| `overrun` |", "| overrun |"),
    "a code moves from elsewhere": ("docs/ledger.md", "| `refund` | escrow |", "| `refund` | bounty |"),
    "a code moves elsewhere": ("docs/ledger.md", "| deposit | wallet |", "| deposit | purse |"),
    "a code is not there": ("docs/ledger.md", "| `overrun` |", "| `underrun` |"),
    "a fault is missing": ("docs/writing-a-bidder.md", "| `unchanged` |", "| `the same` |"),
    "a word is out of order": ("docs/glossary.md", "| wallet |", "| purse |"),
    "an error is missing": ("docs/embedding.md", "`StoreTooNew`", "`StoreTooOld`"),
    "an error is in another group": ("docs/embedding.md", "`InvalidMemory` |", "`InvalidMemory`, `InvalidAnswer` |"),
    "an exit code is another": ("docs/embedding.md", "`StoreTooNew` | 3 |", "`StoreTooNew` | 2 |"),
    "an exit code of one error is another": ("docs/embedding.md", "`StaleDriver` 3", "`StaleDriver` 2"),
    "a member is missing": ("docs/embedding.md", "| `retire`, `reinstate` |", "| `retire` |"),
    "a member is not there": ("docs/embedding.md", "| `reject` |", "| `refuse` |"),
    "an option of a request has another default": (
        "docs/embedding.md",
        "| `requester` | `user` |",
        "| `requester` | none |",
    ),
    "a variable is missing": ("docs/configuration.md", "| `VICKREY_DEBUG` |", "| `VICKREY_DEBUGGING` |"),
    "a provider's variable is missing": ("docs/configuration.md", "`OPENAI_BASE_URL`", "`OPENAI_URL`"),
    "an event is not named": ("docs/embedding.md", "`judged`", "`heard`"),
    "a figure of another page is another": (
        "docs/learning.md",
        "auctions a second](ledger.md)",
        "a minute](ledger.md)",
    ),
    "a field of a receipt is missing": ("docs/writing-a-bidder.md", "| `censored` |", "| `cut off` |"),
    "a field of an announcement is missing": ("docs/writing-a-bidder.md", "| `acceptance` |", "| `record` |"),
    "a measured figure is another": ("README.md", "the market 81.3 when", "the market 80.7 when"),
    "a figure in short is another": ("docs/learning.md", "| 7.64 agreement cascade", "| 7.46 agreement cascade"),
    "a figure of the code is another": ("docs/models.md", "An estimate has 80 tokens", "An estimate has 90 tokens"),
    "a limit is another": ("docs/writing-a-bidder.md", "20 tables of 20 columns", "30 tables of 20 columns"),
    "a message is another": ("docs/trying-models.md", "cannot be reached ...", "is not reached ..."),
    "a field of a run is missing": ("docs/run-record.md", "| `labels` |", "| `notes` |"),
    "a rule is missing": ("docs/mechanism.md", "**R7 Costs**", "**Costs**"),
}


@pytest.mark.parametrize("changed", CHANGED)
def test_a_changed_table_is_noticed(changed: str) -> None:
    name, before, after = CHANGED[changed]
    text = (ROOT / name).read_text(encoding="utf-8")
    assert before in text
    problems = [problem for check in PAGE_CHECKS[name] for problem in check(name, text.replace(before, after))]
    assert problems


def test_a_new_key_of_the_config_must_be_documented() -> None:
    class Grown(ConfigSection):
        brand_new: PluginSection | None = None
        newer: int = 3

    leaves, sections = config_keys(Grown)
    assert {"brand_new.type": "required", "brand_new.options": "{}", "newer": "3"}.items() <= leaves.items()
    assert "brand_new" in sections


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, left = set[Path](), [ROOT / "README.md"]
    while left:
        page = left.pop()
        if page not in reached:
            reached.add(page)
            links = LINK.findall(prose(page.read_text(encoding="utf-8")))
            targets = ((page.parent / link.partition("#")[0]).resolve() for link in links if "://" not in link)
            left += [target for target in targets if target.suffix == ".md" and DOCS in target.parents]
    assert set(PAGES) - reached == set()
