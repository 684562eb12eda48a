"""Submissions: every line is accounted for once, and nothing that is wrong with it passes in silence."""

from __future__ import annotations

import hashlib
import json
import random
import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipeline.read import feed
from pipeline.read.seals import Seal
from tests.read.desk import Desk, line, rows, submission

GOOD = line(submission())
NOTHING_NULL = line(
    submission(certificate_no="7", iin_missing_reason="OTHER", patronymic="Айбекұлы", usual_address_text="Абай 1")
)
MANY_LEVELS = b'{"x":' + b"[" * 101 + b"]" * 101 + b"}"

UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty line": (b"", "NOT_JSON"),
    "blanks": (b"  \t", "NOT_JSON"),
    "text": (b"hello", "NOT_JSON"),
    "half an object": (GOOD[:-20], "NOT_JSON"),
    "two objects": (GOOD + GOOD, "NOT_JSON"),
    "single quotes": (b"{'case_id': 'c'}", "NOT_JSON"),
    "leading zero": (b'{"case_version": 01}', "NOT_JSON"),
    "raw NUL": (GOOD.replace(b"RESIDENT", b"RESI\0DENT"), "NOT_JSON"),
    "raw control": (GOOD.replace(b"RESIDENT", b"RESI\x01DENT"), "NOT_JSON"),
    "comma before brace": (GOOD[:-1] + b",}", "NOT_JSON"),
    "comma and blanks before brace": (GOOD[:-1] + b" ,\t }", "NOT_JSON"),
    "comma before bracket": (GOOD.replace(b'"ru"]', b'"ru",]'), "NOT_JSON"),
    "half a surrogate pair": (GOOD.replace(b"RESIDENT", b"\\ud800"), "NOT_JSON"),
    "array": (b"[" + GOOD + b"]", "NOT_OBJECT"),
    "number": (b"17", "NOT_OBJECT"),
    "null": (b"null", "NOT_OBJECT"),
    "string": (b'"text {"', "NOT_OBJECT"),
    "windows-1251": ('{"case_id": "Әлі"}'.replace("Ә", "А").encode("cp1251"), "NOT_UTF8"),
    "broken utf-8": (GOOD.replace("Ұ".encode(), b"\xd2"), "NOT_UTF8"),
    "overlong utf-8": (GOOD.replace("Ұ".encode(), b"\xc0\xaf"), "NOT_UTF8"),
    "key twice": (GOOD.replace(b'"case_version": 1,', b'"case_version": 1, "case_version": 1,'), "DUPLICATE_KEY"),
    "identity key twice": (GOOD.replace(b'"sex": 1,', b'"sex": 1, "sex": 2,'), "DUPLICATE_KEY"),
    "answer twice, once null": (GOOD.replace(b'"religion": 1,', b'"religion": 1, "religion": null,'), "DUPLICATE_KEY"),
    "identity twice": (GOOD.replace(b'"answers":', b'"identity": {}, "answers":'), "DUPLICATE_KEY"),
    "unknown key twice": (GOOD[:-1] + b', "zz": 1, "zz": 1}', "DUPLICATE_KEY"),
    "key twice, nothing null": (NOTHING_NULL.replace(b'"sex": 1,', b'"sex": 1, "sex": 1,'), "DUPLICATE_KEY"),
    "unknown key twice, nothing null": (NOTHING_NULL[:-1] + b', "zz": 1, "zz": 1}', "DUPLICATE_KEY"),
    "NaN under an unknown key, nothing null": (NOTHING_NULL[:-1] + b', "zz": NaN}', "NOT_FINITE"),
    "key twice under an unknown key": (GOOD[:-1] + b', "zz": {"a": 1, "a": 1}}', "DUPLICATE_KEY"),
    "key twice within an answer": (GOOD.replace(b'"RESIDENT"', b'{"a": 1, "a": 1}'), "DUPLICATE_KEY"),
    "NaN": (GOOD.replace(b'"religion": 1', b'"religion": NaN'), "NOT_FINITE"),
    "nan in a text field": (GOOD.replace(b'"RESIDENT"', b"nan"), "NOT_JSON"),
    "Infinity": (GOOD.replace(b'"religion": 1', b'"religion": Infinity'), "NOT_FINITE"),
    "-Infinity": (GOOD.replace(b'"case_version": 1', b'"case_version": -Infinity'), "NOT_FINITE"),
    "inf in identity": (GOOD.replace(b'"sex": 1', b'"sex": inf'), "NOT_JSON"),
    "NaN under an unknown key": (GOOD[:-1] + b', "zz": NaN}', "NOT_FINITE"),
    "NaN in a list": (GOOD.replace(b'"ru"]', b"NaN]"), "NOT_FINITE"),
    "NaN deep under an unknown key": (GOOD[:-1] + b', "zz": [[{"a": [NaN]}]]}', "NOT_FINITE"),
    "very deep": (MANY_LEVELS, "TOO_DEEP"),
    "too long": (GOOD[:-1] + b', "zz": "' + b"x" * feed.LONGEST_LINE + b'"}', "TOO_LONG"),
    "longer than any block": (b"x" * (3 * feed.BLOCK + 17), "TOO_LONG"),
}


