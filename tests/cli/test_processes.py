"""The command as a process of its own: signals, pipes, terminals, and what is left on stdout."""

from __future__ import annotations

import json
import os
import pty
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.markets import BIDDERS, vickrey, write_market

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent.parent
SECONDS_MAX = 60


def start(
    *arguments: str, in_background: bool = False, prepare: Callable[[], None] | None = None, **options: Any
) -> subprocess.Popen[str]:
    """Start the command as a shell does, from which it may inherit that Ctrl-C is ignored: a job in the background."""

    def begin() -> None:
        # Whatever these tests run in, they may be a job in the background themselves.
        signal.signal(signal.SIGINT, signal.SIG_IGN if in_background else signal.SIG_DFL)
        if prepare is not None:
            prepare()

    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **streams.pop("env", {})}
    command = [sys.executable, "-m", "orchestrator.cli", *arguments]
    return subprocess.Popen(command, text=True, env=environment, preexec_fn=begin, **streams)


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for the command; its exit code, and what is left of its output."""
    stdout, stderr = process.communicate(timeout=SECONDS_MAX)
    return process.returncode, stdout, stderr


def wait_until_asked(process: subprocess.Popen[str]) -> None:
    """Wait until a run has put its first lot up for sale."""
    assert process.stdout is not None
    while "Stage 1" not in (line := process.stdout.readline()):
        assert line, f"the run ended before its first stage: {finish(process)}"


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Close a gate that holds the market's only bidder up."""
    gate = tmp_path / "gate"
    gate.touch()
    entry = {"name": "late", "type": "tests.cli.sample_bidders:Patient", "options": {"gate": str(gate)}}
    write_market(tmp_path, bidders=[entry], judge="top")
    return gate


def test_ctrl_c_ends_in_one_line_and_resume_goes_on(gate: Path) -> None:
    process = start("run", "Plan a tour", "-b", "10", "--seed", "1")
    wait_until_asked(process)
    process.send_signal(signal.SIGINT)
    code, _, stderr = finish(process)
    assert (code, stderr) == (130, "vickrey: r1 is interrupted, nothing is lost: `vickrey resume r1` goes on\n")
    gate.unlink()
    assert vickrey("requests", "--json").document["requests"][0]["interrupted"] is True
    code, stdout, _ = finish(start("resume", "r1", "--json", "--quiet"))
    assert code == 0
    resumed = json.loads(stdout)["results"][0]
    straight = vickrey("run", "Plan a tour", "-b", "10", "--seed", "1", "--json", "--home", "other").document
    assert (resumed["status"], resumed["journal_hash"]) == ("released", straight["journal_hash"])
    assert vickrey("audit").code == 0


def test_ctrl_c_in_a_store_in_memory_promises_no_way_to_go_on(gate: Path) -> None:
    process = start("run", "Plan a tour", "-b", "10", "--store", "memory")
    wait_until_asked(process)
    process.send_signal(signal.SIGINT)
    code, _, stderr = finish(process)
    said = "r1 is interrupted and ends with its store, which is in memory: nothing of it is kept"
    assert (code, stderr) == (130, f"vickrey: {said}\n")


@pytest.mark.parametrize("stream", [1, 2])
def test_an_output_that_was_closed_keeps_no_verb_from_its_work(gate: Path, stream: int) -> None:
    process = start("requests", "--json", prepare=lambda: os.close(stream))
    code, stdout, stderr = finish(process)
    assert (code, stderr) == (0, "")
    assert stdout == "" or json.loads(stdout) == {"requests": []}


def test_init_that_cannot_write_all_of_a_config_leaves_what_was_there(gate: Path, tmp_path: Path) -> None:
    config = tmp_path / "vickrey.yaml"
    before = config.read_text()

    def fill_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))

    for words in (["init", "--force"], ["init", "new.yaml"]):
        code, _, stderr = finish(start(*words, prepare=fill_disk))
        assert (code, "cannot be written: File too large" in stderr) == (2, True)
    assert config.read_text() == before
    assert not (tmp_path / "new.yaml").exists()


def test_a_job_in_the_background_of_a_script_is_not_stopped_by_ctrl_c(gate: Path) -> None:
    process = start("run", "Plan a tour", "-b", "10", in_background=True)
    wait_until_asked(process)
    process.send_signal(signal.SIGINT)
    gate.unlink()
    code, _, stderr = finish(process)
    assert (code, stderr) == (0, "")


