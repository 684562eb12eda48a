"""What a build got wrong, one mistake at a time: whose it is, which records, what of them differs and how; and what the mistakes have in common.

Fields are invented, received and built as `make accuracy` does it. The people are invented too, and still no name, number or date is shown: a
field is told by how alike it is in two records (`=` equal, `≈` near, `≠` different, `·` one of them says nothing).

Run: python -m tools.mistakes --first 501 --seeds 5
"""

from __future__ import annotations

import argparse
import shutil
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from pipeline import identifiers, resolve
from sandbox.campaign import NIGHTS, create
from sandbox.evaluate import Mistake, find_mistakes
from tools.accuracy import STEPS, WORK, builds

WORST = 20
SIGN = {2: "=", 1: "≈", 0: "·", -1: "≠"}
FIELDS = ("number", "family name", "given name", "father's name", "birth date", "sex")
PEOPLE = """
SELECT
    person_key,
    concat_ws(
        ', ', category_code, kind,
        CASE WHEN usual_institution_id IS NOT NULL THEN 'usual there' END,
        CASE
            WHEN present_institution_id = institution_id THEN 'present there'
            WHEN present_institution_id IS NOT NULL THEN 'present at another institution'
        END,
        CASE WHEN scope <> 'IN' THEN scope END,
        CASE WHEN NOT has_iin THEN 'has no number' END,
        CASE WHEN twin_key IS NOT NULL THEN 'a twin' WHEN family_key IS NOT NULL THEN 'has kin there' END
    )
FROM read_parquet('{truth}/persons.parquet')
"""
RECORDS = """
WITH truth AS (
    SELECT DISTINCT route, bytes_sha256, person_key, filled_at_institution_id, hold_reason, scope_reason
    FROM read_parquet('{truth}/records.parquet')
)

SELECT
    record.record_id,
    concat_ws(
        ', ', site.category_code, record.route, record.mode,
        CASE WHEN answers.is_proxy THEN 'from ' || COALESCE(answers.proxy_source, 'others') END,
        CASE WHEN answers.stay_from_on IS NOT NULL THEN 'says when the stay began' END,
        CASE WHEN record.institution_id <> truth.filled_at_institution_id THEN 'another institution is written' END,
        CASE WHEN respondent.is_placeholder THEN 'without a name' END,
        CASE WHEN respondent.iin_is_contested THEN 'a contested number' WHEN respondent.iin IS NULL THEN 'without a number' END
    ),
    concat_ws(
        ', ', COALESCE(truth.hold_reason, truth.scope_reason, 'in play'), '→ ' || state.state, state.reason, respondent.relocation_reason,
        'by ' || respondent.evidence, person.basis,
        CASE WHEN person.on_list THEN 'on the list' WHEN person.person_id IS NOT NULL THEN 'on no list' END
    )
FROM read_parquet('{build}/read/record/*.parquet') AS record
JOIN read_parquet('{build}/read/answers/*.parquet') AS answers USING (record_id)
JOIN read_parquet('{build}/resolve/record_state.parquet') AS state USING (record_id)
JOIN truth ON record.route = truth.route AND record.bytes_sha256 = truth.bytes_sha256
LEFT JOIN read_parquet('{build}/resolve/respondent.parquet') AS respondent USING (record_id)
LEFT JOIN read_parquet('{build}/resolve/person.parquet') AS person ON record.record_id = person.survivor_record_id
LEFT JOIN read_parquet('{build}/read/institution.parquet') AS site ON truth.filled_at_institution_id = site.institution_id
"""
TOLD = """
CREATE TABLE told AS
SELECT
    identity.record_id,
    CASE WHEN iin_is_well_formed(identity.iin) THEN identity.iin END AS iin,
    identity.family_name,
    given_alone(identity.given_name) AS given_name,
    COALESCE(identity.patronymic, patronymic_within(identity.given_name)) AS patronymic,
    identity.sex,
    identity.birth_on,
    COALESCE(identity.birth_date_precision, 'DAY') = 'DAY' AND (month(identity.birth_on) > 1 OR day(identity.birth_on) > 1) AS is_birth_exact,
    record.institution_id,
    member.person_id
FROM read_parquet('{build}/read/identity/*.parquet') AS identity
JOIN read_parquet('{build}/read/record/*.parquet') AS record USING (record_id)
LEFT JOIN read_parquet('{build}/resolve/person_record.parquet') AS member USING (record_id)
"""
# Keys of every spelling once; then every two records of one mistake, whether the build compared them or not.
SPELLING = """
CREATE TABLE spelling AS
SELECT raw, is_placeholder, fold, family_stem, patronymic_stem, name_key
FROM name_keys('typed')
WHERE raw IS NOT NULL
"""
TYPED = """
CREATE VIEW typed AS
SELECT family_name AS raw FROM told UNION SELECT given_name FROM told UNION SELECT patronymic FROM told
"""
PAIRS = """
SELECT
    [
        iin_likeness(a.iin, b.iin),
        name_likeness(a_family.family_stem, a_family.name_key, b_family.family_stem, b_family.name_key),
        name_likeness(a_given.fold, a_given.name_key, b_given.fold, b_given.name_key),
        name_likeness(a_father.patronymic_stem, a_father.name_key, b_father.patronymic_stem, b_father.name_key),
        birth_likeness(a.birth_on, a.is_birth_exact, b.birth_on, b.is_birth_exact),
        COALESCE(plain_likeness(a.sex, b.sex), -1)
    ],
    concat_ws(
        ', ', CASE WHEN compared.is_swapped THEN 'names swapped' END,
        CASE WHEN a.institution_id = b.institution_id THEN 'one institution written' ELSE 'two institutions written' END,
        CASE WHEN NOT (a.is_birth_exact AND b.is_birth_exact) THEN 'a guessed birth date' END,
        CASE WHEN compared.left_record_id IS NULL THEN 'never compared' END,
        CASE WHEN a.person_id = b.person_id THEN 'made one' END, 'tier ' || compared.tier, compared.bar,
        'a human is asked: ' || compared.review_reason
    )
FROM told AS a
JOIN told AS b ON a.record_id = '{one}' AND b.record_id = '{other}'
LEFT JOIN spelling AS a_family ON a.family_name = a_family.raw
LEFT JOIN spelling AS b_family ON b.family_name = b_family.raw
LEFT JOIN spelling AS a_given ON a.given_name = a_given.raw
LEFT JOIN spelling AS b_given ON b.given_name = b_given.raw
LEFT JOIN spelling AS a_father ON a.patronymic = a_father.raw
LEFT JOIN spelling AS b_father ON b.patronymic = b_father.raw
LEFT JOIN read_parquet('{build}/resolve/compared_pair.parquet') AS compared
    ON least(a.record_id, b.record_id) = least(compared.left_record_id, compared.right_record_id)
    AND greatest(a.record_id, b.record_id) = greatest(compared.left_record_id, compared.right_record_id)
"""


