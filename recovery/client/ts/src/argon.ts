// What the workers of browser and Node have in common: one message in, one or two out.
import { argon2id } from 'hash-wasm';

import type { ArgonCost } from './types.js';

export interface StretchRequest extends ArgonCost {
  pin: Uint8Array;
  salt: Uint8Array;
}
export type StretchAnswer = { ready: true } | { expectedMs: number } | { stretched: Uint8Array } | { failed: string };

const PROBE = { memoryKib: 1024, passes: 1, lanes: 1 };
/** As seal() has it by default. */
const COMMON_KIB = 65536;
const PAGE = 4096;

const hash = (pin: Uint8Array, salt: Uint8Array, { memoryKib, passes, lanes }: ArgonCost) =>
  argon2id({ password: pin, salt, iterations: passes, memorySize: memoryKib, parallelism: lanes, hashLength: 32, outputType: 'binary' });
const hashOfNothing = (cost: ArgonCost) => hash(new Uint8Array(1), new Uint8Array(16), cost);

interface ArgonExports {
  Hash_GetBuffer(): number;
  Hash_SetMemorySize(bytes: number): number;
  memory: WebAssembly.Memory;
}

/**
 * The memory of the next hash. hash-wasm makes an instance of its module for each, and the system gives each page of a new
 * memory when it is first written to: a sixth of what 64 MiB and three passes take. So this worker hands it one whose
 * pages are there already. Where hash-wasm's module is not as it is known here, it gets what it asked for.
 */
class ReadyMemory {
  readonly #instantiate = WebAssembly.instantiate;
  #module: WebAssembly.Module | undefined;
  #instance: WebAssembly.Instance | undefined;

  constructor() {
    WebAssembly.instantiate = ((module: WebAssembly.Module, imports: WebAssembly.Imports) => {
      const ready = module === this.#module ? this.#instance : undefined;
      if (ready) {
        this.#instance = undefined;
        return Promise.resolve(ready);
      }
      if (module instanceof WebAssembly.Module && WebAssembly.Module.exports(module).some(({ name }) => name === 'Hash_SetMemorySize')) this.#module = module;
      return this.#instantiate.call(WebAssembly, module, imports);
    }) as typeof WebAssembly.instantiate;
  }

  async make(kib: number): Promise<void> {
    if (!this.#module) return;
    const instance = await this.#instantiate.call(WebAssembly, this.#module, {}) as unknown as WebAssembly.Instance;
    const { Hash_GetBuffer: place, Hash_SetMemorySize: grow, memory } = instance.exports as unknown as ArgonExports;
    place();
    grow(1024 * (kib + 1));  // and a block that hash-wasm has behind it; once it is there, it does not grow again
    const bytes = new Uint8Array(memory.buffer);
    for (let at = 0; at < bytes.length; at += PAGE) bytes[at]! |= 0;
    this.#instance = instance;
  }
  drop(): void {
    this.#instance = undefined;
  }
}

/** Loads the module and gets ready; what answers one request then. */
export async function loadArgon(): Promise<(request: StretchRequest, tell: (answer: StretchAnswer) => void) => Promise<void>> {
  const memory = new ReadyMemory();
  await hashOfNothing({ memoryKib: 8, passes: 1, lanes: 1 });
  const start = performance.now();
  await hashOfNothing(PROBE);
  const msPerKib = (performance.now() - start) / PROBE.memoryKib;
  await memory.make(COMMON_KIB).catch(() => undefined);  // who has not so much will hear it from the hash
  return async ({ pin, salt, ...cost }, tell) => {
    try {
      tell({ expectedMs: msPerKib * cost.memoryKib * cost.passes });
      if (cost.memoryKib !== COMMON_KIB) memory.drop();
      const stretched = await hash(pin, salt, cost);
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
