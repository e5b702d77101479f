// oidc-provider with its own development interactions: any login name signs in, then consent is asked.
// Configuration: JSON in the first argument.
import Provider from 'oidc-provider';

const settings = JSON.parse(process.argv[2]);
const people = settings.people; // login name -> claims

const provider = new Provider(settings.issuer, {
  clients: [settings.client],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name', 'locale'] },
  conformIdTokenClaims: settings.conform_id_token_claims, // true: claims of scopes only at userinfo
  pkce: { required: () => true },
  jwks: { keys: settings.keys },
  cookies: { keys: ['a test'] },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
});

provider.listen(settings.port, '127.0.0.1');
