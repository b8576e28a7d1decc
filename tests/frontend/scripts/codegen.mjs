// Generate types with graphql-codegen, strict about scalars, and check them with TypeScript. Print its complaints.
import { readFileSync, writeFileSync } from "node:fs";
import { codegen } from "@graphql-codegen/core";
import * as operations from "@graphql-codegen/typescript-operations";
import * as types from "@graphql-codegen/typescript";
import { buildSchema, parse } from "graphql";
import ts from "typescript";

const schema = buildSchema(readFileSync("schema.graphql", "utf8"));
const unspecified = Object.values(schema.getTypeMap()).filter(
  (type) => type.constructor.name === "GraphQLScalarType" && !type.specifiedByURL && !["ID", "Int", "Float", "String", "Boolean"].includes(type.name),
);
const document = parse(readFileSync("operations.graphql", "utf8"));
const scalars = { Date: "string", DateTime: "string", JSON: "unknown" };
const config = { strictScalars: true, scalars, nonOptionalTypename: true };
const generated = await codegen({
  filename: "types.ts",
  schema: parse(readFileSync("schema.graphql", "utf8")),
  documents: [{ location: "operations.graphql", document }],
  config,
  plugins: [{ typescript: {} }, { operations: {} }],
  pluginMap: { typescript: types, operations },
});
const use = `
const when: PeopleByNameQuery["people"]["nodes"][number]["createdAt"] = "2026-03-02T08:30:00Z";
const node: NonNullable<AnyObjectQuery["node"]> = { __typename: "Person", id: "per_1", email: "a@example.com" };
export const used = [when, node];
`;
writeFileSync("types.ts", generated + use);
const program = ts.createProgram(["types.ts"], { strict: true, noEmit: true, types: [], target: ts.ScriptTarget.ES2022, lib: ["lib.es2022.d.ts"] });
const complaints = ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
console.log(JSON.stringify({ complaints, unspecified: unspecified.map(({ name }) => name) }));
