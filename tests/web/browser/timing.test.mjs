// How long it takes in Chromium over three realms at 50 ms round trip, TLS 1.3 and HTTP/2, and which part takes how
// much of it. Printed beside what is aimed at, and not asserted: it is a matter of the machine. What is asserted is how
// many round trips and connections there are. Each figure is the median of five.
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

import { RunningRealms } from '../realms/running.mjs';
import { farAway } from './far_away.mjs';

const TIMES = 5;
const ROUND_TRIP_MS = 50;
let realms, browser, ways;
/** What Chromium takes a key by. A certificate that is an error and is allowed makes it connect twice: 100 ms more. */
const pinOf = (file) => createHash('sha256').update(new X509Certificate(readFileSync(file)).publicKey.export({ type: 'spki', format: 'der' })).digest('base64');
before(async () => {
  realms = await RunningRealms.start();
  ways = await Promise.all(realms.tls_ports.map(farAway));
  const pins = realms.tls_ports.map((_, i) => pinOf(`${realms.work}/realm${i + 1}/tls.pem`));
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [`--ignore-certificate-errors-spki-list=${pins}`, ...(process.getuid() === 0 ? ['--no-sandbox'] : [])],
  });
}, { timeout: 300_000 });
after(async () => {
  await browser?.close();
  ways?.forEach(({ end }) => end());
  if (realms) assert.equal(await realms.end(), 0);
});

/** Runs `what` in a context that knows nothing yet, with a client in `client`. */
async function inFreshContext(account, what, argument) {
  const session = realms.sessions.find((each) => each.account === account);
  const far = session.realms.map((realm, i) => ({ ...realm, url: `https://localhost:${ways[i].port}/connect` }));
  const context = await browser.newContext({ bypassCSP: true });
  try {
    const page = await context.newPage();
    await page.goto(`${realms.page}style.css`);  // of the page's origin, and makes no calls of its own
    await page.evaluate(async (given) => {
      const library = await import('/client.js');
      const device = await library.browserDeviceKey(given.account);
      window.library = library;
      const make = (realms, more) => new library.RecoveryClient({ ...given, realms, device, stretch: library.workerStretch('/argon-worker.js'), ...more });
      window.near = make(given.realms);
      window.far = given.far;
      // When each call was made and answered, and Argon2id asked for and answered.
      window.calls = [];
      const noted = async (name, doing) => {
        const call = { name, from: performance.now() };
        window.calls.push(call);
        const result = await doing();
        call.to = performance.now();
        return result;
      };
      const stretch = library.workerStretch('/argon-worker.js');
      const notedStretch = Object.assign((...all) => noted('Argon2id', () => stretch(...all)), { warmUp: stretch.warmUp });
      window.client = make(given.far, {
        stretch: notedStretch,
        fetch: (url, init) => noted(`${init.body.length > 0 ? '' : 'empty '}${url.split('/').at(-1)}`, () => fetch(url, init)),
      });
    }, { ...session, far });
    return await page.evaluate(what, argument);
  } finally {
    await context.close();
  }
}
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const rounded = (values) => values.map(Math.round).join(', ');

/** In the page: one operation, in fresh calls. What began when, and what was answered when, from its start. */
const operate = async ({ operation, record, account, warm }) => {
  const { client, calls, library } = window;
  if (operation === 'seal') await window.near.enrollDevice(await library.browserDeviceKey(account), 'x');
  if (warm) await client.warmUp();
  calls.length = 0;
  const start = performance.now();
  const result = operation === 'seal' ? await client.seal(record, '1234', new Uint8Array(32).fill(1)) : await client.recover(record, '1234');
  const took = performance.now() - start;
  if (!(result.complete || result.outcome === 'recovered')) throw new Error(JSON.stringify(result));
  return { took, calls: calls.map(({ name, from, to }) => ({ name, from: from - start, to: (to ?? performance.now()) - start })) };
};

/** The calls of this name, over all realms: when the first began, and when the last was answered. */
function span({ calls }, name) {
  const those = calls.filter((call) => call.name === name);
  return [Math.min(...those.map(({ from }) => from)), Math.max(...those.map(({ to }) => to))];
}

/** What one run waited for, one after the other. `trips` is what of it is the network's. */
function partsOf(run, { first, stretch, rest, warm }) {
  const parts = [];
  const [, surveyed] = span(run, first);
  parts.push({ name: warm ? first : `connection, preflight and ${first}`, ms: surveyed, trips: warm ? 1 : 4 });
  const [stretching, stretched] = span(run, 'Argon2id');
  if (stretch === 'after') parts.push({ name: 'Argon2id', ms: stretched - Math.max(stretching, surveyed), trips: 0 });
  else parts.push({ name: 'Argon2id beyond that', ms: Math.max(0, stretched - surveyed), trips: 0 });
  let before = Math.max(stretched, surveyed);
  for (const name of rest) {
    const [from, to] = span(run, name);
    parts.push({ name: `before ${name}`, ms: from - before, trips: 0 }, { name, ms: to - from, trips: 1 });
    before = to;
  }
  parts.push({ name: 'at the end', ms: run.took - before, trips: 0 });
  return parts;
}

