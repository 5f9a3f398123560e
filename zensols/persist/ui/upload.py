"""A place for one file of bounded size, which is refused before it is stored anywhere if
it is larger, whoever sends it.

"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from secrets import token_urlsafe

from fastapi import Request, Response
from nicegui import app, events, ui

from ..stash.wording import size_text

__all__ = ["file_upload", "read_within"]


async def read_within(request: Request, limit: int) -> bytes | None:
    """Return the body of a request, or None as soon as it is larger than it may be.

    :param request: the request

    :param limit: how many bytes the body may have

    """
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > limit:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)


def file_upload(
    label: str,
    limit: int,
    on_file: Callable[[bytes], Awaitable[None]],
    on_problem: Callable[[str], None],
    accept: str = ".json",
) -> ui.element:
    """Add a place for a file.

    :param label: says what it is for

    :param limit: how many bytes the file may have

    :param on_file: called with what is in it

    :param on_problem: called with what is wrong with it

    :param accept: the file names' endings

    """
    # Nobody who hasn't been sent the page can know where to send a file to.
    path = f"/_zensols_persist/upload/{token_urlsafe(24)}"
    too_large = f"The file is larger than {size_text(limit)}, and was not read."
    uploader = ui.element("q-uploader")

    @app.post(path, include_in_schema=False)
    async def take(request: Request) -> Response:
        data = await read_within(request, limit)
        with uploader:
            if data is None:
                on_problem(too_large)
                # What follows is not read.
                return Response(status_code=413, headers={"connection": "close"})
            await on_file(data)
        return Response(status_code=204)

    uploader.props("auto-upload send-raw flat bordered hide-upload-btn")
    uploader.props["url"] = path
    uploader.props["label"] = label
    uploader.props["accept"] = accept
    uploader.props["max-file-size"] = limit

    def reject(event: events.GenericEventArguments) -> None:
        is_large = "max-file-size" in event.args
        on_problem(
            too_large if is_large else f"Choose a file whose name ends in {accept}."
        )

    uploader.on(
        "rejected",
        reject,
        js_handler="(all) => emit(all.map(r => r.failedPropValidation))",
    )
    uploader.client.on_delete(lambda: app.remove_route(path))
    return uploader
