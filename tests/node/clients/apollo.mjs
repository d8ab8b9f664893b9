import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { relayStylePagination } from '@apollo/client/utilities';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { filter, lastValueFrom, takeWhile, tap } from 'rxjs';
import WebSocket from 'ws';
import { CREATE, DEVICES, FOLLOW, bearer, page, report, serials, socket, token, url } from './report.mjs';

// The cache knows of no interface but what it is told: without this, `... on Problem` would be empty.
const possibleTypes = { Problem: ['NotFound', 'Conflict', 'Invalid', 'NotEmpty', 'Forbidden'] };

function client(credential) {
  return new ApolloClient({
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(
        createClient({ url: socket, connectionParams: bearer(credential), webSocketImpl: WebSocket }),
      ),
      new HttpLink({ uri: url, headers: bearer(credential) }),
    ),
    cache: new InMemoryCache({
      possibleTypes,
      typePolicies: { Query: { fields: { devices: relayStylePagination(['filter', 'orderBy']) } } },
    }),
  });
}

// The cache joins the pages; whoever watches the query asks for more until it has all.
async function read() {
  const query = client(token).watchQuery({ query: gql(DEVICES), variables: page });
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
    await client(credential).query({ query: gql(DEVICES), variables });
  } catch (error) {
    return CombinedGraphQLErrors.is(error) ? error.errors[0].extensions.code : String(error);
  }
}

async function create(input) {
  const { data } = await client(token).mutate({ mutation: gql(CREATE), variables: { input } });
  return data.createLocation;
}

function follow(since, sink) {
  const events = client(token).subscribe({ query: gql(FOLLOW), variables: { since } });
  const following = events.subscribe({
    next: ({ data, error }) => (error ? sink.error(error) : sink.next(data.estateChanged)),
  });
  return () => following.unsubscribe();
}

await report({ read, code, create, follow });
