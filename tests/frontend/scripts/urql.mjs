// Use urql with its defaults: a query, a query with an error, a mutation, and a subscription by server-sent events.
import { Client, fetchExchange } from "@urql/core";

const { url, token, follow, id } = JSON.parse(process.argv[2]);
const client = new Client({
  url,
  exchanges: [fetchExchange],
  fetchOptions: { headers: { authorization: `Bearer ${token}` } },
  fetchSubscriptions: true,
});
const shown = ({ data, error }) => ({ data, codes: error?.graphQLErrors.map(({ extensions }) => extensions.code) });
const query = await client.query("query Name { workspace { name } }", {}).toPromise();
const person = await client.query("query One($id: ID!) { person(id: $id) { id } }", { id: "per_é+&" }).toPromise();
const wrong = await client.query("{ nothing }", {}).toPromise();
const mutation = await client
  .mutation("mutation Add($name: String!) { createCategory(name: $name) { category { name } } }", { name: "urql" })
  .toPromise();
const progress = [];
await new Promise((resolve) =>
  client.subscription(follow, { id }).subscribe((result) => {
    progress.push(shown(result));
    if (!result.hasNext || result.data?.launchProgress.status === "FINISHED") resolve();
  }),
);
console.log(JSON.stringify({ query: shown(query), person: shown(person), wrong: shown(wrong), mutation: shown(mutation), progress }));
process.exit(0);
