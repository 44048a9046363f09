// What the workers of browser and Node have in common: one message in, one or two out.
import { argon2id } from 'hash-wasm';

import type { ArgonCost } from './types.js';

export interface StretchRequest extends ArgonCost {
  pin: Uint8Array;
  salt: Uint8Array;
}
export type StretchAnswer = { ready: true } | { expectedMs: number } | { stretched: Uint8Array } | { failed: string };

const PROBE_KIB = 1024;

const hash = (pin: Uint8Array, salt: Uint8Array, { memoryKib, passes, lanes }: ArgonCost) =>
  argon2id({ password: pin, salt, iterations: passes, memorySize: memoryKib, parallelism: lanes, hashLength: 32, outputType: 'binary' });

/** Loads the module, and runs it once in small. */
export async function loadArgon(): Promise<void> {
  await hash(new Uint8Array(1), new Uint8Array(16), { memoryKib: 8, passes: 1, lanes: 1 });
}

export async function answerStretch({ pin, salt, ...cost }: StretchRequest, tell: (answer: StretchAnswer) => void): Promise<void> {
  try {
    const start = performance.now();
    await hash(new Uint8Array(1), new Uint8Array(16), { memoryKib: PROBE_KIB, passes: 1, lanes: 1 });
    tell({ expectedMs: ((performance.now() - start) * cost.memoryKib * cost.passes) / PROBE_KIB });
    const stretched = await hash(pin, salt, cost);
    pin.fill(0);
    tell({ stretched });
  } catch (error) {
    tell({ failed: error instanceof Error ? error.message : String(error) });
  }
}
