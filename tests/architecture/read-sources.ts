import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const CHECKOUT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** One source file as the rules see it; paths start at the checkout. */
export interface Source {
  readonly path: string;
  readonly lines: number;
  /** Of our own files, type imports included. */
  readonly imports: readonly string[];
  /** Of packages and `node:` modules, as they are written. */
  readonly outside: readonly string[];
  /** Whether all it does is to hand on what other files export. */
  readonly isBarrel: boolean;
  /** Exported functions without a doc comment. */
  readonly unexplained: readonly string[];
  /** Names of variables of the module that can be set again. */
  readonly variables: readonly string[];
}

/** Every TypeScript and JavaScript file below a folder of the checkout; none when there is no such folder. */
export function readSources(folder: string): Source[] {
  return filesBelow(folder)
    .filter((path) => /\.(ts|mjs|js)$/.test(path))
    .map(readSource);
}

function filesBelow(folder: string): string[] {
  const top = readdirSync(CHECKOUT, { withFileTypes: true });
  if (!top.some((entry) => entry.isDirectory() && entry.name === folder.split('/')[0])) return [];
  return readdirSync(join(CHECKOUT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    // tap makes its folders beside the tests that ask for them.
    if (entry.isDirectory()) return entry.name.startsWith('.tap') ? [] : filesBelow(path);
    return [path];
  });
}

/** Reads one file for the rules. */
export function readSource(path: string): Source {
  const text = readFileSync(join(CHECKOUT, path), 'utf8');
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const specifiers = ts
    .preProcessFile(text, true, true)
    .importedFiles.map((imported) => imported.fileName);
  // Workers and child processes are named by the address of their file.
  for (const found of text.matchAll(/new URL\(\s*'(\.[^']+\.ts)'/g))
    specifiers.push(found[1] ?? '');
  return {
    path,
    lines: text.split('\n').length - 1,
    imports: specifiers
      .filter((name) => name.startsWith('.'))
      .map((name) => posix.join(posix.dirname(path), name)),
    outside: specifiers.filter((name) => !name.startsWith('.')),
    isBarrel: file.statements.length > 0 && file.statements.every(handsOn),
    unexplained: file.statements.flatMap(unexplained),
    variables: file.statements.flatMap(variables),
  };
}

function handsOn(statement: ts.Statement): boolean {
  return ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined;
}

function unexplained(
  statement: ts.Statement,
  index: number,
  all: readonly ts.Statement[],
): string[] {
  if (!isExported(statement) || ts.getJSDocCommentsAndTags(statement).length > 0) return [];
  if (ts.isFunctionDeclaration(statement)) {
    const name = statement.name?.text ?? 'default';
    // The comment of an overloaded function stands above its first signature.
    const before = all[index - 1];
    const overloaded =
      before !== undefined && ts.isFunctionDeclaration(before) && before.name?.text === name;
    return overloaded ? [] : [name];
  }
  if (!ts.isVariableStatement(statement)) return [];
  return statement.declarationList.declarations
    .filter(({ initializer }) => initializer !== undefined && ts.isArrowFunction(initializer))
    .map(({ name }) => name.getText());
}

function isExported(statement: ts.Statement): boolean {
  if (!ts.canHaveModifiers(statement)) return false;
  return (ts.getModifiers(statement) ?? []).some(
    ({ kind }) => kind === ts.SyntaxKind.ExportKeyword,
  );
}

function variables(statement: ts.Statement): string[] {
  if (!ts.isVariableStatement(statement)) return [];
  const { flags, declarations } = statement.declarationList;
  if ((flags & ts.NodeFlags.Const) !== 0) return [];
  return declarations.map(({ name }) => name.getText());
}
