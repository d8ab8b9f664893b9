import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';
import { filter, lastValueFrom, takeWhile, tap } from 'rxjs';
import { bearer, page, report, serials, token, url } from './report.mjs';

const DEVICES = gql`
  query Devices($first: Int!, $after: String, $filter: DeviceFilter) {
    devices(first: $first, after: $after, filter: $filter, orderBy: SERIAL_ASC) {
      edges { cursor node { id serial } }
      pageInfo { hasNextPage endCursor }
    }
  }
`;

function client(credential) {
  return new ApolloClient({
    link: new HttpLink({ uri: url, headers: bearer(credential) }),
    cache: new InMemoryCache({
      typePolicies: { Query: { fields: { devices: relayStylePagination(['filter', 'orderBy']) } } },
    }),
  });
}

// The cache joins the pages; whoever watches the query asks for more until it has all.
async function read() {
  const query = client(token).watchQuery({ query: DEVICES, variables: page });
  const { data } = await lastValueFrom(
    query.pipe(
      filter(({ loading }) => !loading),
      takeWhile(({ data: { devices } }) => devices.pageInfo.hasNextPage, true),
      tap(({ data: { devices } }) => {
        if (devices.pageInfo.hasNextPage) query.fetchMore({ variables: { after: devices.pageInfo.endCursor } });
      }),
    ),
  );
  return serials(data.devices);
}

async function code(credential, variables) {
  try {
    await client(credential).query({ query: DEVICES, variables });
  } catch (error) {
    return CombinedGraphQLErrors.is(error) ? error.errors[0].extensions.code : String(error);
  }
}

await report(read, code);
