// What each client here is asked to do: read a list by pages with variables, and tell the codes of three refusals.
export const [url, token, narrow] = process.argv.slice(2);

export const bearer = (credential) => (credential ? { authorization: `Bearer ${credential}` } : {});

export const page = { first: 2, filter: { serial: { startsWith: 'C-' } } };

export const serials = (connection) => connection.edges.map((edge) => edge.node.serial);

/** `code(credential, variables)` tells the code of the error that the client shows. */
export async function report(read, code) {
  const codes = {
    narrow: await code(narrow, page),
    stranger: await code(null, page),
    tooMany: await code(token, { ...page, first: 101 }),
  };
  console.log(JSON.stringify({ serials: await read(), codes }));
}
