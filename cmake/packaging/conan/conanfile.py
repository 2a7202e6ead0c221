# SPDX-License-Identifier: Apache-2.0

"""conats for Conan 2. It packs the tree it lies in: conan create cmake/packaging/conan."""

import re
from pathlib import Path

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir

required_conan_version = ">=2.0"


class ConatsConan(ConanFile):
    name = "conats"
    description = "C++20 client for NATS on Boost.Asio coroutines"
    license = "Apache-2.0"
    topics = ("nats", "messaging", "asio", "coroutines")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "shared": [True, False],
        "fPIC": [True, False],
        "websocket": [True, False],
        "testing": [True, False],
        "tool": [True, False],
    }
    default_options = {
        "shared": False,
        "fPIC": True,
        "websocket": True,
        "testing": True,
        "tool": False,
    }
    implements = ["auto_shared_fpic"]

    @property
    def _tree(self):
        return Path(self.recipe_folder).resolve().parents[2]

    def set_version(self):
        said = load(self, str(self._tree / "CMakeLists.txt"))
        self.version = re.search(r"^    VERSION ([0-9.]+)$", said, re.MULTILINE).group(1)

    def export_sources(self):
        library = ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "lib/*")
        tool = ("examples/apps/conats/*", "benchmarks/CMakeLists.txt", "benchmarks/common/*", "benchmarks/scenarios/*")
        for pattern in library + tool:
            copy(self, pattern, src=str(self._tree), dst=self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        # Its headers include Asio; the rest stays inside.
        self.requires("boost/[>=1.81.0 <2]", transitive_headers=True)
        self.requires("openssl/[>=3.0 <4]")
        self.requires("simdjson/[>=3.0 <4]")
        if self.options.tool:
            self.requires("cli11/[>=2.2 <3]")

    def validate(self):
        check_min_cppstd(self, 20)
        if self.options.tool and self.settings.os != "Linux":
            raise ConanInvalidConfiguration("the command line tool asks things of Linux; tool=False elsewhere")

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["CONATS_BUILD_TESTS"] = False
        toolchain.cache_variables["CONATS_BUILD_EXAMPLES"] = False
        toolchain.cache_variables["CONATS_WEBSOCKET"] = bool(self.options.websocket)
        toolchain.cache_variables["CONATS_TESTING"] = bool(self.options.testing)
        toolchain.cache_variables["CONATS_TOOL"] = bool(self.options.tool)
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", src=self.source_folder, dst=str(Path(self.package_folder) / "licenses"))
        CMake(self).install()
        # Conan writes these by package_info.
        for made in ("lib/cmake", "lib/pkgconfig", "share"):
            rmdir(self, str(Path(self.package_folder) / made))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "conats")
        core = self.cpp_info.components["conats"]
        core.libs = ["conats"]
        core.set_property("cmake_target_name", "conats::conats")
        core.set_property("pkg_config_name", "conats")
        core.requires = ["boost::headers", "boost::url", "boost::json", "openssl::openssl", "simdjson::simdjson"]
        if not self.options.shared:
            core.defines = ["CONATS_STATIC_DEFINE"]
        if self.settings.os in ("Linux", "FreeBSD"):
            core.system_libs = ["pthread"]
        if self.options.websocket:
            self._part("websocket")
        if self.options.testing:
            self._part("testing")
        if self.options.tool:
            self.cpp_info.components["tool"].requires = ["conats", "cli11::cli11"]

    def _part(self, name):
        part = self.cpp_info.components[name]
        part.libs = [f"conats-{name}"]
        part.set_property("cmake_target_name", f"conats::{name}")
        part.set_property("pkg_config_name", f"conats-{name}")
        part.requires = ["conats"]
