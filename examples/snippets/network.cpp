// SPDX-License-Identifier: Apache-2.0

// The network of the documents, for programs that are run as they stand there: names that end in
// ".example" are this machine, and a connection to one of its ports goes where SNIPPET_PORTS says
// ("4222=40675,443=40676"): the tests' servers are on free ports. Takes the place of two functions
// of libc; every other call is handed on.

#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

namespace {

/// Where the port leads, in host byte order.
unsigned short redirected(unsigned short port) {
    const char* ports = std::getenv("SNIPPET_PORTS");
    const std::string wanted = ',' + std::to_string(port) + '=';
    const std::string all = ',' + std::string(ports == nullptr ? "" : ports);
    const auto found = all.find(wanted);
    if (found == all.npos)
        return port;
    return static_cast<unsigned short>(std::atoi(all.c_str() + found + wanted.size()));
}

} // namespace

extern "C" {

__attribute__((visibility("default"))) int connect(int fd, const sockaddr* address,
                                                   socklen_t size) {
    sockaddr_storage changed{};
    std::memcpy(&changed, address, size);
    if (address->sa_family == AF_INET) {
        auto* v4 = reinterpret_cast<sockaddr_in*>(&changed);
        v4->sin_port = htons(redirected(ntohs(v4->sin_port)));
    } else if (address->sa_family == AF_INET6) {
        auto* v6 = reinterpret_cast<sockaddr_in6*>(&changed);
        v6->sin6_port = htons(redirected(ntohs(v6->sin6_port)));
    }
    return static_cast<int>(::syscall(SYS_connect, fd, &changed, size));
}

__attribute__((visibility("default"))) int getaddrinfo(const char* host, const char* service,
                                                       const addrinfo* hints, addrinfo** result) {
    using function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto system = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    const std::string name = host == nullptr ? "" : host;
    if (name.ends_with(".example"))
        host = "127.0.0.1";
    return system(host, service, hints, result);
}

} // extern "C"
