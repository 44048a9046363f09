// As much of protobuf as recovery.proto needs. A message is a table of fields; its TypeScript type follows from it.
//
// Writes the deterministic form: fields in ascending order, none that has its default value, shortest varints.
// Reads whatever protobuf reads: any order, unknown fields, a field of another wire type (taken as unknown), messages in
// pieces. No message that a client reads has repeated numbers, so there are none. tests/web/unit/codec.test.mjs holds both against protobufjs.
import { fromUtf8, join, utf8, type Bytes } from '../bytes.js';

type Scalar = 'uint32' | 'uint64' | 'int64' | 'bool' | 'bytes' | 'string';
/** `T` is the field's type in a message. */
export interface Field<T> {
  number: number;
  type: Scalar | Fields;
  label: 'implicit' | 'optional' | 'repeated';
  /** Of a oneof: whichever comes last is the one. */
  oneof?: string;
  /** Only for the type checker. */
  is?: T;
}
export interface Fields { readonly [name: string]: Field<unknown> }
export type Message<F extends Fields> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never };

const field = <T>(number: number, type: Scalar | Fields, label: Field<T>['label'] = 'implicit'): Field<T> =>
  ({ number, type, label });
export const uint32 = (number: number) => field<number>(number, 'uint32');
export const uint64 = (number: number) => field<bigint>(number, 'uint64');
export const int64 = (number: number) => field<bigint>(number, 'int64');
export const bool = (number: number) => field<boolean>(number, 'bool');
export const bytes = (number: number) => field<Bytes>(number, 'bytes');
export const string = (number: number) => field<string>(number, 'string');
export const optionalUint32 = (number: number) => field<number | undefined>(number, 'uint32', 'optional');
export const many = <T extends Bytes | string>(of: Field<T>): Field<T[]> => ({ number: of.number, type: of.type, label: 'repeated' });
export const message = <F extends Fields>(number: number, fields: F) =>
  field<Message<F> | undefined>(number, fields, 'optional');
export const messages = <F extends Fields>(number: number, fields: F) => field<Message<F>[]>(number, fields, 'repeated');
/** Fields of which a message has one at most. */
export function oneof<F extends Fields>(name: string, fields: F): { [K in keyof F]: F[K] extends Field<infer T> ? Field<T | undefined> : never } {
  const chosen: Record<string, Field<unknown>> = {};
  for (const [key, each] of Object.entries(fields)) chosen[key] = { ...each, label: 'optional', oneof: name };
  return chosen as never;
}

const VARINT = 0;
const LENGTH = 2;

function wireType(type: Scalar | Fields): number {
  return typeof type === 'object' || type === 'bytes' || type === 'string' ? LENGTH : VARINT;
}

function varint(value: bigint): number[] {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  out.push(Number(rest));
  return out;
}

function payload(type: Scalar | Fields, value: unknown): Uint8Array {
  if (typeof type === 'object') return encode(type, value as never);
  if (type === 'bytes') return value as Uint8Array;
  if (type === 'string') return utf8(value as string);
  return Uint8Array.from(varint(BigInt(value as number | bigint | boolean)));
}

function isDefault(value: unknown): boolean {
  return !value || (value instanceof Uint8Array && value.length === 0);
}

export function encode<F extends Fields>(fields: F, value: Message<F>): Bytes {
  const parts: Uint8Array[] = [];
  const put = (number: number, type: Scalar | Fields, body: Uint8Array) => {
    parts.push(Uint8Array.from(varint((BigInt(number) << 3n) | BigInt(wireType(type)))));
    if (wireType(type) === LENGTH) parts.push(Uint8Array.from(varint(BigInt(body.length))));
    parts.push(body);
  };
  const inOrder = Object.entries(fields).sort(([, a], [, b]) => a.number - b.number);
  for (const [name, { number, type, label }] of inOrder) {
    const content = (value as Record<string, unknown>)[name];
    if (content === undefined || (label === 'implicit' && isDefault(content))) continue;
    for (const each of label === 'repeated' ? content as unknown[] : [content]) put(number, type, payload(type, each));
  }
  return join(...parts);
}

/** Why does not matter to anybody: a caller says that the realm's answer is no message. */
const malformed = () => new RangeError('no message');

class Reader {
  #at = 0;
  constructor(private readonly bytes: Uint8Array) {}
  get done(): boolean {
    return this.#at === this.bytes.length;
  }
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.take(1)[0]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw malformed();
  }
  take(size: number): Uint8Array {
    if (size > this.bytes.length - this.#at) throw malformed();
    return this.bytes.subarray(this.#at, (this.#at += size));
  }
  block(): Uint8Array {
    const size = this.varint();
    return this.take(Number(size));
  }
  /** Groups, which proto3 does not have, nest. */
  skip(number: number, wire: number, depth: number): void {
    if (wire === VARINT) this.varint();
    else if (wire === 1) this.take(8);
    else if (wire === LENGTH) this.block();
    else if (wire === 5) this.take(4);
    else if (wire === 3 && depth < 32) this.#skipGroup(number, depth + 1);
    else throw malformed();
  }
  key(): [number, number] {
    const key = this.varint();
    if (key > 0xffffffffn || key < 8n) throw malformed();
    return [Number(key >> 3n), Number(key & 7n)];
  }
  #skipGroup(number: number, depth: number): void {
    for (;;) {
      const [inner, wire] = this.key();
      if (wire === 4) {
        if (inner !== number) throw malformed();
        return;
      }
      this.skip(inner, wire, depth);
    }
  }
}

function scalar(type: Scalar, value: bigint): number | bigint | boolean {
  if (type === 'bool') return value !== 0n;
  if (type === 'uint32') return Number(BigInt.asUintN(32, value));
  return type === 'int64' ? BigInt.asIntN(64, value) : value;
}

function empty({ type, label }: Field<unknown>): unknown {
  if (label === 'repeated') return [];
  if (label === 'optional') return undefined;
  if (type === 'bytes') return new Uint8Array();
  if (type === 'string') return '';
  return scalar(type as Scalar, 0n);
}

/** Throws a RangeError or TypeError for what is no such message. */
export function decode<F extends Fields>(fields: F, from: Uint8Array, into?: Message<F>): Message<F> {
  const value = (into ?? Object.fromEntries(Object.entries(fields).map(([name, each]) => [name, empty(each)]))) as
    Record<string, unknown>;
  const reader = new Reader(from);
  while (!reader.done) {
    const [number, wire] = reader.key();
    const found = Object.entries(fields).find(([, each]) => each.number === number);
    if (!found || wire !== wireType(found[1].type)) {
      reader.skip(number, wire, 0);
      continue;
    }
    const [name, { type, label, oneof: group }] = found;
    if (label === 'repeated') (value[name] as unknown[]).push(readField(reader, type, undefined));
    else value[name] = readField(reader, type, value[name]);
    if (group === undefined) continue;
    for (const [other, { oneof: its }] of Object.entries(fields)) if (its === group && other !== name) value[other] = undefined;
  }
  return value as Message<F>;
}

function readField(reader: Reader, type: Scalar | Fields, before: unknown): unknown {
  if (wireType(type) === VARINT) return scalar(type as Scalar, reader.varint());
  const block = reader.block();
  if (typeof type === 'object') return decode(type, block, before as never);
  return type === 'bytes' ? Uint8Array.from(block) : fromUtf8(block);
}
