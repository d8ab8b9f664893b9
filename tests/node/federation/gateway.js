// Serves a gateway over the Tenantry server at URL, whose SDL is in FILE, and a subgraph with one ticket about DEVICE;
// prints its address.
// The gateway enforces nothing and passes the caller's token on: whatever is refused, Tenantry refused.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import { createYoga } from 'graphql-yoga';
import { compose, tickets } from './compose.js';

const [url, file, device] = process.argv.slice(2);
const rows = [{ id: '1', summary: 'The hinge squeaks', device: { id: device } }];
const resolvers = {
  Query: { tickets: () => rows },
  Device: { tickets: ({ id }) => rows.filter((row) => row.device.id === id) },
};

const subgraph = createYoga({ schema: buildSubgraphSchema([{ typeDefs: tickets, resolvers }]), logging: false });
const { supergraphSdl } = compose(url, readFileSync(file, 'utf8'), `${await listen(subgraph)}/graphql`);
const gateway = createGatewayRuntime({
  supergraph: supergraphSdl,
  propagateHeaders: {
    fromClientToSubgraphs: ({ request }) => ({ authorization: request.headers.get('authorization') }),
  },
});
console.log(`${await listen(gateway)}/graphql`);

function listen(handler) {
  const server = createServer(handler);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`));
  });
}
