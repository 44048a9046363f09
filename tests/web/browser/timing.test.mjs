// How long it takes in Chromium over three realms at 50 ms round trip, TLS 1.3 and HTTP/2. Printed, not asserted: it is
// a matter of the machine. Each figure is the median of five.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

import { RunningRealms } from '../realms/running.mjs';
import { farAway } from './far_away.mjs';

const TIMES = 5;
let realms, browser, ways;
before(async () => {
  realms = await RunningRealms.start();
  ways = await Promise.all(realms.tls_ports.map(farAway));
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: process.getuid() === 0 ? ['--no-sandbox'] : [] });
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
  const context = await browser.newContext({ ignoreHTTPSErrors: true, bypassCSP: true });
  try {
    const page = await context.newPage();
    await page.goto(realms.page);
    await page.evaluate(async (given) => {
      const library = await import('/client.js');
      const device = await library.browserDeviceKey(given.account);
      window.library = library;
      window.make = (realms) => new library.RecoveryClient({ ...given, realms, device, stretch: library.workerStretch('/argon-worker.js') });
      window.near = window.make(given.realms);
      window.client = window.make(given.far);
    }, { ...session, far });
    return await page.evaluate(what, argument);
  } finally {
    await context.close();
  }
}
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** In the page: one operation, how long it took. */
const took = (account, what, argument) => inFreshContext(account, what, argument);
async function measure(name, once) {
  const values = [];
  for (let i = 0; i < TIMES; ++i) values.push(await once(i));
  console.log(`timing: ${name}: ${Math.round(median(values))} ms (${values.map(Math.round).join(', ')})`);
}

test('recover and first seal, cold and warm', async () => {
  await took('bob', async () => {
    const { client } = window;
    const enrolled = await window.near.enrollDevice(await window.library.browserDeviceKey('bob'), 'x');
    if (!enrolled.every(({ condition }) => condition === 'good')) throw new Error(JSON.stringify(enrolled));
    const sealed = await client.seal('timed', '1234', new Uint8Array(32).fill(1));
    if (!sealed.complete) throw new Error(JSON.stringify(sealed));
  });
  await measure('Argon2id, 64 MiB, 3 passes, alone', () => took('bob', async () => {
    const stretch = window.library.workerStretch('/argon-worker.js');
    await stretch.warmUp();
    const start = performance.now();
    await stretch(new Uint8Array(4), new Uint8Array(16), { memoryKib: 65536, passes: 3, lanes: 1 });
    return performance.now() - start;
  }));
  const recover = async (warm) => {
    const { client } = window;
    if (warm) await client.warmUp();
    const start = performance.now();
    const { outcome } = await client.recover('timed', '1234');
    if (outcome !== 'recovered') throw new Error(outcome);
    return performance.now() - start;
  };
  await measure('recover, cold', () => took('bob', recover, false));
  await measure('recover, after warmUp()', () => took('bob', recover, true));

  const accounts = realms.sessions.map(({ account }) => account).filter((account) => account !== 'bob');
  const seal = async ({ account, record, warm }) => {
    const device = await window.library.browserDeviceKey(account);
    await window.near.enrollDevice(device, 'x');
    if (warm) await window.client.warmUp();
    const start = performance.now();
    const { complete } = await window.client.seal(record, '1234', new Uint8Array(32).fill(1));
    if (!complete) throw new Error('not complete');
    return performance.now() - start;
  };
  await measure('first seal, cold', (i) => took(accounts[i], seal, { account: accounts[i], record: 'cold', warm: false }));
  // An account has a first device once: each seal has an account of its own.
  await measure('first seal, after warmUp()', (i) => took(accounts[TIMES + i], seal, { account: accounts[TIMES + i], record: 'warm', warm: true }));
});
