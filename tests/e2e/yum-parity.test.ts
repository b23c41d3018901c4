import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import t from 'tap';
import type { Test } from 'tap';
import { sha256 } from '../../services/chacra/gzip-members.ts';
import type { RpmHeader } from '../../services/domain/package-header.ts';
import { rpmTap } from '../../services/formats/rpm-tap.ts';
import { writeRpm } from '../../services/formats/rpm-writer.ts';
import { yumDocument, yumEntry } from '../../services/formats/yum-document.ts';
import { rpmSpecs } from '../fixtures/rpm-specs.ts';
import { someRpm } from '../fixtures/some-rpm.ts';
import { needs } from '../fixtures/tool.ts';

const run = promisify(execFile);
const KINDS = ['primary', 'filelists', 'other'] as const;
const WRITTEN = 300;

/** Text stays as it is escaped, and in the order it stands in. */
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  trimValues: false,
  processEntities: false,
  parseTagValue: false,
});

type Node = Readonly<Record<string, unknown>>;

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}

function nodes(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** Without the blanks that only indent. */
function withoutIndentation(list: Node[]): Node[] {
  const isText = (node: Node): boolean => '#text' in node;
  const kept = list.every(isText) ? list : list.filter((node) => !isText(node));
  return kept.map((node) => {
    const children = Object.entries(node).map(([name, value]) => {
      return [name, Array.isArray(value) ? withoutIndentation(nodes(value)) : value] as const;
    });
    return Object.fromEntries(children);
  });
}

/** The entries of a document by the sha256 of their package. */
function entriesOf(xml: string): Map<string, Node> {
  const all: Node[] = withoutIndentation(nodes(parser.parse(xml)));
  const root = all.find((node) => !('?xml' in node)) ?? {};
  const packages = Object.values(root).flatMap((children) => nodes(children));
  return new Map(
    packages
      .filter((node) => 'package' in node)
      .map((node) => [/[0-9a-f]{64}/.exec(JSON.stringify(node))?.[0] ?? '', node]),
  );
}

async function theirs(folder: string): Promise<Record<(typeof KINDS)[number], string>> {
  await run('createrepo_c', ['--no-database', '--quiet', '--compress-type', 'gz', folder]);
  const repodata = join(folder, 'repodata');
  const read = (kind: string): string => {
    const name = readdirSync(repodata).find((file) => file.endsWith(`-${kind}.xml.gz`)) ?? '';
    // libxml2 writes what is not ASCII as references in attributes, as itself elsewhere
    return gunzipSync(readFileSync(join(repodata, name)))
      .toString()
      .replace(/&#x([0-9A-F]{2,});/g, (_, digits: string) =>
        String.fromCodePoint(Number.parseInt(digits, 16)),
      );
  };
  return { primary: read('primary'), filelists: read('filelists'), other: read('other') };
}

interface Ours {
  readonly href: string;
  readonly sha256: string;
  readonly header: RpmHeader;
}

async function ours(folder: string) {
  const packages: Ours[] = [];
  const entries: Record<(typeof KINDS)[number], string[]> = {
    primary: [],
    filelists: [],
    other: [],
  };
  for (const href of readdirSync(folder).filter((name) => name.endsWith('.rpm'))) {
    const bytes = readFileSync(join(folder, href));
    const tap = rpmTap(href);
    tap.write(bytes);
    const header = await tap.end();
    if (header.kind !== 'rpm') throw new Error(`${href} is read as ${header.kind}`);
    const digest = sha256(bytes);
    const fileTime = Math.floor(statSync(join(folder, href)).mtimeMs / 1000);
    const entry = yumEntry(header, { sha256: digest, size: bytes.length, fileTime, href });
    for (const kind of KINDS) entries[kind].push(entry[kind]);
    packages.push({ href, sha256: digest, header });
  }
  const document = (kind: (typeof KINDS)[number]): string => {
    const { head, tail } = yumDocument(kind, packages.length);
    return head + entries[kind].join('') + tail;
  };
  const documents = {
    primary: document('primary'),
    filelists: document('filelists'),
    other: document('other'),
  };
  return { packages, documents };
}

/** Compares all entries and answers the files that createrepo_c left out. */
async function compare(t: Test, folder: string): Promise<string[]> {
  const expected = await theirs(folder);
  const { packages, documents } = await ours(folder);
  const dropped = new Set<string>();
  for (const kind of KINDS) {
    t.equal(XMLValidator.validate(documents[kind]), true, `${kind}.xml is well-formed`);
    const wanted = entriesOf(expected[kind]);
    const found = entriesOf(documents[kind]);
    t.equal(found.size, packages.length, `${kind}.xml holds every package`);
    for (const { href, sha256: digest } of packages) {
      const entry = wanted.get(digest);
      if (entry === undefined) dropped.add(href);
      else t.strictSame(found.get(digest), entry, `${kind} of ${href}`);
    }
    t.match(documents[kind].slice(0, 300), /^<\?xml [^>]*\?>\n<[^>]*>/);
    t.equal(
      headOf(documents[kind]),
      headOf(expected[kind]).replace(/packages="\d+"/, `packages="${packages.length}"`),
    );
  }
  return [...dropped];
}

function headOf(xml: string): string {
  return xml.slice(0, xml.indexOf('<package '));
}

const BUILD = needs(['rpmbuild', 'rpm'], ['createrepo_c', 'createrepo-c']);

t.test('what rpmbuild makes is described as createrepo_c describes it', BUILD, async (t) => {
  const top = t.testdir();
  const all = join(top, 'all');
  mkdirSync(all);
  const specs = Object.entries(rpmSpecs()).map(([name, text]) => {
    writeFileSync(join(top, `${name}.spec`), text);
    return join(top, `${name}.spec`);
  });
  const defines = [`_topdir ${top}`, `_rpmdir ${all}`, `_srcrpmdir ${all}`];
  const names = '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm';
  const options = [...defines, names].flatMap((define) => ['--define', define]);
  await run('rpmbuild', ['--quiet', '-ba', ...options, ...specs]);
  const files = readdirSync(all).filter((name) => name.endsWith('.rpm'));
  t.equal(
    files.length,
    2 * specs.length + 2,
    'a binary and a source package of each, and two more',
  );
  const dropped = await compare(t, all);
  t.strictSame(
    dropped.map((name) => name.replace(/-1-1\..*/, '')),
    ['programs-control'],
    'createrepo_c drops the package with a control character, and only that',
  );
  const { packages, documents } = await ours(all);
  t.match(documents.primary, 'leftright\u007f');
  t.match(documents.primary, 'name="libc.so.6(GLIBC_2.');
  const archs = new Set(packages.map(({ header }) => header.arch));
  t.ok(archs.has('src') && archs.has('noarch') && archs.size === 3);
});

t.test('what a spec file cannot say is described alike too', BUILD, async (t) => {
  const folder = t.testdir();
  for (const [index, input] of fc.sample(someRpm, WRITTEN).entries()) {
    writeFileSync(join(folder, `${index}-${input.name}.rpm`), writeRpm(input));
  }
  t.strictSame(await compare(t, folder), []);
});
