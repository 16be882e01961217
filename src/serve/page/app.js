// The page of holdfast serve. It knows the API and nothing else; what came from outside is only ever set as text.
"use strict";

const byId = id => document.getElementById(id);
const TOKEN = "holdfast-token";
let token = "";
let current = null; // the run that is shown live: {id, follow, phase, size}
let passed = "";    // the configuration that the latest check passed, as text

// --- small things ---

function element(name, text, attributes = {}) {
    const made = document.createElement(name);
    if (text !== undefined && text !== null)
        made.textContent = text;
    for (const [key, value] of Object.entries(attributes))
        made.setAttribute(key, value);
    return made;
}

function show(id, shown = true) {
    byId(id).hidden = !shown;
}

function grouped(value) {
    return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

function count(value) {
    return value === null || value === undefined ? "not measured" : grouped(value);
}

function rate(value) {
    if (value === null || value === undefined)
        return "not measured";
    return `${value < 100 ? value.toFixed(1) : grouped(value)} /s`;
}

function time(value) {
    if (value === null || value === undefined)
        return "not measured";
    const [scaled, unit] = value < 1e-3 ? [value * 1e6, "us"] : value < 1 ? [value * 1e3, "ms"] : [value, "s"];
    return `${scaled.toPrecision(3)} ${unit}`;
}

// --- the API ---

class Refused extends Error {
    constructor(status, detail) {
        super(detail);
        this.status = status;
    }
}

async function ask(path, options = {}) {
    const headers = {Authorization: `Bearer ${token}`, ...options.headers};
    const response = await fetch(path, {...options, headers});
    if (response.ok)
        return response;
    let detail = `the server answered ${response.status}`;
    try {
        detail = (await response.json()).detail || detail;
    } catch { /* no problem+json: the status says it */ }
    if (response.status === 401)
        forget();
    throw new Refused(response.status, detail);
}

async function get(path) {
    return (await ask(path)).json();
}

async function post(path, body) {
    return (await ask(path, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)})).json();
}

function refuse(error) {
    byId("refusal").textContent = error ? error.message : "";
}

// --- the token: out of the address at once, kept in this tab ---

function takeToken() {
    const given = new URLSearchParams(location.hash.slice(1)).get("token");
    if (given) {
        sessionStorage.setItem(TOKEN, given);
        history.replaceState(null, "", location.pathname);
    }
    token = sessionStorage.getItem(TOKEN) || "";
}

function forget() {
    sessionStorage.removeItem(TOKEN);
    token = "";
    for (const part of ["new-part", "run-part", "report-part", "compare-part", "runs-part"])
        show(part, false);
    show("token-part");
    byId("state").textContent = "a token is needed";
    byId("token").focus();
}

// --- a new run ---

function configuration() {
    const form = new FormData(byId("new-form")), config = {};
    for (const name of ["url", "connections", "ramp", "interval", "duration", "hosts", "label"]) {
        const value = form.get(name).trim();
        if (value !== "")
            config[name] = value;
    }
    const rules = form.get("require").split("\n").map(rule => rule.trim()).filter(rule => rule !== "");
    if (rules.length > 0)
        config.require = rules;
    return config;
}

function allowStart(allowed) {
    byId("start").disabled = !allowed;
    byId("start-help").textContent = byId("hosts").value.trim() !== "" ? "each host checks its own share before the load" :
        allowed ? "the check passed" : "a check that passes comes first";
}

// A check is of this machine: of a run over hosts each checks its own share when it begins.
function mayStart() {
    const config = configuration();
    return !current && ("hosts" in config || (passed !== "" && passed === JSON.stringify(config)));
}

function reviewForm() {
    byId("check").disabled = "hosts" in configuration();
    allowStart(mayStart());
}

const HOSTS_SHOWN = 8;

async function offerHosts() {
    const {hosts} = await get("/api/v1/hosts");
    const more = hosts.length > HOSTS_SHOWN ? ` and ${hosts.length - HOSTS_SHOWN} more` : "";
    byId("hosts").placeholder = hosts.slice(0, 2).join(",");
    byId("hosts-help").textContent = `of ${hosts.slice(0, HOSTS_SHOWN).join(", ")}${more}; empty: this machine`;
    show("hosts-part", hosts.length > 0);
}

function findingRow(finding) {
    const words = {ok: "ok", warn: "warn", fail: "FAIL", unknown: "unknown", skipped: "skip"};
    const colours = {ok: "good", warn: "warn", fail: "bad"};
    const row = element("tr"), text = element("td", finding.text);
    row.append(element("td", words[finding.status] || finding.status, {class: colours[finding.status] || "soft"}));
    row.append(element("td", finding.code));
    for (const remedy of finding.do)
        text.append(element("code", `do  ${remedy}`));
    row.append(text);
    return row;
}

