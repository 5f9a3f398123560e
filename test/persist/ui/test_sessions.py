from __future__ import annotations

from zensols.persist.ui.sessions import Sessions


def test_session_ends_in_time() -> None:
    now = [0.0]
    sessions = Sessions(60, clock=lambda: now[0])
    token = sessions.begin()
    now[0] = 59.9
    assert sessions.has(token)
    now[0] = 60
    assert not sessions.has(token)


def test_session_is_ended() -> None:
    sessions = Sessions()
    one, other = sessions.begin(), sessions.begin()
    sessions.end(one)
    sessions.end(None)
    sessions.end("no such")
    assert not sessions.has(one)
    assert sessions.has(other)


def test_tokens_are_long_and_not_kept() -> None:
    sessions = Sessions()
    tokens = {sessions.begin() for _ in range(50)}
    assert len(tokens) == 50
    assert min(map(len, tokens)) >= 43
    kept = repr(vars(sessions))
    assert not any(token in kept for token in tokens)


def test_oldest_sessions_end_first() -> None:
    sessions = Sessions(most=2)
    first, second, third = (sessions.begin() for _ in range(3))
    assert [sessions.has(token) for token in (first, second, third)] == [
        False,
        True,
        True,
    ]


def test_nothing_is_no_token() -> None:
    sessions = Sessions()
    assert not sessions.has("")
    assert not sessions.has(None)
    assert not sessions.has("\ud800")
