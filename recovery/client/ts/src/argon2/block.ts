// RFC 9106, 3.5 and 3.6: the compression function G and its permutation P, for WebAssembly with vectors of 128 bits.
import { get, i32, i64x2, moduleOf, set, v128, type Code } from './assembler.js';

export const BLOCK = 1024;
/** Memory that the function has for itself, at the memory's start. */
export const SCRATCH = BLOCK;

/** Addresses of blocks: next = G(a, b), and where `mask` is -1 and not 0, the old value of next is XORed to that. */
export type Compress = (a: number, b: number, next: number, mask: number) => void;

const A = 0, B = 1, NEXT = 2, MASK = 3;              // parameters
const AT = 4, FIRST = 5;                             // an offset, and the locals of vectors
const KEEP = FIRST + 8, LOW_A = FIRST + 9, LOW_B = FIRST + 10;
const VECTOR = 16;
/** A row is eight vectors, two words of 64 bits in each, beside each other; a column eight that are a row apart. */
const ROW = 8 * VECTOR;

/** Four words, v0 to v3, v4 to v7 and so on of the RFC's P, are in two locals. */
type Four = readonly [number, number];

const LOW_HALVES = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];
const SECOND_OF_A_FIRST_OF_B = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23];
/** Rotates each word to the right by whole bytes. */
const rotation = (bytes: number) => Array.from({ length: VECTOR }, (_, i) => (i & 8) | ((i + bytes) & 7));

/** a = a + b + 2 * low(a) * low(b), in four words. */
function multiplyAdd(a: Four, b: Four): Code {
  const sum = (i: 0 | 1, product: Code) =>
    set(a[i], i64x2.add(i64x2.add(get(a[i]), get(b[i])), product));
  const lows = (four: Four) => v128.shuffle(get(four[0]), get(four[1]), LOW_HALVES);
  const first = i64x2.productsOfFirst(get(LOW_A), get(LOW_B)), last = i64x2.productsOfLast(get(LOW_A), get(LOW_B));
  return [
    ...set(LOW_A, lows(a)), ...set(LOW_B, lows(b)),
    ...set(KEEP, first), ...sum(0, i64x2.add(get(KEEP), get(KEEP))),
    ...set(KEEP, last), ...sum(1, i64x2.add(get(KEEP), get(KEEP))),
  ];
}

/** a = (a XOR b) >>> bits, in four words. */
function xorRotate(a: Four, b: Four, bits: 32 | 24 | 16 | 63): Code {
  return [0, 1].flatMap((i) => {
    const mixed = set(a[i]!, v128.xor(get(a[i]!), get(b[i]!)));
    const rotated = bits === 63
      ? v128.or(i64x2.add(get(a[i]!), get(a[i]!)), i64x2.shiftRight(get(a[i]!), 63))
      : v128.shuffle(get(a[i]!), get(a[i]!), rotation(bits / 8));
    return [...mixed, ...set(a[i]!, rotated)];
  });
}

/** GB of the RFC, four at once. */
const mix = (a: Four, b: Four, c: Four, d: Four): Code => [
  ...multiplyAdd(a, b), ...xorRotate(d, a, 32), ...multiplyAdd(c, d), ...xorRotate(b, c, 24),
  ...multiplyAdd(a, b), ...xorRotate(d, a, 16), ...multiplyAdd(c, d), ...xorRotate(b, c, 63),
];

const swapped = ([one, two]: Four): Four => [two, one];
const turn = ([one, two]: Four, [first, second]: Four): Code => [
  ...set(KEEP, v128.shuffle(get(one), get(two), SECOND_OF_A_FIRST_OF_B)),
  ...set(second, v128.shuffle(get(two), get(one), SECOND_OF_A_FIRST_OF_B)),
  ...set(first, get(KEEP)),
];
/** The words 1, 2, 3, 0 of four, and 3, 0, 1, 2. */
const forward = (four: Four) => turn(four, four);
const back = (four: Four) => turn(swapped(four), four);

/** P of the RFC: columns of its matrix of sixteen words, then diagonals. */
function permute(): Code {
  const [a, b, c, d] = [0, 2, 4, 6].map((i): Four => [FIRST + i, FIRST + i + 1]) as [Four, Four, Four, Four];
  return [
    ...mix(a, b, c, d),
    ...forward(b), ...back(d), ...mix(a, b, swapped(c), d), ...back(b), ...forward(d),
  ];
}

function compression(): Code {
  const at = (base: number) => i32.add(get(base), get(AT));
  const eight = (each: (i: number) => Code) => Array.from({ length: 8 }, (_, i) => each(i)).flat();
  const steps = (step: number, statements: Code): Code => [
    ...set(AT, i32.constant(0)),
    ...i32.repeat([...statements, ...set(AT, i32.add(get(AT), i32.constant(step)))], i32.add(get(AT), i32.constant(-8 * step))),
  ];
  // All of it is loaded before any is computed with, so that the memory is waited for once.
  const load = steps(ROW, eight((i) => [
    ...set(FIRST, v128.xor(v128.load(at(A), i * VECTOR), v128.load(at(B), i * VECTOR))),
    ...v128.store(get(AT), i * VECTOR, get(FIRST)),
    ...v128.store(at(NEXT), i * VECTOR, v128.xor(get(FIRST), v128.and(v128.load(at(NEXT), i * VECTOR), v128.splat32(get(MASK))))),
  ]));
  const rows = steps(ROW, [
    ...eight((i) => set(FIRST + i, v128.load(get(AT), i * VECTOR))),
    ...permute(),
    ...eight((i) => v128.store(get(AT), i * VECTOR, get(FIRST + i))),
  ]);
  const columns = steps(VECTOR, [
    ...eight((i) => set(FIRST + i, v128.load(get(AT), i * ROW))),
    ...permute(),
    ...eight((i) => v128.store(at(NEXT), i * ROW, v128.xor(get(FIRST + i), v128.load(at(NEXT), i * ROW)))),
  ]);
  return [...load, ...rows, ...columns];
}

let assembled: Uint8Array<ArrayBuffer> | undefined;
function module(): Uint8Array<ArrayBuffer> {
  return (assembled ??= moduleOf('g', 4, { i32: 1, v128: 11 }, compression()));
}

/** Whether this machine and its engine have the vectors, and the order of bytes that WebAssembly's memory has. */
export function hasVectors(): boolean {
  return new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 && WebAssembly.validate(module());
}

export async function compressionIn(memory: WebAssembly.Memory): Promise<Compress> {
  const { instance } = await WebAssembly.instantiate(module(), { m: { m: memory } });
  return instance.exports['g'] as Compress;
}
