"""Tables in Markdown: figures beside the goals of measure/workloads.py."""
from measure.workloads import ADAMW_BYTES, NOISE, SLACK, batch_bytes, goals_of


def table(columns, rows):
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def microseconds(value):
    return f"{value:,.{1 if value < 100 else 0}f}"


def limits_share(result, workload):
    """The share of what the machine allows: products at the peak and bytes at the bandwidth of updates, one after the other."""
    if workload == "W9":
        return ADAMW_BYTES / result["update_bytes_per_second"] * 1e6 / result["median_us"]
    return result["least_us"] / result["median_us"]


def judge(label, value, goal, digits="{:.2f}x", below=False):
    """A goal and whether it is met: "1.8x met", "15x missed: 11.2x"."""
    met = value <= goal if below else value >= goal
    return f"{label} {digits.format(goal)}: {'met' if met else f'missed ({digits.format(value)})'}"


def verdicts(one):
    """For a measured case, each goal with whether it is met."""
    goals = goals_of(one["workload"])
    slack = SLACK if one["threads"] > 1 else 1
    if one["predicted"]:
        goals = dict(onnx=goals["onnx"], limits=goals["predicted"]) if "onnx" in goals else {}
    family, label = ("onnx", "ONNX Runtime") if one["predicted"] else ("pytorch", "PyTorch")
    either = []
    if family in goals and family in one["ratios"]:
        either.append((label, one["ratios"][family], goals[family] * slack, "{:.2f}x"))
    if "limits" in goals:
        either.append(("limits", one["limits"], goals["limits"] * slack, "{:.0%}"))
    met = any(value >= goal for _, value, goal, _ in either)
    found = [" or ".join(f"{name} {digits.format(goal)}" for name, _, goal, digits in either) +
             (": met" if met else f": missed ({', '.join(digits.format(value) for _, value, _, digits in either)})")] if either else []
    if "c" in goals and "c" in one["ratios"]:
        found.append(judge("C", one["ratios"]["c"], goals["c"] * slack))
    kept = [result["kept_bytes"] for result in one["results"].values() if "kept_bytes" in result]
    if "kept" in goals and kept:
        least = min(kept) * goals["kept"] + batch_bytes(one["workload"])
        found.append(judge("arena", one["results"]["talweg"]["arena_bytes"] / 2**20, least / 2**20, "{:.2f} MiB", True))
    return found


def start_verdicts(one):
    goals, ours = goals_of(one["workload"]), one["results"]["talweg"]
    found = [judge("cold", ours["cold_seconds"], goals["cold"], "{:.2f} s", True),
             judge("cached", ours["cached_seconds"], goals["cached"], "{:.3f} s", True)] if "cold" in goals else []
    eager = next((result for name, result in one["results"].items() if name.endswith("eager")), None)
    if eager and "peak_rss_bytes" in eager and "memory" in goals:
        share = ours["peak_rss_bytes"] / eager["peak_rss_bytes"]
        found.append(judge("memory", share, goals["memory"], "{:.0%}", True))
    return found


def peers_of(results):
    """The names of all but talweg, in the order in which they first appear."""
    return list(dict.fromkeys(name for one in results for name in one if name != "talweg"))


def arena_cell(results):
    """Our arena, and in brackets another build's and what autograd keeps of a peer's forward pass, in MiB."""
    others = {name: result.get("arena_bytes", result.get("kept_bytes")) for name, result in results.items() if name != "talweg"}
    told = ", ".join(f"{name} {held / 2**20:.2f}" for name, held in others.items() if held is not None)
    return f"{results['talweg']['arena_bytes'] / 2**20:.2f}" + (f" ({told})" if told else "")


