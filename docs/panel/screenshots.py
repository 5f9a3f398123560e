"""Takes the pictures of the panel in this folder, in a browser, on the data of
example/panel.py; run by ``make screenshots``.

"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
LARGEST = 200_000
SHOWN = "/tmp/demo"
WIDE = {"width": 1180, "height": 720}
PHONE = {"width": 375, "height": 720}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Take the pictures."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        sys.exit("There is no browser: apt-get install chromium")
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )

        def visit(page: str, ready: str, **options: Any) -> Any:
            options = {"viewport": WIDE, "color_scheme": "light"} | options
            context = browser.new_context(reduced_motion="reduce", **options)
            found = context.new_page()
            found.goto(address + page)
            found.get_by_text(ready).first.wait_for()
            return found

        page = visit("/", "3 keys")
        save(page, "stores")
        page = visit("/store/0?key=_collections_abc", "signed with your key")
        page.locator(".tree").wait_for()
        save(page, "keys")
        page = visit("/store/1?key=mandelbrot", "float32", color_scheme="dark")
        page.locator(".chart svg").wait_for()
        save(page, "array")
        page = visit("/store/0", "200 keys")
        page.get_by_role("tab", name="Charts").click()
        page.locator(".chart svg").nth(2).wait_for()
        save(page, "charts")
        page = visit("/states/0", "Changes since step", color_scheme="dark")
        page.get_by_label("Changes", exact=True).wait_for()
        save(page, "states")
        page = visit("/backups/0", "Compare with")
        page.get_by_role("button", name="Show").nth(1).click()
        page.get_by_role("button", name="Restore").click()
        page.get_by_text("Make the store as it was").click()
        page.get_by_text("removed").first.wait_for()
        save(page, "restore")
        phone = {"viewport": PHONE, "device_scale_factor": 1.5}
        save(visit("/store/0", "200 keys", **phone), "phone")
        browser.close()


@contextmanager
def served() -> Iterator[str]:
    """Shows the data of the example, and returns where."""
    with tempfile.TemporaryDirectory() as home:
        # Under short names, which the pictures show.
        options = ("--write", "--port", "0", "--no-open", "--json")
        command = [sys.executable, ROOT / "example" / "panel.py", "--data", SHOWN]
        shutil.rmtree(SHOWN, ignore_errors=True)
        with subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, text=True, cwd=home
        ) as process:
            assert process.stdout is not None
            try:
                yield json.loads(process.stdout.readline())["url"]
            finally:
                process.terminate()
                shutil.rmtree(SHOWN, ignore_errors=True)


def save(page: Any, name: str) -> None:
    """Writes a picture, with as few colours as make it small enough."""
    from PIL import Image

    page.evaluate("document.activeElement?.blur()")
    page.wait_for_function("document.getAnimations().length === 0")
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    for colours in (256, 128, 64, 32):
        target = HERE / f"{name}.png"
        shot.quantize(colours, dither=Image.Dither.NONE).save(target, optimize=True)
        if target.stat().st_size < LARGEST:
            break
    print(target.name, target.stat().st_size)


if __name__ == "__main__":
    main()
