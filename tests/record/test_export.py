"""Exported runs: what the file holds, and that no byte of it changes without a trace."""

from __future__ import annotations

import codecs
import json
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orchestrator.errors import InvalidRecord, UnknownRequest
from orchestrator.record import export_request, read_record, reading, verify, verify_file, write_record
from orchestrator.record.document import canonical, parse, seal_of
from orchestrator.record.exporting import WITHHELD
from orchestrator.store import RequestRow
from tests.effort import examples
from tests.record.scenarios import SCENARIOS
from tests.record.scripted import Scenario, Scripted, presenter

NOBODY = Scenario(list, ends="", options={"labels": {"who": "Zoë"}})
TINY = Scenario(lambda: [presenter("p", {1: "1"}, work_cost="0.01", says='Olá\x1b "x"\\\n')])


@cache
def tiny_content() -> bytes:
    """The bytes of a small run's file."""
    return canonical(TINY.play().record()).encode()


@pytest.fixture
def record() -> dict[str, Any]:
    return SCENARIOS["rejected-with-deposit"].play().record()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "run.json"


def refusal(file: Path) -> str:
    with pytest.raises(InvalidRecord) as caught:
        read_record(file)
    message = str(caught.value)
    assert message.startswith(str(file))
    assert "\n" not in message
    return message


def test_a_record_survives_its_file(record: dict[str, Any], file: Path) -> None:
    write_record(record, file)
    assert read_record(file) == record
    assert verify(read_record(file)) == []


def test_a_record_holds_all_that_a_reader_needs(record: dict[str, Any]) -> None:
    run = parse(record)
    assert run.request_id == "r1"
    assert run.seed == 7
    assert run.setting["rules"]["stages_max"] == 8
    assert [entry.kind for entry in run.entries][-2:] == ["picked", "ended"]
    assert "Plan a day in Lisbon" in run.texts.values()
    assert {row.code for row in run.transfers} >= {"pledge", "price", "cost", "cap", "compensation"}
    assert run.answers[0].body == '{"answer": 42}'


def test_a_run_is_exported_the_same_twice(file: Path) -> None:
    first, second = TINY.play().record(), TINY.play().record()
    assert first == second


def test_a_file_has_one_line_and_no_blanks_between_its_parts(record: dict[str, Any], file: Path) -> None:
    write_record(record, file)
    text = file.read_text(encoding="utf-8")
    assert "\n" not in text
    assert text == json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_a_file_is_replaced_wholly(record: dict[str, Any], file: Path) -> None:
    file.write_text("something else that is there already", encoding="utf-8")
    write_record(record, file)
    assert read_record(file) == record
    assert list(file.parent.glob(".run*")) == []


def test_a_new_file_is_for_whom_the_process_makes_files_and_one_that_is_replaced_for_whom_it_was(
    record: dict[str, Any], file: Path
) -> None:
    other = file.with_name("other.json")
    other.touch()
    write_record(record, file)
    assert file.stat().st_mode == other.stat().st_mode
    other.chmod(0o640)
    write_record(record, other)
    assert stat.S_IMODE(other.stat().st_mode) == 0o640


