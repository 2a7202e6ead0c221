// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

/// Lets a map of strings be asked with a view.
struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
        return std::hash<std::string_view>()(text);
    }
};

template <class T>
using text_map = std::unordered_map<std::string, T, text_hash, std::equal_to<>>;

/// The token at the front of `rest`, which is cut off it with its dot. False behind the last one.
class token_reader {
public:
    explicit token_reader(std::string_view subject) noexcept : rest_(subject) {}

    bool next(std::string_view& token) noexcept {
        if (done_) {
            return false;
        }
        const std::size_t dot = rest_.find('.');
        token = rest_.substr(0, dot);
        done_ = dot == std::string_view::npos;
        rest_.remove_prefix(done_ ? rest_.size() : dot + 1);
        return true;
    }
    /// What is behind the token that was read last.
    [[nodiscard]] std::string_view rest() const noexcept { return rest_; }
    [[nodiscard]] bool done() const noexcept { return done_; }

private:
    std::string_view rest_;
    bool done_ = false;
};

/// Whether a message could be published to it: no empty token.
bool has_empty_token(std::string_view subject) noexcept;
/// Whether it may be subscribed to: no empty token, `>` only as the last one.
bool is_subscribable(std::string_view subject) noexcept;
/// Whether it has a token `*` or `>`.
bool has_wildcard(std::string_view subject) noexcept;
/// Whether `pattern` matches `subject`, whose own wildcards are taken for plain tokens.
bool matches(std::string_view pattern, std::string_view subject) noexcept;

/// Values by the subject they are subscribed to.
template <class T>
class subject_tree {
public:
    /// The subject has to be subscribable.
    void insert(std::string_view subject, T* value) {
        node* at = &root_;
        token_reader tokens(subject);
        for (std::string_view token; tokens.next(token);) {
            at = &at->make_child(token);
        }
        at->values.push_back(value);
    }

    void remove(std::string_view subject, T* value) { remove(root_, token_reader(subject), value); }

    /// Adds what matches to `out`, in no particular order.
    void match(std::string_view subject, std::vector<T*>& out) const {
        if (!has_empty_token(subject)) {
            match(root_, token_reader(subject), out);
        }
    }

private:
    struct node {
        text_map<std::unique_ptr<node>> children;
        std::unique_ptr<node> any;  // *
        std::unique_ptr<node> rest; // >
        std::vector<T*> values;

        [[nodiscard]] bool empty() const noexcept {
            return children.empty() && !any && !rest && values.empty();
        }
        node& make_child(std::string_view token) {
            std::unique_ptr<node>* slot = nullptr;
            if (token == "*") {
                slot = &any;
            } else if (token == ">") {
                slot = &rest;
            } else {
                const auto found = children.find(token);
                slot = found != children.end() ? &found->second : &children[std::string(token)];
            }
            if (!*slot) {
                *slot = std::make_unique<node>();
            }
            return **slot;
        }
    };

    void remove(node& at, token_reader tokens, T* value) {
        std::string_view token;
        if (!tokens.next(token)) {
            std::erase(at.values, value);
            return;
        }
        if (token == "*" || token == ">") {
            std::unique_ptr<node>& child = token == "*" ? at.any : at.rest;
            remove(*child, tokens, value);
            if (child->empty()) {
                child.reset();
            }
            return;
        }
        const auto found = at.children.find(token);
        remove(*found->second, tokens, value);
        if (found->second->empty()) {
            at.children.erase(found);
        }
    }

    static void match(const node& at, token_reader tokens, std::vector<T*>& out) {
        std::string_view token;
        if (!tokens.next(token)) {
            out.insert(out.end(), at.values.begin(), at.values.end());
            return;
        }
        if (at.rest) {
            out.insert(out.end(), at.rest->values.begin(), at.rest->values.end());
        }
        if (at.any) {
            match(*at.any, tokens, out);
        }
        if (const auto found = at.children.find(token); found != at.children.end()) {
            match(*found->second, tokens, out);
        }
    }

    node root_;
};

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
