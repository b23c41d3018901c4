/** The registry that an image comes from, as Docker reads its name: `docker.io` where it names none. */
export function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  // A host is the same in letters of either case.
  const host = first.toLowerCase();
  return isHost && host !== 'index.docker.io' ? host : 'docker.io';
}

/** Without a tag, Docker would pull all that the repository has. */
export function withTag(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1);
  return /[:@]/.test(name) ? image : `${image}:latest`;
}
