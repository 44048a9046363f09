// The page in real headless Chromium, against real realms. It is used as a person uses it, by the names that a screen
// reader says; LABREC_PICTURES is a folder for pictures. What is measured is printed, and no time is asserted.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';

import { RunningRealms } from '../realms/running.mjs';
import { Witness } from './witness.mjs';

const PIN = '73955182';
const NEW_PIN = '60418827';
const pictures = process.env.LABREC_PICTURES;
const axe = readFileSync(`${process.env.LABREC_WEB}/node_modules/axe-core/axe.min.js`, 'utf8');

let realms, browser, context, page, witness;
before(async () => {
  mkdirSync(pictures, { recursive: true });
  realms = await RunningRealms.start();
  // Root has no user namespaces to give away; whoever else runs this keeps the sandbox.
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: process.getuid() === 0 ? ['--no-sandbox'] : [] });
  context = await browser.newContext({ viewport: { width: 1100, height: 900 }, colorScheme: 'light' });
  page = await context.newPage();
  witness = await Witness.of(page);
  await page.goto(realms.page);
  await idle();
}, { timeout: 300_000 });
after(async () => {
  await browser?.close();
  if (realms) assert.equal(await realms.end(), 0);
});

/** Until nothing is under way: what the page said then. */
async function idle() {
  await page.waitForFunction(() => document.querySelector('#realms tr') && !document.body.hasAttribute('aria-busy'), undefined, { timeout: 120_000 });
  return page.getByRole('status').locator('p').textContent();
}
async function click(name) {
  await page.getByRole('button', { name }).click();
  return idle();
}
async function enter(label, pin, name) {
  await page.getByLabel(label, { exact: true }).fill(pin);
  return click(name);
}
const recover = (pin) => enter('PIN', pin, 'Recover the key');
const seal = (pin) => enter('New PIN', pin, 'Seal the key');
const print = async () => (await page.locator('#key-state code').textContent()).trim();
const states = async () => (await page.locator('#realms td[data-condition]').allTextContents()).join(', ');
/** What axe-core, a judge of accessibility, has to say of the page as it is now. */
const findings = () => page.evaluate(`${axe}; axe.run().then(({ violations }) =>
  violations.map(({ id, help, nodes }) => id + ' (' + help + '): ' + nodes.map(({ target }) => target).join(', ')))`);
/** Pictures of this state, and axe's word on it. */
const picture = async (name) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
  const found = await findings();
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.evaluate(() => scrollTo(0, 0));
  const fits = await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  await page.screenshot({ path: `${pictures}/${name}-phone.png`, fullPage: true });
  found.push(...await findings());
  await page.setViewportSize({ width: 1100, height: 900 });
  await page.emulateMedia({ colorScheme: 'light' });
  assert.ok(fits, `${name}: nothing is wider than a phone`);
  assert.deepEqual(found, [], `${name}: axe-core finds nothing`);
};

test('a key is sealed, forgotten, and recovered with the PIN', async () => {
  assert.match(await seal(PIN), /no key to seal/);
  assert.match(await click('Make a new key'), /new key was made/);
  const key = await print();
  assert.match(await seal(PIN), /enrol it first/);
  assert.match(await click('Enrol this browser'), /enrolled at 3 realms/);
  assert.match(await page.locator('#browser-state').textContent(), /enrolled at 3 of 3/);
  assert.match(await seal(PIN), /Sealed at 3 realms; any 2 bring it back. You have 7 tries, a thief with your session at most 10/);
  await picture('sealed');
  await click('Forget the key');
  assert.match(await page.locator('#key-state').textContent(), /no key/);
  assert.match(await recover(PIN), /The key is back/);
  assert.equal(await print(), key);
  assert.equal(await states(), 'took part, took part, took part');
});

test('a wrong PIN costs one try, an empty one and one with a tab none', async () => {
  assert.match(await recover('000000'), /not right: 6 tries are left/);
  assert.ok(await page.getByLabel('PIN', { exact: true }).evaluate((input) => input === document.activeElement && input.value === ''));
  await picture('wrong-pin');
  assert.match(await recover('12\u000034'), /control character/);
  await page.getByRole('button', { name: 'Recover the key' }).click();
  assert.ok(await page.getByLabel('PIN', { exact: true }).evaluate((input) => !input.validity.valid));
  assert.match(await click('Ask again'), /6 tries are left/);
  assert.match(await recover('７３９５５１８２'), /The key is back/);
});

