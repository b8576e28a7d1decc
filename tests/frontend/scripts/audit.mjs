// Run all audits of graphql-http against a server. Print their number, and those that are not passed.
import { auditServer } from "graphql-http";

const { url, token } = JSON.parse(process.argv[2]);
const fetchFn = (address, options = {}) =>
  fetch(address, { ...options, headers: { ...options.headers, authorization: `Bearer ${token}` } });
const results = await auditServer({ url, fetchFn });
const failed = results.filter((result) => result.status !== "ok");
console.log(JSON.stringify({ total: results.length, failed: failed.map(({ id, name, reason }) => `${id} ${name}: ${reason}`) }));
