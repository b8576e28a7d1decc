"use strict";
// Touchline's GraphiQL page: the token from the address, the tabs from the server, errors in words.

const place = document.getElementById("graphiql");
const hint = document.getElementById("hint");
const endpoint = place.dataset.endpoint;

const authorization = (token) => JSON.stringify({ Authorization: `Bearer ${token}` }, null, 2);
const tokenInAddress = () => new URLSearchParams(location.hash.slice(1)).get("token");
const isAuthorized = (headers) => Object.keys(headers).some((name) => name.toLowerCase() === "authorization");

function parse(text) {
  try { return JSON.parse(text || "{}") || {}; } catch { return {}; }
}

function tell(before, after) {
  const code = document.createElement("code");
  code.textContent = '{"Authorization": "Bearer …"}';
  hint.replaceChildren(before, code, after);
  hint.hidden = false;
}

const tellMissing = () => tell(
  "No token yet. Open the link that the server gave you, or put ",
  " with your own token into Headers, below the query.",
);
const tellRefused = () => tell(
  "The server did not accept the token (401). Open the link that it gave at its latest start, or put ",
  " with a valid token into Headers, below the query.",
);

// The token does not stay in the address, where others can read it.
function takeToken(storage) {
  const token = tokenInAddress();
  if (token) history.replaceState(null, "", location.pathname + location.search);
  const kept = storage.getItem("token");
  return { token: token || kept, isNew: Boolean(token) && token !== kept };
}

// A new token of the workspace that was open goes into the reader's tabs. One of another workspace starts afresh:
// what the browser kept has that one's token and identifiers.
function makeRoom(storage, token, workspace) {
  const state = parse(storage.getItem("graphiql:tabState"));
  if (workspace && workspace === storage.getItem("workspace") && Array.isArray(state.tabs)) {
    for (const tab of state.tabs) tab.headers = authorization(token);
    storage.setItem("graphiql:tabState", JSON.stringify(state));
    storage.setItem("graphiql:headers", authorization(token));
  } else {
    storage.clear();
  }
  storage.setItem("token", token);
  storage.setItem("workspace", workspace || "");
}

async function defaultTabs(headers, found) {
  const answer = await fetch("graphiql/tabs.json");
  if (!answer.ok) throw new Error(`the server answered ${answer.status} for the tabs`);
  return (await answer.json()).map((tab) => ({ ...tab, headers, variables: fill(tab.variables, found) }));
}

// The examples' variables name what they need (@campaign, @person, …), so that they run against this workspace.
const LOOKUP = `{
  workspace { id }
  senders(first: 1) { nodes { id } } templates(first: 1) { nodes { id } }
  campaigns(first: 1) { nodes { id steps { id type } } } people(first: 200) { nodes { id } }
  enrollments(first: 200) { nodes { id person { id } } }
  tasks(status: OPEN, first: 200) { nodes { id type } }
}`;

async function lookUp(headers) {
  try {
    const init = { method: "POST", body: JSON.stringify({ query: LOOKUP }) };
    const answer = await fetch(endpoint, { ...init, headers: { "Content-Type": "application/json", ...parse(headers) } });
    const { data } = await answer.json();
    const first = (list) => list.nodes[0]?.id;
    const busy = new Set(data.enrollments.nodes.map((enrollment) => enrollment.person.id));
    const free = data.people.nodes.map((person) => person.id).filter((id) => !busy.has(id));
    const lastEmail = data.campaigns.nodes[0]?.steps.findLast((step) => step.type === "EMAIL");
    const emailTask = data.tasks.nodes.find((task) => task.type === "EMAIL");
    return {
      workspace: data.workspace.id,
      "@sender": first(data.senders) ?? "no sender yet: createSender makes one",
      "@template": first(data.templates) ?? "no template yet: createTemplate makes one",
      "@campaign": first(data.campaigns) ?? "no campaign yet: createCampaign makes one",
      "@laterEmailStep": lastEmail?.id ?? "no email step yet: addStep makes one",
      "@person": free[0] ?? "nobody without a campaign: createPerson makes one",
      "@otherPerson": free[1] ?? "no second one without a campaign: createPerson makes one",
      "@enrollment": first(data.enrollments) ?? "nobody is in a campaign yet: launch puts people into one",
      "@emailTask": emailTask?.id ?? "no email waits for you: launch a campaign with a task",
    };
  } catch {
    return {}; // Without an answer the examples keep their names, and the page tells why as it asks for the schema.
  }
}

