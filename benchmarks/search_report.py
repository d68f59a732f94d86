"""The table and the plot of benchmarks.search, from its raw results."""

import math
from typing import Any

import numpy as np

COLOURS = {
    "ours": "#0b6e4f",
    "ours-huge": "#0b6e4f",
    "flat": "#444",
    "faiss-hnsw": "#b85c00",
    "hnswlib": "#7a1fa2",
    "usearch": "#1565c0",
}
OURS = ("ours", "ours-huge")
WIDTH, HEIGHT, EDGE = 640, 420, 60
HEAD = (
    "| entries | engine | build s | build CPU s | open s | first search s | memory MB | disk MB "
    "| p50 ms | p95 ms | p99 ms | CPU ms "
    "| batch ms a query | recall@20 |\n" + "|---:|---|" + "---:|" * 12
)


def table(results: dict[str, Any]) -> str:
    """Markdown: one line for each engine and size, then the ratios to ours."""
    lines = [HEAD]
    for run in results["runs"]:
        lines += [_line(engine) for engine in run["engines"]]
        lines += [f"| {run['count']:,} | {name} | not installed |" + " |" * 11 for name in run["missing"]]
    lines.append("")
    for run in results["runs"]:
        lines += _ratios(run)
    return "\n".join(lines) + "\n"


def _line(raw: dict[str, Any]) -> str:
    p50, p95, p99 = np.percentile(raw["single_ms"], [50, 95, 99])
    figures = (
        f"{raw['build_s']:.1f}",
        f"{raw['build_cpu_s']:.1f}",
        f"{raw['open_s']:.3f}",
        f"{raw['first_search_s']:.3f}",
        f"{raw['memory_bytes'] / 1e6:,.0f}",
        f"{raw['disk_bytes'] / 1e6:,.0f}",
        f"{p50:.2f}",
        f"{p95:.2f}",
        f"{p99:.2f}",
        f"{np.median(raw['single_cpu_ms']):.2f}",
        f"{raw['batch_ms_per_query']:.3f}",
        f"{raw['recall']:.4f}",
    )
    return f"| {raw['count']:,} | {raw['engine']} | " + " | ".join(figures) + " |"


def _ratios(run: dict[str, Any]) -> list[str]:
    ours = next((raw for raw in run["engines"] if raw["engine"] in OURS and raw["count"] == run["count"]), None)
    lines = []
    for raw in run["engines"]:
        if ours is None or raw is ours:
            continue
        query = np.median(raw["single_ms"]) / np.median(ours["single_ms"])
        worked = np.median(raw["single_cpu_ms"]) / np.median(ours["single_cpu_ms"])
        build, build_worked = (raw[name] / max(ours[name], 1e-9) for name in ("build_s", "build_cpu_s"))
        who = f"{raw['engine']} at {raw['count']:,}"
        lines.append(
            f"- {who} against ours at {run['count']:,}: single query p50 {query:.2f} times ({worked:.2f} in CPU time), "
            f"build {build:.1f} times ({build_worked:.1f} in CPU time)."
        )
    if ours is not None and "add_and_find_ms" in ours:
        added, removed = (np.percentile(ours[name], [50, 99]) for name in ("add_and_find_ms", "remove_and_miss_ms"))
        lines.append(
            f"- {run['count']:,}, ours: one entry added and found p50 {added[0]:.1f} ms, p99 {added[1]:.1f} ms; "
            f"removed and no longer found p50 {removed[0]:.1f} ms, p99 {removed[1]:.1f} ms. {ours.get('stats', {})}"
        )
    return lines


def plot(results: dict[str, Any]) -> str:
    """SVG: the median processor time of a single query against the number of entries, both logarithmic."""
    series: dict[str, list[tuple[float, float]]] = {}
    for run in results["runs"]:
        for raw in run["engines"]:
            point = (math.log10(raw["count"]), math.log10(float(np.median(raw["single_cpu_ms"]))))
            series.setdefault(raw["engine"], []).append(point)
    points = [point for line in series.values() for point in line]
    left, right = math.floor(min(x for x, _ in points)), math.ceil(max(x for x, _ in points) + 1e-9)
    low, high = math.floor(min(y for _, y in points)), math.ceil(max(y for _, y in points) + 1e-9)

    def place(x: float, y: float) -> tuple[float, float]:
        across = EDGE + (x - left) / max(1, right - left) * (WIDTH - 2 * EDGE)
        return across, HEIGHT - EDGE - (y - low) / max(1, high - low) * (HEIGHT - 2 * EDGE)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif">']
    for x in range(left, right + 1):
        across, down = place(x, low)
        parts.append(f'<text x="{across:.0f}" y="{down + 20:.0f}" font-size="12" text-anchor="middle">1e{x}</text>')
    for y in range(low, high + 1):
        across, down = place(left, y)
        parts.append(
            f'<text x="{across - 8:.0f}" y="{down:.0f}" font-size="12" text-anchor="end">{10.0**y:g} ms</text>'
        )
        parts.append(f'<path d="M{across:.0f} {down:.0f}H{WIDTH - EDGE}" stroke="#ddd"/>')
    for number, (engine, unsorted) in enumerate(series.items()):
        line = [place(*point) for point in sorted(unsorted)]
        path = "L".join(f"{across:.1f} {down:.1f}" for across, down in line)
        colour = COLOURS.get(engine, "#000")
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3" fill="{colour}"/>' for across, down in line]
        parts.append(f'<text x="{EDGE + 10}" y="{EDGE + 16 * number}" font-size="13" fill="{colour}">{engine}</text>')
    title = "median processor time of a single query against entries"
    parts.append(f'<text x="{WIDTH / 2}" y="24" font-size="14" text-anchor="middle">{title}</text></svg>')
    return "\n".join(parts) + "\n"
