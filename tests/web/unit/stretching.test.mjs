// Argon2id in its worker: the same bytes whatever memory was there, and nothing that is left behind.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { argon2id } from 'hash-wasm';

import { RecoveryClient } from '../../dist/index.js';
import { nodeStretch } from '../../dist/node/index.js';
import { hex } from './support.mjs';

const pin = Uint8Array.of(0x31, 0x32), salt = new Uint8Array(16).fill(7);
const plain = ({ memoryKib, passes, lanes }) =>
  argon2id({ password: pin, salt, iterations: passes, memorySize: memoryKib, parallelism: lanes, hashLength: 32, outputType: 'hex' });

test('the same bytes with and without memory that is there already', async () => {
  const stretch = nodeStretch();
  for (const memoryKib of [65536, 8, 65540]) {
    const cost = { memoryKib, passes: 1, lanes: 1 };
    const wanted = await plain(cost);
    for (const warm of [false, true]) {
      if (warm) await stretch.warmUp();
      const expected = [];
      assert.equal(hex(await stretch(Uint8Array.from(pin), salt, cost, { onExpected: (ms) => expected.push(ms) })), wanted, `${memoryKib} ${warm}`);
      assert.ok(expected.length === 1 && expected[0] > 0, `${expected}`);
    }
  }
});

test('hash-wasm is as it is known here: the memory that was touched beforehand is the one that is hashed in', async () => {
  const worker = `
    import { loadArgon } from ${JSON.stringify(new URL('../../dist/argon.js', import.meta.url).href)};
    const made = [];
    const instantiate = WebAssembly.instantiate;
    WebAssembly.instantiate = async (...all) => {
      const instance = await instantiate(...all);
      made.push(instance);
      return instance;
    };
    const answer = await loadArgon();
    const before = made.length;
    const sizes = () => made.filter(({ exports }) => exports.Hash_SetMemorySize).map(({ exports }) => exports.memory.buffer.byteLength);
    const large = sizes().at(-1);
    let stretched;
    await answer({ pin: new Uint8Array(2), salt: new Uint8Array(16), memoryKib: 65536, passes: 1, lanes: 1 }, (told) => (stretched = told.stretched ?? stretched));
    console.log(JSON.stringify([large > 65536 * 1024, sizes().at(-1) === large, made.slice(before).some(({ exports }) => exports.Hash_SetMemorySize), stretched.length]));
  `;
  assert.deepEqual(JSON.parse(execFileSync('node', ['--input-type=module', '-e', worker], { encoding: 'utf8' })), [true, true, false, 32]);
});

test('a worker that is ready and was never asked keeps no process alive', () => {
  const program = `
    import { nodeStretch } from ${JSON.stringify(new URL('../../dist/node/index.js', import.meta.url).href)};
    await nodeStretch().warmUp();
    console.log('warm');
  `;
  assert.equal(execFileSync('node', ['--input-type=module', '-e', program], { encoding: 'utf8', timeout: 120_000 }).trim(), 'warm');
});

test('the worker starts while the realms are asked', async () => {
  const order = [];
  const stretch = Object.assign(async () => assert.fail('nothing is there to stretch for'), { warmUp: async () => void order.push('warm') });
  const b64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const id = '0'.repeat(32);
  const client = new RecoveryClient({
    tenant: 'chat', account: 'alice', stretch, device: { publicKey: new Uint8Array(91), sign: async () => new Uint8Array(64) },
    realms: [{ id, url: 'https://a.example/connect', token: `${b64({})}.${b64({ iss: 'chat', sub: 'alice', aud: id })}.x` }],
    fetch: async () => {
      order.push('asked');
      return new Response('{"code":"not_found"}', { status: 404, headers: { 'content-type': 'application/json' } });
    },
  });
  await assert.rejects(client.recover('r', '1234'));
  assert.deepEqual(order, ['warm', 'asked']);
});
