import type { PublishedPackage } from '../domain/generation.ts';
import type { RpmHeader } from '../domain/package-header.ts';
import { repomdXml } from '../formats/repomd.ts';
import { yumDocument, yumEntry } from '../formats/yum-document.ts';
import { YUM_FOLDERS } from './arrange-rpm.ts';
import type { GzipMembers, IndexEntry } from './gzip-members.ts';
import type { HeaderOf, Plan, Rendered, RenderTools } from './rendering.ts';
import type { Signer } from './signer.ts';
import { RenderedFiles } from './rendered-files.ts';

const KINDS = ['primary', 'filelists', 'other'] as const;

interface Rpm {
  readonly file: PublishedPackage;
  readonly header: RpmHeader;
}

/** The index files of a yum repository, one `repodata/` for each directory or one at the root. */
export async function renderRpm(
  plan: Plan,
  headerOf: HeaderOf,
  tools: RenderTools,
): Promise<Rendered> {
  const rpms = plan.packages.flatMap((file) => {
    // A copy under a name that is no rpm's lies beside the packages and is none of them.
    const header = file.path.endsWith('.rpm') ? headerOf(file.sha256) : undefined;
    return header?.kind === 'rpm' ? [{ file, header }] : [];
  });
  const revision = Math.floor(Date.parse(plan.date) / 1000);
  const signer = tools.signer === null ? null : signingOnce(tools.signer);
  const each = [...roots(plan, rpms)].map(([root, inside]) =>
    renderRoot(root, { rpms: inside, revision }, { ...tools, signer }),
  );
  const rendered = await Promise.all(each);
  return {
    files: rendered.flatMap(({ files }) => files),
    bytes: new Map(rendered.flatMap(({ bytes }) => [...bytes])),
  };
}

/** Empty directories have equal documents, and one signature will do for all of them. */
function signingOnce(signer: Signer): Signer {
  const signatures = new Map<string, Promise<string>>();
  const detach = (text: string) => {
    const signature = signatures.get(text) ?? signer.detach(text);
    signatures.set(text, signature);
    return signature;
  };
  return { ...signer, detach };
}

async function renderRoot(
  root: string,
  { rpms, revision }: { readonly rpms: readonly Rpm[]; readonly revision: number },
  { members, signer }: RenderTools,
): Promise<Rendered> {
  const rendered = new RenderedFiles();
  const documents = await compressDocuments(root, rpms, members);
  const data = KINDS.map((kind) => {
    const { plain, plainSha256, gz, gzSha256 } = documents[kind];
    const href = `repodata/${gzSha256}-${kind}.xml.gz`;
    rendered.addDerivable(`${root}${href}`, gz, gzSha256);
    return {
      type: kind,
      href,
      sha256: gzSha256,
      size: gz.length,
      openSha256: plainSha256,
      openSize: plain.length,
    };
  });
  const repomd = repomdXml({ revision, timestamp: revision, data });
  rendered.addText(`${root}repodata/repomd.xml`, repomd);
  if (signer === null) return rendered;
  rendered.addText(`${root}repodata/repomd.xml.asc`, await signer.detach(repomd));
  // Where zypper looks for the key when it meets a repository for the first time.
  rendered.addText(`${root}repodata/repomd.xml.key`, signer.publicKeyArmored);
  return rendered;
}

/** Each repository root ('' or 'x86_64/') with the packages below it. */
function roots(plan: Plan, rpms: readonly Rpm[]): Map<string, readonly Rpm[]> {
  if (plan.singleRoot) return new Map([['', rpms]]);
  const byFolder = new Map<string, Rpm[]>(YUM_FOLDERS.map((folder) => [`${folder}/`, []]));
  for (const rpm of rpms) {
    const root = rpm.file.path.slice(0, rpm.file.path.indexOf('/') + 1);
    const list = byFolder.get(root) ?? [];
    if (list.length === 0) byFolder.set(root, list);
    list.push(rpm);
  }
  return byFolder;
}

async function compressDocuments(root: string, rpms: readonly Rpm[], members: GzipMembers) {
  const entries = rpms.map(({ file, header }) => {
    const { sha256, size, time, path } = file;
    const href = path.slice(root.length);
    return { key: sha256, ...yumEntry(header, { sha256, size, fileTime: time, href }) };
  });
  const [primary, filelists, other] = await Promise.all(
    KINDS.map((kind) => {
      const list: IndexEntry[] = entries.map((entry) => ({ key: entry.key, text: entry[kind] }));
      return members.compress(list, yumDocument(kind, list.length));
    }),
  );
  if (primary === undefined || filelists === undefined || other === undefined) {
    throw new TypeError('three kinds give three documents');
  }
  return { primary, filelists, other };
}
