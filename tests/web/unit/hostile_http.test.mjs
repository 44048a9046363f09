// A realm that lies in HTTP itself: by Node's own fetch from real servers on this host. Whatever it answers, the call ends
// with an error, in time, without holding what it sends, and nothing of the call goes to another host.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createServer as createRawServer } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { RecoveryClient } from '../../dist/index.js';
import { GetRecord, Unlock } from '../../dist/realms/methods.js';
import { RealmChannel } from '../../dist/realms/realm_channel.js';
import { decode, encode } from '../../dist/wire/codec.js';
import { GetRecordResponse } from '../../dist/wire/messages.js';

const id = '00112233445566778899aabbccddeeff';
const b64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = `${b64({ alg: 'ES256' })}.${b64({ iss: 'chat', sub: 'alice', aud: id, exp: 4e9 })}.sig`;
const unlock = { record: 'r', version: 1, challenge: new Uint8Array(32), signature: new Uint8Array(64) };
const never = new AbortController().signal;

/** Runs `use` with a channel to a server that answers so, and the requests that it got. */
async function at(server, use, { timeoutMs = 20_000 } = {}) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sockets = new Set();
  server.on('connection', (socket) => void sockets.add(socket).size);
  try {
    const channel = new RealmChannel({ id, url: `http://127.0.0.1:${server.address().port}/connect`, token, name: 'oslo' },
      { tenant: 'chat', account: 'alice' }, { fetch, timeoutMs });
    return await use(channel, sockets);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}
const answering = (answer) => createServer((request, response) => void request.resume().on('end', () => answer(response, request)));
const codeOf = (channel) => channel.call(Unlock, unlock, never).then(() => 'answered', ({ code }) => code);
const PROTO = { 'content-type': 'application/proto' };

test('a redirect is not followed: no other host gets the call or its token', async () => {
  const got = [];
  const other = answering((response, request) => {
    got.push(request.headers);
    response.writeHead(200, PROTO).end();
  });
  await at(other, async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      const away = answering((response) => response.writeHead(status, { location: `http://127.0.0.1:${other.address().port}/connect/x` }).end());
      assert.equal(await at(away, codeOf), 'unavailable', String(status));
    }
  });
  assert.deepEqual(got, []);
});

test('what unpacks to more than an answer has is not unpacked', async () => {
  const bomb = gzipSync(Buffer.alloc(200 << 20));  // of 200 KB
  for (const [status, type] of [[200, 'application/proto'], [500, 'application/json'], [200, 'text/html']]) {
    const before = process.memoryUsage.rss();
    const server = answering((response) => response.writeHead(status, { 'content-type': type, 'content-encoding': 'gzip' }).end(bomb));
    assert.equal(await at(server, codeOf), 'internal', `${status} ${type}`);
    assert.ok(process.memoryUsage.rss() - before < 100 << 20, `${(process.memoryUsage.rss() - before) >> 20} MiB`);
  }
});

test('an answer without an end is over with the time of the call, or with the bytes that an answer may have', async () => {
  const endless = (part, everyMs) => answering((response) => {
    response.writeHead(200, PROTO);
    const timer = setInterval(() => response.write(part), everyMs);
    response.on('close', () => clearInterval(timer));
  });
  assert.equal(await at(endless(Buffer.of(0), 5), codeOf, { timeoutMs: 300 }), 'deadline_exceeded');
  assert.equal(await at(endless(Buffer.alloc(65536), 1), codeOf), 'internal');
  const silent = answering((response) => response.writeHead(200, PROTO).flushHeaders());
  assert.equal(await at(silent, codeOf, { timeoutMs: 300 }), 'deadline_exceeded');
  // Its connection is not left open behind it.
  await at(endless(Buffer.of(0), 5), async (channel, sockets) => {
    assert.equal(await codeOf(channel), 'deadline_exceeded');
    for (const socket of sockets) if (!socket.destroyed) await new Promise((resolve) => socket.on('close', resolve));
  }, { timeoutMs: 100 });
});