def test_what_is_no_file_is_written_to_and_not_replaced(record: dict[str, Any], tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as threads:
        read = threads.submit(pipe.read_text, encoding="utf-8")
        write_record(record, pipe)
        assert pipe.is_fifo()
        assert json.loads(read.result(timeout=20)) == record


def test_a_link_stays_a_link_to_the_file_that_is_replaced(record: dict[str, Any], file: Path) -> None:
    file.write_text("{}", encoding="utf-8")
    link = file.with_name("link.json")
    link.symlink_to(file)
    write_record(record, link)
    assert link.is_symlink()
    assert read_record(file) == record


def test_a_file_that_cannot_be_written_is_refused_in_one_line(record: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InvalidRecord, match="cannot be written there"):
        write_record(record, tmp_path / "nowhere" / "run.json")
    with pytest.raises(InvalidRecord, match="cannot be written there"):
        write_record(record, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_request_that_is_not_there_cannot_be_exported() -> None:
    played = NOBODY.play()
    with pytest.raises(UnknownRequest, match="no request r9"):
        played.record("r9")


def test_secrets_of_the_setting_stay_at_home() -> None:
    played = TINY.play()
    store = played.market.store
    setting = {
        "store_url": "postgresql://me:hush@db.example/market?password=hush&connect_timeout=2",
        "bidders": [{"options": {"apiKey": "hush", "tokens": 7, "keyboard": "qwerty", "a": [{"PASSWORD": "hush"}]}}],
    }

    def change(row: RequestRow) -> RequestRow:
        return row._replace(setting=json.dumps(setting))

    found = store.read(lambda reader: reader.find_request("r1"))
    assert found is not None
    store.transact(lambda tx: tx.put_request(change(found)))
    record = played.record()
    assert "hush" not in json.dumps(record)
    withheld = f"postgresql://me:{WITHHELD}@db.example/market?password={WITHHELD}&connect_timeout=2"
    assert record["setting"]["store_url"] == withheld
    assert record["setting"]["bidders"][0]["options"]["tokens"] == 7
    assert record["setting"]["bidders"][0]["options"]["keyboard"] == "qwerty"
    assert verify(record) == []


def rewritten(record: dict[str, Any], **layout: Any) -> bytes:
    return json.dumps(record, **{"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False, **layout}).encode()


def replaced(record: dict[str, Any], before: str, after: str) -> bytes:
    content = rewritten(record)
    assert before.encode() in content
    return content.replace(before.encode(), after.encode(), 1)


@pytest.mark.parametrize(
    ("rewrite", "place"),
    [
        (lambda record: rewritten(record) + b"\n", -1),
        (lambda record: rewritten(record) + b"\r\n", -2),
        (lambda record: b" " + rewritten(record), 1),
        (lambda record: codecs.BOM_UTF8 + rewritten(record), 1),
        (lambda record: rewritten(record, indent=2, separators=None), 2),
        (lambda record: rewritten(record, separators=(", ", ": ")), None),
        (lambda record: rewritten(record, sort_keys=False), 3),
        (lambda record: rewritten(record, ensure_ascii=True), None),
        (lambda record: replaced(record, '"bid_deadline_seconds":20.0', '"bid_deadline_seconds":2e1'), None),
        (lambda record: replaced(record, "\\u001b", "\\u001B"), None),
    ],
)
def test_a_file_that_was_laid_out_anew_is_read_and_replayed_but_not_verified(
    rewrite: Callable[[dict[str, Any]], bytes], place: int | None, file: Path
) -> None:
    record = TINY.play().record()
    content = rewrite(record)
    file.write_bytes(content)
    assert read_record(file) == record
    assert verify(read_record(file)) == []
    (finding,) = verify_file(file)
    assert finding.where == "file"
    assert "what it says is right" in finding.what
    assert "export the run again" in finding.what
    if place is not None:
        shown = place if place > 0 else len(content) + place + 1
        assert f"from byte {shown:,} on" in finding.what
    write_record(read_record(file), file)
    assert verify_file(file) == []


def test_a_file_that_was_laid_out_anew_and_altered_is_not_said_to_be_right(record: dict[str, Any], file: Path) -> None:
    file.write_bytes(rewritten({**record, "vickrey": "0.2.0"}, indent=2))
    findings = verify_file(file)
    assert [finding.where for finding in findings] == ["seal", "file"]
    assert not any("is right" in finding.what for finding in findings)


@pytest.mark.parametrize(
    ("rewrite", "why"),
    [
        (lambda text: text.replace('"seed":7', '"seed":7,"seed":7', 1), "stands twice"),
        (lambda text: text.replace('"seed":7,"setting"', '"seed":NaN,"setting"', 1), "not a number"),
        (lambda text: text.replace('"seed":7,"setting"', '"seed":7e0,"setting"', 1), "seed"),
        (lambda text: text.replace('"seed":7,"setting"', '"seed":true,"setting"', 1), "seed"),
        (lambda text: text.replace('"seed":7,"setting"', '"sees":7,"setting"', 1), "malformed"),
        (lambda text: text.replace('"vickrey-run"', '"vickrey-runs"', 1), "not an exported run"),
        (lambda text: text.replace(',"vickrey":', ',"version":2,"vickrey":', 1), "stands twice"),
        (lambda text: text[: len(text) // 2], "not JSON"),
        (lambda text: "", "not JSON"),
        (lambda text: "[" * 100_000, "nested too deeply"),
        (lambda text: '{"a":' * 100_000, "nested too deeply"),
        (lambda text: "[]", "not list"),
        (lambda text: "null", "not NoneType"),
        (lambda text: "{}", "not an exported run"),
        (lambda text: "9" * 5000, "not JSON"),
    ],
)
def test_a_file_that_is_no_record_is_refused_in_one_line(rewrite: Callable[[str], str], why: str, file: Path) -> None:
    write_record(TINY.play().record(), file)
    before = file.read_text(encoding="utf-8")
    after = rewrite(before)
    assert after != before
    file.write_text(after, encoding="utf-8")
    assert why in refusal(file)


def test_a_record_of_a_newer_format_is_refused(record: dict[str, Any], file: Path) -> None:
    write_record({**record, "version": 2}, file)
    assert "exported in format version 2; this Vickrey reads version 1" in refusal(file)


def test_two_entries_of_one_key_are_refused(record: dict[str, Any], file: Path) -> None:
    for part in ("journal", "transfers", "answers"):
        write_record({**record, part: [*record[part], record[part][0]]}, file)
        assert "of key" in refusal(file)


def test_a_missing_file_a_folder_and_a_binary_file_are_refused(file: Path) -> None:
    assert "no such file" in refusal(file)
    assert "cannot be read" in refusal(file.parent)
    file.write_bytes(b"\xff\x00\xfe")
    assert "not UTF-8" in refusal(file)


def test_a_huge_file_is_refused_before_it_is_read(
    record: dict[str, Any], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_record(record, file)
    monkeypatch.setattr(reading, "RECORD_BYTES_MAX", file.stat().st_size)
    read_record(file)
    monkeypatch.setattr(reading, "RECORD_BYTES_MAX", file.stat().st_size - 1)
    assert "too many for an exported run" in refusal(file)


def leaves_a_trace(file: Path, content: bytes) -> bool:
    """Whether verifying a file of this content finds anything."""
    file.write_bytes(content)
    try:
        return verify_file(file) != []
    except InvalidRecord:
        return True


def test_the_control_a_file_that_is_left_as_it_was_leaves_no_trace(file: Path) -> None:
    write_record(TINY.play().record(), file)
    assert not leaves_a_trace(file, file.read_bytes())


@pytest.mark.slow
@examples(400)
@given(data=st.data())
def test_no_byte_is_changed_put_in_or_taken_out_without_a_trace(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file, content = tmp_path_factory.mktemp("altered") / "run.json", tiny_content()
    place = data.draw(st.integers(0, len(content) - 1), label="place")
    byte = data.draw(st.sampled_from(b' \n\r\t"0,\x00\xff') | st.integers(0, 255), label="byte")
    kind = data.draw(st.sampled_from(["change", "put in", "put at the end", "take out"]), label="kind")
    if kind == "change":
        assume(content[place] != byte)
        altered = content[:place] + bytes([byte]) + content[place + 1 :]
    elif kind == "put in":
        altered = content[:place] + bytes([byte]) + content[place:]
    elif kind == "put at the end":
        altered = content + bytes([byte])
    else:
        altered = content[:place] + content[place + 1 :]
    assert leaves_a_trace(file, altered)


def flips_that_pass(content: bytes, file: Path, bits: tuple[int, ...]) -> list[int]:
    """The places at which one changed bit leaves no trace."""
    return [
        place
        for place, byte in enumerate(content)
        for bit in bits
        if not leaves_a_trace(file, content[:place] + bytes([byte ^ bit]) + content[place + 1 :])
    ]


@pytest.mark.slow
def test_no_byte_of_a_file_changes_without_a_trace(file: Path) -> None:
    record = {**NOBODY.play().record(), "setting": {}}
    write_record({**record, "seal": seal_of(record)}, file)
    assert verify_file(file) == []
    content = file.read_bytes()
    assert flips_that_pass(content, file, (0x01,)) == []
    for place in range(len(content)):
        assert leaves_a_trace(file, content[:place] + b" " + content[place:]), place
        assert leaves_a_trace(file, content[:place] + content[place + 1 :]), place


@pytest.mark.slow
def test_no_byte_of_a_run_with_sales_changes_without_a_trace(file: Path) -> None:
    write_record(TINY.play().record(), file)
    assert flips_that_pass(file.read_bytes(), file, (0x01, 0x20)) == []


def test_a_changed_seal_or_content_is_a_finding(record: dict[str, Any]) -> None:
    assert [finding.where for finding in verify({**record, "seal": "0" * 64})] == ["seal"]
    assert [finding.where for finding in verify({**record, "vickrey": "0.2.0"})] == ["seal"]


def test_every_part_of_a_document_is_under_its_seal(record: dict[str, Any]) -> None:
    for part in record:
        if part != "seal":
            assert seal_of({**record, part: None}) != record["seal"]


def test_a_request_can_be_exported_while_it_runs() -> None:
    seen: list[dict[str, Any]] = []

    class Watcher(Scripted):
        def _cancel(self, doing: str, lot: Any) -> None:
            assert self.market is not None
            seen.append(export_request(self.market.store, lot.request_id))

    bidders: list[Scripted] = [
        Watcher("ann", {1: "3"}, bid_cost="0.01", work_cost="0.02"),
        presenter("letter", {2: "5"}, bid_cost="0.03"),
    ]
    TINY.play(bidders=bidders)
    assert [record["status"] for record in seen] == ["running"] * len(seen)
    assert len(seen) == 2
    assert [verify(record) for record in seen] == [[]] * len(seen)
