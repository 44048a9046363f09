// The package as npm packs it: what is in it, and that somebody who installs it can use it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { source } from './support.mjs';

const web = process.env.LABREC_WEB;

test('npm packs the library, its types and workers, and nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'labrec-pack.'));
  try {
    const [{ filename, files }] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: web, encoding: 'utf8' }));
    const names = files.map(({ path }) => path);
    for (const name of ['package.json', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts', 'dist/node/index.js', 'dist/browser/argon_worker.js']) assert.ok(names.includes(name), name);
    assert.deepEqual(names.filter((name) => !/^(dist\/[a-z_/]+\.(js|d\.ts)|package\.json|README\.md|LICENSE)$/.test(name)), []);

    execFileSync('tar', ['xf', join(folder, filename), '-C', folder]);
    mkdirSync(join(folder, 'node_modules/@labyrinth-recovery'), { recursive: true });
    symlinkSync(join(folder, 'package'), join(folder, 'node_modules/@labyrinth-recovery/client'));
    for (const name of ['@noble', 'hash-wasm']) symlinkSync(join(web, 'node_modules', name), join(folder, 'package/../node_modules', name));
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
    writeFileSync(join(folder, 'use.ts'), `
import { RecoveryClient, RecoveryError, type Recovery } from '@labyrinth-recovery/client';
import { nodeStretch } from '@labyrinth-recovery/client/node';
export const words = (outcome: Recovery): string => {
  switch (outcome.outcome) {
    case 'recovered': return String(outcome.secret.length);
    case 'wrong-pin': return String(outcome.triesLeft);
    case 'locked': return String(outcome.until);
    case 'used-up': case 'destroyed': case 'not-registered': return outcome.outcome;
  }
};
export const client = new RecoveryClient({ tenant: 't', account: 'a', stretch: nodeStretch(), realms: [{ id: '${'0'.repeat(32)}', url: 'https://a.example/connect', token: '' }] });
export const refused = client.recover('r', '').catch((error: unknown) => error instanceof RecoveryError && error.code);
`);
    const options = ['--strict', '--noEmit', '--module', 'NodeNext', '--target', 'ES2022', '--lib', 'ES2023,DOM', '--types', '', 'use.ts'];
    execFileSync(join(web, 'node_modules/.bin/tsc'), options, { cwd: folder, stdio: 'inherit' });
    writeFileSync(join(folder, 'use.mjs'), `
import { RecoveryClient } from '@labyrinth-recovery/client';
import { nodeStretch } from '@labyrinth-recovery/client/node';
console.log(RecoveryClient.name, Buffer.from(await nodeStretch()(new Uint8Array(4), new Uint8Array(16), { memoryKib: 8, passes: 1, lanes: 1 })).length);
`);
    assert.equal(execFileSync('node', ['--preserve-symlinks', 'use.mjs'], { cwd: folder, encoding: 'utf8' }).trim(), 'RecoveryClient 32');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('two dependencies, all by version and checksum, and no registry is named', () => {
  const { dependencies } = JSON.parse(source('recovery/client/ts/package.json'));
  assert.deepEqual(Object.keys(dependencies), ['@noble/curves', 'hash-wasm']);
  const { packages } = JSON.parse(source('recovery/client/ts/package-lock.json'));
  for (const [name, { integrity, resolved }] of Object.entries(packages)) {
    assert.equal(resolved, undefined, name);
    assert.ok(name === '' || integrity?.startsWith('sha512-'), name);
  }
  assert.ok(existsSync(`${web}/dist/index.d.ts`));
  assert.ok(!readFileSync(`${web}/dist/index.d.ts`, 'utf8').includes('protobuf'));
});