def speed_table(cases):
    """One row for each case: time of a step, each peer's time over ours, arenas, and the goals."""
    names = peers_of(one["results"] for one in cases)
    rows = []
    for one in cases:
        ours = one["results"]["talweg"]
        if "wrong" in ours:
            rows.append([one["workload"], "", ours["wrong"], *[""] * (len(names) + 4)])
            continue
        row = [one["workload"] + (f", {one['predicted']} predicted" if one["predicted"] else ""), str(one["threads"]), microseconds(ours["median_us"])]
        for name in names:
            theirs = one["results"].get(name)
            if theirs is None:
                row.append("")
            elif "wrong" in theirs:
                row.append(theirs["wrong"])
            else:
                row.append(f"{microseconds(theirs['median_us'])} ({theirs['ratio']:.2f}x)")
        row += [arena_cell(one["results"]), f"{ours['fma_peak_share']:.0%}", f"{one['limits']:.0%}", "; ".join(verdicts(one))]
        rows.append(row)
    return table(["", "threads", "talweg µs", *names, "arena MiB", "of the FMA peak", "of the limits", "goals"], rows)


def start_table(cases):
    """Start and memory: ours cold and from the cache, then the peers'."""
    rows = []
    for one in cases:
        if one["predicted"] or "wrong" in one["results"]["talweg"]:
            continue
        ours = one["results"]["talweg"]
        others = [(name, dict(result, start_seconds=result.get("start_seconds", result.get("cold_seconds"))))
                  for name, result in one["results"].items() if name != "talweg" and "peak_rss_bytes" in result]
        rows.append([one["workload"], str(one["threads"]), f"{ours['cold_seconds']:.2f}", f"{ours['cached_seconds']:.3f}",
                     "; ".join(f"{name} {result['start_seconds']:.1f}" for name, result in others),
                     f"{ours['peak_rss_bytes'] / 2**20:.0f}",
                     "; ".join(f"{name} {result['peak_rss_bytes'] / 2**20:.0f}" for name, result in others),
                     "; ".join(start_verdicts(one))])
    return table(["", "threads", "cold s", "cached s", "peers' start s", "peak MiB", "peers' peak MiB", "goals"], rows)


def forward_shape(row):
    """The layer's M x N x K of which this is the forward product (NN), the input's gradient (NT) or the weight's (TN)."""
    first, second, third = row["shape"].split(" x ")
    return " x ".join({"NN": (first, second, third), "NT": (first, third, second), "TN": (third, second, first)}[row["kind"]])


def products_table(rows):
    """Rates of matrix products as shares of the multiply-add peak measured beside them, a layer's three products in a row."""
    lines = {}
    for row in rows:
        library, rate = max(((name, rate) for name, rate in row["rates"].items() if name != "talweg"),
                            key=lambda one: one[1], default=(None, 0))
        cell = f"{row['rates']['talweg']:.0f}, {row['rates']['talweg'] / row['peak']:.0%}"
        if library:
            cell += f" ({library} {rate / row['peak']:.0%})"
        lines.setdefault((forward_shape(row), row["threads"]), {})[row["kind"]] = cell
    return table(["M x N x K", "threads", "y = x w (NN)", "dx = dy wᵀ (NT)", "dw = xᵀ dy (TN)"],
                 [[shape, str(threads), *(cells.get(kind, "") for kind in ("NN", "NT", "TN"))]
                  for (shape, threads), cells in lines.items()])


def products_verdicts(rows):
    """For each number of threads, how many products meet the goals, and the worst."""
    found = []
    for threads in dict.fromkeys(row["threads"] for row in rows):
        goal, behind = (0.92, NOISE) if threads == 1 else (0.88, SLACK)
        measured = [row for row in rows if row["threads"] == threads]
        for words, wanted, value in (
                (f"at least {goal:.0%} of the peak", goal, lambda row: row["rates"]["talweg"] / row["peak"]),
                (f"at least {behind:.2f} of the best library", behind,
                 lambda row: row["rates"]["talweg"] / max([rate for name, rate in row["rates"].items() if name != "talweg"],
                                                          default=row["rates"]["talweg"]))):
            worst = min(measured, key=value)
            found.append(f"{threads} thread{'s' if threads > 1 else ''}, {words}: {sum(value(row) >= wanted for row in measured)} of "
                         f"{len(measured)}; least {value(worst):.2f}, {worst['kind']} {worst['shape']}.")
    return "\n".join(found)
