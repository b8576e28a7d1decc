"use strict";
// Touchline's GraphiQL page: the workspace of the window's token, with example tabs, and errors in words.

const place = document.getElementById("graphiql");
const hint = document.getElementById("hint");
const endpoint = place.dataset.endpoint;
let hintStays = false; // until the page is loaded again

const onlyToken = (headers) => Object.fromEntries(
  Object.entries(headers).filter(([name]) => name.toLowerCase() === "authorization"),
);
const isAuthorized = (headers) => Object.keys(onlyToken(headers)).length > 0;

function tell(before, after) {
  const code = document.createElement("code");
  code.textContent = '{"Authorization": "Bearer …"}';
  hint.replaceChildren(before, code, after);
  hint.hidden = false;
}

const tellMissing = () => tell(
  "This window has no token yet. Open the link that the server gave you, or put ",
  " with your own token into Headers, below the query.",
);
const tellRefused = () => tell(
  "The server did not accept the token (401). Open the link that it gave at its latest start, or put ",
  " with a valid token into Headers, below the query.",
);

function tellUseless() {
  hint.textContent = "The token of this link opens nothing, or the server does not answer. "
    + "This window keeps the token and the tabs that it had.";
  hint.hidden = false;
  hintStays = true;
}

// GraphiQL reads every answer as GraphQL's JSON; whatever else comes is turned into a GraphQL error.
const inWords = (message) => Response.json({ errors: [{ message }] });

// Called with what a mutation answered, and with the headers of each request that the server took.
const after = { mutation: () => {}, success: () => {} };

async function send(url, init, startHeaders) {
  let headers = init.headers;
  const asked = parse(init.body);
  const introspects = asked.operationName === "IntrospectionQuery";
  // The first introspection runs before the Headers editor exists, hence without what stands in it.
  if (!isAuthorized(headers) && introspects) headers = { ...startHeaders, ...headers };
  let answer;
  try {
    answer = await fetch(url, { ...init, headers: new Headers(headers) });
  } catch (problem) {
    return inWords(`The query could not be sent to ${url}: ${problem.message}. `
      + "Is the server running, and do the Headers hold plain characters only?");
  }
  if (answer.status === 401) {
    (isAuthorized(headers) ? tellRefused : tellMissing)();
    showWorkspace(undefined);
  } else if (isAuthorized(headers)) {
    if (!hintStays) hint.hidden = true;
    after.success(onlyToken(headers));
  }
  if (!/json|multipart/.test(answer.headers.get("content-type"))) {
    return inWords(`${answer.status} ${answer.statusText}: ${(await answer.text()).slice(0, 500)}`);
  }
  if (!introspects && /\bmutation\b/.test(asked.query)) after.mutation(parse(await answer.clone().text()).data, onlyToken(headers));
  return answer;
}

// codemirror-graphql 2.2.9, the last one, takes a default of false, 0 or "" for none, and underlines every input that
// leaves such a field out. Boxed, these values are the same to GraphQL and count as a default.
function boxDefaults(schema) {
  for (const type of Object.values(schema.getTypeMap())) {
    for (const field of Object.values(type.getFields?.() ?? {})) {
      if ([false, 0, ""].includes(field.defaultValue)) field.defaultValue = Object(field.defaultValue);
    }
  }
}

async function start() {
  const { offered, kept } = takeToken();
  const look = (token) => (token ? lookUp(endpoint, parse(authorization(token))) : { names: {} });
  let token = offered || kept;
  let { workspace, names } = await look(token);
  // A link whose token opens nothing takes nothing away: the window goes on with what it had.
  const useless = offered && offered !== kept && !workspace && (kept || hasTabs());
  if (useless) {
    token = kept;
    ({ workspace, names } = await look(token));
    tellUseless();
  }
  let current = token ? parse(authorization(token)) : {};
  if (token) openWorkspace(token, token !== kept, workspace?.id);
  showWorkspace(workspace);
  const examples = await loadExamples();
  const headers = token ? authorization(token) : undefined;
  const tabs = examples.map((tab) => ({ ...tab, headers, variables: filled(tab.variables, names) }));
  chooseFront(tabs);
  const startHeaders = parse(ofWindow.get(EDITORS.headers) || headers);
  if (!isAuthorized(startHeaders) && !useless) tellMissing();

  // The header and the examples follow the workspace: its clock may be moved, here or in another window.
  let latest = 0;
  async function refresh() {
    const turn = ++latest;
    const found = isAuthorized(current) ? await lookUp(endpoint, current) : { names: {} };
    if (turn !== latest || !found.workspace) return;
    ({ workspace, names } = found);
    showWorkspace(workspace);
    refreshVariables(examples, names);
  }
  after.mutation = (data, used) => { remember(data); current = used; refresh(); };
  after.success = (used) => {
    const changed = JSON.stringify(used) !== JSON.stringify(current);
    current = used;
    if (changed || bar.hidden) refresh();
  };
  addEventListener("focus", refresh);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });

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
      storage: pageStorage,
      onEditHeaders,
      onSchemaChange: (schema) => { schemaKnown = true; boxDefaults(schema); },
      onTabChange: () => setTimeout(() => refreshVariables(examples, names)), // once its editors show the tab
      defaultTabs: tabs.length ? tabs : undefined,
      defaultHeaders: headers,
      defaultEditorToolsVisibility: token ? "variables" : "headers",
      shouldPersistHeaders: true,
    }, React.createElement(GraphiQL.Logo, null, "Touchline"));
  }

  ReactDOM.createRoot(place).render(React.createElement(Page));
}

// Another token link opened in the same window changes the fragment alone, which loads nothing by itself.
addEventListener("hashchange", () => { if (tokenInAddress()) location.reload(); });

start().catch((problem) => { place.textContent = `GraphiQL could not start: ${problem.message}`; });
