"""Shows a directory of logs with Inspect's viewer in a headless Chromium.

view.py LOGS PICTURES MODEL... tells as JSON what stands on the pages of these models' first
trials, and puts pictures of them into a directory.
"""

import asyncio
import base64
import contextlib
import functools
import http.server
import json
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import aiohttp
from inspect_ai.log import list_eval_logs, read_eval_log
from inspect_ai.log._bundle import bundle_log_dir

# Longer than any page takes.
PATIENCE = 60


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def serve(directory):
    handler = functools.partial(Quiet, directory=directory)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def browser(profile):
    process = subprocess.Popen(
        [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            f"--user-data-dir={profile}",
            "--remote-debugging-port=0",
            "--window-size=1400,3600",
            "about:blank",
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        if found := re.search(r"ws://(127\.0\.0\.1:\d+)/", line):
            return process, found[1]
    raise SystemExit("chromium said nothing of its port")


class Page:
    def __init__(self, socket):
        self.socket = socket
        self.calls = 0

    async def call(self, method, **parameters):
        self.calls += 1
        request = {"id": self.calls, "method": method, "params": parameters}
        await self.socket.send_json(request)
        while True:
            answer = await self.socket.receive_json(timeout=PATIENCE)
            if answer.get("id") == self.calls:
                return answer["result"]

    async def text(self):
        asked = await self.call("Runtime.evaluate", expression="document.body.innerText")
        return asked["result"].get("value", "")

    async def show(self, url, wanted):
        """The page's text once it holds what is wanted and says the same twice."""
        await self.call("Page.navigate", url="about:blank")
        await self.call("Page.navigate", url=url)
        before = None
        for _ in range(PATIENCE * 4):
            text = await self.text()
            if wanted in text and text == before:
                break
            before = text
            await asyncio.sleep(0.25)
        return await self.text()

    async def picture(self, path):
        picture = await self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(picture["data"]))


async def look(address, site, logs, pictures):
    async with aiohttp.ClientSession() as session:
        tabs = await (await session.get(f"http://{address}/json")).json()
        tab = next(tab for tab in tabs if tab["type"] == "page")
        socket = session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0)
        async with socket as socket:
            page = Page(socket)
            told = {}
            for name, log in logs:
                sample = log.samples[0]
                scores = sample.scores or {}
                at = f"{site}#/logs/{name}"
                within = f"{at}/samples/sample/{sample.id}/{sample.epoch}"
                pages = {
                    "list": (at, sample.id),
                    "transcript": (f"{within}/transcript", "INIT"),
                    "messages": (f"{within}/messages", "SYSTEM"),
                }
                if scores:
                    # Before its Markdown is rendered there are stars around the verdict.
                    wanted = f"{scores['offswitch'].value} "
                    pages["scoring"] = (f"{within}/scoring", wanted)
                shown = {}
                for title, (url, wanted) in pages.items():
                    shown[title] = await page.show(url, wanted)
                    await page.picture(pictures / f"{sample.metadata['trial']}-{title}.png")
                told[sample.metadata["trial"]] = shown
            return told


def main(logs, pictures, models):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        bundle = Path(place) / "bundle"
        with contextlib.redirect_stdout(sys.stderr):
            bundle_log_dir(str(logs), str(bundle))
        site = serve(str(bundle))
        infos = list_eval_logs(str(logs))
        read = [(Path(info.name).name, read_eval_log(info)) for info in infos]
        read = [(name, log) for name, log in read if log.eval.model in models]
        process, address = browser(Path(place) / "profile")
        try:
            told = asyncio.run(look(address, site, read, pictures))
        finally:
            process.terminate()
            process.wait()
    json.dump(told, sys.stdout)


main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
