"use strict";
// What the browser keeps. A window keeps its token and its tabs in its own session storage. Local storage, which all
// windows share, keeps a copy of each workspace's tabs without any headers, for the next window of that workspace.

const NAMESPACE = "touchline:";
const TABS = "graphiql:tabState";
const EDITORS = { query: "graphiql:query", variables: "graphiql:variables", headers: "graphiql:headers" };

const authorization = (token) => JSON.stringify({ Authorization: `Bearer ${token}` }, null, 2);

function parse(text) {
  try { return JSON.parse(text || "{}") || {}; } catch { return {}; }
}

// Storage that may be blocked or full. What it does not take stays in memory until the page is left.
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

// JSON with other headers wherever it has headers: tabs and the history hold some.
function withHeaders(text, headers) {
  try { return JSON.stringify(JSON.parse(text, (name, value) => (name === "headers" ? headers : value))); } catch { return text; }
}

// What GraphiQL is given as its storage.
const pageStorage = {
  getItem: (name) => ofWindow.get(name),
  setItem(name, value) {
    ofWindow.set(name, value);
    const workspace = ofWindow.get("workspace");
    if (workspace && !Object.values(EDITORS).includes(name)) ofAll.set(`${workspace}:${name}`, withHeaders(value, null));
  },
  removeItem(name) {
    ofWindow.remove(name);
    ofAll.remove(`${ofWindow.get("workspace")}:${name}`);
  },
  clear() { for (const name of ofWindow.names("graphiql:")) pageStorage.removeItem(name); },
  get length() { return ofWindow.names("graphiql:").length; },
};

// The token does not stay in the address, where others can read it.
const tokenInAddress = () => new URLSearchParams(location.hash.slice(1)).get("token");

// What the address offers, and what the window has had. The window takes the new one over once it has opened something.
function takeToken() {
  const offered = tokenInAddress();
  if (offered) history.replaceState(null, "", location.pathname + location.search);
  return { offered, kept: ofWindow.get("token") };
}

const hasTabs = () => ofWindow.names("graphiql:").length > 0;

// Make the window show the workspace that its token opens. A new token of the workspace that was open goes into the
// window's tabs. For another workspace, the window takes over the tabs that the last window of that workspace had.
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

// A tab that launches for everyone never stands in front when the page opens.
const isRisky = (tab) => /\bstartLaunch\b/.test(tab?.query ?? "");

// GraphiQL puts the tab in front that its editors start from: any other text there would become one more tab.
function chooseFront(examples) {
  const state = parse(ofWindow.get(TABS));
  const tabs = Array.isArray(state.tabs) && state.tabs.length ? state.tabs : examples;
  let front = tabs[state.activeTabIndex] ?? tabs[0];
  if (isRisky(front)) front = tabs.find((tab) => !isRisky(tab)) ?? front;
  for (const [part, name] of Object.entries(EDITORS)) ofWindow.set(name, front?.[part] ?? "");
}
