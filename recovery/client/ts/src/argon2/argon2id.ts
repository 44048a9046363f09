// Argon2id, version 0x13 (RFC 9106), whose blocks are compressed with vectors of 128 bits: half of the time that hash-wasm
// needs, whose module has none. BLAKE2b is hash-wasm's.
import { createBLAKE2b } from 'hash-wasm';

import { join, wipe } from '../bytes.js';
import type { ArgonCost } from '../types.js';
import { BLOCK, compressionIn, SCRATCH, type Compress } from './block.js';

const VERSION = 0x13;
const TYPE = 2;
/** Bytes of what comes out. */
const HASH = 32;
const SLICES = 4;
/** Words of 64 bits, of which each is an address, in a block. */
const ADDRESSES = BLOCK / 8;
const PAGE = 65536;
const SYSTEM_PAGE = 4096;
/** Where blocks are in the memory: zeros, what addresses are made from, addresses, and those of the lanes. */
const ZEROS = SCRATCH, INPUT = ZEROS + BLOCK, MADE = INPUT + BLOCK, FIRST_BLOCK = MADE + BLOCK;

export interface Argon2Input {
  pin: Uint8Array;
  salt: Uint8Array;
  /** K and X of the RFC, for its figures. */
  secret?: Uint8Array;
  data?: Uint8Array;
}

const le32 = (value: number): Uint8Array => Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);

const hashers = new Map<number, ReturnType<typeof createBLAKE2b>>();

/** H of the RFC. */
async function blake2b(size: number, ...parts: Uint8Array[]): Promise<Uint8Array> {
  const hasher = hashers.get(size) ?? createBLAKE2b(8 * size);
  hashers.set(size, hasher);
  const hash = (await hasher).init();
  for (const part of parts) hash.update(part);
  return hash.digest('binary');
}

/** H' of the RFC, 3.3. */
async function longHash(size: number, ...parts: Uint8Array[]): Promise<Uint8Array> {
  const whole = [le32(size), ...parts];
  if (size <= 64) return blake2b(size, ...whole);
  const pieces: Uint8Array[] = [];
  let last = await blake2b(64, ...whole), left = size;
  for (; left > 64; left -= 32) {
    pieces.push(last.subarray(0, 32));
    last = await blake2b(left - 32 > 64 ? 64 : left - 32, last);
  }
  return join(...pieces, last);
}

/** The upper 32 bits of a product of two numbers of 32 bits without a sign. */
export function upperHalf(a: number, b: number): number {
  const lowA = a & 0xffff, highA = a >>> 16, lowB = b & 0xffff, highB = b >>> 16;
  const one = highA * lowB + ((lowA * lowB) >>> 16);
  const other = lowA * highB + (one & 0xffff);
  return (highA * highB + (one >>> 16) + (other >>> 16)) >>> 0;
}

/** The memory of one hash, whose pages the system has given already: it does so when each is first written to. */
export class ReadyMemory {
  private constructor(
    readonly kib: number,
    readonly bytes: Uint8Array,
    readonly words: Uint32Array,
    readonly compress: Compress,
  ) {}

  static async make(kib: number): Promise<ReadyMemory> {
    const memory = new WebAssembly.Memory({ initial: Math.ceil((FIRST_BLOCK + kib * BLOCK) / PAGE) });
    const bytes = new Uint8Array(memory.buffer);
    for (let at = 0; at < bytes.length; at += SYSTEM_PAGE) bytes[at] = 0;
    return new ReadyMemory(kib, bytes, new Uint32Array(memory.buffer), await compressionIn(memory));
  }
}

interface Position { pass: number; slice: number; lane: number }
interface Shape { passes: number; lanes: number; laneLength: number; segment: number }

/** 3.4.1.2: the next block of addresses that do not depend on the PIN. */
function makeAddresses({ words, bytes, compress }: ReadyMemory, { pass, slice, lane }: Position, shape: Shape, count: number): void {
  bytes.fill(0, INPUT, INPUT + BLOCK);
  [pass, lane, slice, shape.lanes * shape.laneLength, shape.passes, TYPE, count].forEach((value, i) => (words[INPUT / 4 + 2 * i] = value));
  compress(ZEROS, INPUT, MADE, 0);
  compress(ZEROS, MADE, MADE, 0);
}

/** 3.4.2: the block that a pair of words means, as an index over all lanes. */
function referenced(one: number, two: number, { pass, slice, lane }: Position, { lanes, laneLength, segment }: Shape, i: number): number {
  const from = pass === 0 && slice === 0 ? lane : two % lanes;
  const finished = pass === 0 ? slice * segment : laneLength - segment;
  const area = finished + (from === lane ? i - 1 : i === 0 ? -1 : 0);
  const start = pass === 0 ? 0 : (slice + 1) * segment;
  return from * laneLength + (start + area - 1 - upperHalf(area, upperHalf(one, one))) % laneLength;
}

function fillSegment(memory: ReadyMemory, position: Position, shape: Shape): void {
  const { words, compress } = memory;
  const { pass, slice, lane } = position;
  const independent = pass === 0 && slice < SLICES / 2;
  const begin = pass === 0 && slice === 0 ? 2 : 0;
  const mask = pass === 0 ? 0 : -1;
  for (let i = begin; i < shape.segment; ++i) {
    if (independent && (i === begin || i % ADDRESSES === 0)) makeAddresses(memory, position, shape, 1 + Math.floor(i / ADDRESSES));
    const column = slice * shape.segment + i;
    const at = FIRST_BLOCK + BLOCK * (lane * shape.laneLength + column);
    const before = column === 0 ? at + BLOCK * (shape.laneLength - 1) : at - BLOCK;
    const pair = (independent ? MADE + 8 * (i % ADDRESSES) : before) / 4;
    compress(before, FIRST_BLOCK + BLOCK * referenced(words[pair]!, words[pair + 1]!, position, shape, i), at, mask);
  }
}

/** 32 bytes. The cost is what ArgonCost allows: 8 KiB or more for each lane. `memory` cannot be used again. */
export async function argon2id({ pin, salt, secret = new Uint8Array(), data = new Uint8Array() }: Argon2Input, cost: ArgonCost, memory?: ReadyMemory): Promise<Uint8Array> {
  const { memoryKib, passes, lanes } = cost;
  memory ??= await ReadyMemory.make(memoryKib);
  const segment = Math.floor(memoryKib / (SLICES * lanes));
  const shape = { passes, lanes, segment, laneLength: SLICES * segment };
  const blockAt = (index: number) => memory.bytes.subarray(FIRST_BLOCK + BLOCK * index, FIRST_BLOCK + BLOCK * (index + 1));

  const start = await blake2b(64, ...[lanes, HASH, memoryKib, passes, VERSION, TYPE].map(le32),
    ...[pin, salt, secret, data].flatMap((each) => [le32(each.length), each]));
  for (let lane = 0; lane < lanes; ++lane) {
    for (const column of [0, 1]) blockAt(lane * shape.laneLength + column).set(await longHash(BLOCK, start, le32(column), le32(lane)));
  }
  for (let pass = 0; pass < passes; ++pass) {
    for (let slice = 0; slice < SLICES; ++slice) {
      for (let lane = 0; lane < lanes; ++lane) fillSegment(memory, { pass, slice, lane }, shape);
    }
  }
  const last = blockAt(shape.laneLength - 1);
  for (let lane = 1; lane < lanes; ++lane) blockAt((lane + 1) * shape.laneLength - 1).forEach((byte, i) => (last[i]! ^= byte));
  const hash = await longHash(HASH, last);
  wipe(start, last);
  return hash;
}
