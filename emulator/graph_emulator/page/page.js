// The page of the emulator: shows what happens in calls, and lets people act in them.
//
// What it shows comes from `GET /_emulator/events`, one JSON object a line; what it does is a
// `POST /_emulator/acts`. Names, ids and bodies are strangers' text: they become textContent, never markup.

const MOST_ENTRIES = 2000; // of all calls together: the oldest go
const MOST_CHARACTERS = 30_000_000; // of all entries together
const MOST_CALLS = 200; // ended calls beyond that go
const MOST_NAMES = 20; // names that are remembered of a call
const MOST_TEXT = 100_000; // characters of a body that are shown
const MOST_WORDS = 200; // characters of a name, or of what an entry says
const SILENCE = 40_000; // ms: the server sends a line each 15 s, and is gone after that
const LONGEST_WAIT = 5_000; // ms between two attempts to connect
const KEYS = "123456789*0#";
const EVERYTHING = ""; // chosen in the place of a call

const model = {
  token: null,
  last: 0, // the number of the last event
  calls: new Map(), // id → what was last said of a call, and `names`: of everybody who was in it
  entries: [], // events, each with what its line of the timeline says, and its size in characters
  size: 0, // of all of them
  delivered: new Set(), // the numbers of the notifications that were delivered again
  chosen: EVERYTHING,
  chose: false, // whether the user has done anything: until then the newest call is chosen
  entry: null, // the number of the one whose body is shown
};

// -- elements

const byId = (id) => document.getElementById(id);

/** Return an element; names with a dash are attributes, all others properties. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-")) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** Change a text only where it differs, so that nothing is announced twice. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Move a focus that is in an element to what is around it, so that Tab goes on from there. */
function release(element) {
  if (!element.contains(document.activeElement)) return;
  const heir = element.parentElement.closest("[tabindex]");
  (heir ?? element.closest("section").querySelector("[tabindex]")).focus();
}

function show(element, visible) {
  if (!visible) release(element);
  element.hidden = !visible;
}

/** Make the children of `list` those of `items`, by key; what stays is neither rebuilt nor moved. */
function redraw(list, items, keyOf, build, update = () => {}) {
  const keys = items.map((item) => String(keyOf(item)));
  const wanted = new Set(keys);
  const there = new Map();
  for (const child of [...list.children]) {
    if (wanted.has(child.dataset.key)) there.set(child.dataset.key, child);
    else {
      release(child);
      child.remove();
    }
  }
  let next = null;
  for (let index = items.length - 1; index >= 0; index--) {
    let child = there.get(keys[index]);
    if (!child) {
      child = build(items[index]);
      child.dataset.key = keys[index];
    }
    if (child.parentElement !== list || child.nextElementSibling !== next) list.insertBefore(child, next);
    update(child, items[index]);
    next = child;
  }
}

const clip = (text, most = MOST_WORDS) => (text.length > most ? `${text.slice(0, most)}…` : text);

let newsAt = 0;
let newsTimer = null;

/** Tell screen readers what has changed, once a second at most: the last news stand for those before. */
function announce(text) {
  clearTimeout(newsTimer);
  const say = () => {
    newsAt = Date.now();
    write(byId("news"), text);
  };
  newsTimer = setTimeout(say, Math.max(0, newsAt + 1000 - Date.now()));
}

// -- what events mean

/** Take in an event, a line of JSON: what it says of a call, and its entry in the timeline. */
function take(line) {
  const event = { ...JSON.parse(line), size: line.length };
  if (event.number > model.last + 1 && model.last) {
    const missed = { number: event.number - 0.5, time: event.time, kind: "missed", size: 0 };
    enter(missed, `${event.number - model.last - 1} events were missed`);
  }
  model.last = event.number;
  if (event.kind === "reset") {
    forget();
    choose(EVERYTHING);
    enter(event, "everything was reset");
  } else if (event.kind === "call") {
    takeCall(event);
  } else {
    if (event.act?.act === "redelivers") model.delivered.add(event.act.notification);
    enter(event, SAYS[event.kind]?.(event) ?? event.kind);
  }
}