/** In the page: what the library's calls would take bare, three at once: cold with connection and preflight, and then. */
const bareCalls = async () => {
  const body = Uint8Array.from([0x0a, 5, ...new TextEncoder().encode('timed')]);
  const all = async () => {
    const start = performance.now();
    await Promise.all(window.far.map(async ({ url, token }) => (await fetch(`${url}/labyrinth.recovery.v1.Recovery/GetRecord`, {
      method: 'POST', headers: { 'content-type': 'application/proto', authorization: `Bearer ${token}` }, body, credentials: 'omit',
    })).arrayBuffer()));
    return performance.now() - start;
  };
  return [await all(), await all(), await all()];
};

/** `bare`: what its parts take by themselves in this run, the network's and Argon2id. */
async function measure(name, aim, argon, bare, way, once) {
  const runs = [];
  for (let i = 0; i < TIMES; ++i) runs.push(await once(i));
  const took = median(runs.map((run) => run.took));
  const all = runs.map((run) => partsOf(run, way));
  const parts = all[0].map(({ name: part, trips }, i) => ({ name: part, trips, ms: median(all.map((each) => each[i].ms)) }));
  const trips = parts.reduce((sum, part) => sum + part.trips, 0);
  const network = trips * ROUND_TRIP_MS;
  console.log(`timing: ${name}: ${Math.round(took)} ms (${rounded(runs.map((run) => run.took))}), aim ${aim} ms: ${took <= aim ? 'met' : 'not met'}`);
  console.log(`timing:   its parts alone ${Math.round(bare)} ms: it takes ${(took / bare).toFixed(2)} times that`);
  console.log(`timing:   ${trips} round trips are ${network} ms, Argon2id alone ${Math.round(argon)} ms (where the aims were set hash-wasm took 230); ${Math.round(took - network - argon)} ms beyond both`);
  for (const { name: part, trips: own, ms } of parts) console.log(`timing:     ${Math.round(ms)} ms ${part}${own ? `: ${own} round trip${own > 1 ? 's' : ''} and ${Math.round(ms - own * ROUND_TRIP_MS)} ms of realms and page` : ''}`);
  return runs;
}
const connections = () => ways.reduce((sum, way) => sum + way.connections(), 0);
const counted = (runs, name) => runs.map(({ calls }) => calls.filter((call) => call.name === name).length);

test('recover and first seal, cold and warm', async () => {
  await inFreshContext('bob', operate, { operation: 'seal', record: 'timed', account: 'bob', warm: false });
  const stretchings = [];
  for (let i = 0; i < TIMES; ++i) {
    stretchings.push(await inFreshContext('bob', async () => {
      const stretch = window.library.workerStretch('/argon-worker.js');
      await stretch.warmUp();
      const start = performance.now();
      await stretch(new Uint8Array(4), new Uint8Array(16), { memoryKib: 65536, passes: 3, lanes: 1 });
      return performance.now() - start;
    }));
  }
  const argon = median(stretchings);
  console.log(`timing: Argon2id, 64 MiB, 3 passes, alone in a worker that is ready: ${Math.round(argon)} ms (${rounded(stretchings)})`);

  const bareRuns = [];
  for (let i = 0; i < TIMES; ++i) bareRuns.push(await inFreshContext('bob', bareCalls));
  const first = median(bareRuns.map(([cold]) => cold)), later = median(bareRuns.flatMap(([, ...warm]) => warm));
  console.log(`timing: three bare calls at once: ${Math.round(first)} ms cold (4 round trips), ${Math.round(later)} ms then (1)`);

  const recover = (warm) => () => inFreshContext('bob', operate, { operation: 'recover', record: 'timed', account: 'bob', warm });
  const way = { first: 'GetRecord', stretch: 'after', rest: ['Evaluate', 'Unlock'] };
  for (const warm of [false, true]) {
    const before = connections();
    const runs = await measure(warm ? 'recover, after warmUp()' : 'recover, cold', warm ? 470 : 700, argon, (warm ? later : first) + argon + 2 * later, { ...way, warm }, recover(warm));
    for (const name of ['GetRecord', 'Evaluate', 'Unlock']) assert.deepEqual(counted(runs, name), Array(TIMES).fill(3), `${name}, once at each of three realms`);
    assert.deepEqual([...new Set(runs.flatMap(({ calls }) => calls.map(({ name }) => name)).filter((name) => !name.startsWith('empty ')))].sort(),
      ['Argon2id', 'Evaluate', 'GetRecord', 'Unlock'], 'and nothing else');
    assert.equal(connections() - before, TIMES * 3, 'one to each realm');
  }

  // An account has a first device once: each seal has an account of its own.
  const accounts = realms.sessions.map(({ account }) => account).filter((account) => account !== 'bob');
  for (const warm of [false, true]) {
    const before = connections();
    await measure(warm ? 'first seal, after warmUp()' : 'first seal, cold', 960, argon, Math.max(argon, warm ? later : first) + 3 * later,
      { first: 'GetRecord', stretch: 'beside', rest: ['BeginRegistration', 'FinishRegistration', 'Activate'], warm }, (i) => {
        const account = accounts[i + (warm ? TIMES : 0)];
        return inFreshContext(account, operate, { operation: 'seal', record: 'timed', account, warm });
      });
    // Until one has said that the realm speaks HTTP/2, each call makes one of its own: GetRealm and GetRecord.
    const most = TIMES * 3 * (warm ? 1 : 2);
    assert.ok(connections() - before <= most, `${connections() - before} connections, at most ${most}`);
  }
});
