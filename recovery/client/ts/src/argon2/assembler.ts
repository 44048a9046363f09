// As much of WebAssembly's binary format as block.ts needs: WebAssembly Core Specification 2.0, chapter 5.

/** Bytes of instructions. An expression leaves one value behind; a statement none. */
export type Code = number[];

/** Unsigned LEB128 (5.2.2). */
function leb(value: number): Code {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)];
}
/** Signed LEB128, of constants. */
function signedLeb(value: number): Code {
  const rest = value >> 7;
  return rest === (value & 64 ? -1 : 0) ? [value & 127] : [(value & 127) | 128, ...signedLeb(rest)];
}
const vector = (items: Code[]): Code => [...leb(items.length), ...items.flat()];
const section = (id: number, items: Code[]): Code => {
  const body = vector(items);
  return [id, ...leb(body.length), ...body];
};
const named = (name: string): Code => vector([...name].map((letter) => [letter.charCodeAt(0)]));

const I32 = 0x7f;
const V128 = 0x7b;
const simd = (op: number): Code => [0xfd, ...leb(op)];
const binary = (op: Code) => (a: Code, b: Code): Code => [...a, ...b, ...op];

export const get = (local: number): Code => [0x20, ...leb(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...leb(local)];
export const i32 = {
  constant: (value: number): Code => [0x41, ...signedLeb(value)],
  add: binary([0x6a]),
  /** Repeats the statements while the condition, at their end, is not 0. */
  repeat: (statements: Code, condition: Code): Code => [0x03, 0x40, ...statements, ...condition, 0x0d, 0, 0x0b],
};
export const v128 = {
  load: (address: Code, offset: number): Code => [...address, ...simd(0), 4, ...leb(offset)],
  store: (address: Code, offset: number, value: Code): Code => [...address, ...value, ...simd(11), 4, ...leb(offset)],
  and: binary(simd(78)),
  or: binary(simd(80)),
  xor: binary(simd(81)),
  /** Sixteen of the 32 bytes of a and b. */
  shuffle: (a: Code, b: Code, lanes: number[]): Code => [...a, ...b, ...simd(13), ...lanes],
  splat32: (value: Code): Code => [...value, ...simd(17)],
};
export const i64x2 = {
  add: binary(simd(206)),
  shiftRight: (a: Code, bits: number): Code => [...a, ...i32.constant(bits), ...simd(205)],
  /** The products, of 64 bits each, of the first or the last two of four numbers of 32 bits without a sign. */
  productsOfFirst: binary(simd(222)),
  productsOfLast: binary(simd(223)),
};

/** A module with one function, which takes `parameters` i32 and returns nothing, and imports its memory as `m.m`. */
export function moduleOf(name: string, parameters: number, locals: { i32: number; v128: number }, body: Code): Uint8Array<ArrayBuffer> {
  const code = [...vector([[...leb(locals.i32), I32], [...leb(locals.v128), V128]]), ...body, 0x0b];
  return Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [[0x60, ...vector(Array.from({ length: parameters }, () => [I32])), 0]]),
    ...section(2, [[...named('m'), ...named('m'), 2, 0, 0]]),
    ...section(3, [[0]]),
    ...section(7, [[...named(name), 0, 0]]),
    ...section(10, [[...leb(code.length), ...code]]),
  ]);
}
