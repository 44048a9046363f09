// The hand-written codec against protobufjs, which reads recovery.proto itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import protobuf from 'protobufjs';

import { decode, encode } from '../../dist/wire/codec.js';
import * as wire from '../../dist/wire/messages.js';
import { source } from './support.mjs';

const { root } = protobuf.parse(source('recovery/api/v1/recovery.proto'));
const types = Object.entries(wire).filter(([, fields]) => typeof fields === 'object')
  .map(([name, fields]) => [name, fields, root.lookup(`labyrinth.recovery.v1.${name}`)]).filter(([, , type]) => type instanceof protobuf.Type);

// A fixed sequence (xorshift): the same on every run.
let state = 0x9e3779b9;
const next = (bound) => {
  state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
  return (state >>> 0) % bound;
};

function randomScalar(type) {
  const small = [0, 1, 127, 128, 300, 0xffffffff];
  if (type === 'uint32') return small[next(small.length)];
  if (type === 'uint64') return BigInt(small[next(small.length)]) << BigInt(next(33));
  if (type === 'int64') return (next(2) ? 1n : -1n) * (BigInt(small[next(small.length)]) << BigInt(next(31)));
  if (type === 'bool') return next(2) === 1;
  if (type === 'string') return ['', 'alice', 'Zoë', '\ufeffx', '🔑'][next(5)];
  return Uint8Array.from({ length: [0, 1, 33, 200][next(4)] }, () => next(256));
}
const ENUMS = ['state', 'stage', 'enforcement'];  // protobuf writes numbers that no value has in ten bytes
const randomOf = (type, name) => {
  if (typeof type === 'object') return randomMessage(type);
  return ENUMS.includes(name) ? next(5) : randomScalar(type);
};
function randomMessage(fields) {
  const message = {};
  const chosen = {};
  for (const [name, { oneof }] of Object.entries(fields)) if (oneof && next(3) > 0) chosen[oneof] = name;
  for (const [name, { type, label, oneof }] of Object.entries(fields)) {
    if (label === 'repeated') message[name] = Array.from({ length: next(4) }, () => randomOf(type, name));
    else if (label === 'implicit') message[name] = randomOf(type, name);
    else message[name] = (oneof ? chosen[oneof] === name : next(2)) ? randomOf(type, name) : undefined;
  }
  return message;
}

const isDefault = (value) => [0, 0n, false, ''].includes(value) || (value instanceof Uint8Array && value.length === 0);
/** As protobufjs wants it: without what is not there. */
function forPeer(fields, message) {
  const out = {};
  for (const [name, { type, label }] of Object.entries(fields)) {
    const value = message[name];
    if (value === undefined || (label === 'implicit' && isDefault(value))) continue;
    const one = (each) => {
      if (typeof type === 'object') return forPeer(type, each);
      return typeof each === 'bigint' ? protobuf.util.Long.fromString(String(each), type === 'uint64') : each;
    };
    out[name] = label === 'repeated' ? value.map(one) : one(value);
  }
  return out;
}

test('every message has the fields of recovery.proto but those that no client reads, and no other', () => {
  assert.ok(types.length > 30, `${types.length} messages`);
  const left = {
    BeginRegistrationRequest: ['chip'], BeginRegistrationResponse: ['chip'], GetRecordResponse: ['guessLimit', 'discontinuities', 'discarded'],
    GetRealmResponse: ['name', 'deviceKind', 'deviceManufacturer', 'deviceWarning', 'anchorKind', 'evaluationPublicKey', 'discontinuities',
      'firstDevicePolicy', 'softwareVersion', 'chip', 'noChipReason', 'deviceClaims', 'guessDelaysS'],
  };
  for (const [name, fields, type] of types) {
    const theirs = type.fieldsArray.filter((field) => !left[name]?.includes(field.name)).map((field) => {
      field.resolve();
      const kind = field.resolvedType instanceof protobuf.Type ? 'message' : field.resolvedType ? 'uint32' : field.type;
      return [field.name, field.id, kind, field.repeated, field.partOf && !field.options?.proto3_optional ? field.partOf.name : ''].join();
    });
    for (const name of left[type.name] ?? []) assert.ok(type.fields[name], `${type.name}.${name}`);
    const ours = Object.entries(fields).map(([field, { number, type: kind, label, oneof }]) =>
      [field, number, typeof kind === 'object' ? 'message' : kind, label === 'repeated', oneof ?? ''].join());
    assert.deepEqual(ours.sort(), theirs.map((each) => each.replace(/,_\w+$/, ',')).sort(), name);
  }
});

