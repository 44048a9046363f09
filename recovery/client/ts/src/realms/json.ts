/**
 * JSON of another party. Throws for what is none, and for an object with a member given twice: of two readers one may take
 * the first and the other the last.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const open: Array<Set<string>> = [];
  // Strings and brackets; whatever else there is in JSON is passed over.
  for (const [token, name, colon] of text.matchAll(/("(?:[^"\\]|\\.)*")\s*(:?)|[[\]{}]/g)) {
    if (colon) {
      const names = open.at(-1)!;
      if (names.size === names.add(JSON.parse(name!)).size) throw new SyntaxError('a member is given twice');
    } else if (name === undefined) {
      if ('[{'.includes(token)) open.push(new Set());
      else open.pop();
    }
  }
  return value;
}
