"""Applications of Burr, which talk to themselves.

With actions that aren't coroutines, Burr 0.43 gives asynchronous persisters, its own
included, the state from before the step; so there are two of each.

"""

from __future__ import annotations

import asyncio
from typing import Any

from burr.core import Application, ApplicationBuilder, State, action
from burr.integrations.pydantic import PydanticTypingSystem
from pydantic import BaseModel


class Broken(Exception):
    """Raised by an action that can't do its work."""


@action(reads=["messages"], writes=["messages"])
def ask(state: State) -> State:
    return state.append(messages=f"question {len(state['messages'])}")


@action(reads=["messages"], writes=["messages"])
def answer(state: State, broken: bool = False) -> State:
    if broken:
        raise Broken
    return state.append(messages=f"answer {len(state['messages'])}")


def builder(
    persister: Any,
    app_id: str = "app",
    ask: Any = ask,
    answer: Any = answer,
    **fork: Any,
) -> ApplicationBuilder:
    return (
        ApplicationBuilder()
        .with_actions(ask=ask, answer=answer)
        .with_transitions(("ask", "answer"), ("answer", "ask"))
        .with_identifiers(app_id=app_id, partition_key="user 1")
        .with_state_persister(persister)
        .initialize_from(
            persister,
            resume_at_next_action=True,
            default_state={"messages": []},
            default_entrypoint="ask",
            **fork,
        )
    )


@action(reads=["messages"], writes=["messages"])
async def ask_later(state: State) -> State:
    await asyncio.sleep(0)
    return state.append(messages=f"question {len(state['messages'])}")


@action(reads=["messages"], writes=["messages"])
async def answer_later(state: State, broken: bool = False) -> State:
    await asyncio.sleep(0)
    if broken:
        raise Broken
    return state.append(messages=f"answer {len(state['messages'])}")


def async_builder(persister: Any, app_id: str = "app", **fork: Any) -> Any:
    return builder(persister, app_id, ask_later, answer_later, **fork)


def steps(app: Application, count: int) -> list[str]:
    """Take steps, and return which."""
    return [app.step()[0].name for _ in range(count)]


async def take(app: Application, count: int) -> list[str]:
    """Take steps, and return which."""
    return [(await app.astep())[0].name for _ in range(count)]


class Message(BaseModel):
    text: str


class Conversation(BaseModel):
    messages: list[Message] = []


@action.pydantic(reads=["messages"], writes=["messages"])
def say(state: Conversation) -> Conversation:
    state.messages.append(Message(text=f"message {len(state.messages)}"))
    return state


@action.pydantic(reads=["messages"], writes=["messages"])
async def say_later(state: Conversation) -> Conversation:
    await asyncio.sleep(0)
    state.messages.append(Message(text=f"message {len(state.messages)}"))
    return state


def typed_builder(persister: Any, say: Any = say) -> ApplicationBuilder:
    return (
        ApplicationBuilder()
        .with_typing(PydanticTypingSystem(Conversation))
        .with_actions(say=say)
        .with_transitions(("say", "say"))
        .with_identifiers(app_id="app", partition_key="user 1")
        .with_state_persister(persister)
        .initialize_from(
            persister,
            resume_at_next_action=True,
            default_state={"messages": []},
            default_entrypoint="say",
        )
    )
