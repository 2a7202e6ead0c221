# SPDX-License-Identifier: Apache-2.0
"""The same as SVG."""

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

from report import groups_of, limit_of, median  # noqa: E402

COLOURS = {"conats": "#0b6bcb", "nats.c": "#9a6b00", "nats.go": "#00838f", "async-nats": "#b4491f",
           "nats.js": "#7a8b00", "raw C": "#9e9e9e", "ideal C": "#616161"}


def colour_of(name):
    for start, colour in COLOURS.items():
        if name.startswith(start):
            return colour
    return "#bdbdbd"


def bars(axes, title, values, unit):
    """Horizontal, the best on top."""
    more_is_better = unit != "µs"
    values = sorted(values, key=lambda pair: pair[1], reverse=not more_is_better)
    names = [name for name, _ in values]
    axes.barh(names, [value for _, value in values], color=[colour_of(n) for n in names],
              height=0.7)
    axes.set_title(title, fontsize=9, loc="left")
    axes.tick_params(labelsize=8)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel(unit, fontsize=8)


OVERVIEW = (
    ("publish to nats-server: 16 B", ("conats publish", "nats.c", "nats.go", "async-nats",
                                      "nats.js", "ideal C")),
    ("receive from nats-server: 16 B", ("conats handler", "conats next", "nats.c", "nats.go",
                                        "async-nats", "nats.js", "ideal C")),
    ("receive from a source: 16 B", ("conats handler", "conats next", "nats.c", "nats.go",
                                     "async-nats", "nats.js")),
    ("256 requests at once: 16 B", ("conats request", "nats.c", "nats.go", "async-nats",
                                    "nats.js")),
    ("request through nats-server: 16 B", ("conats request", "nats.c", "nats.go", "async-nats",
                                           "nats.js", "raw C")),
    ("publish and receive on one connection: 16 B", ("conats handler", "nats.c", "nats.go",
                                                     "async-nats", "nats.js")),
)


def overview(cases, results, path):
    """What a reader looks at first: six scenarios with small messages."""
    by_key = {case.key: case for case in cases}
    figure, axes = plt.subplots(3, 2, figsize=(9, 8.2), layout="constrained")
    for place, (key, names) in zip(axes.flat, OVERVIEW):
        case = by_key.get(key)
        found = results.get(key, {})
        if case is None or not found:
            place.set_axis_off()
            continue
        rate = case.value == "rate"
        values = [(name, median(found[name], case.value) / (1e6 if rate else 1))
                  for name in names if found.get(name)]
        bars(place, f"{case.group}, {case.title}", values,
             "million messages/s" if rate else "µs")
    figure.savefig(path)
    plt.close(figure)


def by_size(group, cases, results, path):
    """Throughput as a share of the limit, over the size of the payload."""
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    names = dict.fromkeys(name for case in cases for name in results[case.key])
    for name in names:
        points = [(case, median(results[case.key][name], "rate") / limit_of(results[case.key]))
                  for case in cases if results[case.key].get(name)]
        axes.plot([case.title for case, _ in points], [share for _, share in points],
                  marker="o", markersize=4, color=colour_of(name),
                  linestyle="-" if name.startswith("conats") else "--", label=name)
    axes.set_yscale("log")
    axes.set_ylabel("share of the limit")
    axes.set_title(group, fontsize=10, loc="left")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, ncols=2)
    figure.savefig(path)
    plt.close(figure)


def draw(cases, results, directory):
    overview(cases, results, directory / "overview.svg")
    for group, of_group in groups_of(cases).items():
        if len(of_group) > 1 and all(limit_of(results[c.key]) for c in of_group):
            if of_group[0].value == "rate":
                by_size(group, of_group, results,
                        directory / f"{group.replace(' ', '-').replace(',', '')}.svg")
