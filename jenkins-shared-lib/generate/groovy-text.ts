/** What a Groovy literal can hold here. */
export type Value =
  string | number | boolean | readonly Value[] | { readonly [name: string]: Value | undefined };

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** What Groovy's lexer takes for the end of the file, even when it is escaped. */
const END_OF_FILE = '\uffff';

/**
 * A string as a single-quoted Groovy literal, in which nothing is interpolated. What is not ASCII is
 * escaped, because it is the controller's locale that says how its sources are read.
 */
export function groovyString(text: string): string {
  const parts = text.split(END_OF_FILE).map(quoted);
  return parts.length === 1 ? quoted(text) : `(${parts.join(' + (char) 0xffff + ')})`;
}

function quoted(text: string): string {
  const escaped = text.replace(
    // Every code unit but the printable ones of ASCII, and those with a meaning in a literal.
    /[\\'\n\r\t]|[^ -~]/g,
    (unit) => ESCAPES[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `'${escaped}'`;
}

/** A value as a Groovy literal over several lines, as people write maps. */
export function groovyLiteral(value: Value, indent = ''): string {
  const flat = flatLiteral(value);
  if (typeof value !== 'object' || indent.length + flat.length <= 90) return flat;
  const inner = `${indent}    `;
  const items = isList(value)
    ? value.map((item) => `${inner}${groovyLiteral(item, inner)},\n`)
    : entriesOf(value).map(([key, item]) => `${inner}${key}: ${groovyLiteral(item, inner)},\n`);
  return `[\n${items.join('')}${indent}]`;
}

function flatLiteral(value: Value): string {
  if (typeof value === 'string') return groovyString(value);
  if (typeof value !== 'object') return String(value);
  if (isList(value)) return `[${value.map(flatLiteral).join(', ')}]`;
  const entries = entriesOf(value).map(([key, item]) => `${key}: ${flatLiteral(item)}`);
  return entries.length === 0 ? '[:]' : `[${entries.join(', ')}]`;
}

function entriesOf(value: { readonly [name: string]: Value | undefined }): [string, Value][] {
  return Object.entries(value).flatMap(([key, item]): [string, Value][] =>
    item === undefined ? [] : [[groovyKey(key), item]],
  );
}

function groovyKey(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : groovyString(name);
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}
