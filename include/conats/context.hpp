// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/connect_options.hpp>
#include <conats/error.hpp>
#include <conats/export.hpp>

#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {

/// A context of the `nats` command line, which keeps under a name how to connect:
///
///     auto nc = co_await conats::connect(conats::context("orders"));
///
/// It is read from `nats/context/<name>.json` below `$XDG_CONFIG_HOME` or, where that is not set,
/// `~/.config`; without a name, the selected one, which `nats/context.txt` names. A name that
/// begins with `/` is the file itself.
///
/// Uses the fields `url`, `token`, `user`, `password`, `creds`, `nkey`, `user_jwt`, `cert`, `key`,
/// `ca`, `tls_first`, `inbox_prefix` and `socks_proxy`; empty ones are not set. Of several ways to
/// authenticate the first of these counts: `user`, `creds`, `user_jwt` (with the seed in `nkey`,
/// if that is set), `nkey`, `token`. With `cert`, `key`, `ca` or `tls_first` TLS is demanded. In
/// the names of files a leading `~` is the home directory, and `$NAME` and `${NAME}` are variables
/// of the environment. `nsc` and the fields for Windows are refused, and `jetstream_domain` beside
/// `jetstream_api_prefix`; unknown ones are ignored.
///
/// A value, read once: later changes of the file have no effect, but those of the files that it
/// names have, as for the options. It blocks while it reads. Its secrets are in `options()` alone;
/// nothing else keeps them.
/// Thread safety: as a container; the environment must not be changed meanwhile.
/// Source: ADR-21.
class CONATS_EXPORT context {
public:
    /// Reads the context of this name, or the selected one.
    /// Errors, thrown or put into `e`, which leaves the options at their defaults:
    /// `invalid_context`, which names the file and the field and shows nothing of the content.
    explicit context(std::string_view name = {});
    context(std::string_view name, error& e);
    context(const context&);
    context(context&&) noexcept;
    context& operator=(const context&);
    context& operator=(context&&) noexcept;
    ~context();

    /// Given or selected; the stem of a file's name.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// Where it was read from.
    [[nodiscard]] const std::string& file() const noexcept { return file_; }
    /// What `description` says; may be empty.
    [[nodiscard]] const std::string& description() const noexcept { return description_; }
    /// How to connect, for changes and additions.
    [[nodiscard]] const connect_options& options() const noexcept { return options_; }
    /// The same, so that a context goes where options are taken.
    // NOLINTNEXTLINE(google-explicit-constructor): `connect(context("x"))` takes it for options
    operator connect_options() const { return options_; }

    /// For users of JetStream.
    [[nodiscard]] const std::string& jetstream_domain() const noexcept { return domain_; }
    /// In place of `$JS.API`; may be empty.
    [[nodiscard]] const std::string& jetstream_api_prefix() const noexcept { return api_prefix_; }
    /// In place of `$JS.EVENT`; may be empty.
    [[nodiscard]] const std::string& jetstream_event_prefix() const noexcept {
        return event_prefix_;
    }

private:
    error read(std::string_view name);

    std::string name_;
    std::string file_;
    std::string description_;
    std::string domain_;
    std::string api_prefix_;
    std::string event_prefix_;
    connect_options options_;
};

} // namespace v0
} // namespace conats
