#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""lint_recipes.py TREE: whether the recipes of package managers below TREE agree with its CMake files:
names, version, features, dependencies and how old these may be. Prints what does not."""

import ast
import json
import re
import sys
from pathlib import Path

faults = []


def want(file, condition, text):
    if not condition:
        faults.append(f"{file}: {text}")


def project(tree):
    """Version, options and minimum versions, as the CMake files state them."""
    lists = (tree / "CMakeLists.txt").read_text()
    dependencies = (tree / "cmake/ConatsDependencies.cmake").read_text()
    version = re.search(r"^    VERSION ([0-9.]+)$", lists, re.MULTILINE).group(1)
    options = set(re.findall(r"^option\((\w+)", lists, re.MULTILINE))
    minimum = dict(re.findall(r"set\(CONATS_(\w+)_MINIMUM ([0-9.]+)\)", dependencies))
    return version, options, {name.lower(): value for name, value in minimum.items()}


def vcpkg(tree, version, options, minimum):
    manifest_file = "cmake/packaging/vcpkg/vcpkg.json"
    port_file = "cmake/packaging/vcpkg/portfile.cmake"
    manifest = json.loads((tree / manifest_file).read_text())
    port = (tree / port_file).read_text()

    want(manifest_file, manifest["name"] == "conats", f"the name is {manifest['name']}")
    want(manifest_file, manifest["version"] == version, f"the version is {manifest['version']}, not {version}")
    want(manifest_file, manifest["license"] == "Apache-2.0", f"the license is {manifest['license']}")

    block = re.search(r"    FEATURES\n(.*?)\)", port, re.DOTALL).group(1)
    features = dict(re.findall(r"^ +(\S+) +(\w+)$", block, re.MULTILINE))
    want(port_file, set(features) == set(manifest["features"]),
         f"the features are {sorted(features)}, in vcpkg.json {sorted(manifest['features'])}")
    for option in [*features.values(), *re.findall(r"-D(CONATS_\w+)", port)]:
        want(port_file, option in options, f"CMakeLists.txt has no option {option}")

    for feature in [manifest, *manifest["features"].values()]:
        for dependency in feature.get("dependencies", []):
            if isinstance(dependency, dict) and not dependency.get("host"):
                least = minimum[dependency["name"].split("-")[0]]
                want(manifest_file, dependency["version>="] == least + ".0",
                     f"{dependency['name']} is {dependency['version>=']}, not {least}.0")
    want(port_file, "vcpkg_install_copyright" in port, "no license is installed")


def conan(tree, options, minimum):
    file = "cmake/packaging/conan/conanfile.py"
    text = (tree / file).read_text()
    body = next(node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)).body
    fields = {node.targets[0].id: ast.literal_eval(node.value) for node in body if isinstance(node, ast.Assign)}

    want(file, fields["name"] == "conats", f"the name is {fields['name']}")
    want(file, fields["license"] == "Apache-2.0", f"the license is {fields['license']}")
    want(file, "version" not in fields, "the version is stated again")
    want(file, set(fields["options"]) == set(fields["default_options"]), "options and default_options differ")
    used = set(re.findall(r'cache_variables\["(CONATS_\w+)"\]', text))
    for option in used:
        want(file, option in options, f"CMakeLists.txt has no option {option}")
    for option in set(fields["options"]) - {"shared", "fPIC"}:
        want(file, f"CONATS_{option.upper()}" in used, f"the option {option} is not handed to CMake")
    for name, least in re.findall(r'self\.requires\("(\w+)/\[>=([0-9.]+) ', text):
        if name in minimum:
            want(file, least.startswith(minimum[name]), f"{name} is {least}, not {minimum[name]}")

    test = "cmake/packaging/conan/test_package/conanfile.py"
    compile((tree / test).read_text(), test, "exec")


def main():
    tree = Path(sys.argv[1])
    version, options, minimum = project(tree)
    vcpkg(tree, version, options, minimum)
    conan(tree, options, minimum)
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults in the recipes of conats {version}")
    return bool(faults)


sys.exit(main())
