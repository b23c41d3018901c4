import type { Route } from '../api/route.ts';
import { GitbuilderError } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import type { Exchange } from './exchange.ts';

/** The end of a parameter's name in the table that stands for any name: `extra.NAME`. */
const ANY_NAME = '.NAME';

/** The parameters of a request, each known to its route and given once. */
export class Query {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /** As it was given; null when it was not. */
  text(name: string): string | null {
    return this.#values.get(name) ?? null;
  }

  /** The parsed value; null when it was not given. */
  parsed<T>(name: string, parse: (text: string) => T): T | null {
    const text = this.text(name);
    return text === null ? null : parse(text);
  }

  /** As `parsed`, but it must be there. */
  needed<T>(name: string, parse: (text: string) => T): T {
    const text = this.text(name);
    if (text === null) refuse(`the parameter ${name} is missing`);
    return parse(text);
  }

  flag(name: string): boolean {
    const text = this.text(name);
    if (text === null || text === '0' || text === 'false') return false;
    if (text === '1' || text === 'true') return true;
    refuse(`${name} must be 1 or 0, not ${shown(text)}`);
  }

  whole(name: string, least: number, most: number): number | null {
    const text = this.text(name);
    if (text === null) return null;
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    refuse(`${name} must be a whole number from ${least} to ${most}, not ${shown(text)}`);
  }

  /** A time in milliseconds since 1970. */
  time(name: string): number | null {
    const text = this.text(name);
    if (text === null) return null;
    // A "+" in a query is a blank.
    const time = Date.parse(text.replace(/ (\d\d:\d\d)$/, '+$1'));
    const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+ -]\d\d:\d\d))?$/i.test(text);
    if (isTime && !Number.isNaN(time)) return time;
    refuse(`${name} must be a time such as 2026-01-31T12:00:00Z, not ${shown(text)}`);
  }

  /** Every parameter below a name: `extra.` gives those that begin with it, without it. */
  below(prefix: string): ReadonlyMap<string, string> {
    const found = [...this.#values].filter(([name]) => name.startsWith(prefix));
    return new Map(found.map(([name, value]) => [name.slice(prefix.length), value]));
  }
}

/** Reads the parameters that a route's table knows; what is misspelt must not be ignored. */
export function readQuery({ query }: Exchange, route: Route): Query {
  const known = Object.keys(route.query ?? {});
  const values = new Map<string, string>();
  for (const [name, value] of query) {
    if (!known.some((each) => isNamed(name, each))) refuseUnknown(name, known);
    if (values.has(name)) refuse(`${name} is given twice`);
    values.set(name, value);
  }
  return new Query(values);
}

function isNamed(name: string, known: string): boolean {
  if (!known.endsWith(ANY_NAME)) return name === known;
  const prefix = known.slice(0, -ANY_NAME.length + 1);
  return name.startsWith(prefix) && name !== prefix;
}

function refuseUnknown(name: string, known: readonly string[]): never {
  const meant = nearest(name, known);
  const hint = meant === null ? '' : ` (${meant}?)`;
  refuse(`unknown parameter ${shown(name)}${hint}; known: ${known.join(', ')}`);
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

function refuse(reason: string): never {
  throw new GitbuilderError('REQUEST_INVALID', { reason });
}