function takeCall(event) {
  const before = model.calls.get(event.call);
  const people = event.people ?? [];
  const names = new Set([...(before?.names ?? []), ...people.map((one) => one.person)]);
  model.calls.set(event.call, { ...event, people, names: [...names].slice(0, MOST_NAMES) });
  const change = changeOf(before, event, people);
  if (change) enter(event, change);
  if (!before && !model.chose) choose(event.call);
  if (event.call === model.chosen && change) announce(`${nameOf(model.calls.get(event.call))}: ${change}`);
  const ended = [...model.calls.values()].filter((call) => call.state === "terminated" && call.call !== model.chosen);
  for (const call of ended.slice(0, Math.max(0, ended.length - MOST_CALLS))) model.calls.delete(call.call);
}

/** Return in words how a call differs from what was known of it; "" where the entry would say nothing. */
function changeOf(before, now, people) {
  const said = [];
  if (before?.state !== now.state) {
    said.push(now.state === "terminated" ? `terminated by the ${now.ended_by ?? "service"}${reasonOf(now)}` : now.state);
  }
  if (now.lobby && !before?.lobby) said.push("the bot waits in the lobby");
  if (!now.lobby && before?.lobby && now.state !== "terminated") said.push("the bot is admitted");
  const did = new Map((before?.people ?? []).map((one) => [one.person, one.doing]));
  for (const one of people) {
    if (did.get(one.person) !== one.doing) said.push(`${one.person} ${one.doing}`);
    did.delete(one.person);
  }
  if (now.state !== "terminated") for (const person of did.keys()) said.push(`${person} is gone`);
  return said.join(", ");
}

function reasonOf(call) {
  const { code, subcode, message } = call.result ?? {};
  return code === undefined ? "" : ` (${[code, subcode].filter((part) => part !== undefined).join("/")}: ${message})`;
}

const SAYS = {
  request: (event) => (event.method === "GET" || !event.name ? `${event.method} ${event.path}` : event.name),
  notification: (event) => notified(event.body?.value?.[0] ?? {}),
  act: ({ act }) => acted(act ?? {}),
};

/** Return what a notification says, in a few words. */
function notified(item) {
  const data = item.resourceData ?? {};
  const last = String(item.resourceUrl ?? item.resource ?? "").split("/").pop();
  if (Array.isArray(data)) return `${item.changeType} ${last}`;
  if (data.toneInfo) return `${item.changeType} key ${data.toneInfo.tone}`;
  const kind = String(data["@odata.type"] ?? "").split(".").pop();
  if (kind === "call") {
    const audio = data.mediaState?.audio ? `, audio ${data.mediaState.audio}` : "";
    return `${item.changeType} call ${data.state ?? ""}${audio}`;
  }
  return [item.changeType ?? item.lifecycleEvent, kind || last, data.status].filter(Boolean).join(" ");
}

function acted({ act, person, keys, notification }) {
  if (act === "admits") return "the bot is let in from the lobby";
  if (act === "redelivers") return `notification ${notification} is posted again`;
  if (act === "rings") return `${person} rings the bot`;
  return [person, String(act).replace("_", " "), keys].filter((part) => part !== undefined).join(" ");
}

function enter(event, says) {
  model.entries.push({ ...event, says: clip(says) });
  model.size += event.size;
  while (model.entries.length > MOST_ENTRIES || model.size > MOST_CHARACTERS) {
    const { number, size } = model.entries.shift();
    model.delivered.delete(number);
    model.size -= size;
  }
}

function forget() {
  Object.assign(model, { calls: new Map(), entries: [], size: 0, delivered: new Set() });
}

function nameOf(call) {
  return clip(call.names.join(", ")) || (call.meeting ? "a group" : "nobody yet");
}

const isOf = (entry, chosen) => chosen === EVERYTHING || entry.call === chosen;
const failed = (entry) => entry.status === null || entry.status >= 400;

// -- drawing

function draw() {
  drawCalls();
  drawCall();
  drawTimeline();
  drawEntry();
}

function drawCalls() {
  const calls = [...model.calls.values()].reverse();
  redraw(byId("call-list"), [{ call: EVERYTHING }, ...calls], (call) => call.call, buildCall, updateCall);
}

function buildCall({ call }) {
  const button = make("button", { type: "button", className: "row", onclick: () => chooseCall(call) });
  button.append(make("span", { className: "who" }), make("span", { className: "badge" }), make("span", { className: "direction" }));
  return make("li", {}, button);
}

function updateCall(item, call) {
  const button = item.firstChild;
  const [who, badge, direction] = button.children;
  button.setAttribute("aria-current", String(call.call === model.chosen));
  if (call.call === EVERYTHING) {
    write(who, "Everything");
    write(direction, "all calls and requests");
    badge.hidden = true;
    return;
  }
  write(who, nameOf(call));
  write(direction, kindOf(call));
  showState(badge, call);
}

