// The rules that schema.graphql keeps: all of schema-recommended and schema-relay, but for these exceptions, which
// docs/graphql.md explains.
import graphqlPlugin from "@graphql-eslint/eslint-plugin";

const { "flat/schema-recommended": recommended, "flat/schema-relay": relay } = graphqlPlugin.configs;

export default [
  {
    files: ["**/*.graphql"],
    languageOptions: { parser: graphqlPlugin.parser, parserOptions: { graphQLConfig: { schema: "./schema.graphql" } } },
    plugins: { "@graphql-eslint": graphqlPlugin },
    rules: {
      ...recommended.rules,
      ...relay.rules,
      // Payloads, connections, edges, previews and parts of an object are not objects of their own.
      "@graphql-eslint/strict-id-in-types": "off",
      // Short lists of parts and errors are plain lists. Rows of history and of an import have no `node` query.
      "@graphql-eslint/relay-edge-types": [
        "error",
        { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
      ],
    },
  },
];
