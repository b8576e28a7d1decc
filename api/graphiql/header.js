"use strict";
// The header: which workspace this window shows, whether it is a sandbox, and what its clock says.

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

function showWorkspace(workspace) {
  bar.hidden = !workspace;
  ahead = undefined;
  if (!workspace) return;
  const now = Date.parse(workspace.now);
  bar.querySelector(".name").textContent = workspace.name;
  bar.querySelector(".kind").textContent = workspace.sandbox ? "Sandbox" : "Real time";
  bar.classList.toggle("sandbox", workspace.sandbox);
  bar.querySelector(".about").textContent = workspace.sandbox ? "Its clock stands until advanceClock moves it." : "";
  showClock(now);
  if (!workspace.sandbox) ahead = now - Date.now();
}

setInterval(() => { if (ahead !== undefined) showClock(Date.now() + ahead); }, 1000);