function showFindings(answer) {
    const table = element("table"), body = element("tbody"), heads = element("tr");
    for (const head of ["status", "what", "finding"])
        heads.append(element("th", head, {scope: "col"}));
    const thead = element("thead");
    thead.append(heads);
    const order = {fail: 0, warn: 1};
    for (const finding of [...answer.findings].sort((a, b) => (order[a.status] ?? 2) - (order[b.status] ?? 2)))
        body.append(findingRow(finding));
    table.append(thead, body);
    const failed = answer.findings.filter(finding => finding.status === "fail").length;
    const words = answer.exit_code === 0 ? "The plan fits." :
        failed > 0 ? `${failed} of ${answer.findings.length} findings FAIL; nothing was started.` : answer.reasons.join("; ");
    const line = element("p", words, {class: answer.exit_code === 0 ? "good" : "bad"});
    const wide = element("div", null, {class: "wide", tabindex: "0", role: "region", "aria-label": "Findings of the check"});
    wide.append(table);
    byId("findings").replaceChildren(element("h3", "Preflight"), line, wide);
    show("findings");
    byId("findings").focus();
}

async function check(event) {
    event.preventDefault();
    const config = configuration();
    refuse(null);
    passed = "";
    allowStart(false);
    byId("check").disabled = true;
    byId("state").textContent = "checking";
    try {
        const answer = await post("/api/v1/checks", config);
        showFindings(answer);
        passed = answer.exit_code === 0 ? JSON.stringify(config) : "";
    } catch (error) {
        show("findings", false);
        refuse(error);
    }
    reviewForm();
    byId("state").textContent = current ? "a run goes on" : "ready";
}

async function start() {
    refuse(null);
    try {
        const made = await post("/api/v1/runs", configuration());
        show("findings", false);
        await follow(made.id);
        byId("run-title").focus();
    } catch (error) {
        refuse(error);
    }
}

// --- the run that goes on ---

function log(text) {
    const list = byId("log"), item = element("p", `${new Date().toLocaleTimeString()}  ${text}`);
    list.append(item);
    while (list.children.length > 200)
        list.firstChild.remove();
    list.scrollTop = list.scrollHeight;
}

function tile(name, value, small) {
    const item = element("li");
    item.append(element("span", name), element("b", value), element("small", small));
    return item;
}

function showTiles(line) {
    const c = line.connections, r = line.requests, latency = line.latency_seconds || {};
    byId("tiles").replaceChildren(
        tile("live", count(c.live), `of ${grouped(c.target)}`),
        tile("closed, errored", `${count(c.closed)}, ${count(c.errored)}`, `lost ${count(c.lost)}`),
        tile("client", line.client_per_second === null ? "\u2013" : rate(line.client_per_second), `${count(r.answered)} answered`),
        line.server_per_second === null ? tile("server", "\u2013", "its own count is not measured") :
            tile("server", rate(line.server_per_second), "its own count"),
        tile("p50", line.p50_seconds === null ? "\u2013" : time(line.p50_seconds), line.p50_seconds === null ? "no answer in this second" : "of this second"),
        tile("p99", line.p99_seconds === null ? "\u2013" : time(line.p99_seconds), `so far ${time(latency.p99)}`),
        tile("our CPU", line.cpu_percent === null ? "\u2013" : `${line.cpu_percent.toFixed(0)} %`, "of one core"),
        tile("our headroom", count(line.descriptors), `descriptors; loop lag ${time(line.loop_lag_seconds)}`));
}

function showProgress(line) {
    const hold = current.hold, c = line.connections;
    const ramp = c.target > 0 ? Math.min(1, c.attempted / c.target) : 1;
    const held = hold > 0 ? Math.min(1, (line.run.hold_seconds || 0) / hold) : 0;
    byId("progress").value = line.phase === "ramp" ? 0.1 * ramp : line.phase === "hold" ? 0.1 + 0.88 * held : 0.99;
}

