from __future__ import annotations

from hypothesis import given

from zensols.persist.stash.lmdbnames import LONGEST, to_key, to_name
from zensols.persist.testing.keys import HOSTILE_KEYS, keys


@given(keys())
def test_ordinary_names_tell_their_key(key: str) -> None:
    name = to_name(key)
    assert 1 <= len(name) <= LONGEST
    assert to_key(name) in {key, None}
    assert (to_key(name) is None) == (len(key.encode("utf-8", "surrogatepass")) > 511)


def test_no_two_share_a_name() -> None:
    known = {key for group in HOSTILE_KEYS.values() for key in group}
    known |= {"a" * n for n in range(505, 520)}
    # Whose UTF-8 might look like a digest.
    known |= {"\xff", "\xff" * 33, to_name("a" * 512).decode("latin-1")}
    assert len({to_name(key) for key in known}) == len(known)


def test_foreign_names_have_no_key() -> None:
    assert to_key(b"\xfe") is None
    assert to_key(b"a\xff") is None
