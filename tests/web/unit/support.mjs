// What the unit tests of the TypeScript client share. LABREC_SOURCE is the checkout.
import { readFileSync } from 'node:fs';

export const source = (path) => readFileSync(`${process.env.LABREC_SOURCE}/${path}`, 'utf8');
export const bytes = (hex) => Uint8Array.from(Buffer.from(hex, 'hex'));
export const hex = (value) => Buffer.from(value).toString('hex');

/** The sections of a file of tests/vectors: "name = value" lines under "[...]" headings; the first one has no heading. */
export function vectors(file) {
  const sections = [{}];
  for (const line of source(`tests/vectors/${file}`).split('\n')) {
    if (line.startsWith('[')) sections.push({});
    const [name, value] = line.split(' = ');
    if (value !== undefined && !line.startsWith('#')) sections.at(-1)[name] = value;
  }
  return sections;
}

/** The worked example of docs/protocol.md. */
export function workedExample() {
  const block = source('docs/protocol.md').split('<!-- worked example: begin -->')[1].split('<!-- worked example: end -->')[0];
  const example = {};
  let last;
  for (const line of block.split('\n')) {
    if (line.startsWith(' ')) example[last] += line.trim();
    else if (line.includes(' = ')) [last, example[last]] = line.split(' = ');
  }
  return example;
}
