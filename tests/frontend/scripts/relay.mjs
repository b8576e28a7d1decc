// Compile the fragments of relay/src with relay-compiler. Print the names of the files that it writes.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";

const artifacts = "relay/src/__generated__";
mkdirSync(artifacts, { recursive: true });
const compiler = createRequire(import.meta.url).resolve("relay-compiler/cli.js");
const done = spawnSync(process.execPath, [compiler, "relay.config.json"], { cwd: "relay", encoding: "utf8" });
if (done.status !== 0) throw new Error(done.stdout + done.stderr);
console.log(JSON.stringify(readdirSync(artifacts).sort()));
