"""Show a model file in a headless Chromium: `shown.py netron FILE PYTHON` or `shown.py cnncli FILE PAGE`.

It ends when the browser shows all. Nothing is asked of any other host: Netron's page would tell its authors of its use.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ARGUMENTS = ["--no-sandbox", "--no-zygote"]
"""Without a zygote the browser starts its processes itself, so that their time and memory count too."""
LONGEST = 120_000
"""Milliseconds until a page that does not show is a failure."""
SERVE = "import netron, sys; netron.serve(sys.argv[1], address=int(sys.argv[2])); print(flush=True); netron.wait()"


def shown(url: str, selector: str, cookies: bool = False) -> None:
    """Open a page and wait for what it has when all is drawn."""
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        context = browser.new_context()
        context.route(lambda asked: not asked.startswith(url), lambda route: route.abort())
        if cookies:  # without which Netron asks whether it may set some
            context.add_cookies([{"name": "consent", "value": "1", "url": url}])
        page: Page = context.new_page()
        page.goto(url)
        page.wait_for_selector(selector, state="attached", timeout=LONGEST)
        browser.close()


def netron(path: str, python: str) -> None:
    """Netron's page says by its body's class that it shows a graph and is not at work."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([python, "-c", SERVE, path, str(port)], stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        assert server.stdout.readline()
        shown(f"http://localhost:{port}", "body.default:not(.spinner)", cookies=True)
    finally:
        server.terminate()
        server.wait()


def cnncli(path: str, page: str) -> None:
    command = [sys.executable, "-m", "cnncli", "plot", path, "--detail", "layer", "--force", "-o", page]
    subprocess.run(command, check=True)
    shown(Path(page).as_uri(), "svg")


if __name__ == "__main__":
    {"netron": netron, "cnncli": cnncli}[sys.argv[1]](*sys.argv[2:])
