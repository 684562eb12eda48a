"""A first look at a release, as a marimo notebook: `marimo edit docs/notebook.py`, or run it as a script.

It opens `census.duckdb` of the release in force under `SANAQ_LAKE` (`data/lake` when not set) read-only; what it shows is as confidential as the release.
"""

import marimo

app = marimo.App(width="medium", app_title="sanaq: a first look at a release")


@app.cell
def _():
    import os
    from html import escape
    from pathlib import Path

    import duckdb
    import marimo as mo

    lake = Path(os.environ.get("SANAQ_LAKE", "data/lake"))
    con = duckdb.connect(str(lake / "published" / "current" / "census.duckdb"), read_only=True)

    def asked(query: str) -> list[dict[str, object]]:
        cursor = con.execute(query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return asked, escape, mo


@app.cell
def _(asked, mo):
    (snapshot,) = asked("FROM meta.snapshot")
    mo.md(
        f"# A first look at a release\n\nCite it as `{snapshot['snapshot_id']}`; "
        f"received by {snapshot['as_of_at']} UTC, round {snapshot['round_id']}."
    )
    return (snapshot,)


@app.cell
def _(asked, mo):
    coverage = asked("FROM census.coverage_by_group")
    mo.vstack(
        [
            mo.md(
                "## Expected and counted\n\nUsual and present apart; an empty cell is withheld or not known, never zero."
            ),
            mo.ui.table(coverage, selection=None),
        ]
    )
    return (coverage,)


@app.cell
def _(asked, escape):
    pyramid = asked(
        "SELECT age_group, sum(usual_men_count) AS usual_men_count, sum(usual_women_count) AS usual_women_count "
        "FROM census.age_sex GROUP BY age_group ORDER BY age_group NULLS LAST"
    )

    def drawn(rows: list[dict[str, object]], men: str, women: str) -> str:
        """Draw men to the left and women to the right, the oldest on top."""
        most = max((int(row[side] or 0) for row in rows for side in (men, women)), default=0) or 1
        lines = []
        for number, row in enumerate(reversed(rows)):
            top, left, right = 14 * number, 200 * int(row[men] or 0) / most, 200 * int(row[women] or 0) / most
            lines.append(
                f'<rect x="{200 - left:.1f}" y="{top}" width="{left:.1f}" height="12" fill="#2b6cb0"/>'
                f'<text x="230" y="{top + 10}" font-size="10" text-anchor="middle">{escape(str(row["age_group"]))}</text>'
                f'<rect x="260" y="{top}" width="{right:.1f}" height="12" fill="#c05621"/>'
            )
        return f'<svg viewBox="0 0 460 {14 * len(rows)}" width="600" role="img">{"".join(lines)}</svg>'

    return drawn, pyramid


@app.cell
def _(drawn, mo, pyramid):
    mo.vstack(
        [
            mo.md(
                "## Age and sex of the usual residents\n\nMen to the left, women to the right; without those whose sex is withheld."
            ),
            mo.Html(drawn(pyramid, "usual_men_count", "usual_women_count")),
        ]
    )
    return


@app.cell
def _(asked, mo):
    answers = asked(
        "SELECT publication_group, mode, count(*) AS person_count FROM census.person_ru GROUP BY ALL ORDER BY ALL"
    )
    mo.vstack([mo.md("## How people answered"), mo.ui.table(answers, selection=None)])
    return


if __name__ == "__main__":
    app.run()