function showState(badge, call) {
  write(badge, call.state);
  badge.className = "badge";
  const { state } = call;
  badge.dataset.state = state === "terminated" ? "over" : state === "established" ? "on" : "soon";
}

function drawCall() {
  const call = model.calls.get(model.chosen);
  const live = call && call.state !== "terminated";
  write(byId("call-title"), call ? nameOf(call) : "Everything");
  document.title = call ? `${nameOf(call)}: ${call.state} – Graph emulator` : "Graph emulator";
  write(byId("call-facts"), call ? factsOf(call) : "");
  byId("nobody").hidden = model.calls.size > 0;
  const people = live ? call.people : [];
  const rows = people.map((one) => ({ ...one, call }));
  if (live && call.lobby) rows.unshift({ person: null, doing: "lobby", call });
  redraw(byId("people"), rows, (row) => (row.person === null ? "lobby" : `${call.call} ${row.person}`), buildPerson, updatePerson);
  show(byId("people"), rows.length > 0);
  show(byId("join"), Boolean(live && call.meeting && call.state === "established"));
}

function factsOf(call) {
  const over = call.state === "terminated" ? ` by the ${call.ended_by ?? "service"}${reasonOf(call)}` : "";
  return `${kindOf(call)} · ${call.state}${over} · ${call.call}`;
}

const kindOf = (call) => (call.meeting ? `${call.direction} to a group` : call.direction);

function buildPerson({ person }) {
  const name = make("span", { className: "name", textContent: clip(person ?? "The bot") });
  const group = { className: "person", tabIndex: -1, role: "group", "aria-label": name.textContent };
  const doing = make("span", { className: "doing" });
  return make("div", group, name, doing, make("div", { className: "acts" }), make("div", { className: "keys" }));
}

const DOING = { calls: "calls the bot", rings: "is rung by the bot", joins: "joins", talks: "talks", lobby: "waits in the lobby" };

function updatePerson(group, { person, doing, call }) {
  const [, does, acts, keys] = group.children;
  write(does, DOING[doing] ?? doing);
  redraw(acts, actsOf(doing, call), (act) => act.act, (act) => buildAct({ ...act, call: call.call, person }));
  const pressed = doing === "talks" ? [...KEYS] : [];
  redraw(keys, pressed, (key) => key, (key) => buildKey({ act: "presses", call: call.call, person, keys: key }));
}

/** Return what somebody can do now. */
function actsOf(doing, { meeting }) {
  if (doing === "lobby") return [{ act: "admits", label: "Admit", className: "primary" }];
  const ends = meeting ? { act: "leaves", label: "Leave" } : { act: "hangs_up", label: "Hang up" };
  if (doing === "calls" || doing === "talks") return [{ ...ends, className: "ends" }];
  if (doing !== "rings") return [];
  return [{ act: "answers", label: "Answer", className: "primary" }, { act: "declines", label: "Decline" }];
}

function buildAct({ label, className = "", ...act }) {
  if (act.person === null) delete act.person;
  const spoken = `${label}: ${clip(act.person ?? "the bot")}`;
  return make("button", { type: "button", className, textContent: label, "aria-label": spoken, onclick: () => perform(act) });
}

const SPOKEN = { "*": "star", "#": "hash" };

function buildKey(act) {
  const spoken = `${clip(act.person)} presses ${SPOKEN[act.keys] ?? act.keys}`;
  const properties = { type: "button", className: "key", textContent: act.keys, "aria-label": spoken };
  return make("button", { ...properties, onclick: () => perform(act) });
}

let drawnFor = null;

function drawTimeline() {
  const list = byId("timeline");
  if (drawnFor !== model.chosen) {
    release(list);
    list.replaceChildren();
    drawnFor = model.chosen;
  }
  const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 8;
  const entries = model.entries.filter((entry) => isOf(entry, model.chosen));
  redraw(list, entries, (entry) => entry.number, buildEntry, updateEntry);
  if (atEnd) list.scrollTop = list.scrollHeight;
}

const WAYS = { request: ["→", "asked", "the bot asks"], notification: ["←", "told", "the bot is notified"] };

