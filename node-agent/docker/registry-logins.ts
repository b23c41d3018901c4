import { reasonOf } from '../../services/domain/reason.ts';
import { readSecret } from '../../services/platform/credentials.ts';
import type { Configuration } from '../../services/platform/settings.ts';
import { registryOf } from '../rules/image-name.ts';

/** Who asks a registry for an image, as the engine's header `X-Registry-Auth` has it. */
export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
  readonly serveraddress: string;
}

/** Who pulls an image; null where its registry asks nobody. Rejects when the password cannot be read. */
export type RegistryLogins = (image: string) => Promise<RegistryLogin | null>;

/** No registry asks. */
export const NO_LOGINS: RegistryLogins = () => Promise.resolve(null);

/** Reads the password anew at each use: those of some registries last for hours only. */
export function registryLogins(registries: Configuration['agents']['registries']): RegistryLogins {
  return async (image) => {
    const host = registryOf(image);
    // Docker Hub has two names.
    const registry = registries.find((one) => registryOf(`${one.host}/any`) === host);
    if (registry === undefined) return null;
    const { user, passwordFile } = registry;
    // What Docker Hub calls itself in logins.
    const serveraddress = host === 'docker.io' ? 'https://index.docker.io/v1/' : host;
    return { username: user, password: await readSecret(passwordFile), serveraddress };
  };
}

/** The same; a password that cannot be read is told now, and not when a build waits. */
export async function openRegistryLogins(
  registries: Configuration['agents']['registries'],
): Promise<RegistryLogins> {
  const logins = registryLogins(registries);
  for (const { host } of registries) {
    await logins(`${host}/any`).catch((cause: unknown) => {
      const reason = reasonOf(cause);
      throw new Error(`agents.registries: ${host}: no password: ${reason}`, { cause });
    });
  }
  return logins;
}
