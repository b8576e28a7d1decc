"use strict";
// Storage in the browser. A window keeps its token and its tabs in its own session storage. Local storage, which all
// windows share, keeps a copy of each workspace's tabs without any headers, for the next window of that workspace.

const NAMESPACE = "touchline:";
const TABS = "graphiql:tabState";
const EDITORS = { query: "graphiql:query", variables: "graphiql:variables", headers: "graphiql:headers" };

const authorization = (token) => JSON.stringify({ Authorization: `Bearer ${token}` }, null, 2);

function parse(text) {
  try { return JSON.parse(text || "{}") || {}; } catch { return {}; }
}

// Storage that may be blocked or full. Values that it rejects stay in memory until the page is closed.
function area(kind) {
  const memory = new Map();
  const attempt = (use) => { try { return use(window[kind]); } catch { return undefined; } };
  return {
    get: (name) => memory.get(name) ?? attempt((real) => real.getItem(NAMESPACE + name)) ?? null,
    set(name, value) {
      const stored = attempt((real) => { real.setItem(NAMESPACE + name, value); return true; });
      if (stored) memory.delete(name); else memory.set(name, value);
    },
    remove(name) {
      memory.delete(name);
      attempt((real) => real.removeItem(NAMESPACE + name));
    },
    names(prefix) {
      const real = attempt((it) => Object.keys(it)) ?? [];
      const own = real.filter((name) => name.startsWith(NAMESPACE)).map((name) => name.slice(NAMESPACE.length));
      return [...new Set([...own, ...memory.keys()])].filter((name) => name.startsWith(prefix));
    },
  };
}

const ofWindow = area("sessionStorage");
const ofAll = area("localStorage");

// Replace the headers in a JSON text. Tabs and the history contain headers.
function withHeaders(text, headers) {
  try { return JSON.stringify(JSON.parse(text, (name, value) => (name === "headers" ? headers : value))); } catch { return text; }
}

// Whether the page is about to load again with tabs that it has just stored.
let reloading = false;
// GraphiQL stores each state of its tabs half a second late, and a window that closes earlier loses it. So the page
// stores each state at once. What GraphiQL stores after the first of them is old.
let pageKeepsTabs = false;

function keep(name, value) {
  if (reloading) return;
  ofWindow.set(name, value);
  const workspace = ofWindow.get("workspace");
  if (workspace && !Object.values(EDITORS).includes(name)) ofAll.set(`${workspace}:${name}`, withHeaders(value, null));
}

// The name of the first operation with a name: the title of the tab.
const titleOf = (query) => query.match(/^(?:query|mutation|subscription) (\w+)/m)?.[1];

// The storage that GraphiQL uses.
const pageStorage = {
  getItem: (name) => ofWindow.get(name),
  setItem(name, value) { if (name !== TABS || !pageKeepsTabs) keep(name, value); },
  removeItem(name) {
    ofWindow.remove(name);
    ofAll.remove(`${ofWindow.get("workspace")}:${name}`);
  },
  clear() { for (const name of ofWindow.names("graphiql:")) pageStorage.removeItem(name); },
  get length() { return ofWindow.names("graphiql:").length; },
};

// Store the tabs of GraphiQL, without the answers in them.
function keepTabs(state) {
  pageKeepsTabs = true;
  keep(TABS, JSON.stringify(state, (name, value) => (name === "response" || name === "hash" ? null : value)));
}

const EDITED = {
  query: ".graphiql-query-editor .CodeMirror",
  variables: ".graphiql-editor-tool .graphiql-editor:nth-child(1) .CodeMirror",
  headers: ".graphiql-editor-tool .graphiql-editor:nth-child(2) .CodeMirror",
};
const editorOf = (part) => document.querySelector(EDITED[part])?.CodeMirror;

// Store what the editors contain. GraphiQL takes over what is typed a tenth of a second late.
function keepEditors() {
  const state = parse(ofWindow.get(TABS));
  const tab = Array.isArray(state.tabs) ? state.tabs[state.activeTabIndex] : undefined;
  if (!tab) return;
  const query = editorOf("query")?.getValue() ?? tab.query;
  if (query !== tab.query) Object.assign(tab, { title: titleOf(query) ?? "<untitled>", operationName: null });
  for (const part of Object.keys(EDITED)) tab[part] = editorOf(part)?.getValue() ?? tab[part];
  keepTabs(state);
}
addEventListener("pagehide", keepEditors);

// The token does not stay in the address, where others can read it.
const tokenInAddress = () => new URLSearchParams(location.hash.slice(1)).get("token");

// Return the token in the address and the token of the window. The new token replaces the old one if it is valid.
function takeToken() {
  const offered = tokenInAddress();
  if (offered) history.replaceState(null, "", location.pathname + location.search);
  return { offered, kept: ofWindow.get("token") };
}

const hasTabs = () => ofWindow.names("graphiql:").length > 0;

// Show the workspace of the token. A new token of the same workspace replaces the old one in the window's tabs. For
// another workspace, the window shows the tabs that the last window of that workspace had.
function openWorkspace(token, isNew, workspace) {
  ofWindow.set("token", token);
  if (workspace ? workspace !== ofWindow.get("workspace") : isNew) {
    for (const name of ofWindow.names("graphiql:")) ofWindow.remove(name);
    ofWindow.remove("filled");
    ofWindow.set("workspace", workspace ?? "");
    const prefix = `${workspace}:`;
    for (const name of workspace ? ofAll.names(prefix) : []) {
      ofWindow.set(name.slice(prefix.length), withHeaders(ofAll.get(name), authorization(token)));
    }
  } else if (isNew) {
    for (const name of ofWindow.names("graphiql:")) {
      ofWindow.set(name, withHeaders(ofWindow.get(name), authorization(token)));
    }
  }
}

// A tab that launches for everyone is never the active tab when the page opens.
const isRisky = (tab) => /\bstartLaunch\b/.test(tab?.query ?? "");

// GraphiQL activates the tab whose text its editors start with. Any other text would become one more tab.
function chooseFront(examples) {
  const state = parse(ofWindow.get(TABS));
  const tabs = Array.isArray(state.tabs) && state.tabs.length ? state.tabs : examples;
  let front = tabs[state.activeTabIndex] ?? tabs[0];
  if (isRisky(front)) front = tabs.find((tab) => !isRisky(tab)) ?? front;
  for (const [part, name] of Object.entries(EDITORS)) ofWindow.set(name, front?.[part] ?? "");
}
