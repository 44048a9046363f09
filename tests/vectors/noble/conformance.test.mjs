// The kit of docs/conformance, run from docs/protocol.md and docs/attestation.md alone with @noble/curves, @noble/hashes
// and Node: no line of this repository's C++ takes part. Run by ctest; LABREC_CONFORMANCE is the folder.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { p256 } from '@noble/curves/nist.js';

import { Client, repeatable } from './client.mjs';
import { isFor, isPoint, normalizePin, parseConfig } from './rules.mjs';
import { allAt, bodies, bytesAt, hex, int, join, lp, requestBytes, sha256, signedRequests, text, uintAt, unhex, unlockBytes }
  from './wire.mjs';

const folder = process.env.LABREC_CONFORMANCE;
const load = (name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
const transcripts = readdirSync(`${folder}/transcripts`, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile()).map((entry) => JSON.parse(readFileSync(`${entry.parentPath ?? entry.path}/${entry.name}`, 'utf8')));

test('signed bodies', () => {
  const kit = load('signed.json');
  const scope = { realm: unhex(kit.realm_id), tenant: kit.tenant, account: kit.account };
  assert.deepEqual(kit.requests.map((row) => row.operation).sort(), Object.keys(bodies).sort());
  for (const { operation, fields, body, challenge, bytes } of kit.requests) {
    const values = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name,
      typeof value === 'number' ? value : name === 'record' || name === 'name' ? text(value) : unhex(value)]));
    assert.equal(hex(bodies[operation](values)), body, operation);
    assert.equal(hex(requestBytes(scope, operation, unhex(challenge), unhex(body))), bytes, operation);
  }
  const { fields, challenge, bytes } = kit.unlock;
  assert.equal(hex(unlockBytes(scope, fields.record, fields.version, unhex(challenge))), bytes);
});

test('points', () => {
  for (const { name, bytes, good } of load('points.json')) assert.equal(isPoint(p256.Point, unhex(bytes)), good, name);
});

test('tokens', () => {
  const { realm_id: id, tokens } = load('tokens.json');
  for (const { name, token, sent } of tokens) assert.equal(isFor(token, unhex(id)), sent, name);
});

test('configs', () => {
  const { configs, ...wanted } = load('configs.json');
  for (const { name, config, good } of configs) assert.equal(parseConfig(unhex(config), wanted) !== null, good, name);
});

test('PINs', () => {
  for (const { about, typed, pin } of load('pins.json')) {
    const made = normalizePin(unhex(typed));
    assert.equal(made && hex(made), pin, about);
  }
});

test('which calls are sent again as they are', () => {
  const safe = load('methods.json').methods.filter(({ repeat }) => ['safe', 'dear'].includes(repeat)).map(({ name }) => name);
  for (const name of repeatable) assert.ok(safe.includes(name), name);
});

// The document's table, row for row.
test('the document says of each call how it is repeated, as the core does', () => {
  const page = readFileSync(process.env.LABREC_PROTOCOL, 'utf8');
  const table = page.slice(page.indexOf('| call | after UNAVAILABLE or a lost reply |'));
  const said = new Map();
  for (const [, calls, what] of table.slice(0, table.indexOf('\n\n')).matchAll(/^\| ([A-Z][A-Za-z, ]+) \| (.+) \|$/gm)) {
    for (const call of calls.split(', ')) said.set(call, what);
  }
  const words = { safe: /^repeat(?! with the same element| with a new)/, dear: /^repeat with the same element/,
    signed: /^(sign again|the same; NOT_FOUND|repeat with a new challenge)/, never: /^(repeating makes a new key|begin again)/ };
  const { methods } = load('methods.json');
  for (const { name, repeat } of methods) assert.match(said.get(name) ?? '', words[repeat], name);
  assert.deepEqual([...said.keys()].sort(), methods.map(({ name }) => name).sort());
});

test('what a chip is given: Names, policies, cpHash', () => {
  const kit = load('chip.json');
  const name = (area) => join(unhex('000b'), sha256(area));
  const spki = unhex(kit.unlock_public_key);
  const [x, y] = [spki.slice(-64, -32), spki.slice(-32)];
  // TPMT_PUBLIC: ECC, SHA-256, sign, no policy; no symmetric, ECDSA with SHA-256, P-256, no KDF.
  const key = join(unhex('0023' + '000b' + '00040000' + '0000' + '0010' + '0018000b' + '0003' + '0010'), lp(x), lp(y));
  assert.equal(hex(key), kit.unlock_key_area);
  assert.equal(hex(name(key)), kit.unlock_key_name);
  // TPM2_PolicySigned (0160), PolicySecret (0151) and PolicyCommandCode (016c), from zeros on.
  const update = (digest, command, entity) => sha256(sha256(join(digest, int(command, 4), entity)));
  const code = (digest, command) => sha256(join(digest, int(0x16c, 4), int(command, 4)));
  const zeros = new Uint8Array(32);
  const indexPolicy = code(update(zeros, 0x160, name(key)), 0x137);
  assert.equal(hex(indexPolicy), kit.index_policy);
  // TPMS_NV_PUBLIC: handle, SHA-256, attributes (PIN_PASS, POLICYWRITE, OWNERREAD, NO_DA, WRITTEN), policy, 8.
  const attributes = (9 << 4) | (1 << 3) | (1 << 17) | (1 << 25);
  const area = (written) =>
    join(int(kit.index, 4), unhex('000b'), int((attributes | (written ? 1 << 29 : 0)) >>> 0, 4), lp(indexPolicy), int(8, 2));
  assert.equal(hex(area(false)), kit.index_area_unwritten);
  assert.equal(hex(name(area(false))), kit.index_name_unwritten);
  assert.equal(hex(area(true)), kit.index_area_written);
  assert.equal(hex(name(area(true))), kit.index_name_written);
  assert.equal(hex(code(update(zeros, 0x151, name(area(true))), 0x154)), kit.key_policy);
  for (const write of kit.writes) {
    const index = unhex(write.index_name);
    const contents = join(int(write.count, 4), int(write.limit, 4));
    assert.equal(hex(contents), write.contents);
    // The first write sets both; every later one the limit alone, behind the count.
    const first = write.index_name === kit.index_name_unwritten;
    const data = first ? contents : int(write.limit, 4);
    assert.deepEqual([hex(data), first ? 0 : 4], [write.data, write.offset]);
    const cpHash = sha256(join(int(0x137, 4), index, index, lp(data), int(write.offset, 2)));
    assert.equal(hex(cpHash), write.cp_hash);
    assert.equal(hex(join(unhex(write.nonce_tpm), int(kit.expiration_s, 4), cpHash)), write.signed);
  }
  // protocol.md, "Before a refill": of the first realm.
  for (const row of kit.uses) {
    const said = row.tries.filter((each) => each !== null).sort((a, b) => b - a);
    const others = said[Math.max(row.threshold, 2) - 1] ?? 0;
    const [own] = row.tries;
    const explained = Math.max((own === null ? 0 : 1) + row.own_tries, Math.min(own ?? 0, others));
    const retired = row.limit <= row.guess_limit || row.limit > row.count + row.guess_limit;
    const counted = retired ? null : row.count - (row.limit - row.guess_limit);
    const unexplained = retired ? null : Math.max(0, counted - explained);
    assert.deepEqual([counted, unexplained], [row.counted, row.unexplained], row.about);
    assert.equal(row.signed_limit, unexplained === 0 ? row.count + row.guess_limit : null, row.about);
  }
});

