/** Signs repositories with one OpenPGP key; absent when no key is configured. */
export interface Signer {
  readonly publicKeyArmored: string;
  /** Hexadecimal, upper case. */
  readonly fingerprint: string;
  /** Of the part of the key that signs, as it was opened: what another part signed is signed anew. */
  readonly signsWith: string;
  /** The text inside a cleartext signature (RFC 4880, 7): an InRelease file. */
  clearsign(text: string): Promise<string>;
  /** An armoured detached signature: Release.gpg, repomd.xml.asc. */
  detach(text: string): Promise<string>;
}
