"""`vickrey bidders memory|retire|reinstate`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.markets import BIDDERS, vickrey, write_market

DIARY = Path(__file__).parent.parent.parent / "configs" / "lisbon" / "diary.md"
LEARNER = {
    "name": "learner",
    "type": "bidders.documents:DocumentBidder",
    "options": {"path": str(DIARY)},
    "policy": {"type": "bidders.policies.tracker:TrackerPolicy"},
    "clones": 2,
}
LEARNED = {"transformer": {"overall": [0.375, 4]}}


@pytest.fixture
def learned(vickrey_home: Path) -> None:
    """A market with a bidder that can learn, and its twin."""
    write_market(vickrey_home, bidders=[BIDDERS[0], LEARNER])


def give(name: str, memory: Any, **other: Any) -> None:
    """Put a memory where the learner's is."""
    from orchestrator.api.memories import memory_digest

    document = {
        "format": "vickrey-memory",
        "version": 1,
        "bidder": name,
        "policy": "tracker",
        "policy_version": 1,
        "digest": memory_digest(memory),
        "memory": memory,
        **other,
    }
    Path("given.json").write_text(json.dumps(document))
    assert vickrey("bidders", "memory", name, "--import", "given.json", "--yes").code == 0


@pytest.mark.usefixtures("learned")
def test_a_memory_is_shown_part_by_part() -> None:
    give("learner", {"transformer": {"1": [0.25, 3], "overall": [0.375, 4]}, "figures": list(range(50))})
    shown = vickrey("bidders", "memory", "learner", "--parts").stdout
    assert "Policy tracker, version 1" in shown
    assert "Learns together with learner~2" in shown
    assert "transformer.1" in shown
    assert "0.25, 3" in shown
    assert "50 figures from 0 to 49, mean 24.5" in shown


@pytest.mark.usefixtures("learned")
def test_a_memory_that_is_exported_into_a_device_or_pipe_leaves_it_one(tmp_path: Path) -> None:
    give("learner", LEARNED)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        assert vickrey("bidders", "memory", "learner", "--export", str(pipe), "--yes").code == 0
        assert pipe.is_fifo()
        assert json.loads(os.read(reader, 65_536))["memory"] == LEARNED
    finally:
        os.close(reader)


@pytest.mark.usefixtures("learned")
def test_what_is_exported_can_be_imported() -> None:
    give("learner", {"transformer": {"overall": [0.375, 4]}})
    assert vickrey("bidders", "memory", "learner", "--export", "out.json").code == 0
    vickrey("bidders", "memory", "learner", "--reset", "--yes")
    assert vickrey("bidders", "memory", "learner", "--json").document["memory"] is None
    outcome = vickrey("bidders", "memory", "learner", "--import", "out.json", "--json")
    assert outcome.document["memory"] == {"transformer": {"overall": [0.375, 4]}}
    assert vickrey("bidders", "memory", "learner~2", "--json").document["memory"] == outcome.document["memory"]


@pytest.mark.parametrize(
    ("owner", "shared", "is_said"),
    [("former", [], True), ("learner", [], False), ("former", ["learner"], False), ("stranger", [], False)],
)
def test_a_memory_that_tells_of_its_former_owner_by_name_is_said_to(
    vickrey_home: Path, owner: str, shared: list[str], is_said: bool
) -> None:
    from bidders.policies.bayes import BayesPolicy
    from orchestrator import Lesson, Work

    write_market(vickrey_home, bidders=[BIDDERS[0], {**LEARNER, "policy": "bidders.policies.bayes:BayesPolicy"}])
    policy = BayesPolicy()
    memory = policy.practise(None, [Lesson("What is 1+1?", 1.0, (Work("former", "2", 1.0, 0.0),))])
    give("learner", memory, bidder=owner, shared_with=shared, policy=policy.name, policy_version=policy.version)
    outcome = vickrey("bidders", "memory", "learner", "--import", "given.json", "--yes")
    said = "given.json tells of former by its name: what it says of former is not taken for learner's"
    assert (outcome.code, said in outcome.stderr) == (0, is_said)