test('what requests of all transcripts are signed over', () => {
  let seen = 0;
  for (const { name, client, realms } of transcripts) {
    realms.forEach((exchanges, i) => {
      const scope = { realm: unhex(client.realms[i].id), tenant: client.tenant, account: client.account };
      for (const { method, body, signed } of exchanges.filter((exchange) => exchange.signed)) {
        const bytes = unhex(body);
        if (method === 'Unlock') {
          const record = Buffer.from(bytesAt(bytes, 1)).toString();
          assert.equal(hex(unlockBytes(scope, record, uintAt(bytes, 2), bytesAt(bytes, 3))), signed, name);
        } else {
          const [operation, authorization, numbers] = signedRequests[method];
          const values = Object.fromEntries(Object.entries(numbers).map(([field, at]) => [field,
            field === 'version' || field === 'sequence' ? uintAt(bytes, at) : bytesAt(bytes, at)]));
          const challenge = authorization ? bytesAt(bytesAt(bytes, authorization), 1) : bytesAt(bytes, 3);
          assert.equal(hex(requestBytes(scope, operation, challenge, bodies[operation](values))), signed, name);
        }
        seen += 1;
      }
    });
  }
  assert.ok(seen > 100, `${seen} signed requests`);
});

test('configs, points and tokens of all transcripts keep to the rules', () => {
  for (const { name, client, realms } of transcripts) {
    client.realms.forEach(({ id, token }) => assert.ok(isFor(token, unhex(id)), name));
    for (const { method, body } of realms.flat()) {
      const bytes = unhex(body);
      const elements = method === 'Evaluate' || method === 'BeginRegistration' ? allAt(bytes, 3) : [];
      for (const element of elements) assert.ok(isPoint(p256.Point, element), name);
      if (method !== 'FinishRegistration') continue;
      const wanted = { tenant: client.tenant, account: client.account, record: 'default', version: uintAt(bytes, 2) };
      assert.ok(parseConfig(bytesAt(bytes, 4), wanted), name);
    }
  }
});

test('operations take as many calls as the document says', () => {
  const page = readFileSync(process.env.LABREC_PROTOCOL, 'utf8');
  const said = { 'recover/right': 'recover', 'seal/first': 'seal, first version', 'rules/c1-another-pin': 'seal again, from a device',
    'rules/c2-change-of-pin': 'change the PIN', 'devices/enroll': 'enrol, revoke, delete, raise or read a floor' };
  for (const [name, row] of Object.entries(said)) {
    const { realms } = transcripts.find((transcript) => transcript.name === name);
    for (const exchanges of realms) assert.ok(page.includes(`| ${row} | ${exchanges.length} |`), `${name}: ${exchanges.length}`);
  }
});

// The whole of a recovery by another client: it asks what the transcript says, in that order at each realm, and comes to
// the same. What the transcripts of the other operations ask is checked above. This client gives no chip its guesses back:
// those transcripts are for clients that do, tests/web/unit/conformance.test.mjs among them.
const isOfChips = ({ name }) => name.startsWith('chip/');
for (const transcript of transcripts.filter((each) => each.operation.kind === 'recover' && !isOfChips(each))) {
  test(`transcript ${transcript.name}`, () => {
    const client = new Client(transcript);
    const result = client.recover();
    client.asked.forEach((asked, i) => {
      const wanted = transcript.realms[i].map(({ method, body, signed }) => ({ method, body, ...(signed ? { signed } : {}) }));
      assert.deepEqual(asked, wanted, `asked of realm ${i}`);
    });
    assert.deepEqual(client.random, [], 'all random bytes were drawn');
    const { outcome, secret, version, tries_left, active_version: active, locked_until_ms: until } = transcript.result;
    assert.deepEqual(result, JSON.parse(JSON.stringify({ outcome, secret, version: secret && version, tries: tries_left, active, until })));
  });
}