// As the live view of a terminal has it: what cannot come right any more is broken, what may is not yet.
function showSoFar(line) {
    const rules = line.rules_so_far || [];
    const named = (word, list) => list.length === 0 ? [] :
        [`${word}: ${list.map(rule => `${rule.expression} (${rule.measured})`).join(", ")}`];
    const broken = rules.filter(rule => rule.state === "broken"), open = rules.filter(rule => rule.state === "not_yet");
    const holding = rules.length - broken.length - open.length;
    const words = rules.length === 0 ? ["the figures are fixed, the verdict comes with the report"] : [...named("broken", broken),
        ...named("not yet", open), holding === rules.length ? `all ${holding} rules hold so far` : `${holding} of ${rules.length} rules hold`];
    const text = `${line.phase}: ${words.join("; ")}`;
    if (rules.length > 0)
        byId("so-far").className = `verdict ${broken.length > 0 ? "bad" : open.length > 0 ? "" : "good"}`;
    if (byId("run-verdict").textContent !== text)
        byId("run-verdict").textContent = text;
}

async function showLive(id) {
    if (current === null || current.drawing)
        return;
    current.drawing = true;
    try {
        const width = Math.max(280, Math.round(byId("main").clientWidth - 40));
        const picture = await (await ask(`/api/v1/runs/${id}/live.svg?width=${width}`)).blob();
        const image = byId("live"), former = image.src;
        image.src = URL.createObjectURL(picture);
        image.alt = "Charts of the run so far: connections, requests, statuses, latency, the generator";
        image.hidden = false;
        if (former.startsWith("blob:"))
            URL.revokeObjectURL(former);
    } catch { /* nothing is measured yet, or the run is over */ }
    if (current)
        current.drawing = false;
}

function noteOutcomes(line) {
    for (const [name, number] of Object.entries(line.connections.outcomes)) {
        const before = current.outcomes[name] || 0;
        if (number > before)
            log(`${grouped(number - before)} ${name}`);
        current.outcomes[name] = number;
    }
}

const handlers = {
    finding(line) {
        for (const finding of line.findings)
            if (finding.status === "fail" || finding.status === "warn")
                log(`${finding.status}: ${finding.code}: ${finding.text}`);
    },
    phase(line) {
        log(`${line.phase} at ${line.t.toFixed(1)} s`);
    },
    mark(line) {
        for (const mark of line.marks.slice(current.marks))
            log(`mark: ${mark.text} at ${mark.t.toFixed(1)} s`);
        current.marks = line.marks.length;
    },
    second(line) {
        showTiles(line);
        showProgress(line);
        showSoFar(line);
        noteOutcomes(line);
        void showLive(current.id);
    },
    verdict(line) {
        current.over = true;
        log(`verdict: ${line.verdict.result}`);
        byId("progress").value = 1;
    },
};

function take(frame) {
    let event = "message", data = "";
    for (const line of frame.split("\n")) {
        if (line.startsWith("event: "))
            event = line.slice(7);
        else if (line.startsWith("data: "))
            data += line.slice(6);
        else if (line.startsWith("id: "))
            current.last = line.slice(4);
    }
    if (data !== "" && handlers[event])
        handlers[event](JSON.parse(data));
}

async function listen(id) {
    const headers = current.last === null ? {} : {"Last-Event-ID": current.last};
    const response = await ask(`/api/v1/runs/${id}/events`, {headers});
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
        const {value, done} = await reader.read();
        if (done || !current || current.id !== id)
            return;
        text += value;
        for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2))
            take(text.slice(0, end));
    }
}

const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

async function listenToEnd(id) {
    while (current && current.id === id) {
        try {
            await listen(id);
        } catch (error) {
            byId("state").textContent = error instanceof Refused ? error.message : "the server does not answer";
            if (error instanceof Refused && error.status < 500)
                return;
        }
        try {
            const run = await get(`/api/v1/runs/${id}`);
            if (run.state === "ended")
                return finish(run);
        } catch { /* again in a second */ }
        await pause(1000);
    }
}

async function follow(id) {
    const run = await get(`/api/v1/runs/${id}`);
    current = {id, last: null, outcomes: {}, marks: 0, hold: run.hold_seconds || 0, drawing: false, over: false};
    byId("run-where").textContent = `${grouped(run.connections)} connections on ${run.url}${run.hosts ? `, from ${run.hosts}` : ""}`;
    byId("run-verdict").textContent = "the preflight comes first";
    byId("so-far").className = "verdict";
    byId("progress").value = 0;
    byId("tiles").replaceChildren();
    byId("log").replaceChildren();
    show("live", false);
    show("report-part", false);
    show("compare-part", false);
    show("run-part");
    byId("stop").disabled = byId("mark").disabled = false;
    allowStart(false);
    byId("state").textContent = "a run goes on";
    void listenToEnd(id);
}

