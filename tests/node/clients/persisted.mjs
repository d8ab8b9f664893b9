// Apollo Client and urql, naming their operations by hash: the same query three times, a mutation twice and one event.
// Arguments after the usual: which client; `list` prints a manifest of what it sends instead of sending it.
import { createHash } from 'node:crypto';
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client, createRequest, fetchExchange, stringifyDocument, subscriptionExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { OperationTypeNode, parse, print } from 'graphql';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { CREATE, bearer, location, socket, token, url } from './report.mjs';

const [name, list] = process.argv.slice(5);
const QUERY = 'query Persisted($first: Int!) { devices(first: $first, orderBy: SERIAL_ASC) { nodes { serial } } }';
const EVENTS = 'subscription Told { estateChanged(types: [LOCATION], sinceEvent: "0") { number } }';
const UNLISTED = 'query Unlisted { tenant { name } }';
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

// Each request as `POST hash`, `GET document` and so on: what its method is, and whether it carries the document.
const sent = [];
function noting(input, init) {
  const method = init.method ?? 'GET';
  const asked = method === 'GET' ? Object.fromEntries(new URL(input).searchParams) : JSON.parse(init.body);
  sent.push(`${method} ${asked.query ? 'document' : 'hash'}`);
  return fetch(input, init);
}

const sockets = () =>
  createClient({ url: socket, connectionParams: bearer(token), webSocketImpl: WebSocket, lazyCloseTimeout: 0 });

function apollo(useGETForHashedQueries) {
  const link = ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(sockets()),
    new HttpLink({ uri: url, headers: bearer(token), fetch: noting }),
  );
  const client = new ApolloClient({
    link: ApolloLink.from([new PersistedQueryLink({ sha256, useGETForHashedQueries }), link]),
    cache: new InMemoryCache(),
    defaultOptions: { query: { fetchPolicy: 'no-cache' }, mutate: { fetchPolicy: 'no-cache' } },
  });
  return {
    query: async (query, variables) => (await client.query({ query: gql(query), variables })).data,
    mutate: async (mutation, variables) => (await client.mutate({ mutation: gql(mutation), variables })).data,
    follow: (query, told) => client.subscribe({ query: gql(query) }).subscribe(({ data }) => told(data)),
    code: (error) => CombinedGraphQLErrors.is(error) && error.errors[0].extensions.code,
    // What its cache makes of a document before it is sent.
    document: (text) => print(client.cache.transformDocument(parse(text))),
  };
}

function urql() {
  // graphql-ws sends nothing without a `query`: an empty one is none.
  const bySocket = subscriptionExchange({
    forwardSubscription: ({ query = '', ...request }) => ({
      subscribe: (sink) => ({ unsubscribe: sockets().subscribe({ query, ...request }, sink) }),
    }),
  });
  const client = new Client({
    url,
    fetch: noting,
    exchanges: [persistedExchange({ enableForMutation: true, enableForSubscriptions: true }), bySocket, fetchExchange],
    fetchOptions: { headers: bearer(token) },
    requestPolicy: 'network-only',
  });
  const whole = ({ data, error }) => {
    if (error) throw error;
    return data;
  };
  return {
    query: async (query, variables) => whole(await client.query(query, variables)),
    mutate: async (mutation, variables) => whole(await client.mutation(mutation, variables)),
    follow: (query, told) => client.subscription(query, {}).subscribe((result) => told(whole(result))),
    code: (error) => error.graphQLErrors[0]?.extensions.code,
    document: (text) => stringifyDocument(createRequest(text, {}).query),
  };
}

const client = name === 'urql' ? urql() : apollo(name === 'apollo by GET');

function manifest() {
  const operations = [QUERY, CREATE, EVENTS].map((text) => {
    const body = client.document(text);
    const [, type, called] = text.match(/(query|mutation|subscription) (\w+)/);
    return { id: sha256(body), name: called, type, body };
  });
  return { format: 'apollo-persisted-query-manifest', version: 1, operations };
}

const told = () =>
  new Promise((resolve, reject) => {
    const following = client.follow(EVENTS, ({ estateChanged }) => {
      setImmediate(() => following.unsubscribe());
      resolve(estateChanged.number);
    });
    setTimeout(reject, 10_000, new Error('no event')).unref();
  });

async function report() {
  const answers = [];
  for (let times = 0; times < 3; times++) answers.push(await client.query(QUERY, { first: 2 }));
  const made = [];
  for (const code of ['one', 'two']) made.push(await client.mutate(CREATE, { input: location(code) }));
  return {
    answers: answers.map(({ devices }) => devices.nodes.map(({ serial }) => serial)),
    made: made.map(({ createLocation }) => createLocation.code),
    told: await told(),
    unlisted: await client.query(UNLISTED).then(() => null, client.code),
    sent,
  };
}

console.log(JSON.stringify(list ? manifest() : await report()));
process.exit();