@pytest.mark.usefixtures("learned")
@pytest.mark.parametrize("options", [("--reset",), ("--import", "given.json")])
def test_what_was_learned_is_not_lost_without_asking(options: tuple[str, ...]) -> None:
    give("learner", {"transformer": {"overall": [0.375, 4]}})
    outcome = vickrey("bidders", "memory", "learner", *options)
    assert outcome.code == 2
    assert "What learner, learner~2 learned will be lost" in outcome.stderr
    assert vickrey("bidders", "memory", "learner", "--json").document["memory"] is not None


@pytest.mark.usefixtures("learned")
def test_at_a_terminal_it_asks_and_takes_no_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestrator.cli import confirming

    give("learner", {"transformer": {"overall": [0.375, 4]}})
    monkeypatch.setattr(confirming, "_is_terminal", lambda: True)
    command = ["bidders", "memory", "learner", "--reset"]
    assert vickrey(*command, stdin="n\n").code == 1
    assert vickrey("bidders", "memory", "learner", "--json").document["memory"] is not None
    assert vickrey(*command, stdin="y\n").code == 0
    assert vickrey("bidders", "memory", "learner", "--json").document["memory"] is None


@pytest.mark.usefixtures("learned")
def test_what_cannot_be_imported_is_refused_before_anybody_is_asked() -> None:
    give("learner", {"transformer": {"overall": [0.375, 4]}})
    given = json.loads(Path("given.json").read_text())
    Path("given.json").write_text(json.dumps({**given, "policy": "bayes"}))
    outcome = vickrey("bidders", "memory", "learner", "--import", "given.json")
    assert outcome.code != 0
    assert "the memory is of policy 'bayes'; bidder learner has policy 'tracker'" in outcome.stderr
    assert "will be lost" not in outcome.stderr


@pytest.mark.usefixtures("learned")
def test_a_place_that_cannot_be_written_is_said_in_plain_words() -> None:
    give("learner", LEARNED)
    outcome = vickrey("bidders", "memory", "learner", "--export", "nowhere/out.json")
    assert "nowhere/out.json: the memory cannot be written there: No such file or directory" in outcome.stderr


@pytest.mark.usefixtures("learned")
def test_a_file_that_is_there_is_not_replaced_without_asking() -> None:
    give("learner", LEARNED)
    Path("out.json").write_text("a letter")
    export = ("bidders", "memory", "learner", "--export", "out.json")
    for more in ((), ("--json",)):
        outcome = vickrey(*export, *more)
        assert outcome.code == 2
        assert "out.json is there already and will be replaced. Go on? Nobody can be asked here" in outcome.stderr
    assert Path("out.json").read_text() == "a letter"
    assert vickrey(*export, "--yes").stdout == "Wrote what learner has learned to out.json.\n"
    assert json.loads(Path("out.json").read_text())["memory"] == LEARNED


@pytest.mark.usefixtures("learned")
def test_what_was_never_learned_is_not_exported() -> None:
    for name, why in (("learner", "has learned nothing yet"), ("diary", "has no policy, so it learns nothing")):
        outcome = vickrey("bidders", "memory", name, "--export", "out.json", "--yes")
        assert (outcome.code, outcome.stdout) == (2, "")
        assert outcome.stderr == f"vickrey: bidder {name} {why}: there is nothing to export\n"
        assert not Path("out.json").exists()


@pytest.mark.usefixtures("learned")
def test_what_was_practised_is_counted_and_nothing_is_measured_where_nothing_was_learned() -> None:
    give("learner", {"transformer": {"overall": [0.375, 4]}}, practised={"a": ["t1", "t2"], "b": ["t2"]})
    assert "It has practised 2 tasks" in vickrey("bidders", "memory", "learner").stdout
    vickrey("bidders", "memory", "learner", "--reset", "--yes")
    shown = vickrey("bidders", "memory", "learner").stdout
    assert "It has learned nothing yet." in shown
    assert "bytes" not in shown
    assert "practised" not in shown


def test_a_bidder_without_policy_remembers_nothing() -> None:
    assert "It has no policy of its own" in vickrey("bidders", "memory", "diary").stdout
    assert "bidder diary has no policy" in vickrey("bidders", "memory", "diary", "--reset", "--yes").stderr


# --- a bidder that is broken, or gone from the config ---


def leave(how: str) -> None:
    """Let the learner, which has a past here, be able to take part no longer."""
    broken = {**LEARNER, "type": "tests.cli.sample_bidders:Unloadable", "policy": None}
    write_market(Path(), bidders=[BIDDERS[0], *([broken] if how == "broken" else [])])


