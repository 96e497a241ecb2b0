"""The page's script in Node, on as much of a browser as it uses."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from forgeledger import web

SCRIPT = (Path(web.__file__).parent / "swagger.js").read_text(encoding="utf-8")
pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="needs Node")

# Elements remember what they are given. A link or script loads as soon as it is in the head, and
# one whose address is a blob's has to be of this page.
BROWSER = """
const seen = {loaded: [], fetched: [], started: null, text: [], sent: []};
const element = (name) => ({
  name, children: [], dataset: {},
  append(...children) {
    this.children.push(...children);
    for (const child of children) if (child.onload) {
      seen.loaded.push(child.href || child.src);
      queueMicrotask(child.onload);
    }
  },
});
const page = element("div");
page.dataset = {script: "swagger/ui.js", style: "swagger/ui.css", needsKey: process.argv[1]};
Object.defineProperty(page, "textContent", {
  set(text) { this.children = []; if (text) seen.text.push(text); },
});
globalThis.document = {
  head: element("head"), getElementById: () => page, createElement: element,
};
globalThis.window = {};
globalThis.location = {href: "https://ledger.example/prod/swagger", origin: "https://ledger.example"};
let blobs = 0;
URL.createObjectURL = () => `blob:${++blobs}`;
globalThis.fetch = async (url, {headers}) => {
  seen.fetched.push([url, headers["x-api-key"]]);
  const right = headers["x-api-key"] === "right";
  return {ok: right, status: right ? 200 : 401, blob: async () => ({})};
};
globalThis.SwaggerUIBundle = (options) => {
  seen.started = options.url;
  for (const url of ["openapi.json", "https://elsewhere.example/x"])
    seen.sent.push(options.requestInterceptor({url, headers: {}}).headers["x-api-key"] ?? null);
};
"""
ENTER_KEYS = """
const wait = () => new Promise((done) => setTimeout(done, 5));
(async () => {
  await wait();
  for (const value of process.argv.slice(2)) {
    const form = page.children[0];
    form.children[0].value = value;
    form.onsubmit({preventDefault() {}});
    await wait();
    const message = page.children[0]?.children[2];
    if (message) seen.text.push(message);
  }
  console.log(JSON.stringify(seen));
})();
"""


def run(needs_key: str, *keys: str):
    program = BROWSER + SCRIPT + ENTER_KEYS
    command = ["node", "-e", program, needs_key, *keys]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def test_without_a_key_the_page_starts_at_once_and_sends_none():
    seen = run("false")

    assert seen["loaded"] == ["swagger/ui.css", "swagger/ui.js"]
    assert seen["fetched"] == []
    assert (seen["started"], seen["sent"]) == ("openapi.json", [None, None])


def test_with_a_key_nothing_is_loaded_before_it_is_entered():
    seen = run("true")

    assert (seen["loaded"], seen["fetched"], seen["started"]) == ([], [], None)


def test_the_key_goes_with_each_request_and_to_no_other_server():
    seen = run("true", "right")

    assert seen["fetched"] == [["swagger/ui.css", "right"], ["swagger/ui.js", "right"]]
    assert seen["loaded"] == ["blob:1", "blob:2"]
    assert (seen["started"], seen["sent"]) == ("openapi.json", ["right", None])


def test_a_wrong_key_can_be_entered_again():
    seen = run("true", "wrong", "right")

    assert "This key is wrong." in seen["text"]
    assert seen["fetched"][0] == ["swagger/ui.css", "wrong"]
    assert seen["started"] == "openapi.json"
