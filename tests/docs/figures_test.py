#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether the figures of a page are those of the results. Arguments: the page, the results."""

import re
import sys

# Rows of the page's table of memory: the row and the column of the results.
MEMORY = {
    "an idle connection, of 5 000": ("conats connections", 2),
    "an idle subscription, of a million": ("conats subscriptions", 2),
    "the same with a handler that awaits nothing": ("conats handlers", 2),
}


def tables(path):
    """The rows of all tables, each with the head of its table."""
    head = None
    with open(path, encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip(" *\n") for cell in line.strip().strip("|").split("|")]
            if not line.startswith("|"):
                head = None
            elif head is None:
                head = cells
            elif not line.startswith("|--"):
                yield head, [re.sub(r"[*`]|\(.*\)", "", cell).strip() for cell in cells]


def main():
    page, results = list(tables(sys.argv[1])), list(tables(sys.argv[2]))
    faults, seen = [], 0

    def expect(what, given, known):
        nonlocal seen
        seen += 1
        if known != given:
            faults.append("%s: the page says %s, the results %s" % (what, given, known))

    for head, cells in page:
        if head[0] == "messages/s":
            known = [(h, c) for h, c in results if h[0] == head[0] and c[0] == cells[0] and "limit" in h]
            for name, given in zip(head[1:], cells[1:]):
                expect("%s, %s" % (cells[0], name), given, known[0][1][known[0][0].index(name)] if known else None)
        if cells[0] in MEMORY:
            row, column = MEMORY[cells[0]]
            known = [c for _, c in results if c[0] == row]
            expect(cells[0], cells[1], known[0][column] if known else None)
    for fault in faults:
        print(fault)
    if seen < 20:
        sys.exit("the page has but %d figures" % seen)
    print("%d figures" % seen)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
