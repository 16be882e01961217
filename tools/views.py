"""Screens of oha and k6, redrawn with the numbers of a run of ours, for a picture beside our own.

Neither is run: oha's is laid out as its src/monitor.rs says (version 1.x), k6's as its internal/cmd/ui.go and its page on
the end-of-test summary say. What words they print of an error is not known, so none is made up."""

import re

WIDTH, HEIGHT = 80, 24
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
BLOCKS = " ▁▂▃▄▅▆▇█"
CYAN, GREEN, YELLOW, DIM = "36", "32", "33", "2"


def tinted(code, text):
    return f"\x1b[{code}m{text}\x1b[0m" if code else text


def columns(text):
    return len(ESCAPE.sub("", text))


def box(title, lines, width, height, tint=""):
    """A frame with its title in the upper edge, and so many lines in it."""
    rows = [tinted(tint, f"┌{title[:width - 2].ljust(width - 2, '─')}┐")]
    for line in (lines + [""] * height)[:height - 2]:
        rows.append(tinted(tint, "│") + line + " " * (width - 2 - columns(line)) + tinted(tint, "│"))
    return [*rows, tinted(tint, f"└{'─' * (width - 2)}┘")]


def bars(values, width, height, bar, tint):
    """Bars side by side with their values at the foot, and a label below each: [(label, value)]."""
    shown = values[:(width + 1) // (bar + 1)]
    most = max((value for _, value in shown), default=0) or 1
    rows = []
    for row in range(height - 1, 0, -1):
        cells = []
        for _, value in shown:
            eighths = max(0, min(8, round(value / most * (height - 1) * 8) - (row - 1) * 8))
            foot = row == 1 and eighths > 0
            cells.append(str(value).center(bar)[:bar] if foot else BLOCKS[eighths] * bar)
        rows.append(tinted(tint, " ".join(cells)))
    return [*rows, tinted(tint, " ".join(label.center(bar)[:bar] for label, _ in shown))]


def binned(steps, bins):
    """Counts of equal parts of the range, of a distribution's [(value, how many up to it)]: [(upper end, count)]."""
    low, high = steps[0][0], steps[-1][0]
    ends = [low + (high - low) * (i + 1) / bins for i in range(bins)]
    below = [max((count for value, count in steps if value <= end + 1e-9), default=0) for end in ends]
    return [(end, count - before) for end, count, before in zip(ends, below, [0, *below], strict=False)]


def rates(report):
    return [round(value) for value in report["timeline"]["client_per_second"] if value is not None]


def oha(report, steps):
    """steps: the latencies' distribution in seconds."""
    length, latency, requests = report["run"]["hold_seconds"], report["latency_seconds"], report["requests"]
    errors = [f"[{count}] (the error in its library's words)" for count in report["connections"]["outcomes"].values() if count > 0]
    left, right = WIDTH // 2, WIDTH - WIDTH // 2
    label = f"{length:.0f}s / {length:.0f}s"
    half = "█" * ((WIDTH - 2 - len(label)) // 2)
    rows = box("Progress", [tinted(CYAN, half) + label + tinted(CYAN, half.ljust(WIDTH - 2 - len(label) - len(half), "█"))], WIDTH, 3)
    stats = [f"Requests : {rates(report)[-1]}", tinted(YELLOW, f"Slowest: {latency['max']:.4f} secs"),
             tinted(GREEN, f"Fastest: {latency['min']:.4f} secs"), tinted(CYAN, f"Average: {latency['mean']:.4f} secs"),
             f"Data: {requests['bytes_in'] / length / 1024:.2f} KiB",
             f"Number of open files: {report['connections']['live'] + 6} / {report['environment']['nofile_soft']}"]
    statuses = [f"[{status}] {count} responses" for status, count in sorted(requests["by_status"].items(), key=lambda one: -one[1])]
    rows += [a + b for a, b in zip(box("stats for last second", stats, left, 8), box("Status code distribution", statuses, right, 8), strict=True)]
    rows += box("Error distribution", errors, WIDTH, len(errors) + 2)
    height = HEIGHT - len(rows)
    past = [(f"{i}s", value) for i, value in enumerate(reversed(rates(report)))]
    histogram = [(f"{end:.4f}", count) for end, count in binned(steps, (right - 2) // 8)]
    rows += [a + b for a, b in zip(
        box("Requests / past second (auto). press -/+/a to change", bars(past, left - 2, height - 2, 5, GREEN), left, height, GREEN),
        box("Response time histogram", bars(histogram, right - 2, height - 2, 7, YELLOW), right, height, YELLOW), strict=True)]
    return "\n".join(rows)


def metric(name, text):
    return f"    {name}{'.' * (35 - len(name))}: {text}"


def trend(figures):
    keys = ("avg", "mean"), ("min", "min"), ("med", "p50"), ("max", "max"), ("p(90)", "p90"), ("p(95)", "p95")
    return " ".join(f"{name}={figures[key] * 1e3:.2f}ms" for name, key in keys)


def folded(text):
    """As a terminal of that width breaks a line that nobody did: in mid-word."""
    lines = []
    for line in text.split("\n"):
        plain = [line[i:i + WIDTH] for i in range(0, len(line), WIDTH)] if "\x1b" not in line else [line]
        lines += plain or [""]
    return "\n".join(lines)


def k6(report):
    run, requests, latency, target = report["run"], report["requests"], report["latency_seconds"], report["connections"]["target"]
    length, done = run["ramp_seconds"] + run["hold_seconds"], requests["answered"]
    failed = sum(count for status, count in requests["by_status"].items() if status >= "400")
    thirds = f"[{'=' * 15}>{tinted(DIM, '-' * 22)}]"
    return folded("\n".join((
        f"running (0m{length * 0.4:04.1f}s), {target}/{target} VUs, {round(done * 0.4)} complete and 0 interrupted iterations",
        f"default   {thirds} {target} VUs  0m{length * 0.4:04.1f}s/0m{length:.0f}s",
        tinted(DIM, "(and when it has ended:)"), "",
        "  █ THRESHOLDS", "", "    http_req_duration", tinted(GREEN, f"    ✓ 'p(95)<100' p(95)={latency['p95'] * 1e3:.2f}ms"), "",
        "  █ TOTAL RESULTS", "", "    HTTP",
        metric("http_req_duration", trend(latency)),
        metric("http_req_failed", f"{failed / done * 100:.2f}%  {failed} out of {done}"),
        metric("http_reqs", f"{done}  {done / length:.6f}/s"), "", "    EXECUTION",
        metric("iterations", f"{done}  {done / length:.6f}/s"),
        metric("vus", f"{target}  min={target}  max={target}"), "", "    NETWORK",
        metric("data_received", f"{requests['bytes_in'] / 1e3:.0f} kB  {requests['bytes_in'] / length / 1e3:.0f} kB/s"),
        metric("data_sent", f"{requests['bytes_out'] / 1e3:.0f} kB  {requests['bytes_out'] / length / 1e3:.0f} kB/s"))))