Found = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Every damaged line three times, between good ones; what was read, by name."""
    desk = Desk(tmp_path_factory.mktemp("damaged"), threads=2, memory_limit="1GB")
    lines = [text for bad, _ in UNREADABLE.values() for text in (bad, GOOD, bad, bad)]
    bench = desk.read_lines(*lines)
    found = rows(
        bench, "SELECT read_error, bytes_sha256, case_id, answers_sha256, record_no FROM record ORDER BY record_no"
    )
    assert len(found) == len(lines)
    whole = rows(bench, "SELECT count(*) FROM record WHERE read_error IS NULL")
    assert (
        whole
        == rows(bench, "SELECT count(*) FROM identity")
        == rows(bench, "SELECT count(*) FROM answers")
        == [(len(UNREADABLE),)]
    )
    return {name: found[4 * number : 4 * number + 4] for number, name in enumerate(UNREADABLE)}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_damaged_line_is_unreadable_and_its_neighbours_go_on(damaged: Found, name: str) -> None:
    bad, expected = UNREADABLE[name]
    found = damaged[name]
    assert [row[0] for row in found] == [expected, None, expected, expected]
    assert [row[1] for row in found] == [hashlib.sha256(text).hexdigest() for text in (bad, GOOD, bad, bad)]
    assert [row[2] for row in found] == [None, "case-1", None, None]
    assert [row[3] is None for row in found] == [True, False, True, True]


def test_a_file_of_nothing_but_a_byte_order_mark_is_one_unreadable_record(desk: Desk) -> None:
    desk.bundle("tablet_vpn/TB-1", lines=b"\xef\xbb\xbf")
    desk.receive("tablet_vpn")
    bench = desk.read_submissions()
    assert rows(bench, "SELECT record_no, read_error FROM record") == [(1, "EMPTY_FILE")]


def test_damage_at_the_very_end_is_found(desk: Desk) -> None:
    for number, (bad, _) in enumerate(UNREADABLE.values()):
        if bad:
            desk.bundle(f"tablet_vpn/TB-{number:03d}", lines=GOOD + b"\n" + bad)
    desk.receive("tablet_vpn")
    bench = desk.read_submissions()
    last = "SELECT read_error FROM record QUALIFY row_number() OVER (PARTITION BY batch_id ORDER BY record_no DESC) = 1 ORDER BY received_at"
    assert [row[0] for row in rows(bench, last)] == [expected for bad, expected in UNREADABLE.values() if bad]


def test_values_are_typed(desk: Desk) -> None:
    bench = desk.read_lines(GOOD)
    assert rows(
        bench,
        "SELECT record_id, case_id, case_version, list_entry_no, is_training, started_at, completed_at, synced_at, started_offset_min, "
        "synced_offset_min, certificate_no, mistyped, unknown_key_count, byte_offset, byte_length, file_no FROM record",
    ) == [
        (
            desk.lake.batches()[0]["batch_id"][:16] + "-0000001", "case-1", 1, 1, False, datetime(2021, 10, 3, 9, 2, 10),  # noqa: DTZ001
            datetime(2021, 10, 3, 9, 20), datetime(2021, 10, 3, 21, 0), 300, 0, None, [], 0, 0, len(GOOD), 3,  # noqa: DTZ001
        )
    ]  # fmt: skip
    assert rows(bench, "SELECT iin, family_name, given_name, patronymic, sex, birth_on FROM identity") == [
        ("500101300012", "Әлиев", "Ұлан", None, 1, date(1950, 1, 1))
    ]
    assert rows(bench, "SELECT religion, is_proxy, languages_known, stay_from_on, proxy_reason FROM answers") == [
        (1, False, ["kk", "ru"], date(2019, 5, 1), None)
    ]


def test_moments_are_utc_wherever_the_machine_stands(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Almaty")
    bench = desk.read_lines(GOOD)
    assert rows(bench, "SELECT started_at, started_offset_min FROM record") == [(datetime(2021, 10, 3, 9, 2, 10), 300)]  # noqa: DTZ001


WRONG: list[tuple[str, object]] = [
    ("religion", "Islam"), ("religion", 1.5), ("religion", True), ("religion", [1]), ("religion", 10**12), ("religion", "1,2"), ("religion", " 1"),
    ("religion", "+1"), ("religion", "-"), ("religion", 1e3), ("religion", "1\u001f2"), ("is_proxy", 1), ("is_proxy", "yes"), ("is_proxy", {}),
    ("stay_from_on", "2021-02-30"), ("stay_from_on", "01.02.2021"), ("stay_from_on", 2021), ("stay_from_on", "2021-2-3"),
    ("languages_known", "kk"), ("languages_known", [1]), ("languages_known", [None]), ("languages_known", ["kk", {"a": 1}]), ("languages_known", {}),
    ("usual_address_text", {"street": 1}), ("usual_address_text", ["a"]), ("iin", ["500101300012"]), ("sex", "male"), ("sex", {}),
    ("birth_date", "1950"), ("birth_date", "1950-13-01"), ("case_version", "one"), ("case_version", 1.5), ("is_training", "no"), ("case_id", {"a": 1}),
    ("started_at", "2021-10-03 14:02:10+05:00"), ("started_at", "2021-10-03T14:02:10"), ("started_at", "2021-10-03T25:02:10+05:00"),
    ("started_at", 1633250000), ("completed_at", "2021-10-03T14:02:10+99:99"), ("completed_at", "soon"), ("synced_at", []),
    ("identity", "nobody"), ("identity", [1]), ("answers", 17), ("answers", [{"religion": 1}]),
]  # fmt: skip


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    """What was read of every submission with a wrong value: error, names set aside, and the row of each table."""
    desk = Desk(tmp_path_factory.mktemp("wrong"), threads=2, memory_limit="1GB")
    said = [
        {**submission(), name: value} if name in ("identity", "answers") else submission(**{name: value})
        for name, value in WRONG
    ]
    bench = desk.read_lines(*map(line, said))
    return rows(
        bench,
        "SELECT read_error, mistyped, record, identity, answers FROM record JOIN identity USING (record_id) JOIN answers USING (record_id)",
    )


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_a_value_of_the_wrong_type_is_set_aside_and_named(wrong: list[tuple[Any, ...]], number: int) -> None:
    name, _ = WRONG[number]
    error, mistyped, *tables = next(row for row in wrong if row[2]["record_no"] == number + 1)
    assert (error, mistyped) == (None, [name])
    if name not in ("identity", "answers"):
        assert [table[_column(name)] for table in tables if _column(name) in table] == [None]


def _column(name: str) -> str:
    return "birth_on" if name == "birth_date" else name


def test_every_wrong_value_of_a_record_is_named(desk: Desk) -> None:
    bench = desk.read_lines(line(submission(religion="x", stay_from_on="y", sex="z", completed_at="w", is_proxy="v")))
    assert rows(bench, "SELECT mistyped FROM record") == [
        (["completed_at", "is_proxy", "religion", "sex", "stay_from_on"],)
    ]


INNOCENT: list[tuple[str, object, object]] = [
    ("usual_address_text", "NaN", "NaN"), ("usual_address_text", "[Актау", "[Актау"), ("usual_address_text", "{дом 5}", "{дом 5}"),
    ("usual_address_text", "infinity, nan", "infinity, nan"), ("usual_address_text", 'a",}', 'a",}'), ("usual_address_text", ",]", ",]"),
    ("usual_address_text", "", None), ("usual_address_text", "\u0000\u0001", "\u0000\u0001"), ("usual_address_text", "a\u001fb", "a\u001fb"),
    ("usual_address_text", '":null "x":', '":null "x":'), ("usual_address_text", 5, "5"), ("usual_address_text", "😀" * 50, "😀" * 50),
    ("religion", "1", 1), ("religion", -5, -5), ("languages_known", [], []), ("languages_known", ['k"]', "é"], ['k"]', "é"]),
    ("religion", None, None), ("religion", ..., None), ("family_name", "Нан", "Нан"), ("family_name", "Nan", "Nan"), ("family_name", "Inf", "Inf"),
]  # fmt: skip


@pytest.mark.parametrize("is_ascii", [True, False])
def test_what_only_looks_damaged_is_taken(desk: Desk, is_ascii: bool) -> None:
    bench = desk.read_lines(*(line(submission(**{name: value}), ensure_ascii=is_ascii) for name, value, _ in INNOCENT))
    found = rows(
        bench,
        "SELECT read_error, mistyped, unknown_key_count, identity, answers FROM record JOIN identity USING (record_id) "
        "JOIN answers USING (record_id) ORDER BY record_no",
    )
    assert len(found) == len(INNOCENT)
    for (error, mistyped, unknown, *tables), (name, value, expected) in zip(found, INNOCENT, strict=True):
        assert (error, mistyped, unknown) == (None, [], 0), value
        assert next(table[name] for table in tables if name in table) == expected, value


def test_unknown_keys_are_counted(desk: Desk) -> None:
    said = submission(unknown_answer=1)
    said["unknown_top"] = {"a": {"b": 2}}
    said["identity"]["unknown_identity"] = None
    bench = desk.read_lines(line(said), line(submission(2)), NOTHING_NULL, NOTHING_NULL[:-1] + b', "zz": 1}')
    assert rows(bench, "SELECT unknown_key_count FROM record ORDER BY record_no") == [(3,), (0,), (0,), (1,)]


def test_missing_parts_are_null(desk: Desk) -> None:
    lines = [
        line({k: v for k, v in submission().items() if k != missing})
        for missing in ("identity", "answers", "case_id", "started_at")
    ]
    bench = desk.read_lines(*lines, b"{}")
    assert rows(bench, "SELECT DISTINCT read_error, mistyped, unknown_key_count FROM record") == [(None, [], 0)]
    assert rows(bench, "SELECT count(*) FROM identity") == rows(bench, "SELECT count(*) FROM answers") == [(5,)]


def digests(bench: Any) -> list[str]:
    """Return the answers' digests in order of lines."""
    return [row[0] for row in rows(bench, "SELECT answers_sha256 FROM record ORDER BY received_at, record_no")]


