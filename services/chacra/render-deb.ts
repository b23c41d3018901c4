import { areSamePackages } from '../domain/generation.ts';
import type { Generation, IndexFile, PublishedPackage } from '../domain/generation.ts';
import type { DebHeader, DscHeader } from '../domain/package-header.ts';
import { packagesStanza, releaseText, sourcesStanza } from '../formats/apt-index.ts';
import type { IndexEntry } from './gzip-members.ts';
import type { HeaderOf, Plan, Rendered, RenderTools } from './rendering.ts';
import { RenderedFiles } from './rendered-files.ts';

/** Architectures that every apt repo lists, so that a client of either never meets a 404. */
const ALWAYS: readonly string[] = ['amd64', 'arm64'];

interface Suite {
  /** By architecture, `all` among them. */
  readonly debs: Map<string, { readonly file: PublishedPackage; readonly entry: IndexEntry }[]>;
  readonly sources: IndexEntry[];
}

/** The index files of an apt repository (Debian wiki, DebianRepository/Format), one `dists/` for each suite. */
export async function renderDeb(
  plan: Plan,
  headerOf: HeaderOf,
  { members, signer, origin, description }: RenderTools,
  standing: Generation | null = null,
): Promise<Rendered> {
  const rendered = new RenderedFiles();
  for (const codename of plan.suites) {
    const stands = filesOfSuite(standing, plan, codename);
    if (stands !== null) {
      rendered.files.push(...stands);
      continue;
    }
    const suite = readSuite(plan, codename, headerOf);
    const found = [...suite.debs.keys()].filter((arch) => arch !== 'all');
    const architectures = [...new Set([...ALWAYS, ...found])].sort();
    const root = `dists/${codename}`;
    const indices = await Promise.all([
      ...architectures.map(async (arch) => ({
        path: `${root}/main/binary-${arch}/Packages`,
        index: await members.compress(entriesFor(suite, arch)),
      })),
      members
        .compress(suite.sources)
        .then((index) => ({ path: `${root}/main/source/Sources`, index })),
    ]);
    const listed = indices.flatMap(({ path, index }) => rendered.addIndex(path, index));
    const release = releaseText({
      origin,
      suite: 'stable',
      codename,
      date: new Date(plan.date),
      architectures,
      components: ['main'],
      description,
      files: listed.map((file) => ({ ...file, path: file.path.slice(root.length + 1) })),
    });
    rendered.addText(`${root}/Release`, release);
    if (signer === null) continue;
    const [inRelease, detached] = await Promise.all([
      signer.clearsign(release),
      signer.detach(release),
    ]);
    rendered.addText(`${root}/InRelease`, inRelease);
    rendered.addText(`${root}/Release.gpg`, detached);
  }
  return rendered;
}

/** Of a codename that has not changed: nobody who follows it need fetch anything. */
function filesOfSuite(
  standing: Generation | null,
  plan: Plan,
  codename: string,
): readonly IndexFile[] | null {
  if (standing?.type !== 'deb' || !standing.suites.includes(codename)) return null;
  const isOf = ({ suite }: PublishedPackage) => suite === codename;
  if (!areSamePackages(standing.packages.filter(isOf), plan.packages.filter(isOf))) return null;
  return standing.files.filter(({ path }) => path.startsWith(`dists/${codename}/`));
}

function readSuite(plan: Plan, codename: string, headerOf: HeaderOf): Suite {
  const suite: Suite = { debs: new Map(), sources: [] };
  const bySha = new Map<string, PublishedPackage>();
  const dscs: { readonly file: PublishedPackage; readonly header: DscHeader }[] = [];
  for (const file of plan.packages) {
    if (file.suite !== codename) continue;
    bySha.set(file.path, file);
    const header = headerOf(file.sha256);
    if (header?.kind === 'deb') addDeb(suite, file, header);
    if (header?.kind === 'dsc') dscs.push({ file, header });
  }
  for (const { file, header } of dscs) {
    const slash = file.path.lastIndexOf('/');
    const directory = file.path.slice(0, slash);
    const files = header.files.map((part) => {
      const stored = bySha.get(`${directory}/${part.name}`);
      return { ...part, sha256: stored?.sha256 ?? part.sha256 ?? '' };
    });
    const dsc = { name: file.path.slice(slash + 1), size: file.size, sha256: file.sha256 };
    suite.sources.push({ key: file.sha256, text: sourcesStanza(header, directory, dsc, files) });
  }
  return suite;
}

function addDeb(suite: Suite, file: PublishedPackage, header: DebHeader): void {
  const entry = { key: file.sha256, text: packagesStanza(header, file) };
  const list = suite.debs.get(header.architecture) ?? [];
  if (list.length === 0) suite.debs.set(header.architecture, list);
  list.push({ file, entry });
}

/** Packages of an architecture with those of `all` among them, by path. */
function entriesFor(suite: Suite, arch: string): IndexEntry[] {
  const both = [...(suite.debs.get(arch) ?? []), ...(suite.debs.get('all') ?? [])];
  both.sort((a, b) => (a.file.path < b.file.path ? -1 : a.file.path > b.file.path ? 1 : 0));
  return both.map(({ entry }) => entry);
}
