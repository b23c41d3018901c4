import { escapeAttribute } from './xml-text.ts';

export interface RepomdData {
  /** primary, filelists or other. */
  readonly type: string;
  /** Below the folder that holds repodata/. */
  readonly href: string;
  readonly sha256: string;
  readonly size: number;
  /** Of the document before compression. */
  readonly openSha256: string;
  readonly openSize: number;
}

export interface Repomd {
  /** Epoch seconds, both. */
  readonly revision: number;
  readonly timestamp: number;
  readonly data: readonly RepomdData[];
}

/** repomd.xml, the one file that yum clients ask for by a fixed name: everything they trust follows from it. */
export function repomdXml({ revision, timestamp, data }: Repomd): string {
  const entries = data.map(
    ({ type, href, sha256, size, openSha256, openSize }) =>
      `<data type="${escapeAttribute(type)}">\n` +
      `<checksum type="sha256">${sha256}</checksum>\n` +
      `<open-checksum type="sha256">${openSha256}</open-checksum>\n` +
      `<location href="${escapeAttribute(href)}"/>\n` +
      `<timestamp>${timestamp}</timestamp>\n` +
      `<size>${size}</size>\n` +
      `<open-size>${openSize}</open-size>\n` +
      '</data>\n',
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\n',
    '<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">\n',
    `<revision>${revision}</revision>\n`,
    ...entries,
    '</repomd>\n',
  ].join('');
}
