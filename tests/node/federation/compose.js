// The supergraph of a Tenantry server at `url`, whose SDL is given, and the tickets' subgraph.
import { readFileSync } from 'node:fs';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';

export const tickets = parse(readFileSync(new URL('tickets.graphql', import.meta.url), 'utf8'));

export function compose(tenantry, sdl, ticketsUrl) {
  return composeServices([
    { name: 'tenantry', url: tenantry, typeDefs: parse(sdl) },
    { name: 'tickets', url: ticketsUrl, typeDefs: tickets },
  ]);
}
