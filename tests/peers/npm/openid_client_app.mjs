// An application built on openid-client as its manual shows. Configuration: JSON in the first argument.
// /login?prompt=none&... starts a login with these parameters; the callback answers what was learned, as JSON.
import http from 'node:http';
import * as client from 'openid-client';

const settings = JSON.parse(process.argv[2]);
const methods = {
  client_secret_basic: () => client.ClientSecretBasic(settings.client_secret),
  client_secret_post: () => client.ClientSecretPost(settings.client_secret),
  none: () => client.None(),
};
const sent = new Map(); // state -> what has to come back

async function discover() {
  const config = await client.discovery(
    new URL(settings.issuer),
    settings.client_id,
    { id_token_signed_response_alg: settings.alg, response_types: ['code'] },
    methods[settings.auth](),
    { execute: [client.allowInsecureRequests] }, // http: this is loopback
  );
  client.enableNonRepudiationChecks(config); // verify the ID token's signature with the published keys
  return config;
}

let discovered;
const configuration = () => (discovered ??= discover());

async function login(url) {
  const config = await configuration();
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
  };
  if (url.searchParams.has('max_age')) checks.maxAge = Number(url.searchParams.get('max_age'));
  sent.set(checks.expectedState, checks);
  return client.buildAuthorizationUrl(config, {
    redirect_uri: settings.redirect_uri,
    scope: 'openid profile email',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...Object.fromEntries(url.searchParams),
  });
}

async function callback(url) {
  const config = await configuration();
  const tokens = await client.authorizationCodeGrant(config, url, sent.get(url.searchParams.get('state')) ?? {});
  const claims = tokens.claims();
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  return { claims, userinfo, token_type: tokens.token_type };
}

function answer(response, status, body) {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

http.createServer(async (request, response) => {
  const url = new URL(request.url, settings.redirect_uri);
  try {
    if (url.pathname === '/login') {
      response.writeHead(302, { Location: (await login(url)).href });
      response.end();
    } else {
      answer(response, 200, await callback(url));
    }
  } catch (error) {
    answer(response, 500, { error: error.error ?? error.code ?? error.name, description: error.error_description ?? error.message });
  }
}).listen(settings.port, '127.0.0.1');
