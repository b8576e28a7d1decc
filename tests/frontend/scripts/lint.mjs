// Lint schema.graphql with graphql-eslint. Print the messages.
import { ESLint } from "eslint";

const results = await new ESLint().lintFiles(["schema.graphql"]);
const messages = results.flatMap(({ messages }) => messages);
console.log(JSON.stringify(messages.map(({ ruleId, message }) => `${ruleId}: ${message}`)));
