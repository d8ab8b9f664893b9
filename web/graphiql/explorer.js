// GraphiQL over this server's /graphql. A token that was pasted lives in its field and nowhere else, that of a sign-in
// in account.js; there is one of them at a time.

import * as account from "./account.js";
import { eventsOf } from "./events.js";
import { EXAMPLES } from "./examples.js";
import { storage } from "./storage.js";

const GRAPHQL = "/graphql";
const STREAM = "text/event-stream";
const ACCEPT = `application/graphql-response+json, application/json;q=0.9, ${STREAM};q=0.5`;
const INTROSPECTION = "IntrospectionQuery";
const FIRST = account.isOffered ? "sign in, or paste one above." : "paste one above.";
const NO_TOKEN = `No token yet: ${FIRST} “make demo” prints three; “tenantry token create” makes one.`;

// For the one style element that a dialog of GraphiQL's adds; the policy allows no other.
globalThis.__webpack_nonce__ = document.querySelector("script[nonce]").nonce;

const { createElement } = React;
const root = ReactDOM.createRoot(document.getElementById("explorer"));
const [token, tenant, outcome, notice, examples] = ["token", "tenant", "outcome", "notice", "examples"].map((id) =>
  document.getElementById(id),
);
let generation = 0;
let newest; // the fetcher of the token and tenant that hold now

// The body of an answer, whatever its status: refusals are GraphQL errors too and are shown as they came. Of a
// subscription its events, until they end or are stopped.
async function ask(parameters, added) {
  const headers = new Headers({ accept: ACCEPT, "content-type": "application/json" });
  const bearer = token.value.trim() || account.bearer();
  if (bearer) headers.set("authorization", `Bearer ${bearer}`);
  if (tenant.value.trim()) headers.set("x-tenant-id", tenant.value.trim());
  for (const [name, value] of Object.entries(added ?? {})) headers.set(name, value);
  if (!headers.has("authorization") && !headers.has("x-auth-token")) return failure(NO_TOKEN);

  const controller = new AbortController();
  const began = performance.now();
  const response = await fetch(GRAPHQL, {
    method: "POST",
    headers,
    body: JSON.stringify(parametersOf(parameters)),
    credentials: "omit",
    cache: "no-store",
    redirect: "error",
    signal: controller.signal,
  });
  const id = response.headers.get("x-request-id") ?? "no request id";
  if (response.headers.get("content-type")?.startsWith(STREAM)) {
    outcome.value = `${response.status} · open · ${id}`;
    return eventsOf(response, controller);
  }
  const text = await response.text();
  const took = Math.round(performance.now() - began);
  outcome.value = `${response.status} · ${took} ms · ${id}`;
  try {
    return JSON.parse(text);
  } catch {
    return failure(`HTTP ${response.status}, and the body is not JSON: ${text.slice(0, 500)}`);
  }
}

function failure(message) {
  return { errors: [{ message }] };
}

// GraphiQL learns an operation's name a moment after a tab is changed: a name that is not in the document is the last
// tab's and stays here.
function parametersOf({ query, variables, operationName }) {
  const names = [...query.matchAll(/\b(?:query|mutation|subscription)\s+(\w+)/g)].map((found) => found[1]);
  return { query, variables, operationName: names.includes(operationName) ? operationName : undefined };
}

// A new function for each token or tenant: that is how GraphiQL knows to read the schema again. What an earlier one is
// answered late says nothing of the token that holds now.
function fetcherOf() {
  const fetcher = async (parameters, options) => {
    const answer = await ask(parameters, options?.headers).catch((error) => failure(`Not sent, or no answer: ${error.message}`));
    if (parameters.operationName !== INTROSPECTION) return answer;
    if (fetcher === newest) notice.textContent = answer.errors?.map((error) => error.message).join(" ") ?? "";
    return { data: null, ...answer }; // without `data` GraphiQL would ask a second time
  };
  newest = fetcher;
  return fetcher;
}

function render() {
  root.render(
    createElement(
      GraphiQL,
      {
        key: generation,
        fetcher: fetcherOf(),
        storage,
        defaultQuery: "",
        defaultTabs: EXAMPLES,
        defaultEditorToolsVisibility: "variables",
        shouldPersistHeaders: false,
        inputValueDeprecation: true,
        schemaDescription: true,
      },
      createElement(GraphiQL.Logo, null, "GraphiQL"),
    ),
  );
}

token.addEventListener("change", render);
token.addEventListener("paste", () => setTimeout(render));
tenant.addEventListener("change", render);
examples.addEventListener("click", () => {
  if (!confirm("Close the open tabs and bring the examples back?")) return;
  for (const key of ["tabState", "query", "variables", "operationName"]) storage.removeItem(`graphiql:${key}`);
  generation += 1;
  render();
});
render();
account.open(render);
