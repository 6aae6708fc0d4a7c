"""Make the pictures of the README and of the guide: serve the app, drive it in a browser, photograph it.

``python docs/screenshots.py`` (or ``make screenshots``) writes docs/screenshot.png, with ``--guide`` (``make
guide``) also docs/guide/*.png, and with ``--all`` the dark page and the narrow ones.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.browser import FLAGS, MODEL_NAMED, find_browser  # noqa: E402
from tools.served import FOUND, served  # noqa: E402

PATIENCE_MS = 300_000
#: seconds in which the last view of a tab has surely been painted
_SETTLED_MS = 6000


def main() -> None:
    """Serve, photograph, stop."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--guide", action="store_true", help="also every tab, for the guide")
    parser.add_argument("--all", action="store_true", help="also the dark page and the narrow ones")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder for the pictures")
    arguments = parser.parse_args()
    views = [("screenshot", 1440, False)]
    if arguments.all:
        views += [("screenshot-dark", 1440, True), ("screenshot-1024", 1024, False)]
        views += [("screenshot-1024-dark", 1024, True)]
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        for name, width, dark in views:
            page = _found(browser, address, width)
            if dark:
                page.get_by_role("button", name="Toggle theme").click()
            _photograph(page, arguments.out / f"{name}.png")
            page.context.close()
        if arguments.guide:
            _tabs(_found(browser, address, 1440), arguments.out / "guide")
        browser.close()


def _tabs(page: Page, folder: Path) -> None:
    """A picture of every tab, after what makes it worth looking at."""
    for title in page.get_by_role("tab").all_text_contents():
        page.get_by_role("tab", name=title, exact=True).click()
        expect(page.get_by_text(f"Opening {title}…")).to_be_hidden(timeout=PATIENCE_MS)
        page.wait_for_timeout(_SETTLED_MS)
        for button in _TO_START.get(title, ()):
            page.get_by_role("button", name=button, exact=True).first.click()
            expect(page.get_by_text("Cancel", exact=True).filter(visible=True)).to_have_count(
                0, timeout=PATIENCE_MS
            )
        picture = folder / f"{title.lower().replace(' ', '-')}.png"
        _photograph(page, picture)
        # a third of the size, and no eye tells the difference
        Image.open(picture).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
            picture, optimize=True
        )


#: buttons that fill a tab
_TO_START: dict[str, tuple[str, ...]] = {"Trust": ("Test stability",), "Report": ("Make the report",)}


def _found(browser: Browser, address: str, width: int) -> Page:
    """A page on which the phases of the demo are found and drawn."""
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    page.add_init_script(MODEL_NAMED)
    page.goto(address)
    page.wait_for_function(FOUND, timeout=PATIENCE_MS)
    expect(page.get_by_text("Cancel", exact=True).filter(visible=True)).to_have_count(0, timeout=PATIENCE_MS)
    return page


def _photograph(page: Page, path: Path) -> None:
    page.mouse.move(720, 5)  # off every button, so that none shows its hint
    page.wait_for_timeout(2500)  # the last paint of the slowest view
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=False)
    print(path)


if __name__ == "__main__":
    main()
