/** A Jenkins label expression, as its own parser would read it. */
export type LabelExpression =
  | { readonly kind: 'atom'; readonly name: string }
  | { readonly kind: 'not'; readonly of: LabelExpression }
  | { readonly kind: 'group'; readonly of: LabelExpression }
  | {
      readonly kind: 'and' | 'or' | 'implies' | 'iff';
      readonly left: LabelExpression;
      readonly right: LabelExpression;
    };

type Binary = 'and' | 'or' | 'implies' | 'iff';

interface Token {
  readonly kind: Binary | 'not' | 'open' | 'close' | 'atom';
  readonly text: string;
}

/** Longer or deeper ones are nobody's label, and would only cost time and stack. */
const MOST_LETTERS = 4096;
const MOST_LEVELS = 100;

const SIGNS: Readonly<Record<string, Token['kind']>> = {
  '<->': 'iff',
  '->': 'implies',
  '||': 'or',
  '&&': 'and',
  '!': 'not',
  '(': 'open',
  ')': 'close',
};
const PRINTED: Readonly<Record<Binary, string>> = {
  iff: '<->',
  implies: '->',
  or: '||',
  and: '&&',
};

/** Blanks, signs, quoted names, plain names: a "-" belongs to a name unless it begins an arrow. */
const TOKEN =
  /([ \t]+)|(<->|->|\|\||&&|!|\(|\))|"((?:\\[btnfr"'\\]|[^\\"\r\n])*)"|((?:-(?!>)|[^&|!<>() \t"'-])+)/y;

/**
 * Reads an expression by Jenkins' grammar (core's LabelExpressionParser.g4), from low to high: `<->`,
 * `->` (which does not chain), `||`, `&&`, `!` (once), parentheses. Null for what Jenkins cannot read.
 */
export function parseLabel(text: string): LabelExpression | null {
  if (text.length > MOST_LETTERS) return null;
  const tokens = tokensOf(text);
  if (tokens === null) return null;
  const parser = new Parser(tokens);
  const found = parser.iff(0);
  return parser.isAtEnd ? found : null;
}

function tokensOf(text: string): Token[] | null {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const [, blank, sign, quoted, plain] = TOKEN.exec(text) ?? [];
    const kind = SIGNS[sign ?? ''];
    if (kind !== undefined) tokens.push({ kind, text: sign ?? '' });
    else if (quoted !== undefined) tokens.push({ kind: 'atom', text: unquote(quoted) });
    else if (plain !== undefined) tokens.push({ kind: 'atom', text: plain });
    else if (blank === undefined) return null;
  }
  return tokens;
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get isAtEnd(): boolean {
    return this.#next === this.#tokens.length;
  }

  iff(depth: number): LabelExpression | null {
    return this.#chain('iff', () => this.#implies(depth));
  }

  /** (a->b)->c is not a->(b->c), so there is one at most. */
  #implies(depth: number): LabelExpression | null {
    const left = this.#or(depth);
    if (left === null || !this.#takes('implies')) return left;
    const right = this.#or(depth);
    return right === null ? null : { kind: 'implies', left, right };
  }

  #or(depth: number): LabelExpression | null {
    return this.#chain('or', () => this.#chain('and', () => this.#not(depth)));
  }

  #chain(kind: Binary, part: () => LabelExpression | null): LabelExpression | null {
    let left = part();
    while (left !== null && this.#takes(kind)) {
      const right = part();
      left = right === null ? null : { kind, left, right };
    }
    return left;
  }

  #not(depth: number): LabelExpression | null {
    if (!this.#takes('not')) return this.#single(depth);
    const of = this.#single(depth);
    return of === null ? null : { kind: 'not', of };
  }

  #single(depth: number): LabelExpression | null {
    if (this.#takes('open')) {
      const of = depth < MOST_LEVELS ? this.iff(depth + 1) : null;
      return of !== null && this.#takes('close') ? { kind: 'group', of } : null;
    }
    const token = this.#tokens[this.#next];
    if (token?.kind !== 'atom') return null;
    this.#next += 1;
    return { kind: 'atom', name: token.text };
  }

  #takes(kind: Token['kind']): boolean {
    if (this.#tokens[this.#next]?.kind !== kind) return false;
    this.#next += 1;
    return true;
  }
}

/** Whether a node with these labels is one that the expression asks for. */
export function matchesLabel(label: LabelExpression, labels: ReadonlySet<string>): boolean {
  switch (label.kind) {
    case 'atom':
      return labels.has(label.name);
    case 'not':
      return !matchesLabel(label.of, labels);
    case 'group':
      return matchesLabel(label.of, labels);
    case 'and':
      return matchesLabel(label.left, labels) && matchesLabel(label.right, labels);
    case 'or':
      return matchesLabel(label.left, labels) || matchesLabel(label.right, labels);
    case 'implies':
      return !matchesLabel(label.left, labels) || matchesLabel(label.right, labels);
    case 'iff':
      return matchesLabel(label.left, labels) === matchesLabel(label.right, labels);
  }
}

/** Every name that stands in it, in its order, each once. */
export function atomsOf(label: LabelExpression): string[] {
  const names = new Set<string>();
  collectAtoms(label, names);
  return [...names];
}

function collectAtoms(label: LabelExpression, names: Set<string>): void {
  switch (label.kind) {
    case 'atom':
      names.add(label.name);
      return;
    case 'not':
    case 'group':
      collectAtoms(label.of, names);
      return;
    case 'and':
    case 'or':
    case 'implies':
    case 'iff':
      collectAtoms(label.left, names);
      collectAtoms(label.right, names);
  }
}

/** As Jenkins prints it in its queue: without blanks, names in quotes only where they must be. */
export function printLabel(label: LabelExpression): string {
  switch (label.kind) {
    case 'atom':
      return /^(?:-(?!>)|[^&|!<>() \t"'-])+$/.test(label.name) ? label.name : quote(label.name);
    case 'not':
      return `!${printLabel(label.of)}`;
    case 'group':
      return `(${printLabel(label.of)})`;
    case 'and':
    case 'or':
    case 'implies':
    case 'iff':
      return `${printLabel(label.left)}${PRINTED[label.kind]}${printLabel(label.right)}`;
  }
}

const ESCAPES: readonly (readonly [letter: string, escape: string])[] = [
  ['\b', 'b'],
  ['\t', 't'],
  ['\n', 'n'],
  ['\f', 'f'],
  ['\r', 'r'],
  ['"', '"'],
  ['\\', '\\'],
];

function unquote(text: string): string {
  return text.replace(
    /\\(.)/g,
    (_, escape: string) => ESCAPES.find(([, known]) => known === escape)?.[0] ?? escape,
  );
}

function quote(name: string): string {
  const escaped = [...name].map((letter) => {
    const escape = ESCAPES.find(([known]) => known === letter)?.[1];
    return escape === undefined ? letter : `\\${escape}`;
  });
  return `"${escaped.join('')}"`;
}