test('with one realm down it comes back; with two the page says so, and nothing is spent', async () => {
  await realms.stop(3);
  assert.match(await recover(PIN), /back, and all tries are yours again. It came back without quito/);
  assert.equal(await states(), 'took part, took part, cannot be reached');
  await picture('one-down');
  await realms.stop(2);
  assert.match(await recover(PIN), /Too few realms can be reached \(not porto, quito\). The key is safe: try again later. No try was spent/);
  await realms.start(2);
  await realms.start(3);
  assert.match(await recover(PIN), /all tries are yours again.$/);
});

test('another browser of the same account is vouched for by the PIN', async () => {
  const first = page;
  const other = await browser.newContext();
  page = await other.newPage();
  const its = await Witness.of(page);
  await page.goto(realms.page);
  await idle();
  assert.match(await click('Enrol this browser'), /has a device already. Recover the key with its PIN first/);
  assert.match(await recover(PIN), /The key is back/);
  assert.match(await click('Enrol this browser'), /enrolled at 3 realms/);
  await its.sawNothingOf(page, [PIN]);
  await other.close();
  page = first;
});

test('the device key stays when the page is loaded again, and gives nobody its bytes', async () => {
  await page.reload();
  await idle();
  assert.match(await page.locator('#browser-state').textContent(), /enrolled at 3 of 3/);
  const extractable = await page.evaluate(async () => {
    const opening = indexedDB.open('labyrinth-recovery');
    await new Promise((resolve) => (opening.onsuccess = resolve));
    const reading = opening.result.transaction('device-keys').objectStore('device-keys').getAll();
    await new Promise((resolve) => (reading.onsuccess = resolve));
    const { privateKey } = reading.result[0];
    return [privateKey.extractable, await crypto.subtle.exportKey('pkcs8', privateKey).then(() => 'given', ({ name }) => name)];
  });
  assert.deepEqual(extractable, [false, 'InvalidAccessError']);
});

test('it is used by the keyboard alone, and says what it does', async () => {
  await page.locator('body').press('Tab');
  const names = [];
  for (let i = 0; i < 8; ++i) {
    names.push(await page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.labels[0].textContent));
    await page.keyboard.press('Tab');
  }
  assert.deepEqual(names, ['Enrol this browser', 'Make a new key', 'Forget the key', 'New PIN', 'Seal the key', 'PIN', 'Recover the key', 'Ask again']);
  const status = page.getByRole('status');
  assert.deepEqual([await status.getAttribute('aria-live'), await page.getByRole('heading').count(), await page.getByRole('table').count()], ['polite', 6, 1]);
  assert.deepEqual(await page.locator('input:not([hidden])').evaluateAll((inputs) => inputs.map(({ labels, type }) => [labels.length, type])), [[1, 'password'], [1, 'password']]);
  await page.getByLabel('PIN', { exact: true }).focus();
  await page.keyboard.type(PIN);
  await page.keyboard.press('Enter');
  assert.match(await idle(), /The key is back/);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await page.evaluate(lowContrasts), [], colorScheme);
  }
});

test('what has the focus is never behind the status, on the way back neither', async () => {
  await page.setViewportSize({ width: 390, height: 500 });
  await page.getByRole('button', { name: 'Ask again' }).focus();
  const seen = [];
  for (const key of [...Array(7).fill('Shift+Tab'), ...Array(7).fill('Tab')]) {
    await page.keyboard.press(key);
    await page.waitForFunction(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(true)))));
    seen.push(await page.evaluate(() => {
      const focused = document.activeElement.getBoundingClientRect(), status = document.querySelector('[role=status]').getBoundingClientRect();
      const behind = focused.top < status.bottom && focused.bottom > status.top;
      return behind || focused.top < 0 || focused.bottom > innerHeight ? `${document.activeElement.id || document.activeElement.textContent}: ${focused.top}, ${status.bottom}` : '';
    }));
  }
  await page.setViewportSize({ width: 1100, height: 900 });
  assert.deepEqual(seen.filter((each) => each), []);
});

