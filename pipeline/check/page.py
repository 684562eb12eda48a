"""The first page of the gate report: every demand, what is not met first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gates of build {name}</title><style>
:root {{ color-scheme: light dark }}
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
td, th {{ border-bottom: 1px solid #8886; padding: .3rem .6rem; text-align: left; vertical-align: top }}
td.number {{ text-align: right; font-variant-numeric: tabular-nums }}
</style></head><body><h1>Gates of build {name}</h1>
<p>{verdict} Numbers only; no value of the data stands here or in the pages of the single gates.</p><ul>"""


def write_page(path: Path, name: str, verdict: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write the page; it links the pages of the single gates found beside it."""
    lines = [HEAD.format(name=escape(name), verdict=escape(verdict))]
    for page in sorted(path.parent.glob("validations/*/**/*.html")):
        place = page.relative_to(path.parent)
        lines.append(f'<li><a href="{escape(str(place))}">{escape(place.parts[1])}</a></li>')
    lines.append(
        f"</ul><table><thead><tr>{''.join(f'<th>{escape(column)}</th>' for column in columns)}</tr></thead><tbody>"
    )
    lines += [f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows]
    lines.append("</tbody></table></body></html>\n")
    path.write_text("\n".join(lines), encoding="utf-8")


def _cell(value: object) -> str:
    if isinstance(value, int):
        return f'<td class="number">{value}</td>'
    return f"<td>{escape('' if value is None else str(value))}</td>"
