// The rules of docs/protocol.md that a client checks before it believes or sends: points, tokens, configs, PINs.
import { bytesAt, blob, fields, hex, int, join, number, some, text, uint } from './wire.mjs';

const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;

// Length, prefix and x < p come before a library sees it; the library then says whether it is on the curve.
export function isPoint(Point, bytes) {
  if (bytes.length !== 33 || (bytes[0] !== 2 && bytes[0] !== 3)) return false;
  if (number(bytes.slice(1)) >= P) return false;
  try {
    Point.fromBytes(bytes).assertValidity();
    return true;
  } catch {
    return false;
  }
}

// Whether this realm is sent the token.
export function isFor(token, realmId) {
  const parts = token.split('.');
  if (parts.length !== 3) return false;
  let claims;
  try {
    claims = JSON.parse(Buffer.from(parts[1], 'base64url').toString());
  } catch {
    return false;
  }
  if (typeof claims?.iss !== 'string' || typeof claims?.sub !== 'string') return false;
  const audiences = [claims.aud].flat();
  return audiences.length === 1 && audiences[0] === hex(realmId);
}

const shareOf = (bytes) => ({
  realm_id: bytesAt(bytes, 1), x: Number(fields(bytes).find(([at]) => at === 2)?.[1] ?? 0), masked_share: bytesAt(bytes, 3),
  chip: fields(bytes).filter(([at]) => at === 4).map(([, chip]) => ({
    index: Number(fields(chip).find(([at]) => at === 1)?.[1] ?? 0), ak_name: bytesAt(chip, 2) }))[0],
});

// The config, or nothing if a client refuses it. `wanted`: tenant, account, record, version.
export function parseConfig(bytes, wanted) {
  if (bytes.length < 1 || bytes.length > 8192) return null;
  let config;
  try {
    const one = (field) => Number(fields(bytes).findLast(([at]) => at === field)?.[1] ?? 0n);
    config = {
      version: one(1), tenant: bytesAt(bytes, 2), account: bytesAt(bytes, 3), record: bytesAt(bytes, 4),
      threshold: one(5), realms: fields(bytes).filter(([at]) => at === 6).map(([, share]) => shareOf(share)),
      salt: bytesAt(bytes, 7), memory: one(8), passes: one(9), lanes: one(10), limit: one(11), enforcement: one(12),
    };
  } catch {
    return null;
  }
  const chipOf = (chip) => (chip ? blob(4, join(uint(1, chip.index), some(2, chip.ak_name))) : new Uint8Array(0));
  const again = join(
    uint(1, config.version), some(2, config.tenant), some(3, config.account), some(4, config.record),
    uint(5, config.threshold),
    ...config.realms.map((r) => blob(6, join(some(1, r.realm_id), uint(2, r.x), some(3, r.masked_share), chipOf(r.chip)))),
    some(7, config.salt), uint(8, config.memory), uint(9, config.passes), uint(10, config.lanes), uint(11, config.limit),
    uint(12, config.enforcement));
  if (hex(again) !== hex(bytes)) return null;  // not the one deterministic form
  const chips = config.realms.filter((r) => r.chip).length;
  const n = config.realms.length;
  const good = [
    config.version === wanted.version && config.version > 0,
    ...['tenant', 'account', 'record'].map((name) => hex(config[name]) === hex(text(wanted[name]))),
    n >= 1 && n <= 16 && config.threshold >= 1 && config.threshold <= n,
    config.realms.every((r, i) => r.x === i + 1 && r.realm_id.length === 16 && r.masked_share.length === 32),
    new Set(config.realms.map((r) => hex(r.realm_id))).size === n,
    config.realms.every((r) => !r.chip || (r.chip.index >>> 24 === 1 && r.chip.ak_name.length === 34)),
    config.salt.length === 16,
    config.memory <= 1 << 20 && config.lanes >= 1 && config.lanes <= 16 && config.memory >= 8 * config.lanes,
    config.passes >= 1 && config.passes <= 64,
    config.limit >= 1 && config.limit <= 20,
    config.enforcement === (chips === 0 ? 1 : chips === n ? 2 : 3),
  ];
  return good.every(Boolean) ? config : null;
}

// The bytes of a PIN, or nothing if it is refused.
export function normalizePin(typed) {
  let characters;
  try {
    characters = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(typed);
  } catch {
    return null;
  }
  if (characters.length === 0) return null;
  let digits = '';
  for (const c of characters) {
    if (/[\p{Cc}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{Cn}]/u.test(c)) return null;
    if (/\p{Cf}/u.test(c) && c !== '\u200C' && c !== '\u200D') return null;
    digits += /\p{Nd}/u.test(c) ? String(digitValue(c.codePointAt(0))) : c;
  }
  const bytes = text(digits.normalize('NFC'));
  return bytes.length <= 1024 ? bytes : null;
}

// Decimal digits stand in runs of ten, from zero on; of the mathematical ones five runs follow each other.
function digitValue(code) {
  let first = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first -= 1;
  return (code - first) % 10;
}
