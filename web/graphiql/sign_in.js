// Signing in at an issuer of OpenID Connect: the authorization code flow with PKCE, by redirects of the whole page.
//
// What has to be known at the return lies in this tab's sessionStorage, for one use. The access token is handed back
// and kept nowhere here; a refresh token is not asked for, and dropped where one comes.

const BEGUN = "tenantry:sign-in";
const PATIENCE = 15_000; // milliseconds for an answer of the issuer
const KEPT_AFTER = 800; // milliseconds in which GraphiQL has stored what was typed
const LONGEST_LIFE = 86_400; // seconds: no token that lives longer is taken here
const RETURN = `${location.origin}${location.pathname}`;

// Go to the issuer. `client` is what the page was told of it.
export async function leave(client) {
  if (!isSecureContext) throw new Error("A browser signs in only where the explorer is at HTTPS or at localhost.");
  const [{ authorization_endpoint }] = await Promise.all([metadataOf(client), passed(KEPT_AFTER)]);
  const begun = { issuer: client.issuer, state: random(), nonce: random(), verifier: random() };
  sessionStorage.setItem(BEGUN, JSON.stringify(begun));
  const address = new URL(authorization_endpoint);
  const asked = {
    ...client.parameters,
    response_type: "code",
    client_id: client.clientId,
    redirect_uri: RETURN,
    scope: client.scope,
    state: begun.state,
    nonce: begun.nonce,
    code_challenge: await digest(begun.verifier),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
  location.assign(address);
}

// Whoever comes back from an issuer, as { token, name, until }; null where nobody does. `until` is in milliseconds of
// the epoch, Infinity where the issuer does not say. The address forgets the answer before anything is done with it.
export async function arrive(clients) {
  const answer = new URLSearchParams(location.search);
  if (!answer.has("code") && !answer.has("error")) return null;
  history.replaceState(null, "", location.pathname);
  const begun = JSON.parse(sessionStorage.getItem(BEGUN) ?? "{}");
  sessionStorage.removeItem(BEGUN);
  const client = clients.find(({ issuer }) => issuer === begun.issuer);
  if (!client || answer.get("state") !== begun.state) {
    throw new Error("That answer is not to a sign-in that was begun in this tab, or came a second time: sign in again.");
  }
  if (answer.has("iss") && answer.get("iss") !== client.issuer) throw new Error("Another issuer answered (RFC 9207).");
  if (answer.has("error")) throw new Error(words(answer.get("error"), answer.get("error_description")));
  const metadata = await metadataOf(client);
  if (metadata.authorization_response_iss_parameter_supported && !answer.has("iss")) {
    throw new Error("The answer does not say which issuer it is of, and this one's do (RFC 9207).");
  }
  return redeem(metadata.token_endpoint, client, answer.get("code"), begun);
}

async function redeem(address, client, code, begun) {
  const body = new URLSearchParams({
    ...client.parameters,
    grant_type: "authorization_code",
    client_id: client.clientId,
    code,
    redirect_uri: RETURN,
    code_verifier: begun.verifier,
  });
  const said = await ask(address, { method: "POST", body });
  if (!said.access_token || said.token_type?.toLowerCase() !== "bearer") {
    throw new Error("The issuer gave no access token that a bearer may use.");
  }
  const { name, preferred_username, sub } = claimsOf(said.id_token, client, begun.nonce);
  const life = Math.min(Number(said.expires_in), LONGEST_LIFE);
  return {
    token: said.access_token,
    name: String(name || preferred_username || sub),
    until: life > 0 ? Date.now() + life * 1000 : Infinity,
  };
}

// Of an ID token that came from the issuer itself over TLS, which stands for its signature (OpenID Connect Core 1.0,
// 3.1.3.7). It is only shown: who somebody is here, the server finds in the access token.
function claimsOf(token, client, nonce) {
  try {
    const text = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    const claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (each) => each.charCodeAt(0))));
    const expected = claims.iss === client.issuer && [claims.aud].flat().includes(client.clientId);
    if (expected && claims.nonce === nonce) return claims;
  } catch {
    // No ID token, which is as bad as another's.
  }
  throw new Error("The issuer's ID token is missing, or not for this sign-in.");
}

async function metadataOf(client) {
  const said = await ask(client.metadata);
  if (said.issuer !== client.issuer) throw new Error(`The metadata at ${client.metadata} are of another issuer.`);
  for (const endpoint of ["authorization_endpoint", "token_endpoint"]) {
    const { origin } = new URL(said[endpoint]);
    if (!client.origins.includes(origin)) {
      throw new Error(`The issuer's ${endpoint} is at ${origin}: add that to the “origins” of its “browser”.`);
    }
  }
  return said;
}

async function ask(address, options) {
  const { origin } = new URL(address);
  const response = await fetch(address, {
    ...options,
    credentials: "omit",
    cache: "no-store",
    redirect: "error",
    referrerPolicy: "no-referrer",
    signal: AbortSignal.timeout(PATIENCE),
  }).catch(() => {
    throw new Error(`${origin} is down, or does not let pages of ${location.origin} ask it (CORS).`);
  });
  const said = (await response.json().catch(() => null)) ?? {};
  if (!response.ok) throw new Error(words(said.error ?? `${origin} answered ${response.status}`, said.error_description));
  return said;
}

function words(error, description) {
  return `${error}${description ? `: ${description}` : ""}`.slice(0, 500);
}

function passed(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function random() {
  return encoded(crypto.getRandomValues(new Uint8Array(32)));
}

async function digest(text) {
  return encoded(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}

function encoded(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
