// graphql-ws alone, at a server that it stops: why connections end, and that it goes on at another server.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { CREATE, FOLLOW, bearer, location, narrow, socket, token } from './report.mjs';

const [other, pid] = process.argv.slice(5);

// Without `retryAttempts: 0` it would try five times, and ever later, where no credentials are good.
const client = (credential, options = { retryAttempts: 0 }) =>
  createClient({ url: socket, connectionParams: bearer(credential), webSocketImpl: WebSocket, ...options });

async function refused(credential) {
  try {
    for await (const _ of client(credential).iterate({ query: FOLLOW, variables: { since: '0' } })) return null;
  } catch (error) {
    return Array.isArray(error) ? error[0].extensions.code : error.code;
  }
}

async function create(code) {
  for await (const answer of client(token, { url: other }).iterate({
    query: CREATE,
    variables: { input: location(code) },
  })) {
    if (answer.errors) throw new Error(JSON.stringify(answer));
  }
}

// What it subscribes with again is what it was given: so a follower keeps the last number there.
async function resumed() {
  const closed = [];
  const told = [];
  const variables = { since: '0' };
  const follower = client(token, {
    url: () => (closed.length ? other : socket),
    retryWait: async () => {},
    on: {
      closed: ({ code }) => closed.push(code),
      connected: (_socket, _payload, again) => again && create('while'),
    },
  });
  for await (const { data } of follower.iterate({ query: FOLLOW, variables })) {
    const { number } = data.estateChanged;
    told.push(number);
    variables.since = number;
    if (told.length > 1) return { closed, told };
    process.kill(pid, 'SIGTERM');
  }
  return { closed, told };
}

const codes = { narrow: await refused(narrow), stranger: await refused(null) };
await create('before');
console.log(JSON.stringify({ codes, ...(await resumed()) }));
