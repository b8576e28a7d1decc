"use strict";
// The header: the workspace of this window, whether it is a sandbox, and its clock.

const bar = document.getElementById("workspace");
const FORMAT = new Intl.DateTimeFormat("en-GB", {
  weekday: "short", day: "numeric", month: "short", year: "numeric",
  hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: "UTC",
});
let ahead; // how far the clock of a workspace in real time is ahead of the browser's, in milliseconds

function showClock(instant) {
  const clock = bar.querySelector("time");
  clock.dateTime = new Date(instant).toISOString();
  clock.textContent = `${FORMAT.format(instant)} UTC`;
}

const aboutWorkspace = ({ sandbox }, isNew) => {
  if (isNew) return "This workspace has no campaign yet. Run the tabs from left to right to build one.";
  return sandbox ? "Its clock stands still until advanceClock moves it." : "";
};

function showWorkspace(workspace, isNew) {
  bar.hidden = !workspace;
  ahead = undefined;
  if (!workspace) return;
  const now = Date.parse(workspace.now);
  bar.querySelector(".name").textContent = workspace.name;
  bar.querySelector(".kind").textContent = workspace.sandbox ? "Sandbox" : "Real time";
  bar.classList.toggle("sandbox", workspace.sandbox);
  bar.querySelector(".about").textContent = aboutWorkspace(workspace, isNew);
  showClock(now);
  if (!workspace.sandbox) ahead = now - Date.now();
}

setInterval(() => { if (ahead !== undefined) showClock(Date.now() + ahead); }, 1000);

// Show the button that adds the example tabs, unless the window has them.
function offerExamples(add) {
  const button = bar.querySelector("button");
  button.hidden = !add;
  button.onclick = add;
}