async function finish(run) {
    current = null;
    byId("stop").disabled = byId("mark").disabled = true;
    byId("state").textContent = "ready";
    show("run-part", false);
    reviewForm();
    await listRuns();
    await openReport(run);
}

async function order(event) {
    event.preventDefault();
    if (!current)
        return;
    try {
        await post(`/api/v1/runs/${current.id}/marks`, {text: byId("mark-text").value || "mark"});
    } catch (error) {
        log(error.message);
    }
}

async function stop() {
    if (!current)
        return;
    byId("stop").disabled = true;
    try {
        await post(`/api/v1/runs/${current.id}/stop`, {});
        log("stopping in order");
    } catch (error) {
        log(error.message);
    }
}

// --- the finished report: its own page, shown inside this one ---

// A style attribute would be refused by our Content-Security-Policy; its values are set one by one.
function withStyles(main) {
    for (const styled of main.querySelectorAll("[data-style]")) {
        for (const part of styled.dataset.style.split(";")) {
            const [name, value] = part.split(":");
            if (value !== undefined)
                styled.style.setProperty(name.trim(), value.trim());
        }
        styled.removeAttribute("data-style");
    }
}

function deepen(main) { // its first heading stands below ours
    for (const heading of main.querySelectorAll("h1,h2,h3")) {
        const lower = element(`h${Number(heading.tagName[1]) + 2}`);
        lower.append(...heading.childNodes);
        lower.className = `as-${heading.tagName.toLowerCase()}`;
        heading.replaceWith(lower);
    }
    for (const empty of main.querySelectorAll("th:empty")) {
        const cell = element("td");
        cell.className = empty.className;
        empty.replaceWith(cell);
    }
    for (const scrolled of main.querySelectorAll(".wide,pre"))
        scrolled.tabIndex = 0;
}

function download(id, file) {
    const button = element("button", file, {type: "button"});
    button.addEventListener("click", async () => {
        const link = element("a", null, {download: `${id}-${file}`});
        link.href = URL.createObjectURL(await (await ask(`/api/v1/runs/${id}/${file}`)).blob());
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });
    return button;
}

async function openReport(run) {
    const files = ["report.html", "report.json", "report.hgrm", "junit.xml", "chart.svg"];
    byId("report-title").textContent = `Report of ${run.label || run.id}`;
    byId("downloads").replaceChildren(element("span", "Download", {class: "soft"}), ...files.map(file => download(run.id, file)));
    try {
        const text = await (await ask(`/api/v1/runs/${run.id}/report.html`)).text();
        const inner = text.slice(text.indexOf("<main>"), text.lastIndexOf("</main>")).replaceAll(' style="', ' data-style="');
        const main = new DOMParser().parseFromString(inner, "text/html").querySelector("main");
        withStyles(main);
        deepen(main);
        byId("report").replaceChildren(...main.childNodes);
    } catch (error) {
        byId("report").replaceChildren(element("p", run.message || error.message, {class: "bad"}));
    }
    show("compare-part", false);
    show("report-part");
    byId("report-title").focus();
}

// --- former runs ---

function runRow(run) {
    const row = element("tr"), pick = element("input", null, {type: "checkbox", value: run.id}), open = element("button", "open", {type: "button"});
    const began = new Date(run.started_at).toLocaleString();
    pick.setAttribute("aria-label", `compare the run of ${began}`);
    open.setAttribute("aria-label", `open the report of ${began}`);
    pick.disabled = open.disabled = run.state !== "ended";
    pick.addEventListener("change", () => {
        byId("compare").disabled = picked().length !== 2;
    });
    open.addEventListener("click", () => openReport(run));
    const colours = {held: "good", broke: "bad", no_target: "bad"};
    const cells = [element("td"), element("td", began, {class: "k"}),
        element("td", run.verdict || run.state, {class: colours[run.verdict] || "warn"}),
        element("td", grouped(run.connections), {class: "n"}), element("td", run.url, {class: "v"}),
        element("td", run.label || "", {class: "v"}), element("td")];
    cells[0].append(pick);
    cells[6].append(open);
    row.append(...cells);
    return row;
}

const picked = () => [...document.querySelectorAll("#runs input:checked")].map(input => input.value);

async function listRuns() {
    const {runs} = await get("/api/v1/runs");
    byId("runs").replaceChildren(...runs.map(runRow));
    byId("compare").disabled = true;
    show("runs-part", runs.length > 0);
    return runs;
}

// --- two runs, as `holdfast report --compare` holds them against each other ---

