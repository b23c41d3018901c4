import Docker from 'dockerode';

/** How one engine is reached: by a socket of this machine, or over TCP with certificates of both sides. */
export type EngineAddress =
  | { readonly kind: 'socket'; readonly path: string }
  | {
      readonly kind: 'tls';
      readonly host: string;
      readonly port: number;
      /** PEM texts: of the authority that signed the engine's certificate, and our own. */
      readonly ca: string;
      readonly cert: string;
      readonly key: string;
    };

/** Where an address text leads: `unix:///var/run/docker.sock` or `tcp://host:2376`; null for anything else. */
export function parseEngineUrl(
  text: string,
): { readonly path: string } | { readonly host: string; readonly port: number } | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.search !== '' || url.hash !== '' || url.username !== '') return null;
  if (url.protocol === 'unix:') {
    if (/%(?![0-9a-f]{2})/i.test(url.pathname)) return null;
    const path = decodeURIComponent(url.pathname);
    return url.host === '' && path.length > 1 ? { path } : null;
  }
  if (url.protocol !== 'tcp:' || url.hostname === '' || !/^\/?$/.test(url.pathname)) return null;
  // Brackets mark an IPv6 address in a URL, and are no part of it.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, port: url.port === '' ? 2376 : Number(url.port) };
}

/** A client of the engine. What the environment says (`DOCKER_HOST` and its like) changes nothing. */
export function engineClient(address: EngineAddress): Docker {
  return new Docker({ ...NOTHING_FROM_THE_ENVIRONMENT, ...optionsOf(address) });
}

/** dockerode takes from the environment what is no key of its options. */
const NOTHING_FROM_THE_ENVIRONMENT = {
  ...{ socketPath: undefined, host: undefined, port: undefined, pathPrefix: '/' },
  ...{ ca: undefined, cert: undefined, key: undefined, timeout: undefined, protocol: undefined },
};

function optionsOf(address: EngineAddress): Docker.DockerOptions {
  if (address.kind === 'socket') return { protocol: 'http', socketPath: address.path };
  const { host, port, ca, cert, key } = address;
  return { protocol: 'https', host, port, ca, cert, key };
}
