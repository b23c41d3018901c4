import { xmlAttribute } from './xml-text.ts';

/** A document of a yum repository and its compressed form. */
export interface RepomdData {
  readonly type: string;
  /** Relative to the root of the repository. */
  readonly href: string;
  readonly sha256: string;
  readonly size: number;
  readonly openSha256: string;
  readonly openSize: number;
}

export interface Repomd {
  /** Epoch seconds, as createrepo_c's: clients take a change of it for a change of the repository. */
  readonly revision: number;
  readonly timestamp: number;
  readonly data: readonly RepomdData[];
}

/** The text of repomd.xml, which names the documents of a yum repository and is what a client fetches first. */
export function repomdXml({ revision, timestamp, data }: Repomd): string {
  const entries = data.map(
    (one) =>
      `<data type="${xmlAttribute(one.type)}">\n` +
      `<checksum type="sha256">${one.sha256}</checksum>\n` +
      `<open-checksum type="sha256">${one.openSha256}</open-checksum>\n` +
      `<location href="${xmlAttribute(one.href)}"/>\n` +
      `<timestamp>${timestamp}</timestamp>\n` +
      `<size>${one.size}</size>\n` +
      `<open-size>${one.openSize}</open-size>\n` +
      '</data>\n',
  );
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    '<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">\n' +
    `<revision>${revision}</revision>\n` +
    `${entries.join('')}</repomd>\n`
  );
}