@pytest.mark.usefixtures("learned")
@pytest.mark.parametrize("how", ["broken", "gone"])
def test_what_it_learned_can_be_shown_exported_and_reset_all_the_same(how: str) -> None:
    give("learner", LEARNED, practised={"learner": ["t1"]})
    leave(how)
    shown = vickrey("bidders", "memory", "learner")
    assert shown.code == 0
    for words in ("Policy tracker, version 1", "Learns together with learner~2", "transformer.overall", "1 task"):
        assert words in shown.stdout
    assert "That is what the store holds; learner learns nothing more" in shown.stdout
    assert vickrey("bidders", "memory", "learner~2", "--json").document["memory"] == LEARNED
    assert vickrey("bidders", "memory", "learner", "--export", "out.json").code == 0
    assert vickrey("bidders", "memory", "learner", "--reset").code == 2, "nobody could be asked"
    assert vickrey("bidders", "memory", "learner", "--reset", "--yes").stdout == "learner begins anew.\n"
    assert vickrey("bidders", "memory", "learner", "--json").document == {"bidder": "learner", "memories": []}
    assert "The store holds nothing that learner has learned." in vickrey("bidders", "memory", "learner").stdout
    assert "has nothing in this store" in vickrey("bidders", "memory", "learner", "--export", "x.json").stderr
    imported = vickrey("bidders", "memory", "learner", "--import", "out.json")
    assert (imported.code, "has no bidder 'learner' that works" in imported.stderr) == (2, True)
    write_market(Path(), bidders=[BIDDERS[0], LEARNER])
    assert vickrey("bidders", "memory", "learner", "--json").document["memory"] is None, "reset for good"
    document = vickrey("bidders", "memory", "learner", "--import", "out.json", "--json").document
    assert (document["memory"], document["practised"]) == (LEARNED, {"learner": ["t1"]})


@pytest.mark.slow
@pytest.mark.usefixtures("learned")
def test_a_memory_of_a_policy_that_a_bidder_had_before_is_reached_by_its_name(vickrey_home: Path) -> None:
    give("learner", LEARNED)
    write_market(vickrey_home, bidders=[{**LEARNER, "policy": {"type": "tests.cli.sample_bidders:Counting"}}])
    vickrey("run", "x", "-b", "10", "--quiet", "--judge", "top")
    show = ("bidders", "memory", "learner")
    assert vickrey(*show, "--json").document["policy"] == "counting"
    assert vickrey(*show, "--json", "--policy", "tracker").document["memory"] == LEARNED
    assert vickrey(*show, "--json", "--policy", "counting").document["policy"] == "counting"
    nothing = "The store holds nothing that learner has learned with policy bayes.\n"
    assert vickrey(*show, "--policy", "bayes").stdout == nothing
    assert vickrey(*show, "--policy", "bayes", "--reset", "--yes").stdout == nothing
    leave("gone")
    assert [each["policy"] for each in vickrey(*show, "--json").document["memories"]] == ["counting", "tracker"]
    shown = vickrey(*show).stdout
    assert ("Policy counting" in shown, "Policy tracker" in shown) == (True, True)
    refused = vickrey(*show, "--export", "out.json").stderr
    assert "has memories of several policies, so say which with --policy: counting, tracker" in refused
    assert vickrey(*show, "--export", "out.json", "--policy", "tracker").code == 0
    assert json.loads(Path("out.json").read_text())["memory"] == LEARNED


def test_a_bidder_that_never_was_is_unknown() -> None:
    outcome = vickrey("bidders", "memory", "nobody")
    assert outcome.code == 2
    assert "neither config nor store has a bidder 'nobody'; the store has: daily, diary" in outcome.stderr


def test_a_mistyped_store_is_not_made_to_look_into_it() -> None:
    for options in ((), ("--export", "x.json"), ("--reset", "--yes")):
        outcome = vickrey("bidders", "memory", "diary", "--store", "nope.db", *options)
        assert (outcome.code, "there is no file" in outcome.stderr) == (2, True)
    assert not Path("nope.db").exists()


# --- a policy that fails to learn ---


@pytest.fixture
def failing(vickrey_home: Path) -> None:
    """A market with a bidder whose policy cannot learn."""
    entry = {**LEARNER, "policy": {"type": "tests.cli.sample_bidders:Forgetful"}, "clones": 1}
    write_market(vickrey_home, bidders=[BIDDERS[0], entry])