test('200 is an answer of the service only with its type and its bytes', async () => {
  const cases = [
    [{ 'content-type': 'application/json' }, '{"code":"not_found","message":"x"}', 'not_found'],
    [{ 'content-type': 'application/json' }, '{"code":"ok"}', 'unknown'],
    [{ 'content-type': 'text/html' }, '<h1>ok</h1>', 'unknown'],
    [{}, '', 'unknown'],
    [{ 'content-type': 'application/grpc' }, '', 'unknown'],
    [PROTO, '\xff\xff\xff', 'internal'],
    [{ ...PROTO, 'content-encoding': 'gzip' }, 'not gzip', 'unavailable'],
  ];
  for (const [headers, body, code] of cases) {
    assert.equal(await at(answering((response) => response.writeHead(200, headers).end(body)), codeOf), code, JSON.stringify(headers) + body);
  }
  for (const body of ['null', '[]', '"x"', '{"code":{"toString":1},"message":{}}', '{"__proto__":{"code":"not_found"}}', `{"code":"constructor","message":"${'x'.repeat(5000)}"}`]) {
    const answer = answering((response) => response.writeHead(500, { 'content-type': 'application/json' }).end(body));
    const error = await at(answer, (channel) => channel.call(Unlock, unlock, never).catch((thrown) => thrown));
    assert.equal(error.code, 'unknown', body);
    assert.ok(error.message.length < 1200);
  }
});

test('bytes that are no HTTP, and ends in the midst of it', async () => {
  const raw = (bytes) => createRawServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(bytes));
  });
  for (const bytes of ['', 'x', '\u0000\u0001', 'HTTP/1.1 200 OK\r\ncontent-type: application/proto\r\ncontent-length: 100\r\n\r\nabc',
    'HTTP/1.1 200 OK\r\ncontent-type: application/proto\r\ntransfer-encoding: chunked\r\n\r\nffffffff\r\nabc', 'HTTP/1.1 999 ?\r\n\r\n', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(1 << 20)}\r\n\r\n`]) {
    assert.ok(['unavailable', 'unknown'].includes(await at(raw(bytes), codeOf)), JSON.stringify(bytes.slice(0, 60)));
  }
  const repeated = at(raw(''), (channel) => channel.call(GetRecord, { record: 'r' }, never));
  await assert.rejects(repeated, { code: 'unavailable' });
});

test('a time to come back that is none is not kept', async () => {
  for (const value of ['-1', '1e9', '99999999999', 'soon', '60000', '']) {
    const server = answering((response) => response.writeHead(429, { 'content-type': 'application/json', 'trailer-retry-after-ms': value }).end('{"code":"resource_exhausted"}'));
    assert.equal(await at(server, codeOf), 'resource_exhausted', value);
  }
});

test('names that objects of JavaScript have are names like others', async () => {
  const nothing = encode(GetRecordResponse, { ...decode(GetRecordResponse, new Uint8Array()), state: 4 });  // not registered
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const session = { tenant: name, account: name, stretch: async () => new Uint8Array(32) };
    const its = `${b64({})}.${b64(JSON.parse(`{"iss": "${name}", "sub": "${name}", "aud": "${id}"}`))}.x`;
    const server = answering((response) => response.writeHead(200, PROTO).end(nothing));
    await at(server, async () => {
      const client = new RecoveryClient({ ...session, realms: [{ id, name, url: `http://127.0.0.1:${server.address().port}`, token: its }] });
      assert.equal((await client.recover(name, '1234')).outcome, 'not-registered', name);
      const [{ name: reported, versions }] = (await client.status(name)).realms;
      assert.deepEqual([reported, versions], [name, []]);
    });
  }
  assert.equal({}.code, undefined);
});

test('an address of a realm carries no password', () => {
  for (const url of ['https://user@a.example/connect', 'https://:password@a.example/connect', 'https://a.example/connect?x', 'https://a.example/connect#x', 'ftp://a.example/', 'http://a.example', 'http://localhost.evil.example/']) {
    assert.throws(() => new RecoveryClient({ tenant: 'chat', account: 'alice', stretch: async () => new Uint8Array(32), realms: [{ id, url, token }] }), { code: 'invalid_argument' }, url);
  }
});
