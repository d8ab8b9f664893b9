// What each client here is asked to do: read a list by pages with variables, tell the codes of three refusals, create a
// location and another with the same code, and follow what happens to locations, one of which it creates meanwhile.
export const [url, token, narrow] = process.argv.slice(2);
export const socket = url.replace('http', 'ws');

export const bearer = (credential) => (credential ? { authorization: `Bearer ${credential}` } : {});

export const page = { first: 2, filter: { serial: { startsWith: 'C-' } } };

export const DEVICES = `
  query Devices($first: Int!, $after: String, $filter: DeviceFilter) {
    devices(first: $first, after: $after, filter: $filter, orderBy: SERIAL_ASC) {
      edges { cursor node { id serial } }
      pageInfo { hasNextPage endCursor }
    }
  }
`;

export const CREATE = `
  mutation Create($input: CreateLocationInput!) {
    createLocation(input: $input) {
      __typename
      ... on Location { id code name }
      ... on Problem { message }
    }
  }
`;

export const FOLLOW = `
  subscription Follow($since: ID) {
    estateChanged(types: [LOCATION], sinceEvent: $since) {
      number kind type
      thing { ... on Location { code name } }
    }
  }
`;

export const serials = (connection) => connection.edges.map((edge) => edge.node.serial);

/**
 * `code(credential, variables)` tells the code of the error that the client shows; `create(input)` what becomes of a
 * location; `follow(since, sink)` has events given to `sink.next`, until the function that it returns is called.
 */
export async function report({ read, code, create, follow }) {
  const codes = {
    narrow: await code(narrow, page),
    stranger: await code(null, page),
    tooMany: await code(token, { ...page, first: 101 }),
  };
  const made = await create(location('before'));
  const again = await create(location('before'));
  const told = await followed(create, follow);
  console.log(
    JSON.stringify({
      serials: await read(),
      codes,
      made: [made.__typename, made.code, made.name],
      again: [again.__typename, again.message],
      told,
    }),
  );
}

export const location = (code) => ({ code, name: `Made ${code}` });

/** The first event is of what happened before; then a location is created, and the second tells of that. */
function followed(create, follow) {
  return new Promise((resolve, reject) => {
    const told = [];
    const stop = follow('0', {
      next({ number, kind, type, thing: { code, name } }) {
        told.push({ number, kind, type, thing: { code, name } });
        if (told.length === 1) {
          create(location('while')).catch(reject);
        } else {
          stop();
          resolve(told);
        }
      },
      error: reject,
    });
  });
}
