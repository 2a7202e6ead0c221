"use strict";

// Everything that others have written goes into the page as text (textContent), never as HTML.

const at = (id) => document.getElementById(id);
let socket = null;
let name = "";
let pause = 1000;

function tell(text, isAlert) {
  at("status").textContent = text;
  at("status").classList.toggle("alert", isAlert);
}

function element(kind, text) {
  const made = document.createElement(kind);
  made.textContent = text;
  return made;
}

function lineOf(message) {
  const line = document.createElement("li");
  line.classList.toggle("own", message.from === name);
  const who = document.createElement("div");
  who.className = "who";
  const when = new Date(message.unix_ms);
  const time = element("time", when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  time.dateTime = when.toISOString();
  who.append(element("b", message.from), time);
  line.append(who, element("p", message.text));
  return line;
}

function show(messages) {
  const list = at("messages");
  const wasAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  list.append(...messages.map(lineOf));
  while (list.children.length > 500) list.firstChild.remove();
  if (wasAtEnd) list.scrollTop = list.scrollHeight;
}

const take = {
  history({ messages }) {
    at("enter").hidden = true;
    at("room").hidden = false;
    at("messages").replaceChildren();
    show(messages);
    at("messages").scrollTop = at("messages").scrollHeight;
    at("text").focus();
    pause = 1000;
  },
  said({ message }) { show([message]); },
  people({ names }) { at("people").replaceChildren(...names.map((each) => element("li", each))); },
  connection({ connected }) {
    tell(connected ? "connected as " + name : "the server has lost NATS; what you write is sent later", !connected);
  },
  error({ text }) { tell(text, true); },
};

function connect() {
  tell("connecting …", false);
  const scheme = location.protocol === "https:" ? "wss://" : "ws://";
  socket = new WebSocket(scheme + location.host + "/chat");
  socket.onopen = () => socket.send(JSON.stringify({ type: "enter", name }));
  socket.onmessage = (event) => {
    const frame = JSON.parse(event.data);
    take[frame.type]?.(frame);
  };
  socket.onclose = () => {
    tell("connection lost, trying again", true);
    setTimeout(connect, pause);
    pause = Math.min(2 * pause, 15000);
  };
}

at("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  name = at("name").value.trim();
  if (name === "") return;
  if (socket === null)
    connect();
  else if (socket.readyState === WebSocket.OPEN)
    socket.send(JSON.stringify({ type: "enter", name }));
});

at("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = at("text").value.trim();
  if (text === "" || socket === null || socket.readyState !== WebSocket.OPEN) return;
  socket.send(JSON.stringify({ type: "say", text }));
  at("text").value = "";
});

at("name").focus();
