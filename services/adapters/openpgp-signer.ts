import { readFile } from 'node:fs/promises';
import { createCleartextMessage, createMessage, decryptKey, readPrivateKey, sign } from 'openpgp';
import type { PrivateKey } from 'openpgp';
import type { Signer } from '../chacra/signer.ts';
import { GitbuilderError } from '../domain/errors.ts';
import { readSecret } from '../platform/credentials.ts';

/** A signer on one armoured private key, ours or from gpg; throws saying what is wrong with the key. */
export async function openSigner(options: {
  readonly armoredKey: string;
  readonly passphrase?: string | undefined;
}): Promise<Signer> {
  const key = await unlock(await read(options.armoredKey), options.passphrase);
  // Fails when the key is expired, revoked, or has no part that may sign: better now than at a publish.
  await key.getSigningKey();
  return {
    publicKeyArmored: key.toPublic().armor(),
    fingerprint: key.getFingerprint().toUpperCase(),
    async clearsign(text) {
      const message = await createCleartextMessage({ text });
      const signed = await sign({ message, signingKeys: key });
      // The library writes CRLF; a cleartext signature holds with either, and Release files have LF.
      return signed.replaceAll('\r\n', '\n');
    },
    async detach(text) {
      // Binary, not text: gpgv then verifies the very bytes, whatever their line ends.
      const message = await createMessage({ binary: Buffer.from(text) });
      const signature: unknown = await sign({ message, signingKeys: key, detached: true });
      return String(signature);
    },
  };
}

/** The signer that the configuration names; CONFIGURATION_INVALID names the key file and the reason. */
export async function loadSigner(signing: {
  readonly keyFile: string;
  readonly passphraseFile?: string | undefined;
}): Promise<Signer> {
  try {
    const { keyFile, passphraseFile } = signing;
    const passphrase = passphraseFile === undefined ? undefined : await readSecret(passphraseFile);
    return await openSigner({ armoredKey: await readFile(keyFile, 'utf8'), passphrase });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const problems = `cannot sign with this key: ${reason}`;
    throw new GitbuilderError(
      'CONFIGURATION_INVALID',
      { file: signing.keyFile, problems },
      { cause: error },
    );
  }
}

async function read(armoredKey: string): Promise<PrivateKey> {
  if (!armoredKey.includes('-----BEGIN PGP PRIVATE KEY BLOCK-----')) {
    throw new Error(
      'it holds no armoured private key (gpg --export-secret-keys --armor makes one)',
    );
  }
  return readPrivateKey({ armoredKey });
}

async function unlock(key: PrivateKey, passphrase: string | undefined): Promise<PrivateKey> {
  if (key.isDecrypted()) return key;
  if (passphrase === undefined) {
    throw new Error('it is protected: set chacra.signing.passphraseFile');
  }
  return decryptKey({ privateKey: key, passphrase });
}