def shuffled(said: dict[str, Any], seed: int) -> dict[str, Any]:
    """Return the same submission with keys in another order, absent answers as nulls."""
    answers = {**said["answers"], "proxy_reason": None, "occupation": None}
    parts = {**said, "answers": answers}
    dice = random.Random(seed)
    return {
        key: dict(dice.sample(sorted(value.items()), len(value))) if isinstance(value, dict) else value
        for key, value in dice.sample(sorted(parts.items()), len(parts))
    }


def test_the_digest_of_answers_does_not_see_how_they_were_written(desk: Desk) -> None:
    said = submission(usual_address_text="Ақтау", case_status="submitted")
    later = {
        **said,
        "synced_at": None,
        "device_id": "TB-0099",
        "certificate_no": "7",
        "mode": "web_self",
        "case_version": 2,
    }
    bench = desk.read_lines(
        line(said),
        line(said, separators=(",", ":")),
        b"  " + json.dumps(said).encode() + b"\r",
        line(shuffled(said, 1), indent=None),
        line(shuffled(said, 2), separators=(" ,  ", " :  ")),
        line({**said, "completed_at": "2021-10-03T14:20:00.000+05:00"}),
        line(later),
    )
    assert len(set(digests(bench))) == 1


def test_the_digest_of_answers_sees_every_change(desk: Desk) -> None:
    changes: list[dict[str, object]] = [
        {}, {"religion": 2}, {"religion": None}, {"family_name": "Алиев"}, {"patronymic": "x"}, {"completed_at": "2021-10-03T14:20:01+05:00"},
        {"completed_at": "2021-10-03T15:20:00+06:00"}, {"case_id": "case-2"}, {"languages_known": ["ru", "kk"]}, {"languages_known": []},
        {"is_proxy": True}, {"religion": "x"}, {"stay_from_on": "2019-05-02"}, {"stay_from_on": "bad"}, {"usual_address_text": "a\u001fb"},
    ]  # fmt: skip
    found = digests(desk.read_lines(*(line(submission(**change)) for change in changes)))
    assert len(set(found)) == len(changes)


