// Byte strings of docs/protocol.md, "Words and notation".

/** Bytes that WebCrypto takes as they are. */
export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

export function bytesOf(value: ArrayBuffer | Uint8Array): Bytes {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : Uint8Array.from(value);
}

export function utf8(text: string): Bytes {
  return bytesOf(encoder.encode(text));
}

/** Well-formed UTF-8 only; a byte-order mark is a character like others. */
export function fromUtf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

export function join(...parts: Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** I2OSP(value, size). */
export function i2osp(value: number | bigint, size: number): Bytes {
  const out = new Uint8Array(size);
  let rest = BigInt(value);
  for (let i = size; i-- > 0; rest >>= 8n) out[i] = Number(rest & 0xffn);
  return out;
}

/** LP(x): the length in two bytes, and x. */
export function lp(value: Uint8Array | string): Bytes {
  const bytes = typeof value === 'string' ? utf8(value) : value;
  return join(i2osp(bytes.length, 2), bytes);
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Throws for anything but an even number of hexadecimal digits. */
export function fromHex(text: string): Bytes {
  if (!/^([0-9a-fA-F]{2})*$/.test(text)) throw new TypeError('not hexadecimal');
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Takes as long wherever they differ. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; ++i) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

export function random(size: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(size));
}

/** As well as a garbage-collected language can: copies that the engine made stay where they are. */
export function wipe(...secrets: Array<Uint8Array | undefined>): void {
  for (const secret of secrets) secret?.fill(0);
}
