#!/usr/bin/env python3
"""The HTML report: valid, still, without a request to anywhere, and no script whatever a server says; a week in seconds."""

import html.parser
import json
import os
import shutil
import subprocess
import threading
import unittest

import holdfast
import npm
import week
from holdfast import PROGRAM, listener, plainly, soak, url_of
from sparring import Target

HOSTILE = '<script>document.title="stolen"</script>"\'&<img src=x onerror=alert(1)>'
WEEK_CPU_SECONDS, WEEK_KIB, WEEK_BYTES = 5, 64 * 1024, 2 * 1000 * 1000

# Opens pages, with script allowed, and says all that a browser has to say of them.
OPEN = """
const {chromium} = require("playwright-core");
(async () => {
    const [path, ...files] = process.argv.slice(1), said = [];
    const browser = await chromium.launch({executablePath: path, args: ["--no-sandbox"], timeout: 0});
    for (const file of files)
        for (const [width, colorScheme] of [[1600, "light"], [400, "dark"]]) {
            const page = await browser.newPage({viewport: {width, height: 900}, colorScheme});
            page.setDefaultTimeout(0);
            page.on("console", message => said.push("console: " + message.text()));
            page.on("pageerror", error => said.push("error: " + error));
            page.on("request", request => {
                if (!/^(file|data):/.test(request.url())) said.push("request: " + request.url());
            });
            page.on("dialog", dialog => { said.push("dialog"); dialog.dismiss(); });
            await page.goto("file://" + file);
            const wide = await page.evaluate(() => document.documentElement.scrollWidth);
            if (wide > width) said.push(`${file}: ${wide} px wide in a window of ${width}`);
            said.push(...await page.evaluate(() => [...document.querySelectorAll(".frame")].flatMap(frame => {
                const labels = [...frame.querySelectorAll(".at,.x,.ys span")].filter(label => label.offsetWidth);
                const box = label => label.getBoundingClientRect();
                const apart = (a, b) => a.right < b.left + 1 || b.right < a.left + 1 || a.bottom < b.top + 1 ||
                    b.bottom < a.top + 1;
                return labels.flatMap((a, i) => labels.slice(i + 1).filter(b => !apart(box(a), box(b)))
                    .map(b => `"${a.textContent}" lies over "${b.textContent}"`));
            })));
            if (width === 400) said.push(...await page.evaluate(() => [...document.querySelectorAll("td")]
                .filter(cell => cell.textContent !== "" && (!cell.offsetWidth || cell.getBoundingClientRect().right > 400.5))
                .map(cell => `not to be read at 400 px: ${cell.className}: ${cell.textContent.slice(0, 40)}`)));
            said.push(...await page.evaluate(() => [...document.querySelectorAll(".plot")].flatMap(plot => {
                const {left, top, width, height} = plot.getBoundingClientRect();
                window.scrollTo(0, window.scrollY + top - 100);
                const moved = plot.getBoundingClientRect();
                const hit = document.elementFromPoint(left + 0.55 * width, moved.top + height / 2);
                return hit && hit.querySelector("title") ? [] : [`nothing is shown where it is pointed at: ${plot.firstChild.ariaLabel}`];
            })));
            if (!(await page.title()).startsWith("holdfast: ")) said.push("title: " + await page.title());
            await page.emulateMedia({media: "print"});
            await page.setViewportSize({width: 717, height: 1000});  // A4, less the margins
            said.push(...await page.evaluate(() => [...document.querySelectorAll("table")]
                .filter(table => table.getBoundingClientRect().right > 717.5)
                .map(table => `cut off on paper: ${table.textContent.slice(0, 60)}`)));
            await page.close();
        }
    await browser.close();
    console.log(said.join("\\n"));
})().catch(error => { console.error(error); process.exit(1); });
"""


