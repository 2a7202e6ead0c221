// SPDX-License-Identifier: Apache-2.0
#include "browser.hpp"
#include "fixture.hpp"
#include "integration/websocket_fixture.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/sockets.hpp"

#include <boost/json/serialize.hpp>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

using namespace conats::test;

namespace {

/// A text as JavaScript has it.
std::string js(const std::string& text) {
    return boost::json::serialize(boost::json::value(text));
}

std::string texts_in(browser& page, const std::string& selector) {
    return page
        .evaluate("[...document.querySelectorAll(" + js(selector) +
                  ")].map(e => e.textContent).join('|')")
        .as_string()
        .c_str();
}

void enter(browser& page, const std::string& name) {
    page.type(name); // the field has the focus
    page.press_enter();
    REQUIRE(page.eventually("document.getElementById('status').textContent === " +
                            js("connected as " + name)));
}

void say(browser& page, const std::string& text) {
    REQUIRE(page.eventually("document.activeElement.id === 'text'"));
    page.type(text);
    page.press_enter();
}

bool sees(browser& page, const std::string& text) {
    return page.eventually("[...document.querySelectorAll('#messages p')].some(p => "
                           "p.textContent === " +
                           js(text) + ")");
}

/// Where CONATS_SCREENSHOTS names a directory, what the page looks like is drawn there.
void draw(browser& page, const std::string& name, int width, int height) {
    const char* const directory = std::getenv("CONATS_SCREENSHOTS");
    if (directory == nullptr)
        return;
    page.resize(width, height);
    page.screenshot(std::filesystem::path(directory) / (name + ".png"));
}

} // namespace

TEST_CASE("App chat: two browsers, at two servers, exchange messages") {
    const nats_server server(websocket_server());
    const std::string url = "ws://127.0.0.1:" + std::to_string(websocket_port(server));
    auto here = app("chat", {url, "0"}).start();
    auto there = app("chat", {server.url(), "0"}).start();
    const std::string here_url = "http://" + here.value_after("chat at http://") + "/";
    const std::string there_url = "http://" + there.value_after("chat at http://") + "/";
    browser ann;
    browser bob;
    ann.resize(1280, 800);
    bob.resize(390, 844);
    ann.open(here_url);
    draw(ann, "enter-desktop", 1280, 800);

    enter(ann, "Ann");
    say(ann, "Is anybody here?");
    CHECK(sees(ann, "Is anybody here?"));
    bob.open(there_url);
    enter(bob, "Bob");
    CHECK(sees(bob, "Is anybody here?")); // the history
    say(bob, "Yes, at the other server.");
    CHECK(sees(ann, "Yes, at the other server."));
    CHECK(ann.eventually("document.querySelectorAll('#people li').length === 2"));
    CHECK(texts_in(ann, "#people li") == "Ann|Bob");
    CHECK(texts_in(ann, "#messages li.own b") == "Ann");
    CHECK(texts_in(ann, "#messages b") == "Ann|Bob");

    // What is typed stays text, whatever it looks like.
    const std::string evil = "<img src=x onerror=\"document.title='broken'\"> </p><script>"
                             "document.title='broken'</script> &lt;b&gt; ${1} \\ ' \"";
    say(bob, evil);
    CHECK(sees(ann, evil));
    CHECK(ann.evaluate("document.querySelectorAll('#messages img, #messages script').length") == 0);
    CHECK(ann.evaluate("document.title") == "Chat");
    // The narrow page has no need to be scrolled sideways.
    CHECK(bob.evaluate("document.documentElement.scrollWidth <= window.innerWidth") == true);

    say(ann, "A long one, to see how it wraps: " + std::string(150, 'w') +
                 " and goes on, and on, "
                 "until it has filled more than one line of a window of usual width.");
    draw(ann, "room-desktop", 1280, 800);
    draw(bob, "room-phone", 390, 844);
    CHECK(ann.complaints().empty());
    CHECK(bob.complaints().empty());
}

TEST_CASE("App chat: a page whose server stops says so, and comes back") {
    const nats_server server;
    const reserved_port port; // which it finds free when it comes back
    const auto chat = app("chat", {server.url(), std::to_string(port.number())});
    auto first = chat.start();
    auto other = app("chat", {server.url(), "0"}).start(); // keeps the history meanwhile
    const std::string address = first.value_after("chat at http://");
    REQUIRE(other.says("chat at"));
    browser ann;
    ann.open("http://" + address + "/");
    enter(ann, "<i>Ann</i>");
    say(ann, "before");
    CHECK(sees(ann, "before"));
    first.signal(SIGTERM);
    CHECK(first.wait().code == 0);
    CHECK(ann.eventually("document.getElementById('status').textContent === "
                         "'connection lost, trying again'"));
    const auto again = chat.start();
    CHECK(ann.eventually("document.getElementById('status').textContent === "
                         "'connected as <i>Ann</i>'"));
    CHECK(sees(ann, "before"));
    say(ann, "after");
    CHECK(sees(ann, "after"));
    CHECK(texts_in(ann, "#people li") == "<i>Ann</i>");
}
