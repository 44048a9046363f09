// Argon2id in its worker: the same bytes whatever memory was there, and nothing that is left behind.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { argon2id as hashWasm } from 'hash-wasm';

import { argon2id, upperHalf } from '../../dist/argon2/argon2id.js';
import { RecoveryClient } from '../../dist/index.js';
import { nodeStretch } from '../../dist/node/index.js';
import { hex } from './support.mjs';

const pin = Uint8Array.of(0x31, 0x32), salt = new Uint8Array(16).fill(7);
const plain = ({ memoryKib, passes, lanes }) =>
  hashWasm({ password: pin, salt, iterations: passes, memorySize: memoryKib, parallelism: lanes, hashLength: 32, outputType: 'hex' });

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

test('RFC 9106 5.3: Argon2id', async () => {
  const input = { pin: new Uint8Array(32).fill(1), salt: new Uint8Array(16).fill(2), secret: new Uint8Array(8).fill(3), data: new Uint8Array(12).fill(4) };
  assert.equal(hex(await argon2id(input, { memoryKib: 32, passes: 3, lanes: 4 })), '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659');
});

test('with vectors it comes to what hash-wasm comes to, whatever the shape', async () => {
  const shapes = [[8, 1, 1], [31, 2, 1], [32, 1, 4], [67, 3, 2], [128, 4, 16], [700, 2, 5], [4100, 1, 3]];
  for (const [memoryKib, passes, lanes] of shapes) {
    const cost = { memoryKib, passes, lanes };
    assert.equal(hex(await argon2id({ pin, salt }, cost)), await plain(cost), `${memoryKib} ${passes} ${lanes}`);
  }
});

test('the upper half of a product is exact', () => {
  const numbers = [0, 1, 2, 0xffff, 0x10000, 0x10001, 0x7fffffff, 0x80000000, 0xfffeffff, 0xffff0000, 0xffffffff, ...crypto.getRandomValues(new Uint32Array(60))];
  for (const a of numbers) for (const b of numbers) assert.equal(upperHalf(a, b), Number((BigInt(a) * BigInt(b)) >> 32n), `${a} ${b}`);
});

/** What a worker of its own answers to 64 MiB and one pass, after `before` ran in it. */
function answered(before) {
  const worker = `
    import { loadArgon } from ${JSON.stringify(new URL('../../dist/argon.js', import.meta.url).href)};
    let made = 0;
    const { instantiate } = WebAssembly;
    WebAssembly.instantiate = async (...all) => (made++, instantiate(...all));
    ${before};
    const answer = await loadArgon();
    made = 0;
    let stretched;
    await answer({ pin: Uint8Array.of(0x31, 0x32), salt: new Uint8Array(16).fill(7), memoryKib: 65536, passes: 1, lanes: 1 }, (told) => (stretched = told.stretched ?? stretched));
    console.log(JSON.stringify([Buffer.from(stretched).toString('hex'), made]));
  `;
  return JSON.parse(execFileSync('node', ['--input-type=module', '-e', worker], { encoding: 'utf8' }));
}

test('hashed is in the memory that was touched beforehand, and in no other one', async () => {
  const wanted = await plain({ memoryKib: 65536, passes: 1, lanes: 1 });
  assert.deepEqual(answered(''), [wanted, 0]);
});

test('without vectors hash-wasm does it, to the same bytes', async () => {
  const wanted = await plain({ memoryKib: 65536, passes: 1, lanes: 1 });
  const [stretched, made] = answered('WebAssembly.validate = () => false; WebAssembly.Memory = undefined');
  assert.equal(stretched, wanted);
  assert.ok(made > 0);
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