const fromNow = (hours) => new Date(Date.now() + hours * 36e5).toISOString();
const MOMENTS = { "@inAnHour": () => fromNow(1), "@inAWeek": () => fromNow(24 * 7) };
const fill = (variables, found) => variables?.replace(/@\w+/g, (name) => MOMENTS[name]?.() ?? found[name] ?? name);

// GraphiQL reads every answer as GraphQL's JSON; whatever else comes is turned into a GraphQL error.
const inWords = (message) => Response.json({ errors: [{ message }] });

async function send(url, init, startHeaders) {
  let headers = init.headers;
  // The first introspection runs before the Headers editor exists, hence without what stands in it.
  if (!isAuthorized(headers) && parse(init.body).operationName === "IntrospectionQuery") {
    headers = { ...startHeaders, ...headers };
  }
  let answer;
  try {
    answer = await fetch(url, { ...init, headers: new Headers(headers) });
  } catch (problem) {
    return inWords(`The query could not be sent to ${url}: ${problem.message}. `
      + "Is the server running, and do the Headers hold plain characters only?");
  }
  if (answer.status === 401) (isAuthorized(headers) ? tellRefused : tellMissing)();
  else if (isAuthorized(headers)) hint.hidden = true;
  if (/json|multipart/.test(answer.headers.get("content-type"))) return answer;
  return inWords(`${answer.status} ${answer.statusText}: ${(await answer.text()).slice(0, 500)}`);
}

async function start() {
  // A name of its own: another server on this port may have left its tabs in the browser.
  const storage = GraphiQL.createLocalStorage({ namespace: "touchline" });
  const { token, isNew } = takeToken(storage);
  const tokenHeaders = token ? authorization(token) : undefined;
  const found = token ? await lookUp(tokenHeaders) : {};
  if (isNew) makeRoom(storage, token, found.workspace);
  const tabs = await defaultTabs(tokenHeaders, found);
  if (!storage.getItem("graphiql:tabState") && tabs.length) {
    // The editors start from these; without them the first default tab's variables stay unseen.
    storage.setItem("graphiql:query", tabs[0].query);
    storage.setItem("graphiql:variables", tabs[0].variables || "");
    storage.setItem("graphiql:headers", tokenHeaders || "");
  }
  const startHeaders = parse(storage.getItem("graphiql:headers") || tokenHeaders);
  if (!isAuthorized(startHeaders)) tellMissing();

  // Subscriptions go over a websocket at the same address, each with what stands in Headers as its parameters.
  const newFetcher = () => GraphiQL.createFetcher({
    url: endpoint,
    subscriptionUrl: new URL(endpoint, location.href).href.replace(/^http/, "ws"),
    fetch: (url, init) => send(url, init, startHeaders),
  });
  let schemaKnown = false;
  let waiting;

  function Page() {
    const [fetcher, setFetcher] = React.useState(newFetcher);
    // A token typed by hand: a new fetcher makes GraphiQL ask for the schema again, now with the token.
    const onEditHeaders = (text) => {
      clearTimeout(waiting);
      if (!schemaKnown && isAuthorized(parse(text))) waiting = setTimeout(() => setFetcher(newFetcher), 700);
    };
    return React.createElement(GraphiQL, {
      fetcher,
      storage,
      onEditHeaders,
      onSchemaChange: () => { schemaKnown = true; },
      defaultTabs: tabs.length ? tabs : undefined,
      defaultHeaders: tokenHeaders,
      defaultEditorToolsVisibility: token ? "variables" : "headers",
      shouldPersistHeaders: true,
    }, React.createElement(GraphiQL.Logo, null, "Touchline"));
  }

  ReactDOM.createRoot(place).render(React.createElement(Page));
}

// Another token link opened in the same window changes the fragment alone, which loads nothing by itself.
addEventListener("hashchange", () => { if (tokenInAddress()) location.reload(); });

start().catch((problem) => { place.textContent = `GraphiQL could not start: ${problem.message}`; });