class References(html.parser.HTMLParser):
    """Every reference to somewhere, and every element."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.references = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.add(tag)
        for name, value in attributes:
            if name in ("src", "href", "srcset", "action", "data") or name.startswith("on") or "url(" in (value or ""):
                self.references.append((tag, name, value))


def browser():
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not path:
        raise unittest.SkipTest("no chromium")
    return path


class HtmlTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Target("--fault", "close-after=3")
        cls.addClassCleanup(cls.server.stop)
        cls.at = holdfast.folder(cls.addClassCleanup)

    def soak(self, name, *more, url=None):
        page, line = self.at / f"{name}.html", self.at / f"{name}.jsonl"
        result = soak("-c", 20, "-i", "100ms", "-d", "2s", "--html", page, "--timeline", line, *more,
                      url or self.server.url)
        return page, line, result

    def hostile(self, name):
        """A run against a server that names itself with a script."""
        def answer(connection):
            while connection.recv(65536):
                connection.sendall(f"HTTP/1.1 200 OK\r\nServer: {HOSTILE}\r\nContent-Length: 0\r\n\r\n".encode())

        def serve():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=[connection], daemon=True).start()

        listening = listener()
        threading.Thread(target=serve, daemon=True).start()
        try:
            return self.soak(name, "--label", HOSTILE, url=url_of(listening))
        finally:
            listening.close()

    def valid(self, path):
        if not shutil.which("tidy"):
            raise unittest.SkipTest("no tidy")
        done = subprocess.run(["tidy", "-quiet", "-errors", path], capture_output=True, text=True)
        self.assertEqual((0, ""), (done.returncode, done.stderr))

    def test_it_is_valid_and_refers_to_nothing(self):
        page, _, result = self.soak("run")
        read = References(page.read_text(encoding="utf-8"))
        self.assertEqual([("link", "href", "data:,")], read.references)
        self.assertFalse({"script", "img", "iframe", "object", "form"} & read.elements)
        self.assertIn("<h1>BROKE</h1>", page.read_text())
        self.assertEqual(1, result.code)
        self.valid(page)

    def search(self, name):
        """Steps that break by their statuses, which no lateness of ours may explain."""
        page = self.at / f"{name}.html"
        with Target("--status", "503") as server:
            code, out, err = plainly("capacity", "-q", "--hold-each", "200ms", "--from", 4, "--require", "status_5xx<=0", "--html", page, server.url)
        self.assertEqual(1, code, out + err)
        return page

    def test_of_a_search_it_is_valid_too(self):
        page = self.search("search")
        text = page.read_text()
        self.assertIn("<h1>NONE HELD 1 connection</h1>", text)
        self.assertIn("<h2>The step of 1</h2>", text)
        self.valid(page)

    def test_of_a_preflights_end_too(self):
        page = self.at / "none.html"
        self.assertEqual(5, plainly("-q", "--html", page, "http://127.0.0.1:1/")[0])
        self.assertIn("<h1>NO TARGET</h1>", page.read_text())
        self.valid(page)

    def test_what_a_server_says_is_text(self):
        page, _, result = self.hostile("hostile")
        self.assertEqual(HOSTILE, result.report["target"]["server_header"])
        text = page.read_text()
        self.assertFalse({"script", "img"} & References(text).elements)
        self.assertIn("&lt;script&gt;document.title=&quot;stolen&quot;&lt;/script&gt;", text)
        self.valid(page)

    def test_a_saved_run_draws_the_same_page(self):
        page, line, result = self.soak("saved")
        (self.at / "saved.json").write_text(json.dumps(result.report))
        for source in (line, self.at / "saved.json"):
            code, out, err = plainly("report", "--html", "-", source)
            self.assertEqual(0, code, err)
            self.assertEqual(page.read_text(), out, source.name)

    def test_a_browser_has_nothing_to_say_of_it(self):
        path, modules = browser(), npm.package("playwright-core", "1.65.1")
        marks = [word for at in ("0", "1ms", "500ms", "510ms", "1s", "1.3s", "1.9s") for word in
                 ("--exec-at", f"{at}=true a command that is long")]
        pages = [self.soak("seen")[0], self.soak("seen-marks", *marks)[0], self.hostile("seen-hostile")[0], self.search("seen-search")]
        if not holdfast.SANITIZED:  # they are the same pages, and a browser is no part of what is looked at there
            self.assertEqual("\n", npm.run(OPEN, path, *map(str, pages), modules=modules))

    def test_the_timeline_is_csv_too(self):
        _, line, result = self.soak("table")
        code, out, err = plainly("report", "--csv", "-", line)
        self.assertEqual(0, code, err)
        head, *rows = [row.split(",") for row in out.splitlines()]
        timeline = result.report["timeline"]
        self.assertEqual([name for name in timeline if name != "interval_seconds"], head)
        for name in ("t", "live", "p99_seconds"):
            said = [row[head.index(name)] for row in rows]
            self.assertEqual(timeline[name], [float(value) if value else None for value in said])

    def test_a_week_is_drawn_in_seconds(self):
        _, line, _ = self.soak("short")
        page = self.at / "week.html"
        seconds = 20000 if holdfast.SANITIZED else week.WEEK_SECONDS
        child = subprocess.Popen([PROGRAM, "report", "--html", page, "/dev/stdin"], stdin=subprocess.PIPE,
                                 stdout=subprocess.DEVNULL, text=True)
        week.write_week(line, child.stdin, seconds)
        child.stdin.close()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(0, child.returncode)
        print(f"a week: {usage.ru_utime + usage.ru_stime:.1f} s of CPU, {usage.ru_maxrss} KiB, "
              f"{page.stat().st_size} bytes")
        if not holdfast.SANITIZED:
            self.assertLess(usage.ru_utime + usage.ru_stime, WEEK_CPU_SECONDS)
            self.assertLess(usage.ru_maxrss, WEEK_KIB)
        self.assertLess(page.stat().st_size, WEEK_BYTES)
        self.valid(page)


if __name__ == "__main__":
    holdfast.main()