/** Texts whose contrast is less than 4.5 : 1 (WCAG 2.1, 1.4.3). */
function lowContrasts() {
  const light = (color) => {
    const [r, g, b] = color.match(/[\d.]+/g).map((each) => each / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (at) => {
    const color = getComputedStyle(at).backgroundColor;
    return color === 'rgba(0, 0, 0, 0)' && at.parentElement ? ground(at.parentElement) : color;
  };
  return [...document.querySelectorAll('p, h1, h2, label, button, th, td, caption, input, code')].flatMap((at) => {
    const [a, b] = [light(getComputedStyle(at).color), light(ground(at))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return contrast < 4.5 ? [`${at.tagName} ${at.textContent.trim().slice(0, 30)}: ${contrast.toFixed(2)}`] : [];
  });
}

test('locked in words, and destroyed in words; a device that has the key seals it again', async () => {
  await click('Make a new key');
  assert.match(await seal(NEW_PIN), /Sealed at 3 realms/);
  const key = await print();
  for (const left of ['6', '5', '4', '3']) assert.match(await recover('000000'), new RegExp(`${left} tries are left`));
  assert.match(await recover(NEW_PIN), /the realms wait: the next one is taken at .*No try was spent/);
  await picture('locked');
  await page.getByText('The realms take the next try now.').waitFor();
  for (const left of [/2 tries/, /one try is left: after it the key is gone/, /no try is left: the realms have destroyed the key/]) {
    assert.match(await recover('000000'), left);
  }
  await picture('destroyed');
  assert.match(await recover(NEW_PIN), /No PIN brings this key back any more/);
  assert.match(await seal(NEW_PIN), /Sealed at 3 realms/);
  await click('Forget the key');
  assert.match(await recover(NEW_PIN), /The key is back/);
  assert.equal(await print(), key);
});

test('PIN and secrets were in no request, URL, storage or message', async () => {
  assert.ok(witness.requests > 100, `${witness.requests} requests were looked at`);
  assert.ok(witness.drawn.length > 20, `${witness.drawn.length} secrets were drawn`);
  await witness.sawNothingOf(page, [PIN, NEW_PIN]);
  assert.deepEqual(witness.errors, []);
});

test('a secret that is planted is seen, wherever it is', async () => {
  for (const [where, plant] of [
    ['the console', (pin) => console.log('typed', btoa(`x${pin}`), pin)],
    ['the console', (pin) => console.log(btoa(pin))],
    ['storage', (pin) => localStorage.setItem('a', Array.from(pin, (each) => each.charCodeAt(0).toString(16)).join(''))],
    ['storage', (pin) => void (document.querySelector('#pin').value = pin)],
    ['storage', (pin) => history.replaceState({ pin }, '')],
    ['a URL', (pin) => fetch(`/session.json?${pin}`)],
    ['the body', (pin) => fetch('/session.json', { method: 'POST', body: `{"pin": "${pin}"}` })],
    ['headers', (pin) => fetch('/session.json', { headers: { 'x-pin': pin } })],
    ['the body', () => fetch('/session.json', { method: 'POST', body: crypto.getRandomValues(new Uint8Array(32)) })],
  ]) {
    const other = await browser.newContext();
    const planted = await other.newPage();
    const its = await Witness.of(planted);
    await planted.goto(realms.page);
    await planted.waitForSelector('#realms tr');
    await planted.evaluate(plant, PIN);
    await assert.rejects(its.sawNothingOf(planted, [PIN]), new RegExp(`a secret was in ${where}`), String(plant));
    await other.close();
  }
});

test('axe-core sees what is planted', async () => {
  await page.evaluate(() => {
    document.querySelector('label[for=pin]').remove();
    document.querySelector('#said').style.color = '#eee';
  });
  const found = await findings();
  assert.deepEqual([found.some((each) => each.startsWith('label')), found.some((each) => each.startsWith('color-contrast'))], [true, true], found.join('; '));
  await page.reload();
  await idle();
});

test('the policy holds: no WebAssembly and no foreign script in the page, no other origin', async () => {
  const csp = (await (await fetch(realms.page)).headers.get('content-security-policy'));
  assert.match(csp, /default-src 'none'; script-src 'self'; style-src 'self'; connect-src /);
  assert.ok(!csp.includes('unsafe'));
  assert.match((await fetch(`${realms.page}argon-worker.js`)).headers.get('content-security-policy'), /script-src 'self' 'wasm-unsafe-eval'/);
  const tried = await page.evaluate(async () => [
    await WebAssembly.compile(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)).then(() => 'ran', () => 'refused'),
    await fetch('http://localhost:1/').then(() => 'ran', () => 'refused'),
    await new Promise((resolve) => {
      const script = document.createElement('script');
      script.textContent = 'window.ran = true';
      document.head.append(script);
      resolve(window.ran ? 'ran' : 'refused');
    }),
  ]);
  assert.deepEqual(tried, ['refused', 'refused', 'refused']);
});

test('how large it is', () => {
  const folder = `${process.env.LABREC_WEB}/page`;
  for (const [file, most] of [['client.js', 30_000], ['argon-worker.js', 13_000], ['main.js', 34_000]]) {
    const packed = gzipSync(readFileSync(`${folder}/${file}`), { level: 9 }).length;
    console.log(`size: ${file} ${statSync(`${folder}/${file}`).size} bytes, ${packed} with gzip`);
    assert.ok(packed <= most, `${file} has ${packed} bytes with gzip, at most ${most} are aimed at`);
  }
});
