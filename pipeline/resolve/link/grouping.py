"""Makes people of weighed pairs: strongest first, and never of two numbers that are two people's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# A number that can part two people, and the given name beside it.
Face = tuple[str, str | None]


def group(links: Sequence[tuple[int, int]], faces: Mapping[int, Face]) -> dict[int, int]:
    """Give the person, named by its lowest record, of every record that was linked.

    Parameters
    ----------
    links
        Pairs of records that are one person, the surest first: where a group cannot be one person it comes apart at its weakest link.
    faces
        Of every record with a number that can part two people. A group bears two such numbers only if each face of the one was linked to each
        face of the other.
    """
    agreed = {
        pair
        for a, b in links
        if a in faces and b in faces and faces[a][0] != faces[b][0]
        for pair in ((faces[a], faces[b]), (faces[b], faces[a]))
    }
    leader: dict[int, int] = {}
    size: dict[int, int] = {}
    given: dict[int, dict[str, set[str | None]]] = {}  # of a group, the names beside each number

    def led_by(no: int) -> int:
        while (above := leader.setdefault(no, no)) != no:
            leader[no] = leader[above]
            no = above
        return no

    def borne_by(no: int) -> dict[str, set[str | None]]:
        if no not in given:
            given[no] = {faces[no][0]: {faces[no][1]}} if no in faces else {}
        return given[no]

    for a, b in links:
        kept, gone = sorted((led_by(a), led_by(b)), key=lambda no: size.get(no, 1), reverse=True)
        if kept == gone or not _agree(borne_by(kept), borne_by(gone), agreed):
            continue
        leader[gone] = kept
        size[kept] = size.get(kept, 1) + size.pop(gone, 1)
        for number, names in given.pop(gone).items():
            given[kept].setdefault(number, set()).update(names)
    lowest: dict[int, int] = {}
    return {no: lowest.setdefault(led_by(no), no) for no in sorted(leader)}


def _agree(one: dict[str, set[str | None]], other: dict[str, set[str | None]], agreed: set[tuple[Face, Face]]) -> bool:
    return all(x == y or all(((x, g), (y, h)) in agreed for g in one[x] for h in other[y]) for x in one for y in other)
