"""Fits a model to a file of records nobody has labelled.

u comes from pairs taken at random, m from the candidate pairs by expectation maximisation. The odds are those of any two records, not those
within a block: a pair that shares no block counts as two people, so that all blocks are learnt from at once and no field is left out because
a block was made of it. What is known already (the prior) counts like so many pairs seen before; a file too small to learn from leaves it as it is.
"""

from __future__ import annotations

import duckdb
import numpy as np
from numpy.typing import NDArray

from pipeline.resolve.link.model import KIN, LEVELS, Model

Shares = dict[str, NDArray[np.float64]]

RANDOM_PAIRS = 200_000
PRIOR_RANDOM_PAIRS = 2_000
PRIOR_PAIRS = 20
ROUNDS = 100
SETTLED = 1e-5
SHARED_BY_KIN = ("family", "patronymic", "place")


def fit(con: duckdb.DuckDBPyConnection, prior: Model) -> Model:
    """Fit a model to the tables `record` and `pair` of `con`, starting from what `prior` knows.

    Parameters
    ----------
    con
        Holds `record`, `pair` (compared candidates) and the macros of this folder.
    prior
        The model the file is held to where it says little itself.

    Returns
    -------
    Model
        Parameters of this file; the same for the same rows, in whatever order they come.
    """
    records = con.execute("SELECT count(*) FROM record").fetchall()[0][0]
    every_pair = max(1.0, records * (records - 1) / 2)
    levels, counts = _patterns(con)
    if not len(counts):
        return prior
    seen = _random_shares(con, prior)
    known_m, known_kin = _arrays(prior.m), _arrays(prior.kin)
    known_odds = np.array([prior.odds(prior.pairs_per_record, records), prior.odds(prior.kin_per_record, records)])
    m, kin, u, odds = known_m, known_kin, seen, known_odds
    for _ in range(ROUNDS):
        one_person, one_family = _chances(levels, m, kin, u, odds) * counts
        before = m
        m = {name: _share(levels[:, i], one_person, PRIOR_PAIRS * known_m[name]) for i, name in enumerate(LEVELS)}
        kin = {
            name: _share(levels[:, list(LEVELS).index(name)], one_family, PRIOR_PAIRS * known_kin[name]) for name in KIN
        }
        found = np.array([one_person.sum(), one_family.sum()])
        odds = (found + 1) / (every_pair + 1 / known_odds)
        u = {name: _without_matches(seen[name], m[name], odds[0]) for name in LEVELS}
        if max(float(np.abs(m[name] - before[name]).max()) for name in LEVELS) < SETTLED:
            break
    per_record = odds * every_pair / max(1, records)
    return Model(
        m=_tuples(m),
        u=_tuples(u),
        kin=_tuples(kin),
        pairs_per_record=float(per_record[0]),
        kin_per_record=float(per_record[1]),
        training={"records": records, "candidate_pairs": int(counts.sum()), "patterns": len(counts)},
    )


def _patterns(con: duckdb.DuckDBPyConnection) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give each combination of levels found among the candidates that may be one person, and how many pairs have it."""
    names = ", ".join(LEVELS)
    rows = con.execute(
        f"SELECT {names}, count(*) FROM pair WHERE NOT is_parted GROUP BY {names} ORDER BY {names}"
    ).fetchall()
    table = np.array(rows, dtype=np.int64).reshape(-1, len(LEVELS) + 1)
    return table[:, :-1], table[:, -1].astype(float)


def _random_shares(con: duckdb.DuckDBPyConnection, prior: Model) -> Shares:
    """How often each level is met by chance; of equal values, which are rare, by counting the values."""
    names = ", ".join(LEVELS)
    con.execute(f"CREATE OR REPLACE TEMP TABLE random AS FROM random_pair({RANDOM_PAIRS})")
    found = con.execute(
        f"SELECT {names}, count(*) FROM compared('random') GROUP BY {names} ORDER BY {names}"
    ).fetchall()
    table = np.array(found, dtype=np.int64).reshape(-1, len(LEVELS) + 1)
    counts = table[:, -1].astype(float)
    return {
        name: _share(table[:, i], counts, PRIOR_RANDOM_PAIRS * np.array(prior.u[name])) for i, name in enumerate(LEVELS)
    }


def _share(level: NDArray[np.int64], weight: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    counted = np.bincount(level, weights=weight, minlength=len(prior) + 1)[1:] + prior
    shares: NDArray[np.float64] = counted / counted.sum()
    return shares


def _chances(
    levels: NDArray[np.int64], m: Shares, kin: Shares, u: Shares, odds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give the chances of each combination of levels to be one person, and one family."""
    weight = np.log(odds)[:, np.newaxis] + np.zeros((2, len(levels)))
    for i, name in enumerate(LEVELS):
        for row, shares in enumerate((m, {**u, **{name: m[name] for name in SHARED_BY_KIN}, **kin})):
            weight[row] += np.concatenate(([0.0], np.log(shares[name] / u[name])))[levels[:, i]]
    likelihood = np.exp(np.minimum(weight, 500))
    chances: NDArray[np.float64] = likelihood / (1 + likelihood.sum(axis=0))
    return chances


def _without_matches(seen: NDArray[np.float64], m: NDArray[np.float64], odds: float) -> NDArray[np.float64]:
    """Of pairs taken at random some are one person; in a small file they are most of the equal numbers."""
    shares: NDArray[np.float64] = np.maximum(seen - odds * m, seen / 100)
    share: NDArray[np.float64] = shares / shares.sum()
    return share


def _arrays(shares: dict[str, tuple[float, ...]]) -> Shares:
    return {name: np.array(each) for name, each in shares.items()}


def _tuples(shares: Shares) -> dict[str, tuple[float, ...]]:
    return {name: tuple(map(float, each)) for name, each in shares.items()}