const UNITS = {
    count, seconds: time, per_second: rate,
    bytes: value => `${grouped(value)} B`,
    ratio: value => String(Number(value.toPrecision(4))),
    percent: value => `${Number(value.toPrecision(4))} %`,
};
const VERDICTS = {same: ["same", "soft"], better: ["better", "good"], worse: ["worse", "bad"], not_comparable: ["not comparable", "warn"]};

function inUnit(row, value) {
    return value === null ? "not measured" : UNITS[row.unit](value);
}

// Of two shares the difference is in points.
function difference(row, value) {
    return row.unit === "percent" ? `${Number(value.toPrecision(3))} points` : UNITS[row.unit](value);
}

function changeOf(row) {
    if (row.change === null)
        return "\u2013";
    const amount = difference(row, Math.abs(row.change));
    return row.change === 0 ? amount : `${row.change > 0 ? "+" : "\u2212"}${amount}`;
}

function comparisonRow(row, comparable) {
    const made = element("tr"), [word, colour] = VERDICTS[row.verdict];
    made.append(element("th", row.metric, {scope: "row"}), element("td", inUnit(row, row.a), {class: "n"}), element("td", inUnit(row, row.b), {class: "n"}),
        element("td", changeOf(row), {class: "n"}), element("td", row.tolerance === null ? "any" : difference(row, row.tolerance), {class: "n"}));
    made.append(comparable ? element("td", row.why === null ? word : `${word}: ${row.why}`, {class: colour}) : element("td", "\u2013", {class: "soft"}));
    return made;
}

// The first line of `report --compare`, and what of it is worse, better and not comparable.
function comparisonWords(found) {
    const missed = found.quantities.filter(row => row.verdict === "not_comparable" && row.tolerance !== null);
    const titles = {worse: ["WORSE", "bad"], better: ["BETTER", "good"], not_comparable: ["NOT COMPARABLE", "warn"],
        same: missed.length > 0 ? ["NO WORSE", "warn"] : ["SAME", "good"]};
    const [title, colour] = titles[found.result];
    const box = element("div", null, {class: `verdict ${colour}`});
    box.append(element("p", title, {class: `where ${colour}`}));
    for (const reason of found.reasons)
        box.append(element("p", reason));
    if (found.result === "not_comparable")
        return box;
    for (const verdict of ["worse", "better"]) {
        const rows = found.quantities.filter(row => row.verdict === verdict);
        if (rows.length > 0)
            box.append(element("p", `${verdict}: ` + rows.map(row => `${row.metric} ${inUnit(row, row.a)} \u2192 ${inUnit(row, row.b)}`).join(", ")));
    }
    if (missed.length > 0)
        box.append(element("p", "not comparable: " + missed.map(row => `${row.metric} (${row.why})`).join(", ")));
    return box;
}

async function compare() {
    const [older, newer] = picked().reverse();
    const found = await get(`/api/v1/runs/${newer}/comparison?with=${older}`);
    const table = element("table"), thead = element("thead"), heads = element("tr"), body = element("tbody");
    const named = (letter, run) => `${letter}: ${run.label || run.file}, ${run.verdict}`;
    for (const head of ["quantity", named("A", found.a), named("B", found.b), "change", "tolerated", "verdict"])
        heads.append(element("th", head, {scope: "col"}));
    for (const row of found.quantities)
        body.append(comparisonRow(row, found.result !== "not_comparable"));
    thead.append(heads);
    table.append(thead, body);
    byId("comparison-words").replaceChildren(comparisonWords(found));
    byId("comparison").replaceChildren(table);
    show("report-part", false);
    show("compare-part");
    byId("compare-title").focus();
}

// --- begin ---

async function begin() {
    takeToken();
    if (token === "")
        return forget();
    try {
        const runs = await listRuns();
        await offerHosts();
        show("token-part", false);
        show("new-part");
        byId("state").textContent = "ready";
        const active = runs.find(run => run.state !== "ended");
        if (active)
            await follow(active.id);
    } catch (error) {
        if (!(error instanceof Refused))
            byId("state").textContent = "the server does not answer";
    }
}

byId("token-form").addEventListener("submit", event => {
    event.preventDefault();
    sessionStorage.setItem(TOKEN, byId("token").value.trim());
    void begin();
});
byId("new-form").addEventListener("submit", check);
byId("new-form").addEventListener("input", reviewForm);
byId("start").addEventListener("click", start);
byId("order-form").addEventListener("submit", order);
byId("stop").addEventListener("click", stop);
byId("compare").addEventListener("click", () => compare().catch(refuse));
window.addEventListener("hashchange", () => void begin());
void begin();
