"use strict";
// The example tabs. Their variables name what they need (@campaign, @person, @inAnHour, …). The page fills it in from
// the workspace and its clock, and again after each mutation, so that an example runs a second time.

const LOOKUP = `{
  workspace { id name sandbox now }
  senders(first: 1) { nodes { id } } templates(first: 1) { nodes { id } }
  campaigns(first: 1) { nodes { id steps { id type } } } people(first: 200) { nodes { id bouncedAt } }
  enrollments(first: 200) { nodes { id status person { id } } }
  tasks(status: OPEN, first: 200) { nodes { id type } }
}`;
const HOUR = 36e5;

// Return what the workspace has, by the names that the examples use. Empty where the server does not answer.
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
    const now = Date.parse(data.workspace.now);
    return {
      workspace: data.workspace,
      names: {
        "@sender": first(data.senders) ?? "no sender yet: createSender makes one",
        "@template": first(data.templates) ?? "no template yet: createTemplate makes one",
        "@campaign": first(data.campaigns) ?? "no campaign yet: createCampaign makes one",
        "@laterEmailStep": lastEmail?.id ?? "no email step yet: addStep makes one",
        "@person": free[0] ?? "nobody without a campaign: createPerson makes one",
        "@otherPerson": free[1] ?? "no second one without a campaign: createPerson makes one",
        "@enrollment": active?.id ?? first(data.enrollments) ?? "nobody is in a campaign yet: launch puts people into one",
        "@emailTask": emailTask?.id ?? "no email waits for you: launch a campaign with a task",
        "@bounced": bounced?.id ?? "nobody has bounced: recordBounce says that someone did",
        "@inAnHour": new Date(now + HOUR).toISOString(),
        "@inAWeek": new Date(now + 24 * 7 * HOUR).toISOString(),
      },
    };
  } catch {
    return { workspace: undefined, names: {} }; // the page says why when it asks for the schema
  }
}

// What mutations made in this window, for the operations that go on with it.
const made = {
  "@newCampaign": "the id that CreateCampaign answers",
  "@launch": "the id that LaunchEveryone answers",
  "@import": "the id that ImportDryRun answers",
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

async function loadExamples() {
  const answer = await fetch("graphiql/tabs.json");
  if (!answer.ok) throw new Error(`the server answered ${answer.status} for the tabs`);
  return answer.json();
}

// Texts that the page itself has put into the variables of an example. What the reader has typed is not among them.
const MOST_KEPT = 200;
const filledTexts = () => { const kept = parse(ofWindow.get("filled")); return Array.isArray(kept) ? kept : []; };

function filled(text, names) {
  const now = fill(text, names);
  if (now) ofWindow.set("filled", JSON.stringify([...new Set([...filledTexts(), now])].slice(-MOST_KEPT)));
  return now;
}

// Bring the variables of the tab in front up to date, unless the reader has changed them.
function refreshVariables(examples, names) {
  const query = document.querySelector(".graphiql-query-editor .CodeMirror")?.CodeMirror;
  const variables = document.querySelector(".graphiql-editor-tool .graphiql-editor:nth-child(1) .CodeMirror")?.CodeMirror;
  const example = query && examples.find((each) => each.query.trim() === query.getValue().trim());
  if (!example?.variables || !variables || !filledTexts().includes(variables.getValue())) return;
  const now = filled(example.variables, names);
  if (now !== variables.getValue()) variables.setValue(now);
}