def test_different_wrong_values_differ_and_fields_do_not_run_into_each_other(desk: Desk) -> None:
    found = digests(
        desk.read_lines(
            line(submission(religion="x")),
            line(submission(religion="y")),
            line(submission(family_name="A", given_name="BC")),
            line(submission(family_name="AB", given_name="C")),
            line(submission(family_name="A\u001fB", given_name="C")),
            line(submission(family_name="A", given_name="B\u001fC")),
            line({**submission(), "identity": "x"}),
            line({**submission(), "identity": "y"}),
        )
    )
    assert len(set(found)) == len(found)


def test_the_same_control_character_written_two_ways_is_the_same(desk: Desk) -> None:
    said = line(submission(usual_address_text="a\u001fb"))
    first, second = digests(desk.read_lines(said, said.replace(b"\\u001f", b"\\u001F")))
    assert first == second


# ------------------------------------------------------------------ files and bundles


def test_a_torn_tail_is_one_unreadable_record(desk: Desk) -> None:
    whole = b"\n".join([line(submission(n)) for n in (1, 2, 3)]) + b"\n"
    bench = desk.read_lines(whole[:-30], end=b"", seal=Seal(is_cut=True), case_count=3)
    assert rows(bench, "SELECT record_no, read_error FROM record ORDER BY 1") == [
        (1, None),
        (2, None),
        (3, "TRUNCATED"),
    ]


