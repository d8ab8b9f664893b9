// Runs every audit of graphql-http against URL with TOKEN and prints the results as JSON.
import { serverAudits } from 'graphql-http';

const [url, token] = process.argv.slice(2);
const audits = serverAudits({
  url,
  fetchFn: (input, init = {}) =>
    fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } }),
});
const results = [];
for (const { id, name, fn } of audits) {
  const { status, reason } = await fn();
  results.push({ id, name, status, reason: reason ?? null });
}
console.log(JSON.stringify(results));
