// Byte strings, protobuf and the signed bodies of docs/protocol.md, for the tests of this folder.
import { createHash, hkdfSync } from 'node:crypto';

export const unhex = (text) => Uint8Array.from(Buffer.from(text, 'hex'));
export const hex = (value) => Buffer.from(value).toString('hex');
export const text = (value) => new TextEncoder().encode(value);
export const join = (...parts) => Uint8Array.from(Buffer.concat(parts));
export const int = (value, size) =>
  Uint8Array.from(Buffer.from(BigInt(value).toString(16).padStart(2 * size, '0'), 'hex'));
export const lp = (value) => join(int(value.length, 2), value);
export const sha256 = (value) => Uint8Array.from(createHash('sha256').update(value).digest());
export const hkdf = (key, info, size = 32) => new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), info, size));
export const number = (value) => BigInt(`0x0${hex(value)}`);
export const xor = (a, b) => a.map((byte, i) => byte ^ b[i]);

// Protobuf: varints and byte strings.
const varint = (value) => (value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)]);
export const uint = (field, value) =>
  BigInt(value) === 0n ? new Uint8Array(0) : Uint8Array.from([field << 3, ...varint(BigInt(value))]);
export const blob = (field, value) =>
  join(Uint8Array.from([...varint(BigInt((field << 3) | 2)), ...varint(BigInt(value.length))]), value);
export const some = (field, value) => (value.length === 0 ? new Uint8Array(0) : blob(field, value));

// [[field, value]...] in the order of the bytes; a varint is a BigInt.
export function fields(bytes) {
  const found = [];
  let at = 0;
  const next = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      if (at >= bytes.length || shift > 63n) throw new Error('no message');
      value |= BigInt(bytes[at] & 127) << shift;
      if (bytes[at++] < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(next());
    if ((tag & 7) === 0) {
      found.push([tag >> 3, next()]);
    } else {
      const size = Number(next());
      if ((tag & 7) !== 2 || at + size > bytes.length) throw new Error('no message');
      found.push([tag >> 3, bytes.slice(at, at + size)]);
      at += size;
    }
  }
  return found;
}
// What stands in a field of a message: the last of it, or what proto3 has by default.
export const bytesAt = (bytes, field) => fields(bytes).findLast(([at]) => at === field)?.[1] ?? new Uint8Array(0);
export const uintAt = (bytes, field) => Number(fields(bytes).findLast(([at]) => at === field)?.[1] ?? 0n);
export const allAt = (bytes, field) => fields(bytes).filter(([at]) => at === field).map(([, value]) => value);
export const has = (bytes, field) => fields(bytes).some(([at]) => at === field);

// What signatures are over. `scope` is {realm, tenant, account}: bytes and two texts.
const scoped = ({ realm, tenant, account }) => join(lp(realm), lp(text(tenant)), lp(text(account)));
export const requestBytes = (scope, operation, challenge, body) =>
  join(lp(text('labyrinth-recovery/v1/request')), scoped(scope), lp(text(operation)), lp(challenge), sha256(body));
export const unlockBytes = (scope, record, version, challenge) =>
  join(lp(text('labyrinth-recovery/v1/unlock')), scoped(scope), lp(text(record)), int(version, 4), challenge);

export const bodies = {
  'enroll-device': (f) => join(lp(f.public_key), lp(f.name)),
  'revoke-device': (f) => lp(f.device_id),
  'begin-chip-version': (f) =>
    join(lp(f.record), int(f.version, 4), lp(f.unlock_public_key), int(f.guess_limit, 4), lp(f.nonce)),
  'finish-registration': (f) =>
    join(lp(f.record), int(f.version, 4), lp(f.registration_id), sha256(f.config), lp(f.commitment),
      lp(f.unlock_public_key), sha256(f.sealed_secret)),
  activate: (f) => join(lp(f.record), int(f.version, 4)),
  'delete-record': (f) => lp(f.record),
  'raise-floor': (f) => join(lp(f.record), int(f.sequence, 8), lp(f.digest)),
  'get-floor': (f) => lp(f.record),
};

// Which operation a request is, where its authorization stands, and its fields by number.
export const signedRequests = {
  EnrollDevice: ['enroll-device', null, { public_key: 1, name: 2 }],
  RevokeDevice: ['revoke-device', 2, { device_id: 1 }],
  FinishRegistration: ['finish-registration', 8,
    { record: 1, version: 2, registration_id: 3, config: 4, commitment: 5, unlock_public_key: 6, sealed_secret: 7 }],
  Activate: ['activate', 3, { record: 1, version: 2 }],
  DeleteRecord: ['delete-record', 2, { record: 1 }],
  RaiseFloor: ['raise-floor', 4, { record: 1, sequence: 2, digest: 3 }],
  GetFloor: ['get-floor', 2, { record: 1 }],
};