def test_of_a_bundle_nobody_answers_for_every_line_is_a_record_and_none_is_read(desk: Desk) -> None:
    bench = desk.read_lines(GOOD, b"{", b"x" * 3_000_000, b"", GOOD, end=b"", seal=Seal("KEY_UNKNOWN"))
    assert rows(bench, "SELECT read_error, case_id, answers_sha256 FROM record") == [("KEY_UNKNOWN", None, None)] * 5
    assert rows(bench, "SELECT count(*) FROM identity UNION ALL SELECT count(*) FROM answers") == [(0,), (0,)]


def test_a_last_line_without_newline_is_a_line(desk: Desk) -> None:
    bench = desk.read_lines(GOOD, GOOD, end=b"")
    assert rows(bench, "SELECT read_error FROM record") == [(None,), (None,)]


def test_an_empty_file_is_one_unreadable_record(desk: Desk) -> None:
    bench = desk.read_lines(end=b"")
    assert rows(bench, "SELECT record_no, read_error, byte_length FROM record") == [(1, "EMPTY_FILE", 0)]


def test_a_damaged_manifest_is_one_unreadable_record_and_the_submissions_are_read(desk: Desk) -> None:
    desk.bundle("tablet_vpn/TB-1", lines=GOOD + b"\n")
    desk.put("tablet_vpn/TB-1/manifest.json", b"{")
    desk.receive("tablet_vpn")
    bench = desk.read_submissions()
    assert rows(bench, "SELECT record_no, file_no, read_error, case_id FROM record ORDER BY 1") == [
        (1, 1, "BAD_MANIFEST", None),
        (2, 3, None, "case-1"),
    ]


def test_a_foreign_file_in_a_bundle_is_one_unreadable_record(desk: Desk) -> None:
    folder = desk.bundle("tablet_vpn/TB-1", lines=GOOD + b"\n")
    (folder / "photo.jpg").write_bytes(b"\xff\xd8" * 5000)
    (folder / "submissions-2.ndjson").write_bytes(line(submission(2)) + b"\n")
    desk.receive("tablet_vpn")
    bench = desk.read_submissions()
    assert rows(bench, "SELECT record_no, file_no, read_error FROM record ORDER BY 1") == [
        (1, 2, "UNKNOWN_FILE"),
        (2, 4, None),
        (3, 5, None),
    ]


