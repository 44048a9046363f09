// Times a login of software-only OPAQUE (RFC 9807) by @serenity-kit/opaque, one thread: what a server computes for an
// answer, and what a client computes for a login with the Argon2id parameters of this project. JSON on standard output.
import * as opaque from '@serenity-kit/opaque'
import { readFileSync } from 'node:fs'

const seconds = Number(process.argv[2] ?? 5)
const pin = '493827'
const userIdentifier = 'account'
const ours = { 'argon2id-custom': { iterations: 3, memory: 65536, parallelism: 1 } }
const little = { 'argon2id-custom': { iterations: 1, memory: 8, parallelism: 1 } } // leaves the rest of the login

await opaque.ready
const serverSetup = opaque.server.createSetup()

function register(keyStretching) {
  const { clientRegistrationState, registrationRequest } = opaque.client.startRegistration({ password: pin })
  const { registrationResponse } = opaque.server.createRegistrationResponse({ serverSetup, userIdentifier, registrationRequest })
  return opaque.client.finishRegistration({ clientRegistrationState, registrationResponse, password: pin, keyStretching }).registrationRecord
}

// One login; the milliseconds of both sides.
function login(registrationRecord, keyStretching) {
  const begun = performance.now()
  const { clientLoginState, startLoginRequest } = opaque.client.startLogin({ password: pin })
  const asked = performance.now()
  const { serverLoginState, loginResponse } = opaque.server.startLogin({ serverSetup, userIdentifier, registrationRecord, startLoginRequest })
  const answered = performance.now()
  const result = opaque.client.finishLogin({ clientLoginState, loginResponse, password: pin, keyStretching })
  const finished = performance.now()
  if (!result) throw new Error('the login failed')
  const { sessionKey } = opaque.server.finishLogin({ serverLoginState, finishLoginRequest: result.finishLoginRequest })
  const confirmed = performance.now()
  if (sessionKey !== result.sessionKey) throw new Error('the two sides have different keys')
  return { client: asked - begun + finished - answered, server: answered - asked + confirmed - finished }
}

const median = values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]

// The medians of as many logins as the time allows, at least ten.
function measure(keyStretching) {
  const record = register(keyStretching)
  for (let i = 0; i < 10; ++i) login(record, keyStretching) // WebAssembly is compiled meanwhile
  const all = []
  for (const end = performance.now() + 1000 * seconds / 2; all.length < 10 || performance.now() < end;) all.push(login(record, keyStretching))
  return { client: median(all.map(l => l.client)), server: median(all.map(l => l.server)) }
}

const whole = measure(ours)
const rest = measure(little)
const rounded = value => Math.round(1000 * value) / 1000
console.log(JSON.stringify({
  package: `@serenity-kit/opaque ${JSON.parse(readFileSync(new URL('package.json', import.meta.url))).dependencies['@serenity-kit/opaque']}`,
  node: process.version,
  server_ms_per_login: rounded(rest.server),
  logins_per_s_of_one_thread: rounded(1000 / rest.server),
  client_ms_per_login: rounded(whole.client),
  client_ms_beside_argon2id: rounded(rest.client),
}, null, 2))
