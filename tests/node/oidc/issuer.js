// An issuer at https://localhost:PORT with the certificate in CERT and the key in KEY, for the audience AUDIENCE.
// Prints the address of its control, plain HTTP: GET tells the issuer; POST /rotate makes a new signing key and lists
// the one before it too; POST /withdraw lists the newest alone.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Provider } from 'oidc-provider';

const [certificate, key, audience] = process.argv.slice(2);
const scope = 'tenant.devices.read tenant.areas.read';
const keys = [newKey()];
let handler;

const secured = createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (...call) => handler(...call));
const issuer = (await listen(secured)).replace('http://127.0.0.1', 'https://localhost');
renew();

const control = createServer((request, response) => {
  if (request.url === '/rotate') keys.unshift(newKey());
  if (request.url === '/withdraw') keys.splice(1);
  if (request.method === 'POST') renew();
  response.end(issuer);
});
console.log(await listen(control));

function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

// A provider's keys are fixed, so each set has its own; sign-ins begin anew with it.
function renew() {
  const provider = new Provider(issuer, {
    jwks: { keys },
    cookies: { keys: [randomUUID()] },
    scopes: ['openid', ...scope.split(' ')],
    clients: [
      {
        client_id: 'job',
        client_secret: 'the secret of a test',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
      {
        client_id: 'portal',
        token_endpoint_auth_method: 'none',
        redirect_uris: ['https://portal.example/callback'],
      },
      {
        client_id: 'explorer',
        token_endpoint_auth_method: 'none',
        application_type: 'native', // at any port of this machine (RFC 8252, section 7.3)
        redirect_uris: ['http://127.0.0.1/graphiql'],
      },
    ],
    clientBasedCORS: (_context, origin, client) => client.clientId === 'explorer' && /^http:\/\/127\.0\.0\.1:/.test(origin),
    claims: { profile: ['name'] },
    conformIdTokenClaims: false,
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, name: `<b>${id}</b>` }) }),
    extraTokenClaims: () => ({ roles: ['Devices.Read'] }),
    features: {
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ audience, scope, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }),
      },
    },
  });
  // Its pages for development load a font from elsewhere, and have no icon.
  provider.use(async (context, next) => {
    await next();
    if (context.path === '/favicon.ico') context.status = 204;
    if (typeof context.body === 'string') context.body = context.body.replace(/@import url\(.*\);/, '');
  });
  handler = provider.callback();
}

function listen(server) {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`));
  });
}
