#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Doxygen reads in place of a public header, line by line the same.

The headers are written for those who read them: one block of comment stands for the overloads below
it, `// ---` begins a section, `Errors:` begins a paragraph. This tells Doxygen so:

- a declaration without a comment of its own, directly below one of the same name or, for a setter,
  anywhere in a class that documents the name, is documented as another form of that;
- `to_string` and `<<` of an enumeration, default constructors: what they do is the same for all;
- what only copies, moves, destroys or is deleted, friends (`==`), what an iterator has, what is for
  the library and specialisations for Boost.System are not shown;
- `inline namespace v0` is not there.

Everything else that is public and has no comment stays without one, so that Doxygen warns of it; of
classes without one it is made to.
"""

import re
import sys

LABELS = ("Errors", "Cancellation", "Executor", "Ownership", "Thread safety", "Source", "Lifetime",
          "Memory", "Lifetime and thread safety")
NOT_NAMES = r"requires|decltype|noexcept|sizeof|alignas|__attribute__"


def function_name(text):
    """The name of the function that is declared, or None."""
    text = re.sub(r"\brequires\b\s*\(.*?\)\s*(?=\n|\[\[|auto|asio)", " ", text, flags=re.S)
    found = re.search(r"(operator\s*(?:\(\)|[^\s(]+)|~?\b(?!(?:%s)\b)[A-Za-z_]\w*)\s*\(" % NOT_NAMES, text)
    return re.sub(r"\s+", " ", found.group(1)) if found else None


def parameters(text, name):
    begin = text.find("(", text.find(name) + len(name))
    depth = 0
    for at in range(begin, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return text[begin + 1:at].strip()
    return ""


def is_hidden(text, name, owner):
    """Whether it is a special member, deleted, or a specialisation: nothing that a reader looks for."""
    if re.search(r"=\s*delete\s*;", text) or text.lstrip().startswith("template <>"):
        return True
    if owner == "iterator":
        return True
    if owner is None or name is None:
        return False
    if name.startswith("~"):
        return True
    of_same = re.fullmatch(r"(const\s+)?%s\s*&&?(\s*\w+)?" % re.escape(owner), parameters(text, name))
    return bool(of_same) and (name == owner or name == "operator=")


class header:
    def __init__(self, text):
        self.lines = text.split("\n")
        self.scopes = []       # (kind, name)
        self.is_public = []    # whether what follows in each scope is
        self.names = [{}]      # documented names of each scope
        self.before = {}       # line -> text to put before it
        self.after = {}        # line -> text to put behind it
        self.previous = None   # (name, line behind it, type printed) of the declaration before
        self.grouped = []      # class scopes whose section is open
        self.printable = set() # parameters of to_string, as `errc e`

    # --- one declaration

    def owner(self):
        return self.scopes[-1][1] if self.scopes and self.scopes[-1][0] == "class" else None

    def auto_comment(self, text, name, first):
        """What a declaration without a comment is documented with, or None."""
        if name is None:
            return None
        owner, known = self.owner(), self.names[-1]
        given = parameters(text, name)
        adjacent = self.previous and self.previous[1] == first
        if name == "to_string" and owner is None and re.fullmatch(r"\w+ \w", given):
            return "The enumerator's name."
        if name == "operator<<" and owner is None and given.split(", ")[-1] in self.printable:
            return "Writes what `to_string` returns."
        if name == owner and given == "":
            return "Makes one with its defaults."
        same_run = adjacent and self.previous[0] == name and self.previous[2]
        if owner and re.search(r"\b%s&\s+%s\s*\(" % (re.escape(owner), re.escape(name)), text) and name in known:
            return "Sets it." if not same_run or known[name] == "getter" else "As above, for this argument."
        if owner and given == "" and known.get(name) == "setter" and re.search(r"\bconst\b[^(]*$", text):
            return "What was set, or the default."
        if not same_run or name == "operator<<":
            return None
        if re.search(r"\berror& e$", given):
            return ("As above; an error goes to `e`, which must outlive the awaitable."
                    if "awaitable<" in text else "As above; an error goes to `e`.")
        return "As above, for these arguments."

    def declared(self, first, last, text, documented):
        name = function_name(text)
        if name == "to_string":
            self.printable.add(parameters(text, name))
        is_friend = re.match(r"\s*(CONATS_EXPORT )?friend\b", text)
        is_ours = self.lines[first - 1].strip().startswith("/// For the library.")
        if is_friend or is_ours or is_hidden(text, name, self.owner()) and not documented:
            while self.lines[first - 1].strip().startswith("///"):
                first -= 1
            self.before[first] = "/** @cond */ " + self.before.get(first, "")
            self.after[last] = " /** @endcond */"
            self.previous = None
            return
        if not documented:
            comment = self.auto_comment(text, name, first)
            if comment:
                self.before[first] = self.before.get(first, "") + "/** @brief %s */ " % comment
                documented = True
        if documented and name:
            kind = "getter" if parameters(text, name) == "" else "setter"
            self.names[-1].setdefault(name, kind)
        self.previous = (name, last + 1, documented)

    def look_at(self, kind, first, text, documented):
        """Doxygen says nothing of a class that has no comment, nor of what is in it. So it gets one here,
        of which Doxygen warns."""
        if kind[0] != "class" or documented or text.lstrip().startswith("template <>"):
            return
        if all(self.is_public) and not any(name == "impl" for _, name in self.scopes):
            self.before[first] = "/** @%s_is_not_documented */ " % kind[1]

    # --- sections

    def section(self, line, title):
        close = "/** @} */ " if self.grouped and self.grouped[-1] == len(self.scopes) else ""
        if not close:
            self.grouped.append(len(self.scopes))
        self.lines[line] = "%s/** @name %s */ /** @{ */" % (close, title)
        self.previous = None

    def end_section(self, line):
        if self.grouped and self.grouped[-1] == len(self.scopes):
            self.grouped.pop()
            self.before[line] = self.before.get(line, "") + "/** @} */ "

    # --- the walk

    def scan(self):
        start, text, documented, depth, body = None, "", False, 0, 0
        comment = False
        for at, raw in enumerate(self.lines):
            line = raw.strip()
            if start is None and body == 0:
                if line == "inline namespace v0 {" or line == "} // namespace v0":
                    self.lines[at] = ""
                    continue
                if not line or line.startswith("#"):
                    comment = False
                    continue
                if line.startswith("///"):
                    comment = True
                    continue
                found = re.match(r"// --- (.*)$", line)
                if found and self.owner():
                    self.section(at, found.group(1).split(".")[0].split(",")[0])
                    continue
                if line.startswith("//"):
                    continue
                if re.fullmatch(r"(public|private|protected):", line):
                    self.is_public[-1] = line == "public:"
                    if line != "public:":
                        self.end_section(at)
                    comment = False
                    continue
                if line.startswith("}"):
                    self.end_section(at)
                    if self.scopes:
                        self.scopes.pop()
                        self.is_public.pop()
                        self.names.pop()
                    self.previous, comment = None, False
                    continue
                start, text, documented = at, "", comment
            code = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])\'', '""', raw)
            documented = documented or "///<" in code
            code = code.split("//")[0]
            for c in code:
                if body > 0:
                    body += {"{": 1, "}": -1}.get(c, 0)
                    if body == 0 and self.is_function(text):
                        self.declared(start, at, text, documented)
                        start, comment = None, False
                    continue
                if start is None:
                    continue
                if c == "{" and depth == 0:
                    kind = self.scope_kind(text)
                    if kind and raw.rstrip().endswith("};"):
                        self.look_at(kind, start, text, documented)
                        if text.lstrip().startswith("template <>"):
                            self.before[start] = "/** @cond */ "
                            self.after[at] = " /** @endcond */"
                        self.previous, start, comment = None, None, False
                        break
                    if kind:
                        self.look_at(kind, start, text, documented)
                        self.scopes.append(kind)
                        self.is_public.append(kind[0] != "class" or not re.search(r"\bclass\b", text))
                        self.names.append({})
                        self.previous, start, comment = None, None, False
                        break
                    body = 1
                    continue
                text += c
                depth += {"(": 1, ")": -1}.get(c, 0)
                if c == ";" and depth == 0:
                    self.declared(start, at, text, documented)
                    start, comment = None, False
            text += "\n"

    @staticmethod
    def is_function(text):
        return ")" in text and "concept" not in text and not re.search(r"^[^(]*=\s*$", text)

    @staticmethod
    def scope_kind(text):
        found = re.search(r"\bnamespace\b\s*([\w:]*)", text)
        if found:
            return ("namespace", found.group(1))
        found = re.search(r"\benum\s+(?:class\s+)?(\w+)", text)
        if found:
            return ("enum", found.group(1))
        found = re.search(r"\b(?:class|struct|union)\s+(?:CONATS_EXPORT\s+)?(\w+)", text)
        if found and "concept" not in text and not re.search(r"\)\s*\w*\s*$", text):
            return ("class", found.group(1))
        return None

    def result(self, name):
        self.scan()
        out, brief = [], ""  # brief: "" behind a block, "open" in its first sentence, "done"
        for at, line in enumerate(self.lines):
            if at in self.before:
                blanks = len(line) - len(line.lstrip())
                line = line[:blanks] + self.before[at] + line[blanks:]
            line += self.after.get(at, "")
            found = re.match(r"(\s*///) ?([^<].*)?$", line)
            if not found:
                brief = ""
                out.append(prose(line))
                continue
            line = prose(line)
            if brief == "":
                line = line.replace("///", "/// @brief", 1)
                brief = "open"
            if brief == "open":
                # Its end is told, since Doxygen would take a dot within code for it.
                masked = re.sub(r"<code>.*?</code>", lambda code: "x" * len(code.group(0)), line)
                end = re.search(r"(?<=[\w)\]\"])\.( (?!\s*[a-z])|$)", masked)
                goes_on = re.match(r"\s*/// \S", self.lines[at + 1]) if at + 1 < len(self.lines) else None
                if end and (end.group(1) or goes_on):
                    line = line[:end.start() + 1] + " @details" + line[end.start() + 1:]
                if end or not found.group(2):
                    brief = "done"
            out.append(line)
        return "\n".join(out).replace("#pragma once", "/** @file %s */" % name, 1)


def prose(line):
    """A comment's line as Doxygen is to read it."""
    found = re.match(r"(\s*///<?) ?(.*)$", line)
    if not found:
        return line
    begin, words = found.groups()
    label = re.match(r"(%s): ?(.*)$" % "|".join(LABELS), words)
    if label:
        return "%s @label{%s} %s" % (begin, label.group(1), escape(label.group(2)))
    label = re.match(r"(\w+): (.*)$", words)
    if label and label.group(1) == label.group(1).lower() and label.group(1) in ("timeout",):
        return "%s @label{%s} %s" % (begin, label.group(1), escape(label.group(2)))
    return "%s %s" % (begin, escape(words))


def escape(words):
    """Text that Doxygen takes for text, and for code what stands between backticks."""
    if words.startswith("    "):
        return words
    parts = re.split(r"`([^`]*)`", words)
    for i, part in enumerate(parts):
        if i % 2 == 0:
            part = re.sub(r"<(?=[a-z])", r"&lt;", part)
            parts[i] = re.sub(r"(?<=\w)>(?=[ ,.:;)]|$)", r"&gt;", part).replace("\\", "\\\\")
        else:
            part = part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            parts[i] = "<code>%s</code>" % re.sub(r"([@\\#%])", r"\\\1", part)
    return "".join(parts)


def main():
    path = sys.argv[1]
    with open(path, encoding="utf-8") as file:
        text = file.read()
    name = path[path.find("conats/"):]
    sys.stdout.write(header(text).result(name))


if __name__ == "__main__":
    main()
