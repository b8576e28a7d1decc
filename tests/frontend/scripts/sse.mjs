// Subscribe with graphql-sse in its distinct connections mode. Print all events and how the stream ended.
import { createClient } from "graphql-sse";

const { url, token, query, variables } = JSON.parse(process.argv[2]);
const client = createClient({ url, headers: { authorization: `Bearer ${token}` }, retryAttempts: 0 });
const events = [];
for await (const event of client.iterate({ query, variables })) events.push(event);
console.log(JSON.stringify(events));
