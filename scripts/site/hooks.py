# SPDX-License-Identifier: Apache-2.0
"""What mkdocs is told beyond docs/: pages that are made of other files of the repository, the API
reference, and links, which in the sources are those of the repository."""

import glob
import logging
import os
import posixpath
import re
import xml.etree.ElementTree as xml

from mkdocs.structure.files import File

log = logging.getLogger("mkdocs.hooks.conats")

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
API = os.path.join(ROOT, "build/docs")
# Taken as they are, at the place they have in the repository.
PAGES = ["CHANGELOG.md", "CONTRIBUTING.md", "lib/README.md", "examples/README.md", "benchmarks/README.md"]
APP_PAGE = r"examples/apps/\w+/README\.md"
PAGES_AND_PLOTS = ["examples/apps/*/README.md", "benchmarks/results/*/README.md", "benchmarks/results/*/*.svg"]
SOURCES = ["examples/*.cpp", "examples/*.hpp"]  # each becomes a page


def is_page(path):
    return path in PAGES or re.fullmatch(APP_PAGE, path)


def repository_path(file):
    path = file.src_uri
    return path if is_page(path) or path.startswith("benchmarks/") else "docs/" + path


def add(files, config, path, directory=ROOT):
    files.append(File(path, directory, config["site_dir"], config["use_directory_urls"]))


def on_files(files, config):
    for pattern in PAGES + PAGES_AND_PLOTS:
        for path in sorted(glob.glob(os.path.join(ROOT, pattern))):
            add(files, config, os.path.relpath(path, ROOT))
    for pattern in SOURCES:
        for path in sorted(glob.glob(os.path.join(ROOT, pattern))):
            add(files, config, os.path.relpath(path, ROOT) + ".md")
    for path in sorted(glob.glob(os.path.join(API, "api/**/*"), recursive=True)):
        if os.path.isfile(path):
            add(files, config, os.path.relpath(path, API), API)
    return files


def on_page_read_source(page, config):
    path = os.path.join(ROOT, page.file.src_uri[:-len(".md")])
    if re.search(r"\.[ch]pp\.md$", page.file.src_uri):
        with open(path, encoding="utf-8") as file:
            return "# %s\n\n```cpp\n%s```\n" % (os.path.basename(path), file.read())
    return None


def site_path(path):
    """Where a file of the repository is on the site, or None."""
    if path.startswith("docs/"):
        return path[len("docs/"):]
    header = re.fullmatch(r"include/(conats/(?:[a-z]+/)?[a-z_]+\.hpp)", path)
    if header:
        return "api/" + reference().get(header.group(1), "")
    if re.fullmatch(r"examples/\w+\.[ch]pp", path):
        return path + ".md"
    if is_page(path) or re.fullmatch(r"benchmarks/results/[\d.]+(/README\.md|/[\w-]+\.svg)", path):
        return path
    return None


def on_page_markdown(markdown, page, config, files):
    source = repository_path(page.file)

    def moved(found):
        begin, target, end = found.groups()
        if re.match(r"[a-z]+:|#|api/", target):
            return found.group(0)
        path, _, anchor = target.partition("#")
        place = site_path(posixpath.normpath(posixpath.join(posixpath.dirname(source), path)))
        if place is None:
            log.warning("%s: a link to %s, which is not on the site", source, target)
            return found.group(0)
        place = posixpath.relpath(place, posixpath.dirname(page.file.src_uri) or ".")
        return begin + place + ("#" + anchor if anchor else "") + end

    parts = re.split(r"(^```.*?^```$)", markdown, flags=re.M | re.S)
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"(\]\()([^)\s]+)(\))", moved, parts[i])
    return "".join(parts)


names = {}


def reference():
    """Public names and headers, and the pages of the API reference that tell of them."""
    if names:
        return names
    for compound in xml.parse(os.path.join(API, "conats.tag")).getroot():
        kind, name = compound.get("kind"), compound.findtext("name")
        if kind == "file":
            names[(compound.findtext("path") or "") + name] = compound.findtext("filename")
            continue
        if kind in ("class", "struct"):
            names[re.sub(r"^conats::", "", name)] = compound.findtext("filename")
        for member in compound.findall("member"):
            place = "%s#%s" % (member.findtext("anchorfile"), member.findtext("anchor"))
            short = re.sub(r"^conats(::|$)", "", name)
            names.setdefault((short + "::" if short else "") + member.findtext("name"), place)
            for value in member.findall("enumvalue"):
                page = value.get("file") or member.findtext("anchorfile")
                names.setdefault("%s::%s" % (member.findtext("name"), value.text),
                                 "%s#%s" % (page, value.get("anchor")))
    return names


def labelled(table):
    """A table of up to four columns: each cell says which column it is in, for phones (site.css)."""
    text = table.group(0)
    labels = re.findall(r"<th[^>]*>(.*?)</th>", text, flags=re.S)
    if len(labels) not in (2, 3, 4):
        return text
    count = iter(range(len(re.findall(r"<td", text))))

    def with_label(_):
        label = re.sub(r"<[^>]*>", "", labels[next(count) % len(labels)]).replace('"', "&quot;")
        return '<td data-label="%s"' % label

    return re.sub(r"<td", with_label, text).replace("<table>", '<table data-cards="">', 1)


def on_page_content(html, page, config, files):
    """Names in the text lead to the reference, where they say whose they are."""
    up = posixpath.relpath("api", posixpath.dirname(page.file.url) or ".")

    def linked(found):
        name = re.sub(r"^conats::", "", found.group(1))
        place = reference().get(name)
        if not place or ("::" not in name and not found.group(1).startswith("conats::")):
            return found.group(0)
        return '<a class="api" href="%s/%s">%s</a>' % (up, place, found.group(0))

    html = re.sub(r"<table>.*?</table>", labelled, html, flags=re.S)
    parts = re.split(r"(<pre.*?</pre>|<a .*?</a>|<h\d.*?</h\d>)", html, flags=re.S)
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"<code>([a-z_]+(?:::[a-z_0-9]+)*)(?:\(\))?</code>", linked, parts[i])
    return "".join(parts)
