#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Finds enumerators without a word in Doxygen's XML, of which Doxygen itself does not warn, and says
how much there is. Arguments: the directory of the XML."""

import glob
import sys
import xml.etree.ElementTree as xml


def has_words(element):
    return any("".join(part.itertext()).strip()
               for tag in ("briefdescription", "detaileddescription") for part in element.findall(tag))


def main():
    faults, kinds = [], {}
    for path in glob.glob(sys.argv[1] + "/*.xml"):
        for member in xml.parse(path).getroot().iter("memberdef"):
            kinds[member.get("kind")] = kinds.get(member.get("kind"), 0) + 1
            for value in member.findall("enumvalue"):
                kinds["enumvalue"] = kinds.get("enumvalue", 0) + 1
                if not has_words(value):
                    place = member.find("location")
                    faults.append("%s:%s: %s of enum %s is not documented" % (
                        place.get("file"), place.get("line"), value.findtext("name"), member.findtext("name")))
    for fault in sorted(faults):
        print(fault, file=sys.stderr)
    if not kinds.get("function") or not kinds.get("enumvalue"):
        sys.exit("there is nothing in " + sys.argv[1])
    print("reference: " + ", ".join("%d %ss" % (n, kind) for kind, n in sorted(kinds.items())))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
