// graphql-sse: one stream of events for each operation, of whatever kind.
import { createClient } from 'graphql-sse';
import { CREATE, DEVICES, FOLLOW, bearer, page, report, serials, token, url } from './report.mjs';

// It would try whatever is refused again, five times and ever later.
const client = (credential) => createClient({ url, headers: bearer(credential), retryAttempts: 0 });

async function only(credential, query, variables) {
  const answers = [];
  for await (const answer of client(credential).iterate({ query, variables })) answers.push(answer);
  return answers[0];
}

async function read() {
  const found = [];
  for (let after = null, more = true; more; ) {
    const { data } = await only(token, DEVICES, { ...page, after });
    found.push(...serials(data.devices));
    ({ hasNextPage: more, endCursor: after } = data.devices.pageInfo);
  }
  return found;
}

async function code(credential, variables) {
  try {
    return (await only(credential, DEVICES, variables)).errors[0].extensions.code;
  } catch (error) {
    return error.response ? (await error.response.json()).errors[0].extensions.code : String(error);
  }
}

const create = async (input) => (await only(token, CREATE, { input })).data.createLocation;

function follow(since, sink) {
  return client(token).subscribe(
    { query: FOLLOW, variables: { since } },
    { next: ({ data }) => sink.next(data.estateChanged), error: sink.error, complete() {} },
  );
}

await report({ read, code, create, follow });
