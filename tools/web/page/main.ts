// The page: what a messenger's engineer reads and copies. The client library does the rest.
import {
  browserDeviceKey, normalizePin, RecoveryClient, RecoveryError, testablePins, workerStretch, type Authority, type Call, type RealmReport,
  type Step,
} from '@labyrinth-recovery/client';
import { conditions, ofEnrolment, ofError, ofRecovery, ofSealed, type Said } from './words.js';

const RECORD = 'storage-key';

interface Session {
  tenant: string;
  account: string;
  threshold: number;
  realms: Array<{ id: string; name: string; url: string; token: string }>;
}

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const buttons = ['enroll', 'make', 'forget', 'seal', 'recover', 'refresh'].map((id) => element<HTMLButtonElement>(id));

let key: Uint8Array | undefined;
let authority: Authority | undefined;  // of who has recovered
let version: 'newest' | 'active' = 'newest';  // that the next PIN is tried at
let enrolled = 0;  // at so many realms
let busy = false;
let lockedUntil = 0;

// ------------------------------------------------------------------------------------------------ saying
function say({ kind, text }: Said): void {
  element('status').dataset.kind = kind;
  element('said').textContent = text;
}

function setBusy(now: boolean): void {
  busy = now;
  document.body.toggleAttribute('aria-busy', now);
  // A button that is disabled would lose the focus.
  for (const button of buttons) button.setAttribute('aria-disabled', String(now || (button.id === 'recover' && Date.now() < lockedUntil)));
}

function showProgress({ name, expectedMs }: Step): void {
  const progress = element<HTMLProgressElement>('progress');
  progress.hidden = name !== 'stretch';
  if (name !== 'stretch' || expectedMs === undefined) return progress.removeAttribute('value');
  const start = performance.now();
  const draw = () => {
    if (progress.hidden) return;
    progress.value = Math.min(1, (performance.now() - start) / expectedMs);
    requestAnimationFrame(draw);
  };
  draw();
}

function showRealms(reports: RealmReport[]): void {
  element('realms').replaceChildren(...reports.map(({ name, condition, remaining }) => {
    const row = document.createElement('tr');
    const head = document.createElement('th');
    head.scope = 'row';
    head.textContent = name;
    const state = document.createElement('td');
    state.textContent = conditions[condition];
    state.dataset.condition = condition;
    const left = document.createElement('td');
    left.textContent = remaining === undefined ? '–' : String(remaining);
    row.append(head, state, left);
    return row;
  }));
}

async function showKey(): Promise<void> {
  if (!key) return void (element('key-state').textContent = 'There is no key in this page.');
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(key)));
  const print = Array.from(digest.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join('');
  element('key-state').replaceChildren('A key is here. Its fingerprint: ', Object.assign(document.createElement('code'), { textContent: print }));
}

/** Runs one operation at a time, and says what it came to. */
async function run(what: string, operation: (call: Call) => Promise<Said>): Promise<void> {
  if (busy) return;
  setBusy(true);
  say({ kind: 'quiet', text: what });
  let said: Said;
  try {
    said = await operation({ onStep: showProgress });
  } catch (error) {
    said = ofError(error);
    if (error instanceof RecoveryError && error.realms.length > 0) showRealms(error.realms);
  }
  element('progress').hidden = true;
  setBusy(false);
  say(said);
}

/** What was typed, as a PIN; the field is empty afterwards. */
function takePin(id: string): Uint8Array {
  const input = element<HTMLInputElement>(id);
  const typed = input.value;
  input.value = '';
  return normalizePin(typed);
}

function waitUntil(time: Date): void {
  lockedUntil = time.getTime();
  const over = () => {
    if (Date.now() < lockedUntil) return void setTimeout(over, lockedUntil - Date.now());
    setBusy(busy);
    if (!busy) say({ kind: 'quiet', text: 'The realms take the next try now.' });
  };
  over();
}

// ------------------------------------------------------------------------------------------------ doing
const session = (await (await fetch('session.json')).json()) as Session;
const device = await browserDeviceKey(`${session.tenant}/${session.account}`);
const client = new RecoveryClient({ ...session, device, stretch: workerStretch('argon-worker.js') });

async function look(call: Call): Promise<Said> {
  const [status, { lists }] = await Promise.all([client.status(RECORD, call), client.listDevices(call)]);
  showRealms(status.realms);
  const own = new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(device.publicKey))).subarray(0, 16);
  const id = Array.from(own, (byte) => byte.toString(16).padStart(2, '0')).join('');
  enrolled = lists.filter(({ devices }) => devices.some((each) => each.id === id)).length;
  element('enroll').classList.toggle('secondary', enrolled === session.realms.length);  // done
  element('browser-state').textContent = enrolled === 0 ? 'This browser is not enrolled.' : `This browser is enrolled at ${enrolled} of ${session.realms.length} realms.`;
  if (status.version === undefined) return { kind: 'quiet', text: 'Nothing is sealed for this account yet.' };
  return { kind: 'quiet', text: `A key is sealed (version ${status.version}); ${status.triesLeft} tries are left.` };
}

element('enroll').addEventListener('click', () => run('Enrolling this browser…', async (call) => {
  const reports = await client.enrollDevice(device, 'A browser', { ...call, ...(authority && { by: authority }) });
  await look(call);
  return ofEnrolment(reports);
}));

element('make').addEventListener('click', () => run('Making a key…', async () => {
  key = crypto.getRandomValues(new Uint8Array(32));
  await showKey();
  return { kind: 'good', text: 'A new key was made. Seal it before you forget it.' };
}));

element('forget').addEventListener('click', () => run('Forgetting the key…', async () => {
  key?.fill(0);
  key = undefined;
  await showKey();
  return { kind: 'quiet', text: 'The key is gone from this page. Only your PIN brings it back.' };
}));

element('seal-form').addEventListener('submit', (event) => {
  event.preventDefault();
  void run('Sealing the key…', async (call) => {
    if (!key) return { kind: 'bad', text: 'There is no key to seal: make one first.' };
    if (enrolled === 0) return { kind: 'bad', text: 'The realms do not know this browser: enrol it first.' };
    const sealed = await client.seal(RECORD, takePin('new-pin'), key, { ...call, threshold: session.threshold });
    await look(call);
    return ofSealed(sealed, testablePins(sealed.realms.length, sealed.threshold, sealed.guessLimit));
  });
});

element('recover-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (Date.now() < lockedUntil) return say({ kind: 'wait', text: 'The realms still wait after the wrong tries.' });
  void run('Recovering the key…', async (call) => {
    const outcome = await client.recover(RECORD, takePin('pin'), { ...call, version, leastRealms: session.threshold });
    // A pending version stands in front of the one that is known: a thief's device could have put it there.
    version = outcome.outcome === 'wrong-pin' && outcome.activeVersion !== undefined ? 'active' : 'newest';
    showRealms(outcome.realms);
    if (outcome.outcome === 'recovered') ({ secret: key, authority } = outcome);
    if (outcome.outcome === 'wrong-pin') element('pin').focus();
    if (outcome.outcome === 'locked') waitUntil(outcome.until);
    await showKey();
    return ofRecovery(outcome);
  });
});

for (const input of document.querySelectorAll<HTMLInputElement>('input.account')) input.value = session.account;
element('refresh').addEventListener('click', () => run('Asking the realms…', look));
for (const id of ['new-pin', 'pin']) element(id).addEventListener('focus', () => void client.warmUp(), { once: true });

await showKey();
await run('Asking the realms…', look);
