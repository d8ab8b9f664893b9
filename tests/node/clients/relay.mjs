import { createClient } from 'graphql-ws';
import {
  Environment,
  Network,
  Observable,
  RecordSource,
  Store,
  commitMutation,
  createOperationDescriptor,
  fetchQuery,
  getSelector,
  readInlineData,
  requestSubscription,
} from 'relay-runtime';
import WebSocket from 'ws';
import more from './relay/__generated__/DevicesPageMoreQuery.graphql.js';
import first from './relay/__generated__/DevicesPageQuery.graphql.js';
import fragment from './relay/__generated__/DevicesPage_tenant.graphql.js';
import creating from './relay/__generated__/LocationsCreateMutation.graphql.js';
import following from './relay/__generated__/LocationsFollowSubscription.graphql.js';
import place from './relay/__generated__/Locations_place.graphql.js';
import { bearer, page, report, serials, socket, token, url } from './report.mjs';

// Relay has no transport of its own: a page brings a fetch and a subscribe like these.
function environment(credential) {
  const sockets = createClient({ url: socket, connectionParams: bearer(credential), webSocketImpl: WebSocket });
  const network = Network.create(
    async ({ text: query }, variables) => {
      const headers = {
        accept: 'application/graphql-response+json',
        'content-type': 'application/json',
        ...bearer(credential),
      };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
      return response.json();
    },
    ({ text: query }, variables) => Observable.create((sink) => sockets.subscribe({ query, variables }, sink)),
  );
  return new Environment({ network, store: new Store(new RecordSource()) });
}

// As usePaginationFragment does: the next page through the refetch query, joined in the store by the connection.
async function read() {
  const relay = environment(token);
  relay.retain(createOperationDescriptor(first, page));
  const { tenant } = await fetchQuery(relay, first, page).toPromise();
  const { connection } = fragment.metadata;
  for (;;) {
    const { devices, id } = relay.lookup(getSelector(fragment, tenant)).data;
    if (!devices.pageInfo.hasNextPage) return serials(devices);
    const { cursor, count } = connection[0];
    const variables = { ...page, id, [count]: page.first, [cursor]: devices.pageInfo.endCursor };
    await fetchQuery(relay, more, variables).toPromise();
  }
}

async function code(credential, variables) {
  try {
    await fetchQuery(environment(credential), first, variables).toPromise();
  } catch (error) {
    return error.source?.errors[0].extensions.code ?? String(error);
  }
}

// What the fragment tells of a location; nothing of what is none.
const placeOf = ({ place: found }) => found && readInlineData(place, found);

function create(input) {
  return new Promise((resolve, reject) => {
    commitMutation(environment(token), {
      mutation: creating,
      variables: { input },
      onCompleted: ({ createLocation: made }) => resolve({ ...made, ...placeOf(made) }),
      onError: reject,
    });
  });
}

function follow(since, sink) {
  const { dispose } = requestSubscription(environment(token), {
    subscription: following,
    variables: { since },
    onNext: ({ estateChanged: event }) => sink.next({ ...event, thing: placeOf(event.thing) }),
    onError: sink.error,
  });
  return dispose;
}

await report({ read, code, create, follow });
