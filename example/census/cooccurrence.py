"""Which identifiers go together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray


def count_together(
    groups: Iterable[frozenset[str]], words: Sequence[str]
) -> NDArray[np.int32]:
    """Return in how many groups each two words are; on the diagonal, in how many
    each is.

    """
    index = {word: i for i, word in enumerate(words)}
    counts = np.zeros((len(words), len(words)), np.int32)
    for group in groups:
        found = [index[word] for word in group & index.keys()]
        counts[np.ix_(found, found)] += 1
    return counts


def find_pairs(
    counts: NDArray[np.int32], words: Sequence[str], n: int
) -> list[tuple[str, str, float]]:
    """Return pairs of words that are seldom found without each other, and the
    share of the groups with either word that have both.

    :param counts: in how many groups each two words are

    :param n: how many pairs; no word is in two of them

    """
    alone = counts.diagonal()
    either = np.maximum(alone[:, None] + alone - counts, 1)
    # What is rare is together by chance.
    often = counts > 3 + alone.max(initial=0) // 1000
    share = np.triu(np.where(often, counts / either, 0), 1)
    left, right = np.nonzero(share)
    ranked = (
        (words[left[i]], words[right[i]], float(share[left[i], right[i]]))
        for i in np.argsort(-share[left, right], kind="stable")
    )
    return list(islice(_disjoint(ranked), n))


def _disjoint(
    pairs: Iterable[tuple[str, str, float]],
) -> Iterator[tuple[str, str, float]]:
    seen: set[str] = set()
    for one, other, share in pairs:
        if not seen & {one, other}:
            seen |= {one, other}
            yield one, other, share
