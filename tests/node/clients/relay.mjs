import {
  Environment,
  Network,
  RecordSource,
  Store,
  createOperationDescriptor,
  fetchQuery,
  getSelector,
} from 'relay-runtime';
import more from './relay/__generated__/DevicesPageMoreQuery.graphql.js';
import first from './relay/__generated__/DevicesPageQuery.graphql.js';
import fragment from './relay/__generated__/DevicesPage_tenant.graphql.js';
import { bearer, page, report, serials, token, url } from './report.mjs';

// Relay has no transport of its own: a page brings a fetch like this one.
function environment(credential) {
  const network = Network.create(async ({ text: query }, variables) => {
    const headers = {
      accept: 'application/graphql-response+json',
      'content-type': 'application/json',
      ...bearer(credential),
    };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    return response.json();
  });
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

await report(read, code);
