/**
 * The path of a build or job below Jenkins' root, `job/a/job/b/1/`, of its URL or of a path: queue items
 * name builds by a path, executors and BUILD_URL by a URL that may have another host, or a prefix of a
 * proxy. Null for what names none.
 */
export function buildPath(text: string): string | null {
  const [plain = ''] = text.split(/[?#]/, 1);
  const found = /(?:^|\/)(job\/[^/]+(?:\/.*)?)$/.exec(plain.replace(/^[a-z]+:\/\/[^/]*/i, ''));
  const path = found?.[1];
  if (path === undefined) return null;
  return path.endsWith('/') ? path : `${path}/`;
}