function buildEntry(entry) {
  const [arrow, way, spoken] = WAYS[entry.kind] ?? ["●", "done", ""];
  const button = make(
    "button",
    { type: "button", className: "row", onclick: () => showEntry(entry.number) },
    make("time", { textContent: `${entry.time.toFixed(2)} s` }),
    make("span", { className: `way ${way}`, textContent: arrow, "aria-hidden": "true" }),
    make("span", { className: "unseen", textContent: spoken }),
    make("span", { className: "says", textContent: entry.says }),
  );
  if ("status" in entry) {
    const text = entry.status === null ? "not taken" : String(entry.status);
    button.append(make("span", { className: "status", textContent: text, "data-failed": String(failed(entry)) }));
  }
  const item = make("li", { className: way }, button);
  return item;
}

function buildAgain({ number }) {
  const act = { act: "redelivers", notification: number };
  return make("button", { type: "button", className: "again", textContent: "Redeliver", onclick: () => perform(act) });
}

function updateEntry(item, entry) {
  const current = String(entry.number === model.entry);
  if (item.firstChild.ariaCurrent !== current) item.firstChild.ariaCurrent = current;
  if (entry.kind !== "notification" || !failed(entry)) return;
  const again = item.querySelector(".again");
  if (!model.delivered.has(entry.number)) {
    if (!again) item.append(buildAgain(entry));
  } else if (again) {
    if (again === document.activeElement) item.firstChild.focus();
    again.remove();
  }
}

let drawnEntry = null;

function drawEntry() {
  if (drawnEntry === model.entry) return;
  drawnEntry = model.entry;
  const entry = model.entries.find(({ number }) => number === model.entry);
  const title = entry ? entry.says : "Body";
  write(byId("entry-title"), title);
  write(byId("entry-facts"), entry ? whereOf(entry) : "Choose an entry of the timeline to see what was sent.");
  byId("bodies").replaceChildren(...(entry ? bodiesOf(entry) : []));
}

function whereOf(entry) {
  if (!entry.path) return `at ${entry.time.toFixed(2)} s`;
  const status = entry.status === null ? "nobody took it: no answer, or an address that is not dialled" : entry.status;
  return `${entry.method ?? "POST"} ${entry.path} · ${status}`;
}

function bodiesOf(entry) {
  const { number, time, kind, says, size, body, answer, undeclared, ...rest } = entry;
  const parts = {
    request: [["Request", body], ["Answer", answer]],
    notification: [["Notification", body]],
    act: [["Act", entry.act]],
  }[kind] ?? [["Event", rest]];
  if (undeclared?.length) parts.unshift(["Undeclared properties", undeclared]);
  return parts.map(([title, value]) => {
    const heading = make("h3", { textContent: title });
    const shown = value === null || value === undefined ? make("p", { className: "quiet", textContent: "no body" }) : json(value);
    return make("div", {}, heading, shown);
  });
}

/** Return JSON as text that is easy to read, its parts coloured by kind. */
function json(value) {
  const whole = JSON.stringify(value, null, 2);
  const lines = whole.slice(0, MOST_TEXT).split("\n");
  if (whole.length > MOST_TEXT) lines.push(`… and ${whole.length - MOST_TEXT} more characters`);
  return make("pre", {}, ...lines.map(jsonLine));
}

/** Return a line of indented JSON; where it is too long, it goes on further to the right. */
function jsonLine(line) {
  const [, indent, name, colon, value, comma] = /^( *)("(?:[^"\\]|\\.)*")?(: )?(.*?)(,?)$/.exec(line);
  const lone = name && !colon; // a string in a list
  const text = lone ? name : value;
  const kind = text.startsWith('"') ? "string" : /^[\w-]/.test(text) ? "literal" : "";
  const shown = make("span", { className: "line" }, indent);
  if (!lone && name) shown.append(make("span", { className: "name", textContent: name }), colon);
  shown.append(make("span", { className: kind, textContent: text }), comma, "\n");
  shown.style.paddingInlineStart = `${indent.length + 4}ch`;
  shown.style.textIndent = `-${indent.length + 4}ch`;
  return shown;
}

// -- choosing

function choose(call) {
  model.chosen = call;
  model.entry = null;
}

function chooseCall(call) {
  model.chose = true;
  choose(call);
  draw();
}

function showEntry(number) {
  model.chose = true;
  model.entry = number;
  draw();
  byId("entry").scrollIntoView({ block: "nearest" });
}

// -- the server

function request(path, options = {}) {
  const headers = { authorization: `Bearer ${model.token}`, ...options.headers };
  return fetch(`/_emulator/${path}`, { ...options, headers, cache: "no-store" });
}

