"""Makes people of weighed pairs: strongest first, and never across what parts two records."""

from __future__ import annotations

from collections.abc import Iterable


def group(links: Iterable[tuple[int, int]], parted: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Give the person, named by its lowest record, of every record that shares it with another.

    Parameters
    ----------
    links
        Pairs of records that are one person, the surest first: where a group cannot be one person it comes apart at its weakest link.
    parted
        Pairs that are not; no group holds both.
    """
    apart: dict[int, set[int]] = {}
    for a, b in parted:
        apart.setdefault(a, set()).add(b)
        apart.setdefault(b, set()).add(a)
    members: dict[int, list[int]] = {}
    person: dict[int, int] = {}
    for a, b in links:
        one, other = person.get(a, a), person.get(b, b)
        if one == other:
            continue
        kept, gone = members.get(one, [one]), members.get(other, [other])
        if any(not apart[no].isdisjoint(gone) for no in kept if no in apart):
            continue
        first = min(one, other)
        members.pop(one, None)
        members.pop(other, None)
        members[first] = kept + gone
        for no in members[first]:
            person[no] = first
    return person
