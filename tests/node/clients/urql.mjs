import { Client, cacheExchange, fetchExchange, gql } from '@urql/core';
import { bearer, page, report, serials, token, url } from './report.mjs';

const DEVICES = gql`
  query Devices($first: Int!, $after: String, $filter: DeviceFilter) {
    devices(first: $first, after: $after, filter: $filter, orderBy: SERIAL_ASC) {
      edges { node { id serial } }
      pageInfo { hasNextPage endCursor }
    }
  }
`;

function client(credential) {
  return new Client({
    url,
    exchanges: [cacheExchange, fetchExchange],
    fetchOptions: { headers: bearer(credential) },
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

await report(read, code);
