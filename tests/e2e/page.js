// Drives the page of holdfast serve in a real Chromium. Arguments: what to do as JSON on standard input; answers as JSON.
"use strict";

const fs = require("fs");
const path = require("path");
const given = JSON.parse(fs.readFileSync(0, "utf8"));
const {chromium} = require(path.join(given.modules, "playwright-core"));
const AXE = path.join(given.modules, "axe-core", "axe.min.js");

// For what must come; on a busy machine a page takes its time.
const PATIENCE_MS = 300000;
const found = {messages: [], axe: {}, texts: {}, widths: {}};

async function look(page, name) {
    for (const [kind, settings] of Object.entries({light: {colorScheme: "light"}, dark: {colorScheme: "dark"}})) {
        await page.emulateMedia(settings);
        if (given.pictures)
            await page.screenshot({path: path.join(given.pictures, `${name}-${kind}.png`), fullPage: true});
        const {violations} = await page.evaluate(() => axe.run(document, {resultTypes: ["violations"]}));
        found.axe[`${name}-${kind}`] = violations.map(v => `${v.id}: ${v.nodes.map(n => n.target.join(" ")).slice(0, 5).join(", ")}`);
    }
    await page.setViewportSize({width: 400, height: 800});
    await page.emulateMedia({colorScheme: "light"});
    if (name === "run")
        await until(page, () => document.querySelector("#live").naturalWidth <= 400);
    if (given.pictures)
        await page.screenshot({path: path.join(given.pictures, `${name}-narrow.png`), fullPage: true});
    found.widths[name] = await page.evaluate(() => document.documentElement.scrollWidth);
    await page.setViewportSize({width: 1100, height: 900});
}

async function fill(page, values) {
    for (const [id, value] of Object.entries(values))
        await page.fill(`#${id}`, value);
}

// page.waitForFunction() evaluates text, which the page's Content-Security-Policy refuses.
async function until(page, holds, argument) {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await page.waitForTimeout(50))
        if (await page.evaluate(holds, argument))
            return;
    throw new Error(`never: ${holds}`);
}

async function visible(page, id) {
    await page.waitForSelector(`#${id}`, {state: "visible", timeout: PATIENCE_MS});
}

async function wholeWay(page) {
    await page.goto(given.address);
    await visible(page, "new-part");
    found.texts.address = page.url();
    found.texts.startAtFirst = await page.isDisabled("#start");
    // a plan that does not fit
    await fill(page, {url: given.target, connections: "9000", require: ""});
    await page.fill("#interval", given.tooSlow);
    await page.click("#check");
    await visible(page, "findings");
    found.texts.failed = await page.innerText("#findings");
    found.texts.startAfterFail = await page.isDisabled("#start");
    await look(page, "check");
    // one that does
    await fill(page, {connections: String(given.connections), ramp: "100/10ms", interval: "100ms..1s", duration: "10m", label: "first"});
    await page.click("#check");
    await page.waitForSelector("#start:enabled", {timeout: PATIENCE_MS});
    await page.click("#start");
    await visible(page, "run-part");
    await until(page, n => document.querySelector("#tiles b")?.textContent.replace(/\D/g, "") === String(n), given.connections);
    await page.waitForSelector("#live:not([hidden])");
    const before = [await page.getAttribute("#live", "src"), await page.innerText("#tiles")];
    await until(page, ([src, tiles]) => document.querySelector("#live").src !== src &&
        document.querySelector("#tiles").innerText !== tiles, before);
    await page.fill("#mark-text", "reload <b>now</b>");
    await page.click("#mark");
    await until(page, () => document.querySelector("#log").innerText.includes("mark: reload <b>now</b>"));
    await until(page, () => document.querySelector("#run-verdict").innerText.includes("rules hold"));
    found.texts.soFar = await page.innerText("#run-verdict");
    await look(page, "run");
    await page.click("#stop");
    await visible(page, "report-part");
    await page.waitForSelector("#report .verdict");
    found.texts.report = await page.innerText("#report");
    await look(page, "report");
    // a second one, and both compared
    await fill(page, {duration: "2s", label: "second"});
    await page.click("#check");
    await page.waitForSelector("#start:enabled", {timeout: PATIENCE_MS});
    await page.click("#start");
    await until(page, () => document.querySelectorAll("#runs tr").length === 2);
    await page.waitForSelector("#report .verdict");
    for (const box of await page.$$("#runs input"))
        await box.check();
    await page.click("#compare");
    await visible(page, "compare-part");
    found.texts.comparison = await page.innerText("#comparison");
    found.texts.comparisonWords = await page.innerText("#comparison-words");
    await look(page, "compare");
}

