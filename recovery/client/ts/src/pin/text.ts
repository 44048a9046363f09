// docs/protocol.md, "The bytes of a PIN".
import { utf8, type Bytes } from '../bytes.js';
import { invalid } from '../errors.js';

const MOST_BYTES = 1024;
const refused: Array<[RegExp, string]> = [
  [/\p{Cc}/u, 'a control character, such as a tab or an arrow key'],
  [/[\p{Zl}\p{Zp}]/u, 'the end of a line'],
  [/(?![\u200c\u200d])\p{Cf}/u, 'a character that nobody sees'],
  [/\p{Co}/u, 'a character of private use'],
  [/\p{Cs}/u, 'half a character'],
  [/\p{Cn}/u, 'a character that this version of Unicode does not know'],
];
const digit = /\p{Nd}/u;

/** Every run of decimal digits in Unicode begins with a zero and has ten, so the way to its start is the value. */
function asciiDigit(character: string): string {
  let before = 0;
  for (let code = character.codePointAt(0)!; digit.test(String.fromCodePoint(code - 1 - before)); ) ++before;
  return String(before % 10);
}

/**
 * What a person typed, as the bytes that all clients take for the PIN. Throws RecoveryError with invalid_argument, which
 * names the kind of character and never the character; no guess was spent then.
 */
export function normalizePin(typed: string): Bytes {
  if (typed === '') throw invalid('the PIN is empty');
  for (const [kind, what] of refused) if (kind.test(typed)) throw invalid(`the PIN has ${what}: type it anew`);
  const bytes = utf8(typed.replace(/\p{Nd}/gu, asciiDigit).normalize('NFC'));
  if (bytes.length > MOST_BYTES) throw invalid(`the PIN has more than ${MOST_BYTES} bytes`);
  return bytes;
}

/** The bytes of a PIN as an operation is given it: text is normalised, bytes are taken as they are. */
export function pinBytes(pin: string | Uint8Array): Bytes {
  if (typeof pin === 'string') return normalizePin(pin);
  if (pin.length < 1 || pin.length > MOST_BYTES) throw invalid(`a PIN has 1 to ${MOST_BYTES} bytes`);
  return Uint8Array.from(pin);
}
