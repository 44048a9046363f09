// What the workers of browser and Node have in common: one message in, one or two out.
import { argon2id as hashWasm } from 'hash-wasm';

import { argon2id, ReadyMemory } from './argon2/argon2id.js';
import { hasVectors } from './argon2/block.js';
import type { ArgonCost } from './types.js';

export interface StretchRequest extends ArgonCost {
  pin: Uint8Array;
  salt: Uint8Array;
}
export type StretchAnswer = { ready: true } | { expectedMs: number } | { stretched: Uint8Array } | { failed: string };

const PROBE = { memoryKib: 1024, passes: 1, lanes: 1 };
/** As seal() has it by default. */
const COMMON_KIB = 65536;

type Hash = (pin: Uint8Array, salt: Uint8Array, cost: ArgonCost) => Promise<Uint8Array>;

/** Of machines and engines that have no vectors: twice the time. */
const withoutVectors: Hash = (pin, salt, { memoryKib, passes, lanes }) =>
  hashWasm({ password: pin, salt, iterations: passes, memorySize: memoryKib, parallelism: lanes, hashLength: 32, outputType: 'binary' });

/** Gets ready; what answers one request then. */
export async function loadArgon(): Promise<(request: StretchRequest, tell: (answer: StretchAnswer) => void) => Promise<void>> {
  const vectors = hasVectors();
  let ready: ReadyMemory | undefined;
  const hash: Hash = vectors ? (pin, salt, cost) => argon2id({ pin, salt }, cost, cost.memoryKib === ready?.kib ? ready : undefined) : withoutVectors;
  const hashOfNothing = (cost: ArgonCost) => hash(new Uint8Array(1), new Uint8Array(16), cost);

  await hashOfNothing({ ...PROBE, memoryKib: 8 });
  const start = performance.now();
  await hashOfNothing(PROBE);
  const msPerKib = (performance.now() - start) / PROBE.memoryKib;
  if (vectors) ready = await ReadyMemory.make(COMMON_KIB).catch(() => undefined);  // who has not so much will hear it from the hash
  return async ({ pin, salt, ...cost }, tell) => {
    try {
      tell({ expectedMs: msPerKib * cost.memoryKib * cost.passes });
      if (cost.memoryKib !== COMMON_KIB) ready = undefined;
      const stretched = await hash(pin, salt, cost);
      ready = undefined;  // it is not empty any more
      pin.fill(0);
      tell({ stretched });
    } catch (error) {
      tell({ failed: error instanceof Error ? error.message : String(error) });
    }
  };
}

/** A worker's life: says when it is ready, and answers each request. */
export function serveStretch(tell: (answer: StretchAnswer) => void): (request: StretchRequest) => void {
  const loaded = loadArgon();
  loaded.then(() => tell({ ready: true }), (error: Error) => tell({ failed: error.message }));
  return (request) => void loaded.then((answer) => answer(request, tell), () => undefined);
}