def test_another_process_does_not_take_over_a_request_that_is_worked_on(gate: Path) -> None:
    process = start("run", "Plan a tour", "-b", "10")
    try:
        wait_until_asked(process)
        assert vickrey("audit").stderr == ""
        outcome = vickrey("resume", "r1")
        assert outcome.code == 2
        assert "is being driven by another process" in outcome.stderr
    finally:
        process.send_signal(signal.SIGINT)
        finish(process)


def test_with_json_the_document_is_all_there_is_on_stdout(gate: Path) -> None:
    gate.unlink()
    code, stdout, stderr = finish(start("run", "Plan a tour", "-b", "10", "--json"))
    assert code == 0
    assert json.loads(stdout)["offers"][0]["text"] == "at last: Belém →"
    assert "Stage 1" in stderr


def test_a_reader_that_stops_reading_is_no_noise(gate: Path) -> None:
    gate.unlink()
    vickrey("run", "Plan a tour", "-b", "10", "--quiet")
    for verb in ("show", "offers"):
        for form in ([], ["--json"]):
            process = start(verb, "r1", *form)
            assert process.stdout is not None
            process.stdout.close()
            process.stdout = None
            code, _, stderr = finish(process)
            assert (code, stderr) == (141, "")


def test_a_terminal_without_unicode_gets_escapes(gate: Path) -> None:
    gate.unlink()
    vickrey("run", "Plan a tour", "-b", "10", "--quiet")
    code, stdout, stderr = finish(start("offers", "r1", env={"PYTHONIOENCODING": "ascii"}))
    assert (code, stderr) == (0, "")
    assert "at last: Bel\\xe9m \\u2192" in stdout


@pytest.mark.parametrize(
    ("typed", "code", "status"),
    [
        ("1\n", 0, "released"),
        ("n\n", 0, "rejected"),
        ("l\n", 0, "open"),
        ("9\nn\n", 0, "rejected"),
        ("\x03", 130, "open"),
    ],
)
def test_at_a_terminal_the_question_is_asked(gate: Path, tmp_path: Path, typed: str, code: int, status: str) -> None:
    gate.unlink()
    ended, shown = _at_a_terminal(["run", "Plan a tour", "-b", "10", "--judge", "terminal"], "Which offer", typed)
    assert ended == code
    assert "Traceback" not in shown
    assert vickrey("offers", "r1", "--json").document["status"] == status
    if code == 130:
        assert "r1 stays open: `vickrey pick r1 RANK` takes an offer" in " ".join(shown.split())


def test_with_json_nobody_is_asked_even_at_a_terminal(gate: Path) -> None:
    gate.unlink()
    ended, shown = _at_a_terminal(["run", "x", "-b", "10", "--judge", "terminal", "--json", "-q"], "no question", "")
    assert ended == 0
    assert json.loads(shown)["status"] == "open"


def _at_a_terminal(arguments: Sequence[str], prompt: str, typed: str) -> tuple[int, str]:
    """Run the command at a terminal, and type once it shows the prompt."""
    ours, theirs = pty.openpty()
    terminal: dict[str, Any] = {"stdin": theirs, "stdout": theirs, "stderr": theirs, "start_new_session": True}
    process = start(*arguments, env={"TERM": "xterm"}, prepare=_take_terminal, **terminal)
    os.close(theirs)
    shown, is_typed = b"", False
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if not is_typed and prompt.encode() in shown:
            os.write(ours, typed.encode())
            is_typed = True
    os.close(ours)
    return process.wait(SECONDS_MAX), shown.decode()


def _take_terminal() -> None:
    """Make the terminal the process's own, so that Ctrl-C reaches it as a signal."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_a_thread_that_a_bidder_left_behind_does_not_keep_the_command_from_ending(tmp_path: Path) -> None:
    threaded = {"name": "threaded", "type": "tests.cli.sample_bidders:Threaded", "bid_deadline_seconds": 0.1}
    path = write_market(tmp_path, bidders=[*BIDDERS, threaded])
    process = start("run", "x", "-b", "10", "--judge", "top", "--config", str(path))
    code, stdout, _ = finish(process)
    assert code == 0
    assert "balanced" in stdout, "what it printed last is there, too"


def test_what_a_bidder_saves_in_a_thread_when_the_command_ends_is_waited_for(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    saving = {"name": "saving", "type": "tests.cli.sample_bidders:Saving", "options": {"output_path": str(saved)}}
    path = write_market(tmp_path, bidders=[*BIDDERS, saving])
    code, _, _ = finish(start("run", "x", "-b", "10", "--judge", "top", "--quiet", "--config", str(path)))
    assert code == 0
    assert saved.read_text() == "saved"
