"use strict";
// Touchline's GraphiQL page: it shows the workspace of the window's token, example tabs, and readable errors.

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
  "This window has no token yet. Open the link that the server printed, or put ",
  " with your own token into Headers, below the query.",
);
const tellRefused = () => tell(
  "The server did not accept the token (401). Open the link that it printed last, or put ",
  " with a valid token into Headers, below the query.",
);

function tellUseless() {
  hint.textContent = "The token of this link is not valid, or the server does not answer. "
    + "This window keeps its earlier token and tabs.";
  hint.hidden = false;
  hintStays = true;
}

// GraphiQL reads every answer as GraphQL's JSON. Turn every other answer into a GraphQL error.
const inWords = (message) => Response.json({ errors: [{ message }] });

// `mutation` is called with the data of a mutation's answer, `success` with the headers of each accepted request.
const after = { mutation: () => {}, success: () => {} };

async function send(url, init, startHeaders) {
  let headers = init.headers;
  const asked = parse(init.body);
  const introspects = asked.operationName === "IntrospectionQuery";
  // The first introspection runs before the Headers editor exists, so add its headers here.
  if (!isAuthorized(headers) && introspects) headers = { ...startHeaders, ...headers };
  let answer;
  try {
    answer = await fetch(url, { ...init, headers: new Headers(headers) });
  } catch (problem) {
    return inWords(`The query could not be sent to ${url}: ${problem.message}. `
      + "Is the server running? Do the Headers contain ASCII characters only?");
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

// codemirror-graphql 2.2.9, the latest, reads a default of false, 0 or "" as no default, and underlines every input
// without such a field. A boxed value is the same to GraphQL, and the editor accepts it as a default.
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
  let { workspace, names, isNew } = await look(token);
  // If the token of the link is not valid, the window keeps its earlier token.
  const useless = offered && offered !== kept && !workspace && (kept || hasTabs());
  if (useless) {
    token = kept;
    ({ workspace, names, isNew } = await look(token));
    tellUseless();
  }
  let current = token ? parse(authorization(token)) : {};
  if (token) openWorkspace(token, token !== kept, workspace?.id);
  showWorkspace(workspace, isNew);
  const { firstCampaign, examples } = await loadTabs();
  const known = [...firstCampaign, ...examples];
  const headers = token ? authorization(token) : undefined;
  const tabs = (isNew ? firstCampaign : examples).map((tab) => ({ ...tab, headers, variables: filled(tab.variables, names) }));
  chooseFront(tabs);
  const filledExamples = () => examples.map((tab) => ({ ...tab, headers, variables: filled(tab.variables, names) }));
  offerExamples(hasExamples(examples, tabs) ? undefined : () => addExamples(filledExamples(), tabs));
  const startHeaders = parse(ofWindow.get(EDITORS.headers) || headers);
  if (!isAuthorized(startHeaders) && !useless) tellMissing();

  // The header and the variables follow the workspace. Its clock may be moved here or in another window.
  let latest = 0;
  async function refresh() {
    const turn = ++latest;
    const found = isAuthorized(current) ? await lookUp(endpoint, current) : { names: {} };
    if (turn !== latest || !found.workspace) return;
    ({ workspace, names, isNew } = found);
    showWorkspace(workspace, isNew);
    refreshVariables(known, names);
  }
  after.mutation = (data, used) => { remember(data); current = used; refresh(); };
  after.success = (used) => {
    const changed = JSON.stringify(used) !== JSON.stringify(current);
    current = used;
    if (changed || bar.hidden) refresh();
  };
  addEventListener("focus", refresh);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });

  // Subscriptions use a websocket at the same address, with the Headers as connection parameters.
  const newFetcher = () => GraphiQL.createFetcher({
    url: endpoint,
    subscriptionUrl: new URL(endpoint, location.href).href.replace(/^http/, "ws"),
    fetch: (url, init) => send(url, init, startHeaders),
  });
  let schemaKnown = false;
  let waiting;

  function Page() {
    const [fetcher, setFetcher] = React.useState(newFetcher);
    // After a token is typed, a new fetcher makes GraphiQL request the schema again with this token.
    const onEditHeaders = (text) => {
      clearTimeout(waiting);
      if (!schemaKnown && isAuthorized(parse(text))) waiting = setTimeout(() => setFetcher(newFetcher), 700);
    };
    return React.createElement(GraphiQL, {
      fetcher,
      storage: pageStorage,
      onEditHeaders,
      onSchemaChange: (schema) => { schemaKnown = true; boxDefaults(schema); },
      onTabChange: (state) => {
        keepTabs(state);
        setTimeout(() => refreshVariables(known, names)); // when the editors show the tab
      },
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
