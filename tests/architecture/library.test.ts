import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import t from 'tap';
import { filesBelow } from '../fixtures/files-below.ts';
import { LIBRARY } from '../fixtures/groovy.ts';
import { LIBRARY_RULES } from './library-rules.ts';
import type { LibraryRule } from './library-rules.ts';

const GROOVY = filesBelow(LIBRARY)
  .filter((path) => path.endsWith('.groovy'))
  .map((path) => ({ path: relative(LIBRARY, path), text: readFileSync(path, 'utf8') }));

/** Code without comments, and with what stands between quotes left out; GStrings keep their quotes. */
function bare(text: string): string {
  return text.replace(
    /\/\*[^]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g,
    (found) => (found.startsWith('"') ? '""' : found.startsWith("'") ? "''" : ' '),
  );
}

/** The bodies of methods that `@NonCPS` keeps as they are, and everything else. */
function parts(text: string): { readonly native: string; readonly cps: string } {
  let native = '';
  let cps = '';
  let rest = text;
  for (let at = rest.indexOf('@NonCPS'); at >= 0; at = rest.indexOf('@NonCPS')) {
    const begin = rest.indexOf('{', at);
    let end = begin;
    let depth = 0;
    do {
      if (rest[end] === '{') depth += 1;
      if (rest[end] === '}') depth -= 1;
      end += 1;
    } while (depth > 0 && end < rest.length);
    cps += rest.slice(0, at);
    native += rest.slice(begin, end);
    rest = rest.slice(end);
  }
  return { native, cps: cps + rest };
}

function breaks({ where, pattern }: LibraryRule, text: string): boolean {
  const code = bare(text).replace(/^import .*$/gm, '');
  if (where === 'all') return pattern.test(code);
  return pattern.test(parts(code)[where]);
}

t.test('no approval is needed, and nothing is lost when a build is saved', async (t) => {
  t.ok(GROOVY.length > 20);
  for (const rule of LIBRARY_RULES) {
    const wrapped = rule.where === 'native' ? `@NonCPS def m() { ${rule.sample} }` : rule.sample;
    t.ok(breaks(rule, wrapped), `${rule.what}: the sample breaks it`);
    if (rule.where === 'cps') t.notOk(breaks(rule, `@NonCPS def m() { ${rule.sample} }`));
    const found = GROOVY.filter(({ text }) => breaks(rule, text)).map(({ path }) => path);
    t.strictSame(found, [], rule.what);
  }
  const classes = GROOVY.filter(({ path }) => path.startsWith('src/'));
  const fleeting = classes.filter(
    ({ text }) =>
      !/^class \w+ implements Serializable \{\n {4}private static final long serialVersionUID = 1L$/m.test(
        text,
      ),
  );
  t.strictSame(
    fleeting.map(({ path }) => path),
    [],
    'every class can be saved',
  );
});

t.test('a folder that Jenkins takes for a library', async (t) => {
  const files = filesBelow(LIBRARY).map((path) => relative(LIBRARY, path));
  const misplaced = files.filter(
    (path) =>
      !/^(catalogue|generate)\/[\w-]+\.ts$/.test(path) &&
      !/^vars\/[a-z]\w*\.(groovy|txt)$/.test(path) &&
      !/^src\/org\/ceph\/gitbuilder\/[A-Z]\w*\.groovy$/.test(path) &&
      !/^resources\/org\/ceph\/gitbuilder\/[\w.-]+$/.test(path),
  );
  t.strictSame(
    misplaced,
    [],
    'every file has its place; the names of steps begin with a small letter',
  );
  t.strictSame(special(LIBRARY), [], 'no links: Jenkins refuses a library that has one');
  const folder = t.testdir({ vars: { 'a.groovy': t.fixture('symlink', 'b.groovy') } });
  t.strictSame(special(folder), ['a.groovy']);
  for (const path of files.filter((each) => each.endsWith('.groovy') && each.startsWith('src/'))) {
    const name = path.replace(/.*\/|\.groovy$/g, '');
    t.match(
      readFileSync(join(LIBRARY, path), 'utf8'),
      new RegExp(`^package org\\.ceph\\.gitbuilder\n[^]*\nclass ${name} `),
      path,
    );
  }
});

/** What is neither a file nor a folder. */
function special(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isFile() && !entry.isDirectory())
    .map(({ name }) => name);
}