def test_a_byte_order_mark_is_not_part_of_the_first_line(desk: Desk) -> None:
    bench = desk.read_lines(feed.BOM + GOOD, GOOD)
    assert rows(bench, "SELECT read_error, byte_offset, bytes_sha256 FROM record ORDER BY record_no") == [
        (None, 3, hashlib.sha256(GOOD).hexdigest()),
        (None, 4 + len(GOOD), hashlib.sha256(GOOD).hexdigest()),
    ]


def test_places_lead_back_to_the_line(desk: Desk) -> None:
    lines = [line(submission(n, usual_address_text="я" * (n * 37 % 400))) for n in range(1, 200)]
    bench = desk.read_lines(*lines)
    manifest = desk.lake.batches()[0]
    path = desk.lake.landing / "tablet_vpn" / manifest["batch_id"] / "files" / "submissions.ndjson"
    content = path.read_bytes()
    found = rows(bench, "SELECT byte_offset, byte_length FROM record ORDER BY record_no")
    assert [content[offset : offset + length] for offset, length in found] == lines


def test_nothing_received_gives_empty_tables(desk: Desk) -> None:
    bench = desk.read()
    for table in (
        "record",
        "identity",
        "answers",
        "batch",
        "batch_daily",
        "intake_record",
        "list",
        "institution",
        "headcount",
    ):
        assert rows(bench, f"SELECT count(*) FROM {table}") == [(0,)], table


FRAGMENTS = [
    GOOD,
    *(bad for bad, _ in UNREADABLE.values() if len(bad) < 10_000),
    b"{}",
    b'{"a":1}',
    b"\r",
    b"\xff",
    b"[]",
]
fragments = st.integers(0, len(FRAGMENTS) - 1) | st.binary(max_size=30).filter(lambda text: b"\n" not in text)


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@pytest.mark.timeout(300)
@given(picks=st.lists(fragments, min_size=1, max_size=40), block=st.sampled_from([64, 997, 4096]))
def test_every_line_is_accounted_for_exactly_once(picks: list[int | bytes], block: int) -> None:
    """Whatever the bytes, and wherever blocks end: as many records as lines, in order, with the digest of their bytes."""
    lines = [FRAGMENTS[pick] if isinstance(pick, int) else pick for pick in picks]
    with tempfile.TemporaryDirectory() as root, pytest.MonkeyPatch.context() as patch:
        patch.setattr(feed, "BLOCK", max(block, 2 * max(map(len, lines)) + 2))
        patch.setattr(feed, "BATCH_BYTES", block)
        desk = Desk(Path(root), threads=2, memory_limit="500MB")
        bench = desk.read_lines(*lines)
        content = b"\n".join(lines) + b"\n"
        expected = content.removeprefix(feed.BOM).split(b"\n")[:-1]
        found = rows(bench, "SELECT record_no, bytes_sha256, read_error FROM record ORDER BY record_no")
        assert [row[0] for row in found] == list(range(1, len(expected) + 1))
        assert [row[1] for row in found] == [hashlib.sha256(text).hexdigest() for text in expected]
        for (_, _, error), text in zip(found, expected, strict=True):
            strict = feed.strict_fault(text)
            assert (error is None) == (
                strict is None and json.loads(text).__class__ is dict and not _is_lone_surrogate(text)
            ), (error, strict)
        bench.close()


def test_a_line_of_twelve_bytes_may_hold_any_bytes(tmp_path: Path) -> None:
    """A text so short lies in Arrow's view itself, in place of buffer and offset, which are never as large as these bytes."""
    bench = Desk(tmp_path).read_lines("ааааяя".encode(), "аааая".encode())
    assert rows(bench, "SELECT read_error FROM record ORDER BY record_no") == [("NOT_JSON",), ("NOT_JSON",)]
    bench.close()


def _is_lone_surrogate(text: bytes) -> bool:
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False