class Reader:
    """Tells in words what mistakes of one build are about.

    Parameters
    ----------
    build
        Folder of the build.
    truth
        The ``truth`` folder of the campaign.
    """

    def __init__(self, build: Path, truth: Path) -> None:
        self.build = build
        self.con = duckdb.connect()
        identifiers.register(self.con)
        self.con.execute((resolve.FOLDER / "points.sql").read_text(encoding="utf-8"))
        self.con.execute((resolve.FOLDER / "likeness.sql").read_text(encoding="utf-8"))
        for query in (TOLD, TYPED, SPELLING):
            self.con.execute(query.format(build=build))
        self.people = dict(self.con.execute(PEOPLE.format(truth=truth)).fetchall())
        records = self.con.execute(RECORDS.format(build=build, truth=truth)).fetchall()
        self.records = {record_id: (who, fate) for record_id, who, fate in records}

    def lines(self, mistake: Mistake) -> Iterator[str]:
        """Tell one mistake: what is wrong, then the people, their records, and what of these differs."""
        yield _kinds(mistake)
        for key in mistake.people:
            yield f"    person {self.people[key]}"
        for number, record_id in enumerate(mistake.records, start=1):
            yield f"    record {number}: {'; '.join(self.records[record_id])}"
        for (one, left), (other, right) in combinations(enumerate(mistake.records, start=1), 2):
            yield f"    {one} and {other}: {self._pair(left, right)}"

    def common(self, mistake: Mistake) -> Iterator[str]:
        """Give what a mistake may have in common with others."""
        yield _kinds(mistake)
        told = " ".join("; ".join(self.records[record_id]) for record_id in mistake.records)
        people = [self.people[key] for key in mistake.people]
        yield f"category {people[0].split(', ')[0]}" if people else "nobody: the person was invented"
        for trait in (
            "without a number",
            "without a name",
            "a contested number",
            "another institution is written",
            "on no list",
        ):
            if trait in told:
                yield f"a record {trait}"
        if any("a twin" in person or "has kin" in person for person in people):
            yield "kin in the same place"
        if any("a human is asked" in self._pair(*pair) for pair in combinations(mistake.records, 2)):
            yield "a human is asked"

    def _pair(self, one: str, other: str) -> str:
        query = PAIRS.format(build=self.build, one=one, other=other)
        likes, rest = self.con.execute(query).fetchall()[0]
        return ", ".join(f"{name} {SIGN[like]}" for name, like in zip(FIELDS, likes, strict=True)) + f" ({rest})"


def _kinds(mistake: Mistake) -> str:
    return "; ".join(f"{kind}: {count}" for kind, count in mistake.kinds.items())


def read(seed: int, rate_scale: float, console: Console) -> tuple[int, Counter[str]]:
    """Print the worst mistakes of one field, and return how many there are and what they are counted by."""
    folder = WORK / f"mistakes-{rate_scale:g}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    create(folder, seed, 40, 3000, rate_scale)
    *_, build = builds(folder, NIGHTS[1:], STEPS)
    mistakes = find_mistakes(build, folder / "truth")
    reader = Reader(build, folder / "truth")
    for number, mistake in enumerate(mistakes[:WORST], start=1):
        console.print(f"seed {seed}, {number}:", *reader.lines(mistake), sep="\n", highlight=False)
    common = Counter(trait for mistake in mistakes for trait in set(reader.common(mistake)))
    shutil.rmtree(folder)
    return len(mistakes), common


def main() -> None:
    """Read the fields one after another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="how many fields")
    parser.add_argument("--first", type=int, default=501, help="seed of the first")
    parser.add_argument("--rate-scale", type=float, default=1.0, help="multiplies every rate of noise")
    options = parser.parse_args()
    console = Console(width=200, soft_wrap=True)
    total, common = 0, Counter[str]()
    for seed in range(options.first, options.first + options.seeds):
        found, traits = read(seed, options.rate_scale, console)
        total += found
        common += traits
    table = Table("in common", "mistakes", title=f"{total} mistakes in {options.seeds} fields")
    for trait, count in sorted(common.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(trait, str(count))
    console.print(table)


if __name__ == "__main__":
    main()
