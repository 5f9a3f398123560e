"""Methods that get a resource made before, and destroyed after they run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

__all__ = ["resource"]


class resource:  # noqa: N801 - a decorator's name is its usage
    """Decorates a method to run with a resource, such as a connection, that
    other methods of the object create and destroy.  The resource is the first
    argument after ``self``.

    It is destroyed when the method has returned or raised; that of a generator
    when it is exhausted or closed, and that of a coroutine when it has been
    awaited.  If it can't be created, nothing is destroyed.

    As safe to use from several threads as the methods involved: each call has a
    resource of its own.

    >>> from zensols.persist.annotation import resource
    >>> class Database:
    ...     def _open(self):
    ...         return "connection"
    ...     def _close(self, connection):
    ...         print("closed", connection)
    ...     @resource("_open", "_close")
    ...     def query(self, connection, sql):
    ...         return f"{sql} over {connection}"
    >>> Database().query("select 1")
    closed connection
    'select 1 over connection'

    """

    def __init__(self, create_method_name: str, destroy_method_name: str) -> None:
        """
        :param create_method_name: the method that returns the resource

        :param destroy_method_name: the method that takes it when it is no longer
                                    needed

        """
        self.create_method_name = create_method_name
        self.destroy_method_name = destroy_method_name

    def __call__(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        """
        :param fn: the method

        :return: the method without the parameter for the resource

        """
        import inspect

        def create(owner: Any) -> Any:
            return getattr(owner, self.create_method_name)()

        def destroy(owner: Any, res: Any) -> None:
            getattr(owner, self.destroy_method_name)(res)

        def call(owner: Any, /, *args: Any, **kwargs: Any) -> Any:
            res = create(owner)
            try:
                return fn(owner, res, *args, **kwargs)
            finally:
                destroy(owner, res)

        def generate(owner: Any, /, *args: Any, **kwargs: Any) -> Any:
            res = create(owner)
            try:
                return (yield from fn(owner, res, *args, **kwargs))
            finally:
                destroy(owner, res)

        async def await_(owner: Any, /, *args: Any, **kwargs: Any) -> Any:
            res = create(owner)
            try:
                return await fn(owner, res, *args, **kwargs)
            finally:
                destroy(owner, res)

        async def generate_async(owner: Any, /, *args: Any, **kwargs: Any) -> Any:
            from contextlib import aclosing

            res = create(owner)
            try:
                async with aclosing(fn(owner, res, *args, **kwargs)) as items:
                    async for item in items:
                        yield item
            finally:
                destroy(owner, res)

        wrapper: Callable[..., Any] = call
        if inspect.isgeneratorfunction(fn):
            wrapper = generate
        elif inspect.iscoroutinefunction(fn):
            wrapper = await_
        elif inspect.isasyncgenfunction(fn):
            wrapper = generate_async
        return functools.wraps(fn)(wrapper)
