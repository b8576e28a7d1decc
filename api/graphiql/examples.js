"use strict";
// The tabs that a new visitor sees: those that build a first campaign, or the examples. Their variables contain names
// such as @campaign, @person and @inAnHour. The page replaces them by values of the workspace and its clock, and does
// so again after each mutation, so that an example runs a second time.

const LOOKUP = `{
  workspace { id name sandbox now }
  senders(first: 1) { nodes { id } } templates(first: 2) { nodes { id } }
  campaigns(first: 1) { nodes { id steps { id type } } } people(first: 200) { nodes { id bouncedAt } }
  enrollments(first: 200) { nodes { id status person { id } } }
  tasks(filter: {status: OPEN}, first: 200) { nodes { id type } }
  emails(filter: {folder: DELIVERED}, first: 100) { nodes { id enrollment { status } } }
}`;
const HOUR = 36e5;

// Return the workspace, the values of the names in the variables, and whether the workspace has no campaign yet.
// Without an answer of the server, return no workspace and no names.
async function lookUp(endpoint, headers) {
  try {
    const init = { method: "POST", body: JSON.stringify({ query: LOOKUP }) };
    const answer = await fetch(endpoint, { ...init, headers: { "Content-Type": "application/json", ...headers } });
    const { data } = await answer.json();
    const first = (list) => list.nodes[0]?.id;
    const busy = new Set(data.enrollments.nodes.map((enrollment) => enrollment.person.id));
    const free = data.people.nodes.map((person) => person.id).filter((id) => !busy.has(id));
    const bounced = data.people.nodes.find((person) => person.bouncedAt);
    const lastEmail = data.campaigns.nodes[0]?.steps.findLast((step) => step.type === "EMAIL");
    const emailTask = data.tasks.nodes.find((task) => task.type === "EMAIL");
    const active = data.enrollments.nodes.find((enrollment) => enrollment.status === "ACTIVE");
    const sent = data.emails.nodes;
    const unanswered = sent.find((email) => email.enrollment.status === "ACTIVE") ?? sent[0];
    const now = Date.parse(data.workspace.now);
    return {
      workspace: data.workspace,
      isNew: data.campaigns.nodes.length === 0,
      names: {
        "@sender": first(data.senders) ?? "<no sender yet: run createSender first>",
        "@template": first(data.templates) ?? "<no template yet: run createTemplate first>",
        "@secondTemplate": data.templates.nodes[1]?.id ?? "<no second template yet: run createTemplate first>",
        "@campaign": first(data.campaigns) ?? "<no campaign yet: run createCampaign first>",
        "@laterEmailStep": lastEmail?.id ?? "<no email step yet: run addStep first>",
        "@person": free[0] ?? "<no person without a campaign: run createPerson first>",
        "@otherPerson": free[1] ?? "<no second person without a campaign: run createPerson first>",
        "@enrollment": active?.id ?? first(data.enrollments) ?? "<nobody is in a campaign yet: run launch first>",
        "@emailTask": emailTask?.id ?? "<no open email task: launch a campaign with a task first>",
        "@bounced": bounced?.id ?? "<no email has bounced: run recordBounce first>",
        "@sentEmail": unanswered?.id ?? "<no email has been sent yet: run SendDueEmails first>",
        "@inAnHour": new Date(now + HOUR).toISOString(),
        "@inAWeek": new Date(now + 24 * 7 * HOUR).toISOString(),
      },
    };
  } catch {
    return { workspace: undefined, names: {}, isNew: false }; // the page shows the reason when it asks for the schema
  }
}

// Ids from the answers to mutations in this window, for the operations that need them.
const made = {
  "@newCampaign": "<paste the campaign id from CreateCampaign here>",
  "@launch": "<paste the launch id from LaunchEveryone here>",
  "@import": "<paste the import id from ImportDryRun here>",
};

function remember(data) {
  const campaign = data?.createCampaign?.campaign?.id;
  const launch = data?.startLaunch?.launch?.id;
  const people = data?.importPeople?.peopleImport?.id;
  if (people) made["@import"] = people;
  if (campaign) made["@newCampaign"] = campaign;
  if (launch) made["@launch"] = launch;
}

const fill = (text, names) => text?.replace(/@\w+/g, (name) => names[name] ?? made[name] ?? name);

// Return { firstCampaign, examples }, each a list of tabs.
async function loadTabs() {
  const answer = await fetch("graphiql/tabs.json");
  if (!answer.ok) throw new Error(`the server answered ${answer.status} for the tabs`);
  return answer.json();
}

// Texts that the page itself has put into the variables of a tab. Texts that the reader typed are not among them.
const MOST_KEPT = 200;
const filledTexts = () => { const kept = parse(ofWindow.get("filled")); return Array.isArray(kept) ? kept : []; };

function filled(text, names) {
  const now = fill(text, names);
  if (now) ofWindow.set("filled", JSON.stringify([...new Set([...filledTexts(), now])].slice(-MOST_KEPT)));
  return now;
}

// Update the variables of the active tab, unless the reader has changed them.
function refreshVariables(tabs, names) {
  const [query, variables] = [editorOf("query"), editorOf("variables")];
  const example = query && tabs.find((each) => each.query.trim() === query.getValue().trim());
  if (!example?.variables || !variables || !filledTexts().includes(variables.getValue())) return;
  const now = filled(example.variables, names);
  if (now !== variables.getValue()) variables.setValue(now);
}

// A tab as GraphiQL keeps it.
const keptTab = ({ query, variables, headers }) => ({
  id: String(Math.random()), title: titleOf(query),
  query, variables: variables ?? null, headers: headers ?? null, operationName: null, response: null,
});

// The tabs of the window: those that it keeps, else those that it opens with.
function tabsOfWindow(shown) {
  const { tabs } = parse(ofWindow.get(TABS));
  return Array.isArray(tabs) && tabs.length ? tabs : shown.map(keptTab);
}

const hasExamples = (examples, shown) =>
  tabsOfWindow(shown).some((tab) => examples.some((each) => each.query === tab.query));

// Put the example tabs after the tabs of the window.
function addExamples(examples, shown) {
  keepEditors();
  const tabs = [...tabsOfWindow(shown), ...examples.map(keptTab)];
  keepTabs({ activeTabIndex: 0, ...parse(ofWindow.get(TABS)), tabs });
  reloading = true;
  location.reload();
}
