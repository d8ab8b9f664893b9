// Subscriptions go over a WebSocket, or over its own fetch where a fourth argument says `events`.
import { Client, cacheExchange, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { CREATE, DEVICES, FOLLOW, bearer, page, report, serials, socket, token, url } from './report.mjs';

const byFetch = process.argv[5] === 'events';

function bySocket(credential) {
  const sockets = createClient({ url: socket, connectionParams: bearer(credential), webSocketImpl: WebSocket });
  return subscriptionExchange({
    forwardSubscription: (request) => ({
      subscribe: (sink) => ({ unsubscribe: sockets.subscribe(request, sink) }),
    }),
  });
}

function client(credential) {
  return new Client({
    url,
    exchanges: [cacheExchange, ...(byFetch ? [] : [bySocket(credential)]), fetchExchange],
    fetchOptions: { headers: bearer(credential) },
    fetchSubscriptions: byFetch,
    preferGetMethod: false,
  });
}

async function read() {
  const reader = client(token);
  const found = [];
  for (let after = null, more = true; more; ) {
    const { data, error } = await reader.query(DEVICES, { ...page, after });
    if (error) throw error;
    found.push(...serials(data.devices));
    ({ hasNextPage: more, endCursor: after } = data.devices.pageInfo);
  }
  return found;
}

async function code(credential, variables) {
  const { error } = await client(credential).query(DEVICES, variables);
  return error.graphQLErrors[0]?.extensions.code ?? String(error);
}

async function create(input) {
  const { data, error } = await client(token).mutation(CREATE, { input });
  if (error) throw error;
  return data.createLocation;
}

function follow(since, sink) {
  const following = client(token)
    .subscription(FOLLOW, { since })
    .subscribe(({ data, error }) => (error ? sink.error(error) : sink.next(data.estateChanged)));
  // Later: within a handler, its fetch would be aborted where nobody catches the AbortError.
  return () => setImmediate(() => following.unsubscribe());
}

await report({ read, code, create, follow });