/** Ask the emulator for an act; return its answer, or null after saying on the page why there is none. */
async function perform(act) {
  model.chose = true;
  try {
    const headers = { "content-type": "application/json" };
    const response = await request("acts", { method: "POST", headers, body: JSON.stringify(act) });
    const answer = response.status === 204 ? {} : await response.json();
    write(byId("message"), response.ok ? "" : String(answer.error?.message ?? response.status));
    return response.ok ? answer : null;
  } catch {
    write(byId("message"), "The emulator does not answer: nothing was done.");
    return null;
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function connection(text, stateOf) {
  const badge = byId("connection");
  write(badge, text);
  badge.dataset.state = stateOf;
}

/** Read events until `stop` says so or the token is refused, and connect again whenever the connection is lost. */
async function follow(stop) {
  let wait = 500;
  while (!stop.aborted) {
    connection(model.last ? "connection lost – connecting again" : "connecting", "soon");
    try {
      await readEvents(stop, () => (wait = 500));
    } catch {
      await pause(wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    }
  }
}

async function readEvents(stop, onOpen) {
  const gone = new AbortController();
  let silence = setTimeout(() => gone.abort(), SILENCE);
  try {
    const response = await request(`events?after=${model.last}`, { signal: AbortSignal.any([stop, gone.signal]) });
    if (response.status === 401) return refuse("The token in its address is not this emulator's: each start makes another one.");
    if (!response.ok) throw new Error(String(response.status));
    onOpen();
    connection("live", "on");
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Error("the stream has ended");
      clearTimeout(silence);
      silence = setTimeout(() => gone.abort(), SILENCE);
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) if (line.trim()) attempt(() => take(line));
      attempt(draw);
    }
  } finally {
    clearTimeout(silence);
    gone.abort();
  }
}

/** Do something; an event that cannot be shown is reported, and the others are shown all the same. */
function attempt(act) {
  try {
    act();
  } catch (error) {
    reportError(error);
  }
}

async function showInfo() {
  const response = await request("info").catch(() => null);
  if (!response?.ok) return;
  const info = await response.json();
  const others = info.allowed_origins ?? [];
  const facts = [
    ["Graph", `${info.url}/v1.0`],
    ["Notifications go to", info.callback ?? "nobody: start with --callback"],
    ["Also dialled", others.length ? others.join(", ") : "nothing else: any other address is refused"],
  ];
  const rows = facts.map(([term, fact]) => make("div", {}, make("dt", { textContent: term }), make("dd", { textContent: fact })));
  byId("addresses").replaceChildren(...rows);
  byId("known").replaceChildren(...(info.people ?? []).map((value) => make("option", { value })));
}

// -- the start

// The token is kept for this tab alone, so that a reload works though the address no longer has it.
const KEPT = "token";

function tokenOfAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given !== null) history.replaceState(null, "", location.pathname);
  return given;
}

let session = new AbortController(); // ends when another token is used, or none

/** Show what to do instead of calls. */
function refuse(why) {
  session.abort();
  sessionStorage.removeItem(KEPT);
  connection("not connected", "over");
  write(byId("why"), why);
  reveal(false);
}

function reveal(connected) {
  byId("no-token").hidden = connected;
  document.querySelector("main").hidden = !connected;
  byId("reset").hidden = !connected;
}

function start(token) {
  session.abort();
  if (!token) return refuse("This address has no token.");
  session = new AbortController();
  sessionStorage.setItem(KEPT, token);
  Object.assign(model, { token, last: 0, chose: false });
  forget();
  choose(EVERYTHING);
  reveal(true);
  write(byId("message"), "");
  draw();
  showInfo();
  follow(session.signal);
}

/** Return the text of a form's field, which is empty then. */
function said(event) {
  event.preventDefault();
  const field = event.target.elements.who;
  const text = field.value.trim();
  field.value = "";
  return text;
}

byId("ring").addEventListener("submit", async (event) => {
  const answer = await perform({ act: "rings", person: said(event) });
  if (answer?.call) chooseCall(answer.call);
});
byId("join").addEventListener("submit", (event) => perform({ act: "joins", call: model.chosen, person: said(event) }));
byId("reset").addEventListener("click", () => request("reset", { method: "POST" }).catch(() => {}));
addEventListener("hashchange", () => {
  const token = tokenOfAddress();
  if (token) start(token);
});
start(tokenOfAddress() ?? sessionStorage.getItem(KEPT));