// Each host checks its own share: there is nothing to check here before.
async function overHosts(page) {
    found.texts.hostsHelp = await page.innerText("#hosts-help");
    await fill(page, {duration: "10m", label: "third", hosts: given.hosts});
    found.texts.checkOfHosts = await page.isDisabled("#check");
    await page.click("#start");
    await visible(page, "run-part");
    found.texts.where = await page.innerText("#run-where");
    await until(page, n => document.querySelector("#tiles b")?.textContent.replace(/\D/g, "") === String(n), given.connections);
    await page.click("#stop");
    await visible(page, "report-part");
    await until(page, () => [...document.querySelectorAll("#report .as-h2")].some(title => title.textContent === "Hosts"));
    found.texts.reportOfHosts = await page.innerText("#report");
    await page.fill("#hosts", "");
    found.texts.checkOfHere = await page.isDisabled("#check");
}

async function byKeyboard(page) {
    await page.reload();
    await visible(page, "new-part");
    found.texts.focused = [];
    for (let i = 0; i < 12; i++) {
        await page.keyboard.press("Tab");
        found.texts.focused.push(await page.evaluate(() => document.activeElement.id || document.activeElement.className));
    }
}

async function withoutToken(context) {
    const page = await context.newPage();
    await page.goto(given.address.split("#")[0]);
    await visible(page, "token-part");
    found.texts.tokenAsked = true;
    await page.close();
}

// A page on another origin can neither start a run nor read one.
async function fromElsewhere(browser) {
    const page = await (await browser.newContext()).newPage();
    await page.goto(given.elsewhere);
    found.texts.elsewhere = await page.evaluate(async ({host, token}) => {
        const tries = {};
        const attempt = async (name, path, options) => {
            try {
                const response = await fetch(`http://${host}${path}`, options);
                tries[name] = `${response.type} ${response.status}`;
            } catch {
                tries[name] = "failed";
            }
        };
        await attempt("read", "/api/v1/runs", {headers: {Authorization: `Bearer ${token}`}});
        await attempt("health", "/healthz", {});
        await attempt("start", "/api/v1/runs", {method: "POST", body: "{}", headers: {Authorization: `Bearer ${token}`, "Content-Type": "application/json"}});
        await attempt("form", "/api/v1/runs", {method: "POST", mode: "no-cors", body: "{\"url\":\"http://127.0.0.1/\"}"});
        return tries;
    }, {host: given.host, token: given.token});
    const frame = await page.evaluate(host => new Promise(resolve => {
        const made = document.createElement("iframe");
        made.onload = () => resolve("loaded");
        made.src = `http://${host}/`;
        document.body.append(made);
        setTimeout(() => resolve("nothing"), 3000);
    }), given.host);
    found.texts.frame = frame;
}

async function main() {
    const browser = await chromium.launch({executablePath: given.chromium, args: ["--no-sandbox", "--disable-gpu"],
                                           timeout: PATIENCE_MS});
    const context = await browser.newContext({viewport: {width: 1100, height: 900}, bypassCSP: false});
    await context.addInitScript({path: AXE});
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    page.on("console", message => found.messages.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", error => found.messages.push(`error: ${error.message}`));
    try {
        await wholeWay(page);
        await overHosts(page);
        await byKeyboard(page);
        await withoutToken(context);
        await fromElsewhere(browser);
    } catch (error) {
        found.error = error.stack;
        if (given.pictures)
            await page.screenshot({path: path.join(given.pictures, "error.png"), fullPage: true});
    }
    await browser.close();
    console.log(JSON.stringify(found));
}

main();
