/** A label expression as Jenkins parses it; parentheses are kept, because it prints them again. */
export type LabelExpression =
  | { readonly kind: 'atom'; readonly name: string }
  | { readonly kind: 'not' | 'parentheses'; readonly of: LabelExpression }
  | {
      readonly kind: 'and' | 'or' | 'implies' | 'iff';
      readonly left: LabelExpression;
      readonly right: LabelExpression;
    };

const SIGNS = { and: '&&', or: '||', implies: '->', iff: '<->' } as const;
const CLASSES = { and: 'And', or: 'Or', implies: 'Implies', iff: 'Iff', not: 'Not' } as const;
const TOKEN = /\s*(?:(&&|\|\||<->|->|!|\(|\))|"((?:[^"\\]|\\.)*)"|((?:(?!->)[^&|!<>()"'\s])+))/y;

/** Reads an expression; what cannot be read is an atom of that text, as in `Jenkins.getLabel`. */
export function parseLabel(text: string): LabelExpression {
  const tokens = tokensOf(text.trim());
  if (tokens === null) return { kind: 'atom', name: text };
  let at = 0;
  const takes = (sign: string): boolean => {
    if (tokens[at]?.sign !== sign) return false;
    at += 1;
    return true;
  };
  const binary = (
    kind: keyof typeof SIGNS,
    next: () => LabelExpression,
    chains = true,
  ): LabelExpression => {
    let left = next();
    while (takes(SIGNS[kind])) {
      left = { kind, left, right: next() };
      if (!chains) break;
    }
    return left;
  };
  const iff = (): LabelExpression => binary('iff', implies);
  const implies = (): LabelExpression => binary('implies', or, false);
  const or = (): LabelExpression => binary('or', and);
  const and = (): LabelExpression => binary('and', unary);
  const unary = (): LabelExpression => {
    if (takes('!')) return { kind: 'not', of: unary() };
    if (takes('(')) {
      const of = iff();
      if (!takes(')')) throw new SyntaxError(text);
      return { kind: 'parentheses', of };
    }
    const name = tokens[at]?.atom;
    if (name === undefined) throw new SyntaxError(text);
    at += 1;
    return { kind: 'atom', name };
  };
  try {
    const whole = iff();
    return at === tokens.length ? whole : { kind: 'atom', name: text };
  } catch (error) {
    if (error instanceof SyntaxError) return { kind: 'atom', name: text };
    throw error;
  }
}

interface Token {
  readonly sign?: string;
  readonly atom?: string;
}

function tokensOf(text: string): Token[] | null {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const found = TOKEN.exec(text);
    if (found === null) return null;
    const [, sign, quoted, plain] = found;
    if (sign !== undefined) tokens.push({ sign });
    else tokens.push({ atom: plain ?? (quoted ?? '').replace(/\\(.)/g, '$1') });
  }
  return tokens;
}

/** The normal form that `why` and `/label/` show: no blanks, quotes only where they are needed. */
export function printLabel(label: LabelExpression): string {
  switch (label.kind) {
    case 'atom':
      return printAtom(label.name);
    case 'not':
      return `!${printLabel(label.of)}`;
    case 'parentheses':
      return `(${printLabel(label.of)})`;
    case 'and':
    case 'or':
    case 'implies':
    case 'iff':
      return `${printLabel(label.left)}${SIGNS[label.kind]}${printLabel(label.right)}`;
  }
}

function printAtom(name: string): string {
  const tokens = tokensOf(name);
  const isPlain = tokens?.length === 1 && tokens[0]?.atom === name;
  // What could not be read as an expression is shown as it came.
  if (isPlain || tokens === null || !/\s/.test(name)) return name;
  return `"${name.replace(/["\\]/g, '\\$&')}"`;
}

/** Whether a node with these labels (its own name among them) satisfies the expression. */
export function matches(label: LabelExpression, has: ReadonlySet<string>): boolean {
  switch (label.kind) {
    case 'atom':
      return has.has(label.name);
    case 'not':
      return !matches(label.of, has);
    case 'parentheses':
      return matches(label.of, has);
    case 'and':
      return matches(label.left, has) && matches(label.right, has);
    case 'or':
      return matches(label.left, has) || matches(label.right, has);
    case 'implies':
      return !matches(label.left, has) || matches(label.right, has);
    case 'iff':
      return matches(label.left, has) === matches(label.right, has);
  }
}

/** The class that `/label/…/api/json` names. */
export function labelClass(label: LabelExpression): string {
  if (label.kind === 'atom') return 'hudson.model.labels.LabelAtom';
  if (label.kind === 'parentheses') return labelClass(label.of);
  return `hudson.model.labels.LabelExpression$${CLASSES[label.kind]}`;
}

/** The labels in a node's `labelString`: parted by blanks, in quotes when they hold some. */
export function labelsIn(labelString: string): string[] {
  return [...labelString.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(
    ([, quoted, plain]) => plain ?? (quoted ?? '').replace(/\\(.)/g, '$1'),
  );
}
