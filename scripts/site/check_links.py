#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Finds links that lead nowhere.

    check_links.py site DIRECTORY      the pages of a built site: links, anchors, pictures, scripts,
                                       and whatever a page would fetch from elsewhere
    check_links.py markdown FILE...    relative links and anchors of Markdown files
"""

import os
import re
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

EXTERNAL = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.I)
SCRIPT = re.compile(r"javascript:|data:", re.I)
# What a browser fetches by itself, other than by a click.
FETCHED = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("link", "href")}
NOT_FETCHED = {"canonical", "alternate", "prev", "next"}


class page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.anchors, self.links, self.fetched = set(), [], []
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.feed(text)
        for style in re.findall(r"@import[^;]*|url\([^)]*\)", text):
            if re.search(r"https?:|\(['\"]?//", style):
                self.fetched.append(style)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        for name in ("id", "name"):
            if given.get(name):
                self.anchors.add(given[name])
        for name in ("href", "src"):
            target = given.get(name)
            if not target or SCRIPT.match(target):
                continue
            if not EXTERNAL.match(target):
                self.links.append((self.getpos()[0], target))
            elif (tag, name) in FETCHED and given.get("rel") not in NOT_FETCHED:
                self.fetched.append(target)


def check_site(directory):
    pages, faults, links = {}, [], 0
    for folder, _, names in os.walk(directory):
        for name in names:
            if name.endswith(".html"):
                path = os.path.join(folder, name)
                pages[os.path.normpath(path)] = page(path)
            elif name.endswith(".css"):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as file:
                    for found in re.findall(r"(?:@import\s*|url\()\s*['\"]?((?:https?:)?//[^'\")]*)", file.read()):
                        faults.append("%s: fetches %s" % (path, found))
    for path, one in sorted(pages.items()):
        for target in one.fetched:
            faults.append("%s: fetches %s" % (path, target))
        for line, target in one.links:
            links += 1
            parts = urlsplit(target)
            place = path
            if parts.path.startswith("/"):
                place = os.path.normpath(os.path.join(directory, unquote(parts.path).lstrip("/")))
            elif parts.path:
                place = os.path.normpath(os.path.join(os.path.dirname(path), unquote(parts.path)))
            if os.path.isdir(place):
                place = os.path.join(place, "index.html")
            anchor = unquote(parts.fragment)
            if not os.path.isfile(place):
                faults.append("%s:%d: no such page: %s" % (path, line, target))
            elif anchor and place in pages and anchor not in pages[place].anchors and not anchor.startswith("__"):
                faults.append("%s:%d: no such anchor: %s" % (path, line, target))
    return faults, "%d pages, %d links" % (len(pages), links), bool(pages)


def without_code(text):
    text = re.sub(r"^```.*?^```$", lambda code: "\n" * code.group(0).count("\n"), text, flags=re.M | re.S)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors_of(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    anchors = {}
    for title in re.findall(r"^#+ +(.*?) *#*$", text, flags=re.M):
        title = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", title).replace(" ", "-")
        count = anchors[slug] = anchors.get(slug, -1) + 1
        if count:
            anchors["%s-%d" % (slug, count)] = 0
    return set(anchors) | set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))


def check_markdown(paths):
    faults, links = [], 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text = without_code(file.read())
        for found in re.finditer(r"\]\(([^)\s]+)\)", text):
            target = found.group(1)
            if EXTERNAL.match(target):
                continue
            links += 1
            line = text.count("\n", 0, found.start()) + 1
            name, _, anchor = target.partition("#")
            place = os.path.normpath(os.path.join(os.path.dirname(path), unquote(name))) if name else path
            if not os.path.exists(place):
                # The reference is there once it is built, beside the pages of docs/.
                if not re.fullmatch(r"docs/api/index\.html", os.path.relpath(place)):
                    faults.append("%s:%d: no such file: %s" % (path, line, target))
            elif anchor and place.endswith(".md") and anchor not in anchors_of(place):
                faults.append("%s:%d: no such anchor: %s" % (path, line, target))
    return faults, "%d files, %d links" % (len(paths), links), bool(paths)


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("site", "markdown"):
        sys.exit(__doc__)
    check = check_site(sys.argv[2]) if sys.argv[1] == "site" else check_markdown(sys.argv[2:])
    faults, summary, some = check
    for fault in faults:
        print(fault, file=sys.stderr)
    if not some:
        sys.exit("there is nothing to check")
    print("links: %s, %s" % (summary, "%d lead nowhere" % len(faults) if faults else "all lead somewhere"))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