test('what it writes is what protobufjs writes, byte for byte, and each reads the other', () => {
  for (const [name, fields, type] of types) {
    for (let i = 0; i < 60; ++i) {
      const message = randomMessage(fields);
      const theirs = Uint8Array.from(type.encode(forPeer(fields, message)).finish());
      assert.deepEqual(encode(fields, message), theirs, name);
      assert.deepEqual(decode(fields, theirs), message, name);
    }
  }
});

test('unknown fields, any order and pieces of messages are read as protobuf reads them', () => {
  const first = encode(wire.GetRecordResponse, { ...decode(wire.GetRecordResponse, new Uint8Array()), state: 1, remaining: 7 });
  const second = encode(wire.GetRecordResponse, { ...decode(wire.GetRecordResponse, new Uint8Array()), state: 2, highestVersion: 9 });
  const unknown = Uint8Array.of(0xf8, 0x01, 0x05, 0xfa, 0x01, 0x02, 1, 2, 0xfd, 0x01, 1, 2, 3, 4, 0xf9, 0x01, 1, 2, 3, 4, 5, 6, 7, 8);
  const read = decode(wire.GetRecordResponse, Buffer.concat([second, unknown, first]));
  assert.deepEqual([read.state, read.remaining, read.highestVersion], [1, 7, 9]);

  const group = Uint8Array.of(0xfb, 0x01, 0x08, 0x01, 0xfc, 0x01);  // a group of field 31
  assert.deepEqual(decode(wire.GetChallengeResponse, group), { challenge: new Uint8Array() });

  const one = Uint8Array.of(0x0a, 0x02, 0x10, 0x07), other = Uint8Array.of(0x0a, 0x03, 0x1a, 0x01, 0x63);  // evaluated, in two pieces
  assert.deepEqual(decode(wire.EvaluateResponse, Buffer.concat([one, other])).evaluated, { evaluated: [], remaining: 7, challenge: Uint8Array.of(0x63) });
  const destroyed = Uint8Array.of(0x1a, 0x00);
  const last = decode(wire.EvaluateResponse, Buffer.concat([one, destroyed]));
  assert.equal(last.evaluated, undefined);
  assert.deepEqual(last.destroyed, {});
});

test('whatever comes, it ends with a message or a refusal, and a repeated reading gives the same', () => {
  let refused = 0;
  for (const [, fields] of types) {
    for (let i = 0; i < 200; ++i) {
      const whole = encode(fields, randomMessage(fields));
      const broken = whole.slice(0, next(2) ? whole.length : next(whole.length + 1));
      for (let flips = next(4); flips > 0 && broken.length > 0; --flips) broken[next(broken.length)] ^= 1 << next(8);
      let read;
      try {
        read = decode(fields, broken);
      } catch (error) {
        assert.ok(error instanceof RangeError || error instanceof TypeError, error);
        ++refused;
        continue;
      }
      assert.deepEqual(decode(fields, encode(fields, read)), read);
    }
  }
  assert.ok(refused > 500, `${refused}`);
  for (const bad of ['ff', '0a05', '0a0201', '00', '0b', '0aff7f', '08ffffffffffffffffffff01', '1a01ff']) {
    assert.throws(() => decode(wire.DeviceInfo, Uint8Array.from(Buffer.from(bad, 'hex'))), `${bad}`);
  }
});
