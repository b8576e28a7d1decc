import { graphql } from "react-relay";
export const query = graphql`query PeopleQuery($count: Int!, $after: String) { ...People_list @arguments(count: $count, after: $after) }`;
export const list = graphql`
  fragment People_list on Query @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, after: { type: "String" })
  @refetchable(queryName: "PeoplePageQuery") {
    people(first: $count, after: $after) @connection(key: "People_people") { edges { node { id email ...People_details } } }
  }`;
export const backward = graphql`query PeopleBackwardQuery($count: Int!, $before: String) { ...People_last @arguments(count: $count, before: $before) }`;
export const last = graphql`
  fragment People_last on Query @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, before: { type: "String" })
  @refetchable(queryName: "PeoplePreviousPageQuery") {
    people(last: $count, before: $before, orderBy: { field: LAST_NAME }) @connection(key: "PeopleLast_people") { edges { node { id } } }
  }`;
export const person = graphql`
  fragment People_details on Person @refetchable(queryName: "PersonDetailsQuery") { firstName lastName createdAt fields }`;