@pytest.mark.usefixtures("failing")
def test_whoever_runs_a_request_is_told_which_policy_learned_nothing_from_it_and_why() -> None:
    told = "vickrey: the policy of bidder learner failed to learn from r1: KeyError: 'red\\x1b[31m'"
    assert told in vickrey("run", "x", "-b", "10", "--quiet", "--judge", "top").stderr
    assert "failed to learn from r2, and from 1 request before it" in (
        vickrey("run", "x", "-b", "10", "--judge", "top", "--json").stderr
    )


@pytest.mark.usefixtures("failing")
def test_whoever_asks_for_a_policy_is_told_why_it_learned_nothing() -> None:
    vickrey("run", "x", "-b", "10", "--quiet", "--judge", "top")
    told = "failed to learn from r1: KeyError: 'red\\x1b[31m'"
    assert f"It {told}" in vickrey("bidders", "memory", "learner").stdout.replace("\n", " ")
    for verb in ("list", "check"):
        assert f"learner {told}" in vickrey("bidders", verb).stdout.replace("\n", " ")
    failure = vickrey("bidders", "memory", "learner", "--json").document["learning_failure"]
    assert (failure["request"], failure["times"]) == ("r1", 1)
    rows = {row["name"]: row for row in vickrey("bidders", "list", "--json").document["bidders"]}
    assert rows["learner"]["learning_failure"] == failure
    assert rows["diary"]["learning_failure"] is None


@pytest.mark.usefixtures("failing")
def test_a_policy_that_begins_anew_has_not_failed() -> None:
    vickrey("run", "x", "-b", "10", "--quiet", "--judge", "top")
    vickrey("bidders", "memory", "learner", "--reset", "--yes")
    assert "learning_failure" not in vickrey("bidders", "memory", "learner", "--json").document


def test_whoever_asks_or_runs_a_request_is_told_that_a_policy_cannot_migrate_what_it_had_learned() -> None:
    def seat(policy: str) -> None:
        entry = {**LEARNER, "policy": {"type": f"tests.cli.sample_bidders:{policy}"}, "clones": 1}
        write_market(Path(), bidders=[BIDDERS[0], entry])

    seat("Counting")
    vickrey("run", "x", "-b", "10", "--quiet", "--judge", "top")
    seat("Recounting")
    why = "InvalidMemory: the memory is of version 1; policy counting of version 2 failed to migrate it: TypeError: "
    for verb in (["list"], ["check"], ["memory", "learner"]):
        assert f"cannot learn: {why}" in " ".join(vickrey("bidders", *verb).stdout.split())
    assert "--reset lets it begin anew" in vickrey("bidders", "memory", "learner").stdout
    told = vickrey("run", "x", "-b", "10", "--quiet", "--judge", "top").stderr
    assert f"vickrey: the policy of bidder learner failed to learn from r2: {why}" in told


def test_two_things_at_once_are_refused() -> None:
    outcome = vickrey("bidders", "memory", "diary", "--reset", "--export", "x.json")
    assert (outcome.code, "one of --export, --import and --reset" in outcome.stderr) == (2, True)
    outcome = vickrey("bidders", "memory", "diary", "--import", "x.json", "--policy", "fraction")
    assert (outcome.code, "an imported one says it itself" in outcome.stderr) == (2, True)


def test_a_bidder_retires_and_comes_back() -> None:
    assert vickrey("bidders", "retire", "diary").code == 2, "nobody could be asked"
    retired = vickrey("bidders", "retire", "diary", "--yes").stdout
    assert "diary has retired; 50.00 USD went to the treasury." in retired
    assert "diary is retired: `vickrey bidders reinstate diary` lets it take part again" in vickrey(
        "bidders", "list"
    ).stdout.replace("\n", " ")
    vickrey("run", "x", "-b", "10", "--quiet")
    assert "diary" not in vickrey("show", "r1").stdout
    assert vickrey("bidders", "topup", "diary", "5").code == 2
    back = vickrey("bidders", "reinstate", "diary", "--json").document
    assert (back["status"], back["returned"], back["balance"]) == ("active", "50.00", "50.00")
    assert vickrey("audit").code == 0
