// The PIN as bytes: tests/vectors/pin_text.txt, which Python's unicodedata computed.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { normalizePin, pinBytes } from '../../dist/pin/text.js';
import { bytes, hex, source } from './support.mjs';

test('every vector', () => {
  let seen = 0;
  for (const line of source('tests/vectors/pin_text.txt').split('\n')) {
    const [vector, ...comment] = line.split(' # ');
    if (line.startsWith('#') || vector.trim() === '') continue;
    ++seen;
    const [typed, wanted] = vector.split(' ');
    const given = typed === '-' ? new Uint8Array() : bytes(typed);
    let text;
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(given);
    } catch {
      assert.equal(wanted, 'refused', comment);  // text in a page is never such bytes
      continue;
    }
    if (wanted === 'refused') assert.throws(() => normalizePin(text), { name: 'RecoveryError', code: 'invalid_argument' }, comment);
    else assert.equal(hex(normalizePin(text)), wanted, String(comment));
  }
  assert.equal(seen, 56);
});

test('every decimal digit is the ASCII digit of its value', () => {
  const digits = [];
  for (let code = 0; code < 0x110000; ++code) {
    if ((code < 0xd800 || code > 0xdfff) && /\p{Nd}/u.test(String.fromCodePoint(code))) digits.push(code);
  }
  assert.equal(digits.length % 10, 0);
  for (let i = 0; i < digits.length; i += 10) {
    assert.equal(digits[i + 9] - digits[i], 9);  // runs of ten, as the client takes them
    assert.equal(Buffer.from(normalizePin(String.fromCodePoint(...digits.slice(i, i + 10)))).toString(), '0123456789');
  }
});

test('half a character, and bytes that nobody can have typed', () => {
  assert.throws(() => normalizePin('12\ud83d34'), /half a character/);
  assert.throws(() => pinBytes(new Uint8Array()), /1 to 1024/);
  assert.throws(() => pinBytes(new Uint8Array(1025)), /1 to 1024/);
  assert.equal(pinBytes(Uint8Array.of(9)).length, 1);
});

test('the refusal does not repeat what was typed', () => {
  assert.throws(() => normalizePin('123\t987'), (error) => !/123|987/.test(error.message));
});
