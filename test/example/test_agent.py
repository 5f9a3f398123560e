"""The agent goes on after its death, and takes other ways from its past."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest


@pytest.fixture
def agent(examples, environment, in_tmp):
    """Runs a command of the agent, and returns how that ended."""

    def agent(command, *args):
        script = examples / "agent.py"
        return subprocess.run(
            [sys.executable, script, command, *args],
            check=False,
            env=environment,
            capture_output=True,
            text=True,
        )

    return agent


def history(agent, name):
    """What is said of each step of an agent."""
    done = agent("history", "maze.db", "--name", name, "--shown", "100")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_all_is_shown(run, examples):
    killed, resumed, last, learned, forked = run(examples / "agent.py").stdout.split(
        "\n\n", 4
    )
    assert "agent, from step 1: eesseenneeeeeessbbb\nexit code -9" in killed
    assert "agent, from step 20: " in resumed
    assert "out after step 61, by 25 places" in resumed
    assert last.count("completed") == 5
    assert learned.splitlines()[1:] == ["  + seen[16]: (3, 11)"]
    assert "fork, from step 7: " in forked
    assert "out after step 25, by 25 places" in forked


def test_killed_agent_goes_on_as_if_nothing_had_been(agent):
    killed = agent("run", "maze.db", "--name", "killed", "--kill-at", "33")
    assert killed.returncode == -9
    assert len(history(agent, "killed")) == 32
    moves = [
        re.search(r"from step (\d+): (\w+)", done.stdout).groups()
        for done in (
            killed,
            agent("run", "maze.db", "--name", "killed"),
            agent("run", "maze.db", "--name", "unharmed"),
        )
    ]
    assert [first for first, _ in moves] == ["1", "33", "1"]
    assert moves[0][1] + moves[1][1] == moves[2][1]
    assert history(agent, "killed") == history(agent, "unharmed")


def test_fork_has_the_past_and_another_future(agent):
    agent("run", "maze.db")
    assert agent("fork", "maze.db", "6", "other").returncode == 0
    assert history(agent, "other") == history(agent, "agent")[:6]
    agent("run", "maze.db", "--name", "other", "--order", "eswn")
    assert history(agent, "other")[:6] == history(agent, "agent")[:6]
    assert len(history(agent, "other")) < len(history(agent, "agent"))


def test_differences_are_printed(agent):
    agent("run", "maze.db")
    done = agent("diff", "maze.db", "1", "2")
    assert done.stdout.splitlines() == [
        "  + trail[2]: (1, 3)",
        "  + seen[2]: (1, 3)",
    ]


def test_errors_are_told(agent):
    agent("run", "maze.db", "--kill-at", "3")
    done = agent("diff", "maze.db", "1", "9")
    assert done.returncode == 1
    assert done.stderr.startswith("agent.py: No state 9 of ")
    done = agent("run", "maze.db", "--order", "north")
    assert done.returncode == 2
    assert "'north' must have n, e, s and w, each once" in done.stderr


@pytest.mark.parametrize("command", ["run", "history", "diff", "fork"])
def test_help(agent, run, examples, command):
    assert (
        f"  agent.py {command} maze.db" in run(examples / "agent.py", "--help").stdout
    )
    done = agent(command, "--help")
    assert done.returncode == 0
    assert "the file that keeps what agents know" in done.stdout
